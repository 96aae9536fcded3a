//! The logarithm and the inverse of the normal distribution function.

use std::f64::consts::{PI, SQRT_2};

use num_traits::{Float, Zero};

use super::in_f64;
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::slope::{is_moderate, unit_of};
use crate::scalar::{Real, Scalar};

/// Returns `ln Φ(x)`, precise in both tails.
///
/// Below −3 it is `ln φ(x) − ln λ(x)` with the continued fraction of `λ = φ/Φ` (Laplace; DLMF 7.9.3), which is the slope.
///
/// ```
/// use dualtape::{derivative, special::norm_ln_cdf};
///
/// let (y, slope) = derivative(norm_ln_cdf, -200.0);
/// assert!(f64::abs(y / -20006.21728089819 - 1.0) < 1e-15 && f64::abs(slope / 200.00499975003124 - 1.0) < 1e-14);
/// ```
#[doc(alias = "log_ndtr")]
#[track_caller]
pub fn norm_ln_cdf<S: Scalar>(x: S) -> S {
    NormLnCdf.apply([x])
}

struct NormLnCdf;

impl<R: Real> Rule<1, R> for NormLnCdf {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| {
            if x < TAIL {
                -0.5 * x * x - 0.5 * (2.0 * PI).ln() - inverse_mills(x).ln()
            } else if x < 0.0 {
                Scalar::norm_cdf(x).ln()
            } else {
                (-Scalar::norm_cdf(-x)).ln_1p()
            }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [InverseMills.apply([x])]
    }
}

/// The argument below which the continued fraction converges fast.
const TAIL: f64 = -3.0;

/// λ(x) = φ(x)/Φ(x)
struct InverseMills;

impl<R: Real> Rule<1, R> for InverseMills {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| inverse_mills(x))
    }

    /// λ′ = −λ·(x + λ)
    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], y: S) -> [S; 1] {
        [-(y * if x.value() < real::<S>(TAIL) { excess(x) } else { x + y })]
    }
}

fn inverse_mills(x: f64) -> f64 {
    if x < TAIL { excess(x) - x } else { Scalar::norm_pdf(x) / Scalar::norm_cdf(x) }
}

/// Returns x + λ(x) in the tail: with t = −x it is 1/(t + 2/(t + 3/(t + ...))).
fn excess<S: Scalar>(x: S) -> S {
    const TERMS: u32 = 50;
    (1..=TERMS).rev().fold(S::zero(), |rest, k| (-x + rest).recip() * real::<S>(f64::from(k)))
}

/// Returns the inverse of the normal distribution function, for 0 ≤ p ≤ 1.
///
/// Values by M. J. Wichura, *Algorithm AS 241* (1988). The slope is 1/φ.
///
/// ```
/// use dualtape::{derivative, special::norm_quantile};
///
/// assert!(f64::abs(norm_quantile(0.975) - 1.959963984540054) < 1e-15);
/// assert!(f64::abs(derivative(norm_quantile, 0.5).1 - std::f64::consts::TAU.sqrt()) < 1e-15);
/// ```
#[doc(alias = "probit")]
#[doc(alias = "ndtri")]
#[track_caller]
pub fn norm_quantile<S: Scalar>(p: S) -> S {
    if p.value() > S::Real::zero() && !is_moderate(p.value()) {
        let unit = unit_of(p.value());
        TailQuantile { p: p.value() }.apply([p * unit])
    } else {
        NormQuantile.apply([p])
    }
}

/// Φ⁻¹(p) by a multiple q of p near 1, for a p so small that 1/φ and its derivatives are out of range.
struct TailQuantile<R> {
    p: R,
}

impl<R: Real> Rule<1, R> for TailQuantile<R> {
    fn value(&self, _: [R; 1]) -> R {
        NormQuantile.value([self.p])
    }

    /// p/(q·φ(x)) = 1/(q·λ(x))
    fn partials<S: Scalar<Real = R>>(&self, [q]: [S; 1], x: S) -> [S; 1] {
        [(InverseMills.apply([x]) * q).recip()]
    }
}

