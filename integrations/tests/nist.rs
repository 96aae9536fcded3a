//! The 27 nonlinear regressions of NIST by levenberg-marquardt and by argmin, and the standard deviations of the
//! parameters, with Jacobians, gradients and Hessians by dualtape.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use dualtape::Function;
use dualtape_integrations::nist::{Regression, SumOfSquares, digits};
use dualtape_integrations::once::Once;
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra_0_34::{DMatrix, DVector, Dyn, Owned};

/// A regression at the parameters that the solver tries.
struct AtParameters<'a> {
    of: &'a Regression,
    parameters: DVector<f64>,
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for AtParameters<'_> {
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
        Some(self.of.eval(self.parameters.as_slice()).into())
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        Some(self.of.jacobian(self.parameters.as_slice()).1.into())
    }
}

fn by_levenberg_marquardt(regression: &Regression, start: &[f64]) -> Vec<f64> {
    let problem = AtParameters { of: regression, parameters: DVector::from_column_slice(start) };
    let solver = LevenbergMarquardt::new().with_tol(1e-15).with_patience(5000);
    solver.minimize(problem).0.parameters.as_slice().to_vec()
}

/// A sum of squares for argmin: the value and the gradient come from one recording.
struct Objective<'a>(Once<'a, SumOfSquares<'a>>);

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, q: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.0.at(q).0)
    }
}

impl Gradient for Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, q: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.0.at(q).1)
    }
}

impl Hessian for Objective<'_> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, q: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(self.0.function().hessian(q).2.into())
    }
}

/// Runs a solver of argmin from all parameters at 1, in units of the start. `None` if it fails.
macro_rules! by_argmin {
    ($solver:expr, $regression:expr, $start:expr) => {{
        let sum = SumOfSquares { of: $regression, scales: $start };
        let executor = Executor::new(Objective(Once::new(&sum)), $solver)
            .configure(|state| state.param(vec![1.0; $start.len()]).max_iters(2000));
        executor.run().ok().and_then(|result| result.state.best_param).map(|q| {
            let scaled: Vec<f64> = q.iter().zip($start).map(|(q, scale)| q * scale).collect();
            scaled
        })
    }};
}

fn main_table() -> Vec<(String, usize, [f64; 3])> {
    let mut rows = Vec::new();
    for regression in Regression::all() {
        for (number, start) in regression.starts.iter().enumerate() {
            let reached = |found: Option<Vec<f64>>| found.map_or(0.0, |found| digits(&found, &regression.parameters));
            let marquardt = reached(Some(by_levenberg_marquardt(&regression, start)));
            let newton = TrustRegion::new(Steihaug::new()).with_max_radius(100.0).unwrap();
            let newton = reached(by_argmin!(newton, &regression, start));
            let quasi = LBFGS::new(MoreThuenteLineSearch::new(), 10);
            let quasi = reached(by_argmin!(quasi, &regression, start));
            rows.push((regression.name.clone(), number + 1, [marquardt, newton, quasi]));
        }
    }
    rows
}

#[test]
fn solvers_reach_the_certified_parameters() {
    let rows = main_table();
    assert_eq!(rows.len(), 54);
    for (name, start, found) in &rows {
        println!("{name:9} start {start}: digits {found:5.1?} (Levenberg-Marquardt, trust region, LBFGS)");
    }
    let count = |solver: usize| rows.iter().filter(|row| row.2[solver] >= 6.0).count();
    println!("6 digits: {} {} {}", count(0), count(1), count(2));
    let missed: Vec<_> = rows.iter().filter(|row| row.2.iter().all(|&digits| digits < 6.0)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn standard_deviations_are_the_certified_ones() {
    for regression in Regression::all() {
        let (_, j) = regression.jacobian(&regression.parameters);
        let mut j = DMatrix::from(j);
        // The covariance is s²(JᵀJ)⁻¹ = s²R⁻¹R⁻ᵀ, with columns of length 1 for a small condition.
        let lengths: Vec<f64> = j.column_iter().map(|column| column.norm()).collect();
        j.column_iter_mut().for_each(|mut column| column.unscale_mut(column.norm()));
        let inverse = j.qr().r().try_inverse().expect("independent parameters");
        let deviation = |(row, length): (usize, &f64)| regression.residual_deviation * inverse.row(row).norm() / length;
        let deviations: Vec<f64> = lengths.iter().enumerate().map(deviation).collect();
        let digits = digits(&deviations, &regression.deviations);
        println!("{:9} standard deviations: {digits:.1} digits", regression.name);
        assert!(digits >= 6.0, "{}: {deviations:?}", regression.name);
    }
}
