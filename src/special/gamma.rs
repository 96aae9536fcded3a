//! The regularised incomplete gamma functions and their inverse.

use std::f64::consts::PI;

use num_traits::{Float, One, Zero};

use super::density::LogSlopes;
use super::factorial::{ln_rising_factorial, next_digamma_less_ln, stirling_error};
use super::normal::norm_quantile;
use super::quadrature::{Exponent, concave_root, deviance, exp_m1_less, integral};
use super::{in_f64, is_tiny};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::zero::product;
use crate::scalar::{Real, Scalar};

/// Returns the regularised lower incomplete gamma function `P(a, x) = 1/Γ(a)·∫₀ˣ tᵃ⁻¹e⁻ᵗ dt` (DLMF 8.2.4) for a > 0
/// and x ≥ 0: the distribution function of the gamma distribution.
///
/// Its derivatives with respect to a are integrals too; see the
/// [module](crate::special#derivatives-with-respect-to-shape-parameters).
///
/// ```
/// use dualtape::{gradient, special::gamma_p};
///
/// let (p, slopes) = gradient(|x| gamma_p(x[0], x[1]), &[1.0, 2.0]);
/// assert!(f64::abs(p - (1.0 - (-2.0_f64).exp())) < 1e-15);
/// assert!(f64::abs(slopes[0] + 0.22082542621185951) < 1e-14);
/// assert!(f64::abs(slopes[1] - (-2.0_f64).exp()) < 1e-15);
/// ```
#[doc(alias = "gammainc")]
#[track_caller]
pub fn gamma_p<S: Scalar>(a: S, x: S) -> S {
    if is_near_zero(a, x) { near_zero(a, x) } else { IncompleteGamma { order: 0, is_upper: false }.apply([a, x]) }
}

/// Returns the regularised upper incomplete gamma function `Q(a, x) = 1 − P(a, x)`, precise in the tail.
///
/// ```
/// use dualtape::special::gamma_q;
///
/// assert!(f64::abs(gamma_q(1.0, 600.0) / (-600.0_f64).exp() - 1.0) < 1e-13);
/// ```
#[doc(alias = "gammaincc")]
#[track_caller]
pub fn gamma_q<S: Scalar>(a: S, x: S) -> S {
    if !is_near_zero(a, x) {
        return IncompleteGamma { order: 0, is_upper: true }.apply([a, x]);
    }
    let lower = near_zero(a, x);
    if lower.value() < real::<S>(0.9) {
        -lower + S::Real::one()
    } else {
        -(a * x.ln() - ln_rising_factorial(S::one(), a)).exp_m1()
    }
}

/// Returns whether x is so small that P is a power of x but for rounding.
fn is_near_zero<S: Scalar>(a: S, x: S) -> bool {
    is_tiny(x.value()) && a.value() > S::Real::zero() && Float::is_finite(a.value())
}

/// Returns P(a, x) near x = 0, xᵃ/Γ(1 + a).
fn near_zero<S: Scalar>(a: S, x: S) -> S {
    x.pow(a) * (-ln_rising_factorial(S::one(), a)).exp()
}

/// The derivative of `order` of P or Q with respect to a.
struct IncompleteGamma {
    order: u32,
    is_upper: bool,
}

impl<R: Real> Rule<2, R> for IncompleteGamma {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[a, x]| incomplete(self.order, self.is_upper, a, x))
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, x]: [S; 2], _: S) -> [S; 2] {
        let density = GammaDensity.apply([a, x]) * density_growth(self.order, a, x);
        let by_x = if self.is_upper { -density } else { density };
        [IncompleteGamma { order: self.order + 1, is_upper: self.is_upper }.apply([a, x]), by_x]
    }
}

fn incomplete(order: u32, is_upper: bool, a: f64, x: f64) -> f64 {
    if !(a >= 0.0 && x >= 0.0) || (a == 0.0 && x == 0.0) || (a.is_infinite() && x.is_infinite()) {
        return f64::NAN;
    }
    if a == 0.0 || x == 0.0 || a.is_infinite() || x.is_infinite() {
        let is_above = a == 0.0 || x.is_infinite();
        return match order {
            0 => f64::from(is_above != is_upper),
            // Q(a, x) = a·E₁(x) + O(a²)
            _ if a == 0.0 && !x.is_infinite() => f64::NAN,
            _ => 0.0,
        };
    }
    let upper_is_small = x >= Scalar::digamma(a).exp();
    let [ln_scale, integral] = tail(order, upper_is_small, a, x);
    let tail = ln_scale.exp() * integral;
    match (order, upper_is_small == is_upper) {
        (_, true) => tail,
        (0, false) => 1.0 - tail,
        (_, false) => -tail,
    }
}

