//! Continuous distributions of one variable.

use std::f64::consts::{LN_2, PI};

use num_traits::{Float, One, Zero};

use super::{LN_SQRT_TAU, is_not_positive, outside, undefined};
use crate::scalar::Scalar;
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::special::{StudentNormalisation, bessel_i0e, beta_ln_density, gamma_ln_density, xlogy};

/// Returns the log density of the normal distribution, `−z²/2 − ln σ − ½·ln 2π` with `z = (x − μ)/σ`.
///
/// ```
/// use dualtape::{density::normal_ln_pdf, gradient};
///
/// let (y, slopes) = gradient(|x| normal_ln_pdf(x[0], x[1], x[2]), &[3.0, 1.0, 2.0]);
/// assert!(f64::abs(y + 2.112085713764618) < 1e-15);
/// assert_eq!(slopes, [-0.5, 0.5, 0.0]);
/// ```
#[inline]
#[track_caller]
pub fn normal_ln_pdf<S: Scalar>(x: S, mu: S, sigma: S) -> S {
    let z = (x - mu) / sigma;
    z * z * real::<S>(-0.5) - sigma.ln() - real::<S>(LN_SQRT_TAU)
}

/// Returns the log density of the log-normal distribution: the log density of a normal distribution at `ln x`, minus
/// `ln x`.
///
/// ```
/// use dualtape::density::{log_normal_ln_pdf, normal_ln_pdf};
///
/// assert_eq!(log_normal_ln_pdf(1.0, 0.0, 2.0), normal_ln_pdf(0.0, 0.0, 2.0));
/// assert_eq!(log_normal_ln_pdf(-1.0, 0.0, 2.0), f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn log_normal_ln_pdf<S: Scalar>(x: S, mu: S, sigma: S) -> S {
    if is_not_positive(sigma) || mu.is_nan() {
        return undefined(mu * sigma);
    }
    if x.value() <= S::Real::zero() {
        return outside();
    }
    let ln_x = x.ln();
    normal_ln_pdf(ln_x, mu, sigma) - ln_x
}

/// Returns the log density of Student's t distribution with `nu` degrees of freedom, location `mu` and scale `sigma`:
/// `ln Γ((ν + 1)/2) − ln Γ(ν/2) − ½·ln πν − ln σ − (ν + 1)/2·ln(1 + z²/ν)`.
///
/// ```
/// use dualtape::density::{cauchy_ln_pdf, student_t_ln_pdf};
///
/// assert!(f64::abs(student_t_ln_pdf(2.0, 1.0, 0.5, 3.0) - cauchy_ln_pdf(2.0, 0.5, 3.0)) < 1e-15);
/// ```
#[inline]
#[track_caller]
pub fn student_t_ln_pdf<S: Scalar>(x: S, nu: S, mu: S, sigma: S) -> S {
    if is_not_positive(nu) {
        return undefined(nu);
    }
    let z = (x - mu) / sigma;
    let ln_power = ln_1p_square(z / nu.sqrt());
    StudentNormalisation.apply([nu])
        - (nu + real::<S>(1.0)) * ln_power * real::<S>(0.5)
        - sigma.ln()
        - real::<S>(LN_SQRT_TAU)
}

/// Returns ln(1 + z²), also where z² overflows.
#[inline]
fn ln_1p_square<S: Scalar>(z: S) -> S {
    let size = Float::abs(z.value());
    if size > Float::recip(S::Real::epsilon()) && Float::is_finite(size) {
        z.abs().ln() * real::<S>(2.0)
    } else {
        (z * z).ln_1p()
    }
}

/// Returns the log density of Cauchy's distribution, `−ln π − ln s − ln(1 + z²)` with `z = (x − x₀)/s`.
///
/// ```
/// use dualtape::density::cauchy_ln_pdf;
///
/// assert!(f64::abs(cauchy_ln_pdf(0.0, 0.0, 1.0) + std::f64::consts::PI.ln()) < 1e-15);
/// assert!(f64::is_finite(cauchy_ln_pdf(1e300, 0.0, 1.0)));
/// ```
#[track_caller]
pub fn cauchy_ln_pdf<S: Scalar>(x: S, location: S, scale: S) -> S {
    -ln_1p_square((x - location) / scale) - scale.ln() - real::<S>(PI.ln())
}

