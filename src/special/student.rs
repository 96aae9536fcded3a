//! Student's t distribution.

use std::f64::consts::PI;

use num_traits::{Float, One, Zero};

use super::beta::{Beta, incomplete};
use super::density::LogSlopes;
use super::factorial::{RisingFactorial, bernoulli_numbers, ln_rising_factorial, rising};
use super::in_f64;
use super::quadrature::{Ln1pLess, integral, panel};
use crate::scalar::custom::Rule;
use crate::scalar::rules::{plain, real};
use crate::scalar::special::factorial;
use crate::scalar::{Real, Scalar};

/// Returns the distribution function of Student's t distribution with `nu` > 0 degrees of freedom.
///
/// It is ½·Iₓ(ν/2, ½) at x = ν/(ν + t²) for t ≤ 0. Its derivatives with respect to ν are integrals; see the
/// [module](crate::special#derivatives-with-respect-to-shape-parameters).
///
/// ```
/// use dualtape::{derivative, special::student_t_cdf};
///
/// // One degree of freedom is Cauchy's distribution.
/// let (p, density) = derivative(|t| student_t_cdf(t, dualtape::Dual::constant(1.0)), 1.0);
/// assert!(f64::abs(p - 0.75) < 1e-15);
/// assert!(f64::abs(density - 0.5 / std::f64::consts::PI) < 1e-16);
/// ```
#[track_caller]
pub fn student_t_cdf<S: Scalar>(t: S, nu: S) -> S {
    if is_far_out(t.value(), nu.value()) {
        if t.value() < S::Real::zero() { far_tail(-t, nu) } else { -far_tail(t, nu) + S::Real::one() }
    } else if is_nearly_normal(plain(t), plain(nu)) {
        nearly_normal(t, nu)
    } else {
        StudentCdf { order: 0 }.apply([t, nu])
    }
}

/// Returns whether ν/t² is so small that the tail is a power of t but for rounding.
fn is_far_out<R: Real>(t: R, nu: R) -> bool {
    let far = Float::sqrt(Float::recip(R::epsilon())) * <R as Scalar>::from_f64(10.0);
    Float::is_finite(t) && nu > R::zero() && Float::abs(t) > Float::sqrt(nu) * far
}

/// Returns the tail beyond a t that is far out, Γ((ν + 1)/2)/(2√π·Γ(ν/2 + 1))·(t/√ν)^−ν.
fn far_tail<S: Scalar>(t: S, nu: S) -> S {
    let half = nu * real::<S>(0.5);
    let ln_ratio = ln_rising_factorial(half + real::<S>(0.5), S::from_f64(0.5));
    // In two factors, neither of which has a slope that underflows, but where the tail does.
    let power = if nu.value() < real::<S>(100.0) { nu.pow(half) * t.pow(-nu) } else { (t / nu.sqrt()).pow(-nu) };
    (-ln_ratio).exp() * real::<S>(0.5 / PI.sqrt()) * power
}

/// Returns whether the next term of the [expansion](nearly_normal), a multiple of (t⁴/ν)⁴, is smaller than rounding.
fn is_nearly_normal(t: f64, nu: f64) -> bool {
    nu.is_finite() && (nu > 1e10 || nu > 1e5 && t.powi(4) < 3e-4 * nu)
}

/// Returns Φ(t) − φ(t)·t·(p₁(t²)/(4ν) + p₂(t²)/(96ν²) + p₃(t²)/(384ν³)) (R. A. Fisher, *Expansion of "Student's" integral in
/// powers of n⁻¹*, 1925).
fn nearly_normal<S: Scalar>(t: S, nu: S) -> S {
    if Float::abs(t.value()) > real::<S>(1e3) {
        return t.norm_cdf();
    }
    let (square, inverse) = (t * t, nu.recip());
    // The coefficients from the highest power down.
    let term = |coefficients: &[f64], scale: f64| {
        coefficients.iter().fold(S::zero(), |sum, &c| sum * square + real::<S>(c)) * real::<S>(1.0 / scale)
    };
    let [first, second, third] = [
        term(&[1.0, 1.0], 4.0),
        term(&[3.0, -5.0, -7.0, -3.0], 96.0),
        term(&[1.0, -11.0, 14.0, 6.0, -3.0, -15.0], 384.0),
    ];
    t.norm_cdf() - t.norm_pdf() * t * inverse * (first + inverse * (second + inverse * third))
}