/// Returns the derivative of `order` with respect to a of P or Q in two factors, the first as its logarithm.
///
/// With t = x·e^±u the density of ln t is xᵃe⁻ˣ/Γ(a)·e^−g(u), g(u) = ±(x − a)·u + x·(e^±u − 1 ∓ u).
fn tail(order: u32, is_upper: bool, a: f64, x: f64) -> [f64; 2] {
    let sign = if is_upper { 1.0 } else { -1.0 };
    let exponent = |u: f64| {
        let t = x * (sign * u).exp();
        Exponent { value: sign * (x - a) * u + x * exp_m1_less(sign * u), slope: sign * (t - a), curvature: t }
    };
    let slopes = log_slopes(order, a);
    let first = ln_less_next_digamma(a, x);
    let weight = |u: f64| slopes.growth_of_product(order, 0, [first + sign * u, 0.0], [a, 1.0]);
    [ln_scale(a, x), integral(exponent, weight)]
}

/// Returns the logarithm of xᵃe⁻ˣ/Γ(1 + a).
pub(super) fn ln_scale(a: f64, x: f64) -> f64 {
    -stirling_error(a) - deviance(a, x, a - x) - 0.5 * (2.0 * PI * a).ln()
}

/// Returns the derivatives of second and higher order of ln(1/Γ(1 + a)).
fn log_slopes<S: Scalar>(order: u32, a: S) -> LogSlopes<S> {
    LogSlopes::new(order, 0, |p, _| -(a + real::<S>(1.0)).polygamma(p - 1))
}

/// Returns ln x − ψ(1 + a).
fn ln_less_next_digamma<S: Scalar>(a: S, x: S) -> S {
    let difference = x - a;
    let ln_ratio = if Float::abs(difference.value()) < a.value() * real::<S>(0.5) {
        (difference / a).ln_1p()
    } else {
        x.ln() - a.ln()
    };
    ln_ratio - next_digamma_less_ln(a)
}

/// Returns the derivative of `order` with respect to a of the density, as a multiple of it.
fn density_growth<S: Scalar>(order: u32, a: S, x: S) -> S {
    if order == 0 || x.value() == S::Real::zero() {
        return S::one();
    }
    let first = ln_less_next_digamma(a, x);
    log_slopes(order, a).growth_of_product(order, 0, [first, S::zero()], [a, S::one()]) / a
}

/// Returns the logarithm of the density xᵃ⁻¹e⁻ˣ/Γ(a), for a > 0 and x > 0.
#[cfg(feature = "density")]
#[track_caller]
pub(crate) fn gamma_ln_density<S: Scalar>(a: S, x: S) -> S {
    if is_tiny(a.value()) || is_tiny(x.value()) {
        (a - S::Real::one()) * x.ln() - x - a.ln_gamma()
    } else {
        GammaLnDensity.apply([a, x])
    }
}

/// The log density where no large terms cancel in it.
#[cfg(feature = "density")]
struct GammaLnDensity;

#[cfg(feature = "density")]
impl<R: Real> Rule<2, R> for GammaLnDensity {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[a, x]| ln_scale(a, x) + a.ln() - x.ln())
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, x]: [S; 2], _: S) -> [S; 2] {
        [ln_less_next_digamma(a, x) + a.recip(), (a - R::one() - x) / x]
    }
}

/// The density xᵃ⁻¹e⁻ˣ/Γ(a).
struct GammaDensity;

impl<R: Real> Rule<2, R> for GammaDensity {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[a, x]| {
            if !(a >= 0.0 && x >= 0.0) {
                f64::NAN
            } else if a == 0.0 || a.is_infinite() || x.is_infinite() {
                0.0
            } else if x == 0.0 {
                if a < 1.0 { f64::INFINITY } else { f64::from(a == 1.0) }
            } else {
                ln_scale(a, x).exp() * (a / x)
            }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, x]: [S; 2], density: S) -> [S; 2] {
        let one = R::one();
        let is_at_end = x.value() == R::zero();
        let by_a =
            if is_at_end && a.value() > one { S::zero() } else { density * (ln_less_next_digamma(a, x) + a.recip()) };
        let by_x = if is_at_end && a.value() > one {
            GammaDensity.apply([a - one, x]) - density
        } else {
            density * ((a - one - x) / x)
        };
        [by_a, by_x]
    }
}

