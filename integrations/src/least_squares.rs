//! A function with several outputs as a problem of the crate levenberg-marquardt.

use dualtape::Function;
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra_0_34::{DMatrix, DVector, Dyn, Owned};

/// A function at the parameters that the solver tries.
struct AtParameters<'a, F> {
    residuals: &'a F,
    parameters: DVector<f64>,
}

impl<F: Function<Output = Vec<f64>>> LeastSquaresProblem<f64, Dyn, Dyn> for AtParameters<'_, F> {
    type ParameterStorage = Owned<f64, Dyn>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;

    fn set_params(&mut self, parameters: &DVector<f64>) {
        self.parameters.copy_from(parameters);
    }

    fn params(&self) -> DVector<f64> {
        self.parameters.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        Some(self.residuals.eval(self.parameters.as_slice()).into())
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        Some(self.residuals.jacobian(self.parameters.as_slice()).1.into())
    }
}

/// Returns the parameters at which the solver ends.
pub fn least_squares(residuals: &impl Function<Output = Vec<f64>>, start: &[f64]) -> Vec<f64> {
    let problem = AtParameters { residuals, parameters: DVector::from_column_slice(start) };
    let solver = LevenbergMarquardt::new().with_tol(1e-15).with_patience(5000);
    solver.minimize(problem).0.parameters.as_slice().to_vec()
}
