//! Differences of ln Γ that do not cancel.

use std::f64::consts::PI;

use num_traits::{Float, Zero};

use super::quadrature::ln_1p_less;
use super::{in_f64, is_huge, is_tiny};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::special::{BERNOULLI, factorial};
use crate::scalar::{Real, Scalar};

/// Returns `ln Γ(a + n) − ln Γ(a)` for a > 0 and a + n > 0. For whole n it is the logarithm of `a(a + 1)⋯(a + n − 1)`.
///
/// It is the difference of Stirling's series (DLMF 5.11.1), term by term, after a recurrence up to where the series
/// holds.
///
/// ```
/// use dualtape::{gradient, special::ln_rising_factorial};
///
/// assert!(f64::abs(ln_rising_factorial(2.0, 3.0) - 24.0_f64.ln()) < 1e-14);
/// let (_, slopes) = gradient(|x| ln_rising_factorial(x[0], x[1]), &[1e12, 1.0]);
/// assert_eq!(slopes[0], 1e-12); // ψ(a + 1) − ψ(a)
/// ```
#[track_caller]
pub fn ln_rising_factorial<S: Scalar>(a: S, n: S) -> S {
    let is_defined = a.value() + n.value() > S::Real::zero();
    if is_defined && is_tiny(a.value()) {
        // Γ(1 + a) = a·Γ(a)
        let is_near = n.value() < a.value() * real::<S>(1e3);
        let ln_ratio = if is_near { (n / a).ln_1p() } else { (a + n).ln() - a.ln() };
        ln_rising_factorial(a + S::one(), n) - ln_ratio
    } else if is_defined && is_huge(a.value()) {
        // Stirling's formula
        let ratio = n / a;
        if Float::abs(ratio.value()) < Float::sqrt(S::Real::epsilon()) {
            n * (a + n * real::<S>(0.5)).ln()
        } else {
            n * ((a + n).ln() - real::<S>(1.0)) + a * ratio.ln_1p()
        }
    } else {
        RisingFactorial { order: 0 }.apply([a, n])
    }
}

/// The derivative of `order` of `ln Γ(a + n) − ln Γ(a)` with respect to a.
pub(super) struct RisingFactorial {
    pub(super) order: u32,
}

impl<R: Real> Rule<2, R> for RisingFactorial {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[a, n]| rising(self.order, a, n))
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, n]: [S; 2], _: S) -> [S; 2] {
        [RisingFactorial { order: self.order + 1 }.apply([a, n]), (a + n).polygamma(self.order)]
    }
}

/// Returns k and B₂ₖ, the last first.
pub(super) fn bernoulli_numbers() -> impl Iterator<Item = (u32, f64)> {
    (0..BERNOULLI.len()).rev().map(|i| (i as u32 + 1, BERNOULLI[i]))
}

/// The argument from which Stirling's series has all digits.
const LARGE: f64 = 16.0;

/// Returns the derivative of `order` of ln Γ(a + n) − ln Γ(a) with respect to a.
pub(super) fn rising(order: u32, a: f64, n: f64) -> f64 {
    if !(a > 0.0 && a + n > 0.0) {
        return match order {
            0 if a == 0.0 && n > 0.0 => f64::NEG_INFINITY,
            _ => f64::NAN,
        };
    }
    let steps = (LARGE + f64::from(order) - a.min(a + n)).ceil().max(0.0);
    let recurrence = |term: &dyn Fn(f64) -> f64| (0..steps as u32).map(|j| term(a + f64::from(j))).sum::<f64>();
    let z = a + steps;
    let ln_ratio = (n / z).ln_1p();
    // (z + n)^−p − z^−p
    let difference = |z: f64, p: u32| z.powi(-(p as i32)) * (-f64::from(p) * (n / z).ln_1p()).exp_m1();
    let series = |q: i32| {
        bernoulli_numbers()
            .map(|(k, bernoulli)| {
                let power = (2 * k) as i32 + q;
                bernoulli * factorial((power - 1) as u32) / factorial(2 * k) * difference(z, power as u32)
            })
            .sum::<f64>()
    };
    match order {
        0 => {
            let large = z * ln_1p_less(n / z) - 0.5 * ln_ratio + n * (z + n).ln() + series(-1);
            large - recurrence(&|a| (n / a).ln_1p())
        }
        1 => ln_ratio - 0.5 * difference(z, 1) - series(0) - recurrence(&|a| difference(a, 1)),
        _ => {
            // ψ⁽q⁾ (DLMF 5.15.8, 5.15.5)
            let q = order - 1;
            let sign = if q % 2 == 1 { 1.0 } else { -1.0 };
            let large = factorial(q - 1) * difference(z, q) + 0.5 * factorial(q) * difference(z, q + 1);
            sign * (large + series(q as i32) + factorial(q) * recurrence(&|a| difference(a, q + 1)))
        }
    }
}

