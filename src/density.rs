//! Log densities and log masses of probability distributions, for likelihoods and priors.
//!
//! Each is generic over [`Scalar`] in its argument and its parameters, and has all normalising constants. Outside the
//! support of the distribution it is −∞ with slope 0, and for parameters outside their domain it is NaN; it never
//! panics for a number. Outcomes of discrete distributions are whole numbers and have no slope.
//!
//! | support | functions |
//! |---|---|
//! | all numbers | [`normal_ln_pdf`], [`student_t_ln_pdf`], [`cauchy_ln_pdf`], [`laplace_ln_pdf`], [`logistic_ln_pdf`] |
//! | positive numbers | [`log_normal_ln_pdf`], [`exponential_ln_pdf`], [`gamma_ln_pdf`], [`inverse_gamma_ln_pdf`], [`weibull_ln_pdf`], [`pareto_ln_pdf`] |
//! | an interval, angles | [`beta_ln_pdf`], [`uniform_ln_pdf`], [`von_mises_ln_pdf`] |
//! | counts | [`bernoulli_logit_ln_pmf`], [`binomial_logit_ln_pmf`], [`poisson_log_ln_pmf`], [`neg_binomial_ln_pmf`] |
//! | classes | [`categorical_logit_ln_pmf`], [`multinomial_logit_ln_pmf`] |
//! | vectors and matrices | [`dirichlet_ln_pdf`], [`multivariate_normal_ln_pdf_cholesky`], [`multivariate_normal_ln_pdf_precision`], [`lkj_correlation_cholesky_ln_pdf`] |
//! | sums over slices, as one block on the tape | [`normal_ln_pdf_sum`], [`student_t_ln_pdf_sum`], [`bernoulli_logit_ln_pmf_sum`], [`poisson_log_ln_pmf_sum`] |
//!
//! [`transform`] has the maps from unconstrained numbers to parameters, with their log Jacobians.
//!
//! ```
//! use dualtape::density::{normal_ln_pdf, normal_ln_pdf_sum, transform};
//! use dualtape::{Scalar, gradient};
//!
//! /// The posterior of the mean and of the logarithm of the standard deviation of data.
//! fn posterior<S: Scalar<Real = f64>>(q: &[S]) -> S {
//!     let data = [1.2, 0.7, 1.9].map(S::from_real);
//!     let (sigma, ln_jacobian) = transform::positive(q[1]);
//!     let prior = normal_ln_pdf(q[0], S::zero(), S::from_real(10.0)) + normal_ln_pdf(q[1], S::zero(), S::one());
//!     prior + ln_jacobian + normal_ln_pdf_sum(&data, &[q[0]], &[sigma])
//! }
//!
//! let (value, slopes) = gradient(posterior, &[1.0, -0.5]);
//! assert!(value < 0.0 && slopes.len() == 2);
//! ```

mod continuous;
mod discrete;
mod multivariate;
mod sums;
pub mod transform;

pub use continuous::{
    beta_ln_pdf, cauchy_ln_pdf, exponential_ln_pdf, gamma_ln_pdf, inverse_gamma_ln_pdf, laplace_ln_pdf,
    log_normal_ln_pdf, logistic_ln_pdf, normal_ln_pdf, pareto_ln_pdf, student_t_ln_pdf, uniform_ln_pdf,
    von_mises_ln_pdf, weibull_ln_pdf,
};
pub use discrete::{
    bernoulli_logit_ln_pmf, binomial_logit_ln_pmf, categorical_logit_ln_pmf, multinomial_logit_ln_pmf,
    neg_binomial_ln_pmf, poisson_log_ln_pmf,
};
pub use multivariate::{
    dirichlet_ln_pdf, lkj_correlation_cholesky_ln_pdf, multivariate_normal_ln_pdf_cholesky,
    multivariate_normal_ln_pdf_precision,
};
pub use sums::{bernoulli_logit_ln_pmf_sum, normal_ln_pdf_sum, poisson_log_ln_pmf_sum, student_t_ln_pdf_sum};

use num_traits::{Float, Zero};

use crate::scalar::Scalar;

/// ½·ln 2π
const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// Returns the log density outside the support: −∞, a constant.
fn outside<S: Scalar>() -> S {
    S::from_real(S::Real::neg_infinity())
}

/// Returns whether a parameter that has to be positive is not; so is NaN.
fn is_not_positive<S: Scalar>(parameter: S) -> bool {
    parameter.value() <= S::Real::zero() || parameter.is_nan()
}

/// Returns NaN with slopes NaN, the log density at parameters outside their domain.
fn undefined<S: Scalar>(parameter: S) -> S {
    parameter * <S::Real as Float>::nan()
}
