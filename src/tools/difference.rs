//! Derivatives without rules: finite differences with an error estimate.
//!
//! The error of a central quotient is a series in the even powers of its step, so quotients at
//! smaller and smaller steps can be extrapolated to step 0 (Richardson 1911). The changes from
//! one extrapolation to the next estimate the error (Ridders 1982; *Numerical Recipes*, 5.7):
//!
//! ```text
//!     (f(x + h) − f(x − h))/2h         = f′(x) + c₂h² + c₄h⁴ + ...
//!     (f(x + h) − 2f(x) + f(x − h))/h  = kink  + c₁h  + c₃h³ + ...
//!     (f(x + h) − 2f(x) + f(x − h))/h² = f″(x) + c₂h² + c₄h⁴ + ...
//! ```
//!
//! The second line is the difference of the slopes on both sides, which vanishes with h
//! unless f has a kink at x. Unlike the complex step it needs no complex numbers, so f may be
//! any plain function.

use num_traits::Float;

use crate::scalar::Real;

/// Returns `(f′(x), error)` of a plain function by extrapolated differences. The error is an
/// estimate, usually right to a factor of ten.
///
/// The steps fall from 2 % of x, or 0.002. Where the result does not settle, because f
/// varies faster or a kink or an end of the domain is near, more and finer steps follow.
/// It costs 17 evaluations, and 113 at most.
///
/// In `f64` a smooth function keeps about twelve digits. Noise of f is seen in the error.
/// At a kink the result is the mean of the slopes on both sides, and half their difference
/// the error. Where f is not finite on both sides of x the result is NaN, and the error
/// infinite.
///
/// ```
/// use dualtape::check::difference;
///
/// let (slope, error) = difference(f64::exp, 1.0);
/// assert!((slope - 1.0_f64.exp()).abs() < 1e-11 && error < 1e-11);
///
/// // Near the end of a domain, at a kink, and at the end itself.
/// let (slope, error) = difference(f64::ln, 1e-9);
/// assert!((slope - 1e9).abs() < 1e-1 && error < 1e-1);
/// assert_eq!(difference(f64::abs, 0.0), (0.0, 1.0));
/// assert_eq!(difference(f64::sqrt, 0.0).1, f64::INFINITY);
/// ```
pub fn difference<R: Real>(f: impl Fn(R) -> R, x: R) -> (R, R) {
    let Estimate { slope, error, .. } = differences(&|x| vec![f(x)], x)[0];
    (slope, error)
}

/// The [`difference`] of each output. It is compiled once for all functions.
pub(crate) fn differences<R: Real>(f: &dyn Fn(R) -> Vec<R>, x: R) -> Vec<Estimate<R>> {
    let center = f(x);
    let mut estimates = vec![Estimate::none(); center.len()];
    for steps in runs(x) {
        let samples: Vec<_> = steps.into_iter().map(|h| (h, f(x + h), f(x - h))).collect();
        for (i, estimate) in estimates.iter_mut().enumerate().filter(|(_, estimate)| !estimate.is_settled()) {
            let samples: Vec<_> = samples.iter().map(|(h, above, below)| [*h, above[i], below[i]]).collect();
            *estimate = estimate.or(Estimate::new(center[i], &samples));
        }
        if estimates.iter().zip(&center).all(|(estimate, y)| estimate.is_settled() || !Float::is_finite(*y)) {
            break;
        }
    }
    estimates
}

/// How many steps a run has, and the ratio of each to the next. Rounding to a grid has no
/// such ratio, nor have periods, so neither passes for a slope.
const LEVELS: i32 = 8;
const RATIO: f64 = 1.6;

/// The steps of each run: from 2 % of x or 0.002 on, from 2 % of a small x on, and from
/// there on in factors of 2⁸.
fn runs<R: Real>(x: R) -> Vec<Vec<R>> {
    let size = Float::abs(x);
    let share = R::from_f64(0.02);
    let first = share * Float::max(size, R::from_f64(0.1));
    let small = Some(share * size).filter(|&step| step < first);
    let finer = (1..6).map(|run| first / R::from_f64(2.0_f64.powi(8 * run)));
    let least = Float::max(R::from_f64(64.0) * R::epsilon() * size, R::min_positive_value());
    let falling = |first: R| {
        let steps = (0..LEVELS).map(|level| first / R::from_f64(RATIO.powi(level))).filter(|&step| step >= least);
        // The difference of x + h and x as rounded, so that both points have the same distance.
        steps.map(|step| (x + step) - x).collect()
    };
    std::iter::once(first).chain(small).chain(finer).map(falling).collect()
}

/// A slope with its error.
#[derive(Clone, Copy)]
pub(crate) struct Estimate<R> {
    pub(crate) slope: R,
    pub(crate) error: R,
    /// The step that it is from.
    pub(crate) step: R,
    /// The second derivative, its error, and the step that it is from.
    curvature: (R, R, R),
    /// The error relative to how fast f varies at the steps that it is from.
    doubt: R,
}