/// Returns the log density of Laplace's distribution, `−|x − μ|/b − ln 2b`. Its slope at μ is 0.
///
/// ```
/// assert_eq!(dualtape::density::laplace_ln_pdf(3.0, 1.0, 0.5), -4.0);
/// ```
#[track_caller]
pub fn laplace_ln_pdf<S: Scalar>(x: S, mu: S, b: S) -> S {
    -((x - mu) / b).abs() - b.ln() - real::<S>(LN_2)
}

/// Returns the log density of the logistic distribution, `ln σ(z) + ln σ(−z) − ln s` with `z = (x − μ)/s`.
///
/// ```
/// use dualtape::density::logistic_ln_pdf;
///
/// assert!(f64::abs(logistic_ln_pdf(0.0, 0.0, 1.0) - 0.25_f64.ln()) < 1e-15);
/// assert_eq!(logistic_ln_pdf(-800.0, 0.0, 1.0), -800.0);
/// ```
#[track_caller]
pub fn logistic_ln_pdf<S: Scalar>(x: S, mu: S, s: S) -> S {
    let z = (x - mu) / s;
    z.log_sigmoid() + (-z).log_sigmoid() - s.ln()
}

/// Returns the log density of the exponential distribution, `ln λ − λx` for x ≥ 0.
///
/// ```
/// assert_eq!(dualtape::density::exponential_ln_pdf(2.0, 1.0), -2.0);
/// ```
#[track_caller]
pub fn exponential_ln_pdf<S: Scalar>(x: S, rate: S) -> S {
    if is_not_positive(rate) {
        return undefined(rate);
    }
    if x.value() < S::Real::zero() { outside() } else { rate.ln() - rate * x }
}

/// Returns the log density of the gamma distribution, `a·ln β − ln Γ(a) + (a − 1)·ln x − βx` for x > 0, with shape `a` and
/// rate `β`.
///
/// It has all digits for large shapes: the large terms are Stirling's error and Loader's deviance.
///
/// ```
/// use dualtape::density::{exponential_ln_pdf, gamma_ln_pdf};
///
/// assert!(f64::abs(gamma_ln_pdf(2.0, 1.0, 3.0) - exponential_ln_pdf(2.0, 3.0)) < 1e-14);
/// ```
#[track_caller]
pub fn gamma_ln_pdf<S: Scalar>(x: S, shape: S, rate: S) -> S {
    if is_not_positive(shape) || is_not_positive(rate) {
        return undefined(shape * rate);
    }
    if x.value() < S::Real::zero() {
        return outside();
    }
    if x.value() == S::Real::zero() {
        return at_zero(x, shape, shape * rate.ln() - shape.ln_gamma()) - rate * x;
    }
    gamma_ln_density(shape, rate * x) + rate.ln()
}

/// Returns `rest + (power − 1)·ln x` at x = 0.
fn at_zero<S: Scalar>(x: S, power: S, rest: S) -> S {
    rest + xlogy(power - S::Real::one(), x)
}

/// Returns the log density of the inverse gamma distribution, `a·ln β − ln Γ(a) − (a + 1)·ln x − β/x` for x > 0, with shape
/// `a` and scale `β`: the distribution of 1/x for a gamma distributed x.
///
/// ```
/// use dualtape::density::{gamma_ln_pdf, inverse_gamma_ln_pdf};
///
/// assert!(f64::abs(inverse_gamma_ln_pdf(0.5, 3.0, 2.0) - gamma_ln_pdf(2.0, 3.0, 2.0) - 4.0_f64.ln()) < 1e-15);
/// ```
#[track_caller]
pub fn inverse_gamma_ln_pdf<S: Scalar>(x: S, shape: S, scale: S) -> S {
    if is_not_positive(shape) || is_not_positive(scale) {
        return undefined(shape * scale);
    }
    if x.value() <= S::Real::zero() {
        return outside();
    }
    let t = scale / x;
    gamma_ln_density(shape, t) + t.ln() - x.ln()
}

