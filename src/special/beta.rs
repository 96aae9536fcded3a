//! The regularised incomplete beta function and its inverse.

use std::f64::consts::PI;

use num_traits::{Float, One, Zero};

use super::density::LogSlopes;
use super::factorial::{ln_rising_factorial, next_digamma_less_ln, stirling_error};
use super::gamma::power_quantile;
#[cfg(feature = "density")]
use super::is_tiny;
use super::quadrature::{Exponent, concave_root, deviance, exp_m1_less, integral, ln_1p_less};
use super::{in_f64, ln_beta};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::zero::product;
use crate::scalar::{Real, Scalar};

/// Returns the regularised incomplete beta function `Iₓ(a, b) = 1/B(a, b)·∫₀ˣ tᵃ⁻¹(1 − t)ᵇ⁻¹ dt` (DLMF 8.17.2) for
/// positive a and b and 0 ≤ x ≤ 1: the distribution function of the beta distribution.
///
/// Its derivatives with respect to a and b are integrals too; see the
/// [module](crate::special#derivatives-with-respect-to-shape-parameters). The upper tail `1 − Iₓ(a, b)` is
/// `beta_reg(b, a, 1 − x)`.
///
/// ```
/// use dualtape::{gradient, special::beta_reg};
///
/// let (i, slopes) = gradient(|x| beta_reg(x[0], x[1], x[2]), &[2.0, 1.0, 0.25]);
/// assert!(f64::abs(i - 0.0625) < 1e-16); // xᵃ for b = 1
/// assert!(f64::abs(slopes[0] - 0.0625 * 0.25_f64.ln()) < 1e-15);
/// assert!(f64::abs(slopes[2] - 0.5) < 1e-15);
/// ```
#[doc(alias = "betainc")]
#[track_caller]
pub fn beta_reg<S: Scalar>(a: S, b: S, x: S) -> S {
    if is_near_zero(a, b, x) && Float::is_normal(Float::powf(x.value(), a.value())) {
        x.pow(a) * (-ln_scale_near_zero(a, b)).exp()
    } else {
        IncompleteBeta { orders: [0, 0] }.apply([a, b, x])
    }
}

/// Returns whether x is so small that Iₓ(a, b) is a power of x but for rounding.
fn is_near_zero<S: Scalar>(a: S, b: S, x: S) -> bool {
    let are_positive = [a, b, x].iter().all(|x| x.value() > S::Real::zero() && Float::is_finite(x.value()));
    are_positive && (b.value() + S::Real::one()) * x.value() < S::Real::epsilon() * real::<S>(0.05)
}

/// Returns ln(a·B(a, b)). Near x = 0, Iₓ(a, b) is xᵃ/(a·B(a, b)).
fn ln_scale_near_zero<S: Scalar>(a: S, b: S) -> S {
    ln_rising_factorial(S::one(), a) - ln_rising_factorial(b, a)
}

/// The derivative of these orders of Iₓ(a, b) with respect to a and b.
struct IncompleteBeta {
    orders: [u32; 2],
}

impl<R: Real> Rule<3, R> for IncompleteBeta {
    fn value(&self, x: [R; 3]) -> R {
        in_f64(x, |[a, b, x]| incomplete(self.orders, Beta::new(a, b, x)))
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, b, x]: [S; 3], _: S) -> [S; 3] {
        let [i, j] = self.orders;
        let by_x = BetaDensity.apply([a, b, x]) * density_growth(self.orders, a, b, x);
        [
            IncompleteBeta { orders: [i + 1, j] }.apply([a, b, x]),
            IncompleteBeta { orders: [i, j + 1] }.apply([a, b, x]),
            by_x,
        ]
    }
}

/// The beta distribution at x, and y = 1 − x.
#[derive(Clone, Copy)]
pub(super) struct Beta {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) x: f64,
    pub(super) y: f64,
    /// a − (a + b)·x
    pub(super) excess: f64,
}

impl Beta {
    fn new(a: f64, b: f64, x: f64) -> Beta {
        let y = 1.0 - x;
        let rest_of_y = (1.0 - y) - x;
        let product = b * x;
        let rest_of_product = b.mul_add(x, -product);
        let excess = (a.mul_add(y, -product) - rest_of_product) + a * rest_of_y;
        Beta { a, b, x, y, excess }
    }