/// The derivative of `order` of the distribution function with respect to ν.
struct StudentCdf {
    order: u32,
}

impl<R: Real> Rule<2, R> for StudentCdf {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[t, nu]| cdf(self.order, t, nu))
    }

    fn partials<S: Scalar<Real = R>>(&self, [t, nu]: [S; 2], _: S) -> [S; 2] {
        let density = StudentDensity.apply([t, nu]) * Place::new(t, nu).growth(self.order);
        [density, StudentCdf { order: self.order + 1 }.apply([t, nu])]
    }
}

fn cdf(order: u32, t: f64, nu: f64) -> f64 {
    if nu <= 0.0 || nu.is_nan() || t.is_nan() {
        return f64::NAN;
    }
    if nu.is_infinite() || t.is_infinite() {
        let limit = if t.is_infinite() { f64::from(t > 0.0) } else { Scalar::norm_cdf(t) };
        return if order == 0 { limit } else { 0.0 };
    }
    let size = t.abs();
    let sign = if t < 0.0 { 1.0 } else { -1.0 };
    if order > 0 && (nu < FEW || size < 1.0 && size < 0.5 * nu.sqrt()) {
        return -sign * from_center(order, size, nu);
    }
    let beta = Beta::of_student(size, nu);
    if order == 0 {
        let tail = 0.5 * incomplete([0, 0], beta);
        return if t < 0.0 { tail } else { 1.0 - tail };
    }
    let ln_ratio = 2.0 * size.ln() - nu.ln();
    let weight = |u: f64| {
        // With s = t·e^(u/2), ln(s²/ν) is the logit of r.
        let logit = ln_ratio + u;
        let place = Place { ln_power: Scalar::softplus(logit), r: Scalar::sigmoid(logit), nu };
        place.growth(order)
    };
    sign * 0.5 * size * density(size, nu) * integral(|u| beta.exponent(u), weight)
}

/// The degrees of freedom up to which the derivative of the tail is the difference of large terms.
const FEW: f64 = 0.1;

/// Returns the integral from 0 to `size` of the derivative of `order` of the density with respect to ν, over v where the
/// variable is √ν·sinh v.
fn from_center(order: u32, size: f64, nu: f64) -> f64 {
    let root = nu.sqrt();
    let weight = |v: f64| {
        let s = root * v.sinh();
        density(s, nu) * Place::new(s, nu).growth(order) * root * v.cosh()
    };
    let end = (size / root).asinh();
    let panels = end.ceil();
    let length = end / panels;
    (0..panels as u32).map(|k| panel(f64::from(k) * length, f64::from(k + 1) * length, weight)).sum()
}

/// A value of Student's variable, as the terms from which the density and its derivatives with respect to ν are
/// computed.
#[derive(Clone, Copy)]
struct Place<S> {
    /// ln(1 + t²/ν)
    ln_power: S,
    /// t²/(ν + t²)
    r: S,
    nu: S,
}

impl<S: Scalar> Place<S> {
    fn new(t: S, nu: S) -> Place<S> {
        let square = t * t;
        Place { ln_power: (square / nu).ln_1p(), r: square / (nu + square), nu }
    }

    /// Returns the derivative of `order` of the density with respect to ν, as a multiple of it.
    fn growth(self, order: u32) -> S {
        if order == 0 {
            return S::one();
        }
        let slopes = LogSlopes::new(order, 0, |k, _| self.log_slope(k));
        slopes.growth(order, 0, [self.log_slope(1), S::zero()])
    }