struct NormQuantile;

impl<R: Real> Rule<1, R> for NormQuantile {
    fn value(&self, p: [R; 1]) -> R {
        in_f64(p, |[p]| quantile(p - 0.5, p.min(1.0 - p)))
    }

    fn partials<S: Scalar<Real = R>>(&self, [p]: [S; 1], _: S) -> [S; 1] {
        [NormQuantileSlope.apply([p])]
    }
}

/// 1/φ(x) at x = Φ⁻¹(p). Its slope x/φ² is one product. Its factors overflow with one sign.
struct NormQuantileSlope;

impl<R: Real> Rule<1, R> for NormQuantileSlope {
    fn value(&self, p: [R; 1]) -> R {
        in_f64(p, |[p]| {
            let x = norm_quantile(p);
            1.0 / if p < 0.5 { density_at(x, p) } else { density_at(-x, 1.0 - p) }
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [p]: [S; 1], slope: S) -> [S; 1] {
        [NormQuantile.apply([p]) * slope * slope]
    }
}

/// Returns φ(x) where Φ(x) = p: in the tail λ(x)·p, which does not magnify the rounding of x.
fn density_at<S: Scalar>(x: S, p: S) -> S {
    if p.value() == S::Real::zero() {
        S::zero()
    } else if p.value() > real::<S>(0.25) {
        x.norm_pdf()
    } else {
        InverseMills.apply([x]) * p
    }
}

/// Returns the inverse of the error function, for −1 ≤ x ≤ 1.
///
/// It is Φ⁻¹((1 + x)/2)/√2, by the algorithm of [`norm_quantile`]. The slope is `√π/2·exp(y²)`.
///
/// ```
/// use dualtape::{derivative, special::erf_inv};
///
/// let (y, slope) = derivative(erf_inv, 1e-10);
/// assert!(f64::abs(y / 8.862269254527581e-11 - 1.0) < 1e-15 && f64::abs(slope / 0.886226925452758 - 1.0) < 1e-15);
/// ```
#[track_caller]
pub fn erf_inv<S: Scalar>(x: S) -> S {
    ErfInv.apply([x])
}

struct ErfInv;

impl<R: Real> Rule<1, R> for ErfInv {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| quantile(0.5 * x, 0.5 * (1.0 - x.abs())) / SQRT_2)
    }

    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], y: S) -> [S; 1] {
        let half = real::<S>(0.5);
        if Float::abs(x.value()) < half {
            return [(y * y).exp() * real::<S>(PI.sqrt() / 2.0)];
        }
        let (size, sign) = if x.value() < R::zero() { (-x, 1.0) } else { (x, -1.0) };
        let p = (-size + half + half) * half;
        [density_at(y * real::<S>(sign * SQRT_2), p).recip() * real::<S>(0.5 / SQRT_2)]
    }
}

/// Returns Φ⁻¹(p) from p − ½ and the smaller of p and 1 − p (Wichura's routine PPND16).
fn quantile(from_half: f64, tail: f64) -> f64 {
    const CENTRAL: [[f64; 8]; 2] = [
        [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_855,
        ],
    ];
    const MIDDLE: [[f64; 8]; 2] = [
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    ];
    const FAR: [[f64; 8]; 2] = [
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            0.001_242_660_947_388_078_4,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    ];
    let rational = |[above, below]: [[f64; 8]; 2], r: f64| {
        let [above, below] = [above, below].map(|c| c.iter().rev().fold(0.0, |sum, c| sum * r + c));
        above / below
    };
    if from_half.abs() <= 0.425 {
        return from_half * rational(CENTRAL, 0.180625 - from_half * from_half);
    }
    if tail == 0.0 {
        return f64::INFINITY.copysign(from_half);
    }
    // A p outside [0, 1] has no logarithm.
    let r = (-tail.ln()).sqrt();
    (if r <= 5.0 { rational(MIDDLE, r - 1.6) } else { rational(FAR, r - 5.0) }).copysign(from_half)
}
