//! Special functions of statistics and physics, with derivatives with respect to all arguments to any order.
//!
//! Each is a [`Rule`](crate::Rule). The value comes from plain numbers, with the same bits in every reading, and each
//! partial derivative is a rule or generic code again. On a tape a call is one statement. Where derivatives of powers of an
//! argument may be [out of range](crate::conventions#numbers-beyond-the-exponents), the function is a few statements.
//!
//! | family | functions |
//! |---|---|
//! | logarithms and exponentials | [`log_add_exp`], [`log_sub_exp`], [`ln_1m_exp`], [`xlogy`], [`xlog1py`] |
//! | normal distribution | [`norm_ln_cdf`], [`norm_quantile`], [`erf_inv`] |
//! | gamma and beta functions | [`ln_beta`], [`ln_rising_factorial`] |
//! | distribution functions | [`gamma_p`], [`gamma_q`], [`beta_reg`], [`student_t_cdf`] |
//! | their inverses | [`gamma_quantile`], [`beta_quantile`] |
//! | Bessel functions | [`bessel_j0`], [`bessel_j1`], [`bessel_i0e`], [`bessel_i1e`] |
//!
//! Outside its domain a function is NaN and does not panic. `erf`, `erfc`, `norm_pdf`, `norm_cdf`, `ln_gamma`, `digamma`
//! and `polygamma` are methods of [`Scalar`](crate::Scalar).
//!
//! # Derivatives with respect to shape parameters
//!
//! The incomplete gamma and beta functions and Student's distribution function are integrals of densities. So are
//! their derivatives with respect to the parameters, of any order: ∂ᵏP/∂aᵏ is the integral of ∂ᵏf/∂aᵏ. The integrand
//! is the density times a polynomial in the derivatives of its logarithm. The crate integrates over the side of the
//! argument on which the first derivative has one sign, so nothing cancels. It uses the Gauss–Legendre rule in the
//! logarithm (for beta and t the logit) of the variable, in which these densities are log-concave.

mod bessel;
mod beta;
mod density;
mod factorial;
mod gamma;
mod logarithms;
#[cfg(feature = "density")]
mod masses;
mod normal;
mod quadrature;
mod student;

pub use bessel::{bessel_i0e, bessel_i1e, bessel_j0, bessel_j1};
pub use beta::{beta_quantile, beta_reg};
pub use factorial::{ln_beta, ln_rising_factorial};
pub use gamma::{gamma_p, gamma_q, gamma_quantile};
pub use logarithms::{ln_1m_exp, log_add_exp, log_sub_exp, xlog1py, xlogy};
pub use normal::{erf_inv, norm_ln_cdf, norm_quantile};
pub use student::student_t_cdf;

#[cfg(feature = "density")]
pub(crate) use beta::beta_ln_density;
#[cfg(feature = "density")]
pub(crate) use gamma::gamma_ln_density;
#[cfg(feature = "density")]
pub(crate) use masses::{BinomialLnMass, NegBinomialLnMass, PoissonLnMass};
#[cfg(feature = "density")]
pub(crate) use student::StudentNormalisation;

use num_traits::Float;

use crate::scalar::Real;
use crate::scalar::rules::plain;
use crate::scalar::slope::is_moderate;

/// Returns `f(x)` computed in `f64`.
fn in_f64<R: Real, const N: usize>(x: [R; N], f: impl FnOnce([f64; N]) -> f64) -> R {
    R::from_f64(f(x.map(plain)))
}

/// Returns whether x > 0 is so small that derivatives of its powers may be out of range. There a function is written in powers
/// and logarithms, which have factors of their slopes, where a rule has one number.
fn is_tiny<R: Real>(x: R) -> bool {
    x > R::zero() && x < R::one() && !is_moderate(x)
}

/// Returns whether a finite x is so large that derivatives of its powers may be out of range.
fn is_huge<R: Real>(x: R) -> bool {
    x > R::one() && Float::is_finite(x) && !is_moderate(x)
}