    /// Returns the k-th derivative of ln f = c(ν) − ½·ln 2π − (ν + 1)/2·ln(1 + t²/ν) with respect to ν.
    fn log_slope(self, k: u32) -> S {
        let Place { ln_power, r, nu } = self;
        let of_power = if k == 1 {
            // ln(1 + t²/ν) − r − r/ν, and ln(1 + t²/ν) = −ln(1 − r)
            let less = if r.value() < real::<S>(0.5) { -Ln1pLess.apply([-r]) } else { ln_power - r };
            less - r / nu
        } else {
            // Of w = ln(1 + t²/ν), the m-th derivative is (−1)ᵐ⁻¹·(m − 1)!·((1 − r)ᵐ − 1)/νᵐ.
            let by_nu = |m: u32| {
                let factor = if m % 2 == 1 { factorial(m - 1) } else { -factorial(m - 1) };
                (ln_power * real::<S>(-f64::from(m))).exp_m1() * nu.powi(-(m as i32)) * real::<S>(factor)
            };
            (nu + real::<S>(1.0)) * by_nu(k) + by_nu(k - 1) * real::<S>(f64::from(k))
        };
        normalisation_slope(k, nu) - of_power * real::<S>(0.5)
    }
}

/// c(ν) = ln Γ((ν + 1)/2) − ln Γ(ν/2) − ½·ln(ν/2), for ν > 0.
#[cfg(feature = "density")]
pub(crate) struct StudentNormalisation;

#[cfg(feature = "density")]
impl<R: Real> Rule<1, R> for StudentNormalisation {
    fn value(&self, nu: [R; 1]) -> R {
        in_f64(nu, |[nu]| normalisation(nu))
    }

    fn partials<S: Scalar<Real = R>>(&self, [nu]: [S; 1], _: S) -> [S; 1] {
        [normalisation_slope(1, nu)]
    }
}

/// Returns c(ν).
fn normalisation(nu: f64) -> f64 {
    let half = 0.5 * nu;
    if nu < MANY { rising(0, half, 0.5) - 0.5 * half.ln() } else { normalisation_slope(0, nu) }
}

/// The degrees of freedom from which the series of c(ν) has all digits.
const MANY: f64 = 40.0;

/// Returns the k-th derivative of c(ν); for k = 0 at many degrees of freedom only.
fn normalisation_slope<S: Scalar>(k: u32, nu: S) -> S {
    let half = nu * real::<S>(0.5);
    if nu.value() < real::<S>(MANY) {
        let of_ratio = RisingFactorial { order: k }.apply([half, S::from_f64(0.5)]) * real::<S>(0.5_f64.powi(k as i32));
        let sign = if k % 2 == 1 { -0.5 } else { 0.5 };
        return of_ratio + nu.powi(-(k as i32)) * real::<S>(sign * factorial(k - 1));
    }
    // The difference of the series of ln Γ(z + ½) and ln Γ(z) (DLMF 5.11.8). Its coefficients are the ones of ln Γ
    // times −(2 − 2^(1 − 2m)).
    let inverse = nu.recip();
    let square = inverse * inverse;
    let series = bernoulli_numbers().fold(S::zero(), |sum, (m, bernoulli)| {
        let power = 2 * m - 1;
        let of_half = (0.5_f64.powi(power as i32) - 2.0) * 2.0_f64.powi(power as i32);
        // (d/dν)ᵏ ν^−p = (−1)ᵏ·p(p + 1)⋯(p + k − 1)·ν^−(p + k)
        let rising = factorial(power + k - 1) / factorial(power - 1);
        sum * square + real::<S>(bernoulli * of_half * rising / f64::from(2 * m * power))
    });
    series * inverse.powi(k as i32 + 1) * real::<S>(if k % 2 == 1 { -1.0 } else { 1.0 })
}

fn density(t: f64, nu: f64) -> f64 {
    let q = t / nu.sqrt();
    let ln_power = if q.abs() > 1e150 { 2.0 * q.abs().ln() } else { (q * q).ln_1p() };
    (normalisation(nu) - 0.5 * (nu + 1.0) * ln_power).exp() / (2.0 * PI).sqrt()
}

/// The density of Student's t distribution.
struct StudentDensity;

impl<R: Real> Rule<2, R> for StudentDensity {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[t, nu]| density(t, nu))
    }

    fn partials<S: Scalar<Real = R>>(&self, [t, nu]: [S; 2], density: S) -> [S; 2] {
        if Float::is_infinite(t.value()) && density.value() == R::zero() {
            return [S::zero(); 2];
        }
        let by_t = density * (-(t * (nu + real::<S>(1.0))) / (nu + t * t));
        [by_t, density * Place::new(t, nu).log_slope(1)]
    }
}