/// Returns `ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b)` for positive a and b.
///
/// ```
/// use dualtape::{gradient, special::ln_beta};
///
/// assert!(f64::abs(ln_beta(2.0, 3.0) + 12.0_f64.ln()) < 1e-15);
/// assert_eq!(gradient(|x| ln_beta(x[0], x[1]), &[1e12, 1.0]).1[0], -1e-12);
/// ```
#[track_caller]
pub fn ln_beta<S: Scalar>(a: S, b: S) -> S {
    let (small, large) = if a.value() < b.value() { (a, b) } else { (b, a) };
    if is_huge(small.value()) {
        // Stirling's formula
        -(small * (large / small).ln_1p() + large * (small / large).ln_1p())
    } else if is_tiny(small.value()) || small.value() > S::Real::zero() && is_huge(large.value()) {
        small.ln_gamma() - ln_rising_factorial(large, small)
    } else {
        LnBeta.apply([a, b])
    }
}

struct LnBeta;

impl<R: Real> Rule<2, R> for LnBeta {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[a, b]| {
            let (small, large) = if a < b { (a, b) } else { (b, a) };
            if a.is_nan() || b.is_nan() || small < 0.0 {
                f64::NAN
            } else if small == 0.0 {
                f64::INFINITY
            } else if large < LARGE {
                libm::lgamma(small) + libm::lgamma(large) - libm::lgamma(small + large)
            } else {
                libm::lgamma(small) - rising(0, large, small)
            }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [a, b]: [S; 2], _: S) -> [S; 2] {
        let slope = |a: S, b: S| -RisingFactorial { order: 1 }.apply([a, b]);
        [slope(a, b), slope(b, a)]
    }
}

/// Returns ln Γ(a) − ((a − ½)·ln a − a + ½·ln 2π), the error of Stirling's formula, for a > 0.
pub(super) fn stirling_error(a: f64) -> f64 {
    if a < LARGE {
        return libm::lgamma(1.0 + a) - (a + 0.5) * a.ln() + a - 0.5 * (2.0 * PI).ln();
    }
    let square = 1.0 / (a * a);
    let term = |k: u32, bernoulli: f64| bernoulli / f64::from(2 * k * (2 * k - 1));
    bernoulli_numbers().fold(0.0, |sum, (k, bernoulli)| sum * square + term(k, bernoulli)) / a
}

/// Returns ψ(1 + a) − ln a.
pub(super) fn next_digamma_less_ln<S: Scalar>(a: S) -> S {
    if a.value() < real::<S>(LARGE) {
        return (a + real::<S>(1.0)).digamma() - a.ln();
    }
    let inverse = a.recip();
    let square = inverse * inverse;
    let series = bernoulli_numbers()
        .fold(S::zero(), |sum, (k, bernoulli)| (sum + real::<S>(bernoulli / f64::from(2 * k))) * square);
    inverse * real::<S>(0.5) - series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::special::polygamma;

    #[test]
    fn differences_of_polygamma_agree_with_the_function() {
        for order in 1..6 {
            for (a, n) in [(0.5, 3.0), (40.0, 2.0), (40.0, -35.0), (3.0, -2.5), (20.0, 1e3)] {
                let wanted = polygamma(a + n, order - 1) - polygamma(a, order - 1);
                let got = rising(order, a, n);
                assert!((got - wanted).abs() <= 1e-12 * wanted.abs(), "{order} ({a}, {n}): {got}, not {wanted}");
            }
        }
    }
}
