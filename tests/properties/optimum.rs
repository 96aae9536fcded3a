//! The check of the modes where the gradient is what cancellation leaves.

use dualtape::{Function, Scalar, Var, check, gradient};

use crate::expression::Expression;

/// A function less its tangent plane at a point, which makes the gradient there zero but for rounding.
struct Flattened<'a> {
    f: &'a Expression,
    slopes: &'a [f64],
    /// By how much the part of f in ∂/∂x[0] is wrong in reverse mode.
    error: f64,
}

impl Function for Flattened<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let plane: S = x.iter().zip(self.slopes).map(|(&x, &slope)| x * slope).sum();
        let y = self.f.last(x) - plane;
        let is_wrong = size_of::<S>() == size_of::<Var>() && self.error != 0.0;
        if is_wrong { y + (x[0] - x[0].value()) * (self.error * self.slopes[0]) } else { y }
    }
}

/// Panics if the check finds a disagreement where the gradient vanishes, or does not find a slope that is wrong by 0.05 %.
pub(crate) fn assert_check_is_fair(f: &Expression, x: &[f64]) {
    let slopes = gradient(|x| f.last(x), x).1;
    let right = Flattened { f, slopes: &slopes, error: 0.0 };
    let report = check(&right, x);
    assert!(report.disagreements().is_empty(), "{report}");
    let bounds = f.condition(x, f.outputs() - 1);
    // At a kink rounding decides on the slope, and any is right.
    let is_smooth = [-1e-9, 1e-9].into_iter().all(|shift| {
        let near: Vec<f64> = x.iter().map(|x| x + shift).collect();
        gradient(|x| f.last(x), &near).1.iter().zip(&slopes).all(|(a, b)| (a - b).abs() <= 1e-6 * slopes[0].abs())
    });
    if is_smooth && 5e-4 * slopes[0].abs() > 1e6 * bounds.tolerance(bounds.gradient[0]) {
        let report = check(&Flattened { error: 5e-4, ..right }, x);
        assert!(!report.disagreements().is_empty(), "a slope of {:e} is wrong by 0.05 %: {report}", slopes[0]);
    }
}
