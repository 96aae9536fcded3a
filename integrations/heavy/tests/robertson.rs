//! Robertson's stiff reactions by diffsol, whose implicit method asks for products with the Jacobian: `jvp`. Its adjoint
//! method asks for products with the transposed one: `vjp`.

use diffsol::{
    AdjointOdeSolverMethod, DenseMatrix, Matrix, MatrixCommon, NalgebraLU, NalgebraMat, OdeBuilder, OdeSolverMethod,
    OdeSolverState, SensitivitiesOdeSolverMethod, VectorCommon,
};
use dualtape::{Dual, Scalar, Var};

/// The constants of the reactions.
const CONSTANTS: [f64; 3] = [0.04, 3e7, 1e4];

/// The rates of three concentrations, by the constants.
fn rates_by<S: Scalar<Real = f64>>(y: &[S], p: &[S]) -> [S; 3] {
    let (slow, fast, back) = (p[0] * y[0], p[1] * y[1] * y[1], p[2] * y[1] * y[2]);
    [back - slow, slow - back - fast, fast]
}

/// The rates of three concentrations.
fn rates<S: Scalar<Real = f64>>(y: &[S]) -> [S; 3] {
    rates_by(y, &CONSTANTS.map(S::from_real))
}

/// Constants for a function that is differentiated with respect to other numbers.
fn constants<S: Scalar<Real = f64>>(x: &[f64]) -> Vec<S> {
    x.iter().map(|&x| S::from_real(x)).collect()
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
        let found = y.inner()[(i, 0)];
        println!("y{i} = {found}");
        assert!((found / expected - 1.0).abs() < 1e-6, "y{i}: {found}, {expected}");
    }
}

/// The gradient of the third concentration at time 40 with respect to the constants, forward along the solution and by the
/// adjoint equations; the sum of the concentrations stays 1, whatever the constants.
#[test]
fn sensitivities_forward_and_adjoint_agree() {
    let (end, rtol, atol) = ([40.0], 1e-9, [1e-12, 1e-15, 1e-12]);
    let rhs = |y: &[f64], p: &[f64], _: f64, out: &mut [f64]| out.copy_from_slice(&rates_by(y, p));
    let by_state = |y: &[f64], p: &[f64], _: f64, v: &[f64], out: &mut [f64]| {
        out.copy_from_slice(&dualtape::jvp(|y: &[Dual]| rates_by(y, &constants(p)), y, v).1);
    };
    let by_constants = |y: &[f64], p: &[f64], _: f64, v: &[f64], out: &mut [f64]| {
        out.copy_from_slice(&dualtape::jvp(|p: &[Dual]| rates_by(&constants(y), p), p, v).1);
    };
    // diffsol wants the transposed products with the sign of the adjoint equations.
    let negated = |products: Vec<f64>, out: &mut [f64]| out.iter_mut().zip(products).for_each(|(out, x)| *out = -x);

    let forward = OdeBuilder::<NalgebraMat<f64>>::new()
        .p(CONSTANTS)
        .rtol(rtol)
        .atol(atol)
        .sens_rtol(rtol)
        .sens_atol([1e-12; 3])
        .rhs_sens_implicit(rhs, by_state, by_constants)
        .init_sens(|_, _, y| y.copy_from_slice(&[1.0, 0.0, 0.0]), |_, _, _, out| out.fill(0.0), 3)
        .build()
        .expect("a complete problem");
    let mut solver = forward.bdf_sens::<NalgebraLU<f64>>().expect("a solver");
    let (_, sensitivities, _) = solver.solve_dense_sensitivities(&end).expect("sensitivities");
    let forward: Vec<f64> = sensitivities.iter().map(|of_constant| of_constant.inner()[(2, 0)]).collect();

    let adjoint = OdeBuilder::<NalgebraMat<f64>>::new()
        .p(CONSTANTS)
        .rtol(rtol)
        .atol(atol)
        .adjoint_rtol(1e-8)
        .adjoint_atol([1e-8; 3])
        .rhs_adjoint_implicit(
            rhs,
            by_state,
            |y, p, _, v, out| negated(dualtape::vjp(|y: &[Var]| rates_by(y, &constants(p)), y, v).1, out),
            |y, p, _, v, out| negated(dualtape::vjp(|p: &[Var]| rates_by(&constants(y), p), p, v).1, out),
        )
        .init_adjoint(|_, _, y| y.copy_from_slice(&[1.0, 0.0, 0.0]), |_, _, _, out| out.fill(0.0), 3)
        .build()
        .expect("a complete problem");
    let mut solver = adjoint.bdf::<NalgebraLU<f64>>().expect("a solver");
    let (checkpoints, _, _) = solver.solve_dense_with_checkpointing(&end, None).expect("a solution");
    // The derivatives of two results with respect to the concentrations: the third one, and the sum.
    let results = [[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]].map(|by_state| {
        let mut column = NalgebraMat::zeros(3, 1, *adjoint.context());
        by_state.into_iter().enumerate().for_each(|(i, x)| column.set_index(i, 0, x));
        column
    });
    let backward =
        adjoint.bdf_solver_adjoint::<NalgebraLU<f64>, _>(checkpoints, Some(solver), Some(2)).expect("a solver");
    let (state, _) = backward.solve_adjoint_backwards_pass(&end, &results.each_ref()).expect("gradients");
    let gradients = state.into_common().sg;
    let (of_third, of_sum) = gradients.inner().as_slice().split_at(3);
    println!("forward {forward:?}, adjoint {of_third:?}");
    for (adjoint, forward) in of_third.iter().zip(forward) {
        assert!((adjoint / forward - 1.0).abs() < 1e-6, "{adjoint}, {forward}");
    }
    assert_eq!(of_sum, [0.0; 3]);
}