    /// Returns the distribution with parameters ν/2 and ½ at ν/(ν + t²). Its lower tail is twice the tail of Student's
    /// t.
    pub(super) fn of_student(t: f64, nu: f64) -> Beta {
        let square = t * t;
        let (x, y) = (1.0 / (1.0 + square / nu), 1.0 / (1.0 + nu / square));
        Beta { a: 0.5 * nu, b: 0.5, x, y, excess: 0.5 * x * (t - 1.0) * (t + 1.0) }
    }

    /// Returns the distribution of 1 − x.
    fn swapped(self) -> Beta {
        Beta { a: self.b, b: self.a, x: self.y, y: self.x, excess: -self.excess }
    }

    fn is_inside(self) -> bool {
        self.a > 0.0 && self.a.is_finite() && self.b > 0.0 && self.b.is_finite() && self.x > 0.0 && self.y > 0.0
    }

    /// Returns the logarithm of xᵃyᵇ·Γ(a + b)/(Γ(1 + a)Γ(1 + b)).
    pub(super) fn ln_scale(self) -> f64 {
        let Beta { a, b, x, y, excess } = self;
        let n = a + b;
        let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
        errors
            - deviance(a, n * x, excess)
            - deviance(b, n * y, -excess)
            - 0.5 * (2.0 * PI * n).ln()
            - 0.5 * a.ln()
            - 0.5 * b.ln()
    }

    /// Returns ln(y + x·e^−u).
    fn ln_mean(self, u: f64) -> f64 {
        let Beta { x, y, .. } = self;
        if x <= 0.5 {
            (x * (-u).exp_m1()).ln_1p()
        } else if u <= 700.0 {
            (y * u.exp_m1()).ln_1p() - u
        } else {
            (y + x * (-u).exp()).ln()
        }
    }

    /// Returns the exponent of the density of logit t, which is xᵃyᵇ/B(a, b)·e^−g(u), where logit t = logit x − u:
    /// g(u) = (a − (a + b)·x)·u + (a + b)·K(u) with K(u) = ln(y + x·e^−u) + x·u = ln(1 + y·(e^u − 1)) − y·u.
    pub(super) fn exponent(self, u: f64) -> Exponent {
        let Beta { a, b, x, y, excess } = self;
        let n = a + b;
        let e = (-u).exp();
        let (t, rest) = (x * e / (y + x * e), y / (y + x * e));
        let convex = if u > 1.0 {
            self.ln_mean(u) + x * u
        } else if x <= 0.5 {
            // For z = x·(e^−u − 1) K is ln(1 + z) − z + x·(e^−u − 1 + u).
            ln_1p_less(x * (-u).exp_m1()) + x * exp_m1_less(-u)
        } else {
            ln_1p_less(y * u.exp_m1()) + y * exp_m1_less(u)
        };
        let slope = if u == 0.0 { excess } else { a * rest - b * t };
        Exponent { value: excess * u + n * convex, slope, curvature: n * t * rest }
    }

    /// Returns the derivative of these orders of Iₓ(a, b) in two factors, the first as its logarithm.
    fn tail(self, [i, j]: [u32; 2]) -> [f64; 2] {
        let Beta { a, b, x, .. } = self;
        let slopes = log_slopes([i, j], a, b);
        let ln_less = |a: f64, b: f64, x: f64, excess: f64| ln_less_next_digammas(a, b, x.ln(), excess);
        let first = [ln_less(a, b, x, self.excess), ln_less(b, a, self.y, -self.excess)];
        let weight = |u: f64| {
            let ln_mean = self.ln_mean(u);
            let at_u = [first[0] - u - ln_mean, first[1] - ln_mean];
            slopes.growth_of_product(i, j, at_u, [a, b])
        };
        [self.ln_scale(), integral(|u| self.exponent(u), weight)]
    }
}

pub(super) fn incomplete(orders: [u32; 2], beta: Beta) -> f64 {
    let Beta { a, b, x, y, excess } = beta;
    let [i, j] = orders;
    if !(a >= 0.0 && b >= 0.0 && x >= 0.0 && y >= 0.0) {
        return f64::NAN;
    }
    if !beta.is_inside() {
        let is_defined = a > 0.0 && a.is_finite() && b > 0.0 && b.is_finite();
        return match i + j {
            _ if !is_defined => f64::NAN,
            0 => f64::from(y == 0.0),
            _ => 0.0,
        };
    }
    // The derivative of the log density with respect to a has one sign on either side of this x.
    let of_sum = Scalar::digamma(a + b);
    let is_lower = match orders {
        [_, 0] if i > 0 => x < (Scalar::digamma(a) - of_sum).exp(),
        [0, _] if j > 0 => y > (Scalar::digamma(b) - of_sum).exp(),
        _ => excess > 0.0,
    };
    let [ln_scale, integral] = if is_lower { beta.tail(orders) } else { beta.swapped().tail([j, i]) };
    let tail = ln_scale.exp() * integral;
    match i + j {
        _ if is_lower => tail,
        0 => 1.0 - tail,
        _ => -tail,
    }
}

