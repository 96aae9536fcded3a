//! Robertson's stiff reactions by diffsol, whose implicit method asks for products with the Jacobian: `jvp`.

use diffsol::{NalgebraLU, NalgebraMat, OdeBuilder, OdeSolverMethod};
use dualtape::{Dual, Scalar};

/// The rates of three concentrations.
fn rates<S: Scalar<Real = f64>>(y: &[S]) -> [S; 3] {
    let (slow, fast, back) = (y[0] * 0.04, y[1] * y[1] * 3e7, y[1] * y[2] * 1e4);
    [back - slow, slow - back - fast, fast]
}

#[test]
fn concentrations_at_the_end_are_those_of_the_test_set() {
    let problem = OdeBuilder::<NalgebraMat<f64>>::new()
        .rtol(1e-9)
        .atol([1e-18, 1e-22, 1e-12])
        .rhs_implicit(
            |y, _, _, out| out.copy_from_slice(&rates(y)),
            |y, _, _, v, out| out.copy_from_slice(&dualtape::jvp(|y: &[Dual]| rates(y), y, v).1),
        )
        .init(|_, _, y| y.copy_from_slice(&[1.0, 0.0, 0.0]), 3)
        .build()
        .expect("a complete problem");
    let mut solver = problem.bdf::<NalgebraLU<f64>>().expect("a solver");
    let (y, _) = solver.solve_dense(&[1e11]).expect("a solution");
    // F. Mazzia and C. Magherini, "Test Set for Initial Value Problem Solvers", release 2.4, problem Rober.
    let expected = [2.083340149701255e-8, 8.333360770334713e-14, 0.999999979166505];
    for (i, expected) in expected.into_iter().enumerate() {
        let found = diffsol::MatrixCommon::inner(&y)[(i, 0)];
        println!("y{i} = {found}");
        assert!((found / expected - 1.0).abs() < 1e-6, "y{i}: {found}, {expected}");
    }
}
