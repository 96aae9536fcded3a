//! The integral of an exponential times a slowly varying weight, and the cancelling differences in its exponent.

use super::in_f64;
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// The positive nodes and their weights of the Gauss–Legendre rule of 16 points on [−1, 1].
const NODES: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];

/// Returns ∫ f over [low, high] by the Gauss–Legendre rule of 16 points.
pub(super) fn panel(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (center, half) = (0.5 * (low + high), 0.5 * (high - low));
    half * NODES.iter().map(|&(node, weight)| weight * (f(center - half * node) + f(center + half * node))).sum::<f64>()
}

/// The exponent g of e^−g, with its first two derivatives.
#[derive(Clone, Copy)]
pub(super) struct Exponent {
    pub(super) value: f64,
    pub(super) slope: f64,
    pub(super) curvature: f64,
}

impl Exponent {
    /// The inverse of the length over which e^−g changes.
    fn rate(self) -> f64 {
        self.slope.abs() + self.curvature.sqrt()
    }
}

/// Returns ∫₀^∞ e^−g(u)·w(u) du for a convex g with g(0) = 0, analytic on the scale 1 where its curvature can be seen,
/// and a weight w that grows like a power.
///
/// Each panel is so short that e^−g changes by a factor of e⁸ at most. Where rounding hides how g grows, the integral is NaN.
pub(super) fn integral(exponent: impl Fn(f64) -> Exponent, weight: impl Fn(f64) -> f64) -> f64 {
    const DECAY: f64 = 60.0;
    const CHANGE: f64 = 8.0;
    const LARGEST: f64 = 1e305;
    const MOST_PANELS: usize = 10_000;
    let (mut u, mut here, mut total) = (0.0, exponent(0.0), 0.0);
    for _ in 0..MOST_PANELS {
        if here.value >= DECAY || u >= LARGEST {
            return total;
        }
        let mut step = (CHANGE / here.rate()).min(LARGEST);
        let mut end = exponent(u + step);
        let is_too_long = |step: f64, end: Exponent| {
            step * end.rate() > CHANGE || step > 2.0 && here.curvature.max(end.curvature) > 1e-24
        };
        while !end.value.is_finite() || is_too_long(step, end) {
            step *= 0.5;
            if u + step == u {
                return f64::NAN;
            }
            end = exponent(u + step);
        }
        total += panel(u, u + step, |u| (-exponent(u).value).exp() * weight(u));
        (u, here) = (u + step, end);
    }
    f64::NAN
}

/// Returns eˣ − 1 − x.
pub(super) fn exp_m1_less(x: f64) -> f64 {
    if x.abs() > 0.5 {
        return x.exp_m1() - x;
    }
    // x²/2·(1 + x/3·(1 + x/4·(...)))
    0.5 * x * x * (3..=16).rev().fold(1.0, |sum, k| 1.0 + x / f64::from(k) * sum)
}

/// Returns ln(1 + x) − x.
pub(super) fn ln_1p_less(x: f64) -> f64 {
    if x.abs() > 0.5 {
        return x.ln_1p() - x;
    }
    // With r = x/(2 + x), ln(1 + x) = 2·artanh r, and 2r − x = −r·x.
    let r = x / (2.0 + x);
    let square = r * r;
    let series = (1..=17).rev().fold(0.0, |sum, k| square * (1.0 / f64::from(2 * k + 1) + sum));
    r * (2.0 * series - x)
}

/// ln(1 + x) − x
pub(super) struct Ln1pLess;

impl<R: Real> Rule<1, R> for Ln1pLess {
    fn value(&self, x: [R; 1]) -> R {
        in_f64(x, |[x]| ln_1p_less(x))
    }

    fn partials<S: Scalar<Real = R>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [-(x / (x + real::<S>(1.0)))]
    }
}

/// Returns a·ln(a/m) + m − a, where a − m is `difference` (C. Loader, *Fast and accurate computation of binomial
/// probabilities*, 2000).
pub(super) fn deviance(a: f64, m: f64, difference: f64) -> f64 {
    let q = difference / m;
    if q.abs() < 0.5 {
        // (1 + q)·ln(1 + q) − q
        m * ((1.0 + q) * ln_1p_less(q) + q * q)
    } else {
        a * (a.ln() - m.ln()) - difference
    }
}

/// Returns the root of a monotone concave function, by Newton's method. `f` returns its value and its slope.
///
/// After the first step each step comes nearer from the same side, and its error is the square of that before.
pub(super) fn concave_root(start: f64, f: impl Fn(f64) -> [f64; 2]) -> f64 {
    const LONGEST: f64 = 2.0;
    const SMALL: f64 = 1e-9;
    const SMALLEST: f64 = 1e-16;
    // On a plateau rounding may keep the steps from becoming small.
    const MOST_STEPS: usize = 1000;
    let (mut x, mut before) = (start, f64::NAN);
    for _ in 0..MOST_STEPS {
        let [value, slope] = f(x);
        let step = (-value / slope).min(LONGEST);
        x += step;
        let size = step.abs() / x.abs().max(1.0);
        // Each step is a multiple of the square of the one before, except where it is rounding.
        let next = size * (size / before).powi(2);
        let is_rounding = size <= SMALL && 2.0 * size >= before;
        if size <= SMALLEST || next <= SMALLEST || is_rounding || x.is_nan() {
            break;
        }
        before = size;
    }
    x
}