/// Returns the derivatives of second and higher order of ln(Γ(a + b)/(Γ(1 + a)Γ(1 + b))).
fn log_slopes<S: Scalar>([i, j]: [u32; 2], a: S, b: S) -> LogSlopes<S> {
    LogSlopes::new(i, j, |p, q| {
        let of_sum = |order| (a + b).polygamma(order);
        match (p, q) {
            (_, 0) => of_sum(p - 1) - (a + real::<S>(1.0)).polygamma(p - 1),
            (0, _) => of_sum(q - 1) - (b + real::<S>(1.0)).polygamma(q - 1),
            _ => of_sum(p + q - 1),
        }
    })
}

/// Returns ln x − ψ(1 + a) + ψ(a + b), for the excess a − (a + b)·x.
fn ln_less_next_digammas<S: Scalar>(a: S, b: S, ln_x: S, excess: S) -> S {
    let n = a + b;
    let ln_ratio = if Float::abs(excess.value()) < a.value() * real::<S>(0.5) {
        (-(excess / a)).ln_1p()
    } else {
        ln_x - a.ln() + n.ln()
    };
    ln_ratio - next_digamma_less_ln(a) + next_digamma_less_ln(n) - n.recip()
}

/// Returns the derivatives of ln(xᵃyᵇ·Γ(a + b)/(Γ(1 + a)Γ(1 + b))) with respect to a and b.
fn first_slopes<S: Scalar>(a: S, b: S, x: S) -> [S; 2] {
    let y = -x + real::<S>(1.0);
    let excess = a * y - b * x;
    [ln_less_next_digammas(a, b, x.ln(), excess), ln_less_next_digammas(b, a, (-x).ln_1p(), -excess)]
}

/// Returns the derivative of these orders of the density, as a multiple of it.
fn density_growth<S: Scalar>([i, j]: [u32; 2], a: S, b: S, x: S) -> S {
    let x0 = x.value();
    if i + j == 0 || x0 == S::Real::zero() || x0 == S::Real::one() {
        return S::one();
    }
    let slopes = log_slopes([i, j], a, b);
    slopes.growth_of_product(i, j, first_slopes(a, b, x), [a, b]) / (a * b)
}

/// Returns the logarithm of the density xᵃ⁻¹(1 − x)ᵇ⁻¹/B(a, b), for positive a and b and 0 < x < 1.
#[cfg(feature = "density")]
#[track_caller]
pub(crate) fn beta_ln_density<S: Scalar>(a: S, b: S, x: S) -> S {
    if [a, b, x].iter().any(|x| is_tiny(x.value())) {
        let one = S::Real::one();
        (a - one) * x.ln() + (b - one) * (-x).ln_1p() - ln_beta(a, b)
    } else {
        BetaLnDensity.apply([a, b, x])
    }
}

/// The log density where no large terms cancel in it.
#[cfg(feature = "density")]
struct BetaLnDensity;

