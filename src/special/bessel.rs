//! Bessel functions of integer order.

use std::f64::consts::PI;

use num_traits::Float;

use super::{in_f64, is_huge};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// Returns the Bessel function `J₀(x)`. Its slope is −J₁.
///
/// Values of `J` come from libm.
///
/// ```
/// use dualtape::{derivative, special::{bessel_j0, bessel_j1}};
///
/// assert_eq!(derivative(bessel_j0, 2.5).1, -bessel_j1(2.5));
/// ```
#[track_caller]
pub fn bessel_j0<S: Scalar>(x: S) -> S {
    BesselJ { order: 0 }.apply([x])
}

/// Returns the Bessel function `J₁(x)`. Its slope is (J₀ − J₂)/2 (DLMF 10.6.1).
///
/// ```
/// use dualtape::{derivative, special::bessel_j1};
///
/// assert_eq!(derivative(bessel_j1, 0.0), (0.0, 0.5));
/// ```
#[track_caller]
pub fn bessel_j1<S: Scalar>(x: S) -> S {
    BesselJ { order: 1 }.apply([x])
}

struct BesselJ {
    order: u32,
}

impl<R: Real> Rule<1, R> for BesselJ {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| match self.order {
            0 => libm::j0(x),
            1 => libm::j1(x),
            order => libm::jn(order as i32, x),
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        let next = BesselJ { order: self.order + 1 }.apply([x]);
        [match self.order {
            0 => -next,
            order => (BesselJ { order: order - 1 }.apply([x]) - next) * real::<S>(0.5),
        }]
    }
}

/// Returns `e^−|x|·I₀(x)` with the modified Bessel function. Its slope at 0 is 0.
///
/// Values and slopes come from the power series (DLMF 10.25.2), and for |x| ≥ 25 from the asymptotic one (DLMF
/// 10.40.1).
///
/// ```
/// use dualtape::{derivative, special::bessel_i0e};
///
/// assert_eq!(derivative(bessel_i0e, 0.0), (1.0, 0.0));
/// let (y, slope) = derivative(bessel_i0e, 1e6);
/// assert!(f64::abs(slope / y * 2e6 + 1.0) < 1e-6); // it falls as 1/√x
/// ```
#[doc(alias = "i0")]
#[track_caller]
pub fn bessel_i0e<S: Scalar>(x: S) -> S {
    scaled_bessel_i(0, x)
}

/// Returns `e^−|x|·I₁(x)` with the modified Bessel function.
///
/// ```
/// use dualtape::{derivative, special::bessel_i1e};
///
/// assert_eq!(derivative(bessel_i1e, 0.0), (0.0, 0.5));
/// ```
#[doc(alias = "i1")]
#[track_caller]
pub fn bessel_i1e<S: Scalar>(x: S) -> S {
    scaled_bessel_i(1, x)
}

/// Returns e^−|x|·Iₙ(x), which is 1/√(2πx) but for rounding where x is huge.
#[track_caller]
fn scaled_bessel_i<S: Scalar>(order: u32, x: S) -> S {
    let size = x.abs();
    if !is_huge(size.value()) {
        return BesselIe { order }.apply([x]);
    }
    let y = size.sqrt().recip() * real::<S>(1.0 / (2.0 * PI).sqrt());
    if order == 1 { y.copysign(x) } else { y }
}

struct BesselIe {
    order: u32,
}

/// The argument from which the asymptotic series has all digits.
const FAR: f64 = 25.0;

impl<R: Real> Rule<1, R> for BesselIe {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| {
            let size = x.abs();
            let value = if size < FAR { power_series(self.order, size) } else { asymptotic(self.order, 0, size) };
            if self.order % 2 == 1 { value.copysign(x) } else { value }
        })
    }

    /// (Iₙ₋₁ + Iₙ₊₁)/2 − sign x·Iₙ, all times e^−|x|
    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], y: S) -> [S; 1] {
        let at = |order| BesselIe { order }.apply([x]);
        let is_negative = x.value() < R::zero();
        if Float::abs(x.value()) >= real::<S>(FAR) {
            let slope = asymptotic(self.order, 1, if is_negative { -x } else { x });
            return [if is_negative && self.order.is_multiple_of(2) { -slope } else { slope }];
        }
        let rising = if self.order == 0 { at(1) } else { (at(self.order - 1) + at(self.order + 1)) * real::<S>(0.5) };
        if x.value() == R::zero() {
            return [rising];
        }
        [if is_negative { rising + y } else { rising - y }]
    }
}

/// Returns e^−x·Iₙ(x) for x ≥ 0: all terms are positive.
fn power_series(order: u32, x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut term, mut sum) = ((1..=order).fold(1.0, |term, k| term * 0.5 * x / f64::from(k)), 0.0);
    for k in 1.. {
        sum += term;
        term *= quarter / (f64::from(k) * f64::from(k + order));
        if term <= 1e-17 * sum || sum.is_nan() {
            break;
        }
    }
    sum * (-x).exp()
}

/// Returns e^−x·Iₙ(x) or its derivative of `slopes` = 1 for large x: Σ (−1)ᵏ·aₖ(n)·x^−(k + ½)/√(2π), with
/// aₖ = aₖ₋₁·(4n² − (2k − 1)²)/(8k).
fn asymptotic<S: Scalar>(order: u32, slopes: u32, x: S) -> S {
    let inverse = x.recip();
    let four_squares = f64::from(4 * order * order);
    let mut terms = vec![1.0];
    for k in 1..=24 {
        let odd = f64::from(2 * k - 1);
        terms.push(-terms[k as usize - 1] * (four_squares - odd * odd) / (8.0 * f64::from(k)));
    }
    let powers = (0..terms.len()).rev().fold(S::zero(), |sum, k| {
        let factor = if slopes == 0 { 1.0 } else { -(k as f64 + 0.5) };
        sum * inverse + real::<S>(terms[k] * factor)
    });
    let scaled = powers * inverse.sqrt() * real::<S>(1.0 / (2.0 * PI).sqrt());
    if slopes == 0 { scaled } else { scaled * inverse }
}
