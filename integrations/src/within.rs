//! The least value of a function between bounds, by L-BFGS-B of the crate basin.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use basin::{
    BoxBounds, ConstraintDescription, ConstraintSet, Constraints, CostFunction, Executor, FirstOrderState, Gradient,
    Lbfgsb, Termination,
};
use dualtape::Function;

/// A function and the ranges of its arguments.
struct Within<'a, F> {
    f: &'a F,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl<F: Function<Output = f64>> CostFunction for Within<'_, F> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Infallible;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Infallible> {
        Ok(self.f.eval(x))
    }
}

impl<F: Function<Output = f64>> Gradient for Within<'_, F> {
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Infallible> {
        Ok(self.f.gradient(x).1)
    }

    /// The value and the gradient come from one recording.
    fn cost_and_gradient(&self, x: &Vec<f64>) -> Result<(f64, Vec<f64>), Infallible> {
        Ok(self.f.gradient(x))
    }
}

impl<F> Constraints for Within<'_, F> {
    type Set = ConstraintSet<BoxBounds<Vec<f64>>>;

    fn constraints(&self) -> <Self::Set as ConstraintDescription>::Borrowed<'_> {
        ConstraintSet::new().with_bounds(BoxBounds::new(Some(&self.lower), Some(&self.upper)))
    }
}

/// Returns where `f` is least between the bounds.
///
/// # Panics
///
/// When the solver ends elsewhere.
pub fn argmin_by_basin(f: &impl Function<Output = f64>, start: &[f64], bounds: &[RangeInclusive<f64>]) -> Vec<f64> {
    let problem = Within {
        f,
        lower: bounds.iter().map(|range| *range.start()).collect(),
        upper: bounds.iter().map(|range| *range.end()).collect(),
    };
    // Until the gradient vanishes, or the value no longer falls.
    let solver = Lbfgsb::new()
        .with_absolute_projected_gradient_tolerance(1e-9)
        .with_relative_cost_reduction_tolerance(Some(0.0));
    let result = Executor::new(problem, solver, FirstOrderState::new(start.to_vec()))
        .max_iter(500)
        .run()
        .expect("a function that never fails");
    let termination = &result.report.termination;
    assert!(matches!(termination, Termination::Converged(_)), "the solver ended by {termination:?}");
    result.param().clone()
}