#[cfg(feature = "density")]
impl<R: Real> Rule<3, R> for BetaLnDensity {
    fn value(&self, x: [R; 3]) -> R {
        in_f64(x, |[a, b, x]| {
            let beta = Beta::new(a, b, x);
            beta.ln_scale() + a.ln() + b.ln() - x.ln() - (-x).ln_1p()
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, b, x]: [S; 3], _: S) -> [S; 3] {
        let [by_a, by_b] = first_slopes(a, b, x);
        [by_a + a.recip(), by_b + b.recip(), slope_of_ln_density(a, b, x)]
    }
}

/// Returns (a − 1)/x − (b − 1)/(1 − x).
fn slope_of_ln_density<S: Scalar>(a: S, b: S, x: S) -> S {
    let one = S::Real::one();
    let y = -x + one;
    ((a - one) * y - (b - one) * x) / (x * y)
}

/// The density xᵃ⁻¹(1 − x)ᵇ⁻¹/B(a, b).
struct BetaDensity;

impl<R: Real> Rule<3, R> for BetaDensity {
    fn value(&self, x: [R; 3]) -> R {
        in_f64(x, |[a, b, x]| {
            let beta = Beta::new(a, b, x);
            if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&x)) {
                f64::NAN
            } else if beta.is_inside() {
                beta.ln_scale().exp() * (a / x) * (b / beta.y)
            } else {
                let (a, b) = if x == 0.0 { (a, b) } else { (b, a) };
                if a < 1.0 {
                    f64::INFINITY
                } else if a == 1.0 {
                    b
                } else {
                    0.0
                }
            }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, b, x]: [S; 3], density: S) -> [S; 3] {
        if density.value() == R::zero() {
            return [S::zero(); 3];
        }
        let [by_a, by_b] = first_slopes(a, b, x);
        let by_x = slope_of_ln_density(a, b, x);
        [density * (by_a + a.recip()), density * (by_b + b.recip()), density * by_x]
    }
}

/// Returns the x with `Iₓ(a, b) = p`, for 0 ≤ p ≤ 1 and positive a and b: the quantile of the beta distribution.
///
/// Newton's method finds it in plain numbers; the derivatives come from the implicit function theorem.
///
/// ```
/// use dualtape::{gradient, special::beta_quantile};
///
/// let (x, slopes) = gradient(|x| beta_quantile(x[0], x[1], x[2]), &[0.0625, 2.0, 1.0]);
/// assert!(f64::abs(x - 0.25) < 1e-15 && f64::abs(slopes[0] - 2.0) < 1e-14);
/// ```
#[track_caller]
pub fn beta_quantile<S: Scalar>(p: S, a: S, b: S) -> S {
    let zero = S::Real::zero();
    let is_defined = p.value() > zero && p.value() < S::Real::one();
    let [p0, a0, b0] = [p, a, b].map(Scalar::value);
    if is_defined && is_near_zero(a0, b0, power_quantile(p0, a0, ln_scale_near_zero(a0, b0))) {
        power_quantile(p, a, ln_scale_near_zero(a, b))
    } else {
        BetaQuantile.apply([p, a, b])
    }
}

struct BetaQuantile;

impl<R: Real> Rule<3, R> for BetaQuantile {
    fn value(&self, x: [R; 3]) -> R {
        in_f64(x, |[p, a, b]| {
            if !((0.0..=1.0).contains(&p) && [a, b].iter().all(|x| x.is_normal() && *x > 0.0)) {
                f64::NAN
            } else if p == 0.0 || p == 1.0 {
                p
            } else if p <= 0.5 {
                lower_quantile(p.ln(), a, b).x
            } else {
                lower_quantile((-p).ln_1p(), b, a).y
            }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [p, a, b]: [S; 3], x: S) -> [S; 3] {
        let slopes = |a: S, b: S, x: S| {
            let by_p = BetaDensity.apply([a, b, x]).recip();
            let by = |orders| -product(IncompleteBeta { orders }.apply([a, b, x]), by_p);
            [by_p, by([1, 0]), by([0, 1])]
        };
        if x.value() <= real::<S>(0.5) {
            return slopes(a, b, x);
        }
        // Near 1 the quantile of 1 − x keeps the digits.
        let [by_p, by_b, by_a] = slopes(b, a, BetaQuantile.apply([-p + R::one(), b, a]));
        [by_p, -by_a, -by_b]
    }
}

/// Returns the beta distribution at the x with ln Iₓ(a, b) = `ln_p`.
fn lower_quantile(ln_p: f64, a: f64, b: f64) -> Beta {
    let at = |logit: f64| {
        let (x, y) = (Scalar::sigmoid(logit), Scalar::sigmoid(-logit));
        Beta { a, b, x, y, excess: a * y - b * x }
    };
    // Iₓ is about xᵃ/(a·B(a, b)) near 0.
    let near_zero = (ln_p + a.ln() + ln_beta(a, b)) / a;
    let start = near_zero.min(a.ln() - b.ln());
    if start < f64::MIN_POSITIVE.ln() {
        return at(start);
    }
    let logit = concave_root(start, |logit| {
        let [ln_scale, integral] = at(logit).tail([0, 0]);
        // The derivative of ln I with respect to logit x is a·b·scale/I.
        [ln_scale + integral.ln() - ln_p, a * b / integral]
    });
    at(logit)
}