/// Returns the x with P(a, x) = p, for 0 ≤ p ≤ 1 and a > 0: the quantile of the gamma distribution.
///
/// Newton's method finds it in plain numbers. The derivatives come from the implicit function theorem: 1/f with
/// respect to p and −∂P/∂a/f with respect to a, with the density f.
///
/// ```
/// use dualtape::{gradient, special::gamma_quantile};
///
/// let (x, slopes) = gradient(|x| gamma_quantile(x[0], x[1]), &[0.5, 1.0]);
/// assert!(f64::abs(x - 2.0_f64.ln()) < 1e-15 && f64::abs(slopes[0] - 2.0) < 1e-14);
/// ```
#[track_caller]
pub fn gamma_quantile<S: Scalar>(p: S, a: S) -> S {
    let (zero, one) = (S::Real::zero(), S::Real::one());
    let is_defined = p.value() > zero && p.value() < one && a.value() > zero && Float::is_finite(a.value());
    if is_defined && a.value() > real::<S>(NEARLY_NORMAL) {
        return nearly_normal_quantile(p, a);
    }
    let near_zero = quantile_near_zero(p.value(), a.value());
    if is_defined && near_zero == zero {
        (p + a) * zero // It underflows with its slopes.
    } else if is_defined && is_tiny(near_zero) {
        quantile_near_zero(p, a)
    } else {
        GammaQuantile.apply([p, a])
    }
}

/// The shape from which the next term of the expansion is smaller than rounding.
const NEARLY_NORMAL: f64 = 1e10;

/// Returns a + z·√a + (z² − 1)/3 + (z³ − 7z)/(36·√a) with z = Φ⁻¹(p) (E. A. Cornish and R. A. Fisher, *Moments and cumulants in
/// the specification of distributions*, 1938).
fn nearly_normal_quantile<S: Scalar>(p: S, a: S) -> S {
    let (z, root) = (norm_quantile(p), a.sqrt());
    let square = z * z;
    let last = z * (square - real::<S>(7.0)) / root * real::<S>(1.0 / 36.0);
    a + (z * root + (square - S::Real::one()) * real::<S>(1.0 / 3.0) + last)
}

/// Returns the x near 0 with P(a, x) = p, from xᵃ/Γ(1 + a) = p.
fn quantile_near_zero<S: Scalar>(p: S, a: S) -> S {
    power_quantile(p, a, ln_rising_factorial(S::one(), a))
}

/// Returns the x with xᵃ·e^−l = p.
pub(super) fn power_quantile<S: Scalar>(p: S, a: S, l: S) -> S {
    let inverse = a.recip();
    p.pow(inverse) * (l * inverse).exp()
}

struct GammaQuantile;

impl<R: Real> Rule<2, R> for GammaQuantile {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[p, a]| quantile(p, a))
    }

    fn partials<S: Scalar<Real = R>>(&self, [_, a]: [S; 2], x: S) -> [S; 2] {
        let by_p = GammaDensity.apply([a, x]).recip();
        [by_p, -product(IncompleteGamma { order: 1, is_upper: false }.apply([a, x]), by_p)]
    }
}

fn quantile(p: f64, a: f64) -> f64 {
    if !((0.0..=1.0).contains(&p) && a.is_normal() && a > 0.0) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let is_upper = p > 0.5;
    // P(a, x) ≤ xᵃ/Γ(1 + a)
    let start = if is_upper { a.ln() } else { (p.ln() + libm::lgamma(1.0 + a)) / a };
    let ln_wanted = if is_upper { (-p).ln_1p() } else { p.ln() };
    let ln_x = concave_root(start, |ln_x| {
        let x = ln_x.exp();
        let [ln_scale, integral] = tail(0, is_upper, a, x);
        // The derivative of ln P with respect to ln x is a·scale/P.
        let slope = a / integral;
        [ln_scale + integral.ln() - ln_wanted, if is_upper { -slope } else { slope }]
    });
    ln_x.exp()
}
