//! The check of the modes where a gradient cancels to rounding.

use dualtape::{Function, Scalar, Var, check, gradient, hessian};

use crate::expression::Expression;

/// A function minus its tangent plane at a point, so the gradient there is zero up to rounding.
struct Flattened<'a> {
    f: &'a Expression,
    slopes: &'a [f64],
    /// The error of the part of f in ∂/∂x[0] in reverse mode.
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

/// Returns the largest of value and derivatives to the second order if all change little nearby: rounding, or a step of
/// differences, crosses no kink and no jump. Rounding alone crosses the jump of ⌊x⁰⌋.
fn largest_if_smooth(f: &Expression, x: &[f64]) -> Option<f64> {
    let operations = format!("{f:?}");
    if ["floor", "ceil", "round", "trunc", "fract", "signum", "Rem"].iter().any(|name| operations.contains(name)) {
        return None;
    }
    let at = |shift: f64| -> Vec<f64> {
        // Equal inputs part, so that a kink between them shows.
        let directions = [1.0, -2.0, 2.7].into_iter().cycle();
        let near: Vec<f64> = x.iter().zip(directions).map(|(x, direction)| x + direction * shift).collect();
        let (y, g, h) = hessian(|x| f.last(x), &near);
        g.into_iter().chain(h.into_entries()).chain([y]).collect()
    };
    let here = at(0.0);
    let largest = here.iter().fold(0.0, |largest: f64, derivative| largest.max(derivative.abs()));
    let is_near = |shift| at(shift).iter().zip(&here).all(|(a, b)| (a - b).abs() <= 1e-2 * largest);
    [-1e-4, -1e-6, 1e-6, 1e-4].into_iter().all(is_near).then_some(largest)
}

/// Panics if the check finds a disagreement where the gradient of a smooth function vanishes, or does not find a slope
/// that is wrong by 0.05 %.
pub(crate) fn assert_check_is_fair(f: &Expression, x: &[f64]) {
    let Some(largest) = largest_if_smooth(f, x) else { return };
    // One mode may lose a product that underflows, and another keep it.
    let bounds = f.condition(x, f.outputs() - 1);
    if !bounds.is_moderate() {
        return;
    }
    let slopes = gradient(|x| f.last(x), x).1;
    let right = Flattened { f, slopes: &slopes, error: 0.0 };
    let report = check(&right, x);
    assert!(report.disagreements().is_empty(), "{report}");
    let slope = slopes[0];
    // A tiny slope may be rounding, as that of sin at the number nearest to π/2.
    let is_exact = 5e-4 * slope.abs() > 1e6 * bounds.tolerance(bounds.gradient[0]) && slope.abs() > 1e-6 * largest;
    if is_exact {
        let report = check(&Flattened { error: 5e-4, ..right }, x);
        assert!(!report.disagreements().is_empty(), "{slope:e} is wrong by 0.05 %: {report}, at {x:?} of {f:#?}");
    }
}