impl<R: Real> Estimate<R> {
    fn none() -> Self {
        let (none, infinity) = (R::nan(), R::infinity());
        Estimate {
            slope: none,
            error: infinity,
            step: infinity,
            curvature: (none, infinity, infinity),
            doubt: infinity,
        }
    }

    /// The second derivative, by values alone. These do not see a kink of the slope, which the difference of `slopes` does.
    pub(crate) fn curvature(&self, slopes: Self) -> Self {
        let (slope, error, step) = self.curvature;
        Estimate { slope, error: Float::max(error, slopes.error), step, ..*self }
    }

    /// Whether other steps are not needed.
    pub(crate) fn is_settled(&self) -> bool {
        self.doubt <= Float::powf(R::epsilon(), R::from_f64(0.4))
    }

    /// Whether f is flat but for rounding.
    fn is_flat(&self) -> bool {
        self.doubt == R::zero()
    }

    /// Returns this slope or the one from finer steps, whichever has the smaller doubt. A function that is flat in
    /// finer steps only is a stair, or noise: then the error covers both slopes.
    fn or(self, finer: Self) -> Self {
        let slope = Float::abs(self.slope);
        if !finer.is_flat() || Float::is_nan(slope) {
            if finer.doubt < self.doubt { finer } else { self }
        } else if finer.error > R::from_f64(1e-3) * slope {
            self // Rounding is all that those steps see.
        } else if self.doubt > R::from_f64(0.1) {
            finer
        } else {
            Estimate { error: Float::max(self.error, slope), ..self }
        }
    }

    /// From `f(x)` and `[h, f(x + h), f(x − h)]` for the steps of a run.
    fn new(center: R, samples: &[[R; 3]]) -> Self {
        let is_finite = |sample: &[R; 3]| sample.iter().all(|&y| Float::is_finite(y));
        let samples = samples.rsplit(|sample| !is_finite(sample)).next().unwrap_or_default();
        if samples.len() < 3 || !Float::is_finite(center) {
            return Self::none();
        }
        let largest = |a: R, b: R| Float::max(Float::abs(a), Float::abs(b));
        let quotients = |quotient: fn(R, R, R) -> R| -> Vec<Quotient<R>> {
            let with_errors = samples.iter().map(|&[step, above, below]| {
                let rounding = R::epsilon() * largest(center, largest(above, below)) / step;
                Quotient { step, value: quotient(above - center, center - below, step), rounding }
            });
            with_errors.collect()
        };
        let means = quotients(|right, left, h| (right + left) / (h + h));
        let kinks = quotients(|right, left, h| (right - left) / h);
        let over_step =
            |q: &Quotient<R>| Quotient { step: q.step, value: q.value / q.step, rounding: q.rounding / q.step };
        let curvatures: Vec<_> = kinks.iter().map(over_step).collect();
        let (slope, error, level) = limit(&means, 2);
        let (kink, kink_error, _) = limit(&kinks, 1);
        let (curvature, curvature_error, curvature_level) = limit(&curvatures, 2);
        let error = Float::max(error, (Float::abs(kink) + kink_error) / R::from_f64(2.0));

        let variation = |[h, above, below]: [R; 3]| largest(above - center, center - below) / h;
        let is_flat = |k: usize| variation(samples[k]) <= R::from_f64(4.0) * means[k].rounding;
        let doubt = if (0..samples.len()).all(is_flat) { R::zero() } else { error / variation(samples[level]) };
        let curvature = (curvature, curvature_error, samples[curvature_level][0]);
        Estimate { slope, error, step: samples[level][0], curvature, doubt }
    }
}

/// A quotient of differences at a step, and its error by rounding.
struct Quotient<R> {
    step: R,
    value: R,
    rounding: R,
}

/// The limit of the quotients of a run, its error, and the last quotient that it is from.
/// The quotients differ from it by the powers m, m + 2, ... of the step.
fn limit<R: Real>(quotients: &[Quotient<R>], m: i32) -> (R, R, usize) {
    // Each row has the quotient, and then its extrapolations, each over one step more.
    let mut rows: Vec<Vec<R>> = Vec::new();
    for quotient in quotients {
        let mut row = vec![quotient.value];
        let mut factor = R::from_f64(RATIO.powi(m));
        for (k, &coarser) in rows.last().into_iter().flatten().enumerate() {
            row.push((row[k] * factor - coarser) / (factor - R::one()));
            factor *= R::from_f64(RATIO.powi(2));
        }
        rows.push(row);
    }
    let (mut best, mut error, mut level) = (R::nan(), R::infinity(), 0);
    for k in 1..rows.len() - 1 {
        for j in 1..rows[k].len() {
            let candidate = rows[k][j];
            let distance = |other: R| Float::abs(candidate - other);
            // The change from its neighbours, and the noise of the finer rows beyond rounding.
            let change = Float::max(distance(rows[k][j - 1]), distance(rows[k - 1][j - 1]));
            let noise = (k + 1..rows.len()).map(|l| distance(rows[l][l]) * quotients[l].step / quotients[k].step);
            let error_here = noise.fold(Float::max(change, quotients[k].rounding), Float::max);
            if error_here < error {
                (best, error, level) = (candidate, error_here, k);
            }
        }
    }
    (best, error, level)
}