/// Returns the log density of the beta distribution, `(a − 1)·ln x + (b − 1)·ln(1 − x) − ln B(a, b)` for 0 ≤ x ≤ 1.
///
/// ```
/// use dualtape::density::beta_ln_pdf;
///
/// assert!(f64::abs(beta_ln_pdf(0.25, 2.0, 1.0) - 0.5_f64.ln()) < 1e-15);
/// assert_eq!(beta_ln_pdf(1.5, 2.0, 1.0), f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn beta_ln_pdf<S: Scalar>(x: S, a: S, b: S) -> S {
    let (zero, one) = (S::Real::zero(), S::Real::one());
    if is_not_positive(a) || is_not_positive(b) {
        return undefined(a * b);
    }
    if x.value() < zero || x.value() > one {
        return outside();
    }
    if x.value() == zero || x.value() == one {
        return at_zero(-x + one, b, at_zero(x, a, -crate::special::ln_beta(a, b)));
    }
    beta_ln_density(a, b, x)
}

/// Returns the log density of Weibull's distribution, `ln(k/λ) + (k − 1)·ln z − zᵏ` for x ≥ 0, with `z = x/λ`, shape `k`
/// and scale `λ`.
///
/// ```
/// use dualtape::density::{exponential_ln_pdf, weibull_ln_pdf};
///
/// assert!(f64::abs(weibull_ln_pdf(3.0, 1.0, 2.0) - exponential_ln_pdf(3.0, 0.5)) < 1e-15);
/// ```
#[track_caller]
pub fn weibull_ln_pdf<S: Scalar>(x: S, shape: S, scale: S) -> S {
    if is_not_positive(shape) || is_not_positive(scale) {
        return undefined(shape * scale);
    }
    if x.value() < S::Real::zero() {
        return outside();
    }
    let z = x / scale;
    at_zero(z, shape, shape.ln() - scale.ln()) - z.pow(shape)
}

/// Returns the log density of Pareto's distribution, `ln α + α·ln m − (α + 1)·ln x` for x ≥ m, with the smallest value `m`
/// and shape `α`.
///
/// ```
/// assert_eq!(dualtape::density::pareto_ln_pdf(1.0, 1.0, 1.0), 0.0);
/// ```
#[track_caller]
pub fn pareto_ln_pdf<S: Scalar>(x: S, minimum: S, shape: S) -> S {
    if is_not_positive(minimum) || is_not_positive(shape) {
        return undefined(minimum * shape);
    }
    if x.value() < minimum.value() { outside() } else { shape.ln() - shape * (x / minimum).ln() - x.ln() }
}

/// Returns the log density of the von Mises distribution of an angle, `κ·cos(x − μ) − ln(2π·I₀(κ))`. It is periodic in x.
///
/// ```
/// use dualtape::density::von_mises_ln_pdf;
///
/// assert!(f64::abs(von_mises_ln_pdf(1.0, 2.0, 0.0) + std::f64::consts::TAU.ln()) < 1e-15);
/// assert!(f64::is_finite(von_mises_ln_pdf(0.0, 0.0, 1e6)));
/// ```
#[track_caller]
pub fn von_mises_ln_pdf<S: Scalar>(x: S, mu: S, kappa: S) -> S {
    if kappa.value() < S::Real::zero() {
        return undefined(kappa);
    }
    // κ·(cos(x − μ) − 1), without cancellation
    let sine = ((x - mu) * real::<S>(0.5)).sin();
    kappa * sine * sine * real::<S>(-2.0) - bessel_i0e(kappa).ln() - real::<S>(2.0 * LN_SQRT_TAU)
}

/// Returns the log density of the uniform distribution, `−ln(high − low)` for low ≤ x ≤ high.
///
/// ```
/// assert_eq!(dualtape::density::uniform_ln_pdf(0.5, 0.0, 1.0), 0.0);
/// ```
#[track_caller]
pub fn uniform_ln_pdf<S: Scalar>(x: S, low: S, high: S) -> S {
    if is_not_positive(high - low) || x.is_nan() {
        return undefined(x * (high - low));
    }
    if x.value() < low.value() || x.value() > high.value() { outside() } else { -(high - low).ln() }
}
