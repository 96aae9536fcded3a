//! The controller plans how to bring the pole to rest, with generated sparse derivatives.

use dualtape::sparse::{SparseHessian, jacobian_sparse};
use dualtape::{Parametric, function};
use dualtape_generated::control::{Memory, Plan};
use dualtape_generated::derivatives;

#[path = "../src/functions/cart.rs"]
mod functions;
use functions::{MULTIPLIERS, STATE, STEP, STEPS, VARIABLES};

fn plan() -> ([f64; VARIABLES], [f64; STATE + MULTIPLIERS]) {
    (std::array::from_fn(|i| 0.3 * (i as f64).sin()), std::array::from_fn(|i| 0.2 * (i as f64).cos()))
}

/// Panics unless the numbers are equal up to the last digits of `libm`.
#[track_caller]
fn assert_near(generated: &[f64], crates: &[f64]) {
    assert_eq!(generated.len(), crates.len());
    for (i, (a, b)) in generated.iter().zip(crates).enumerate() {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{i}: {a} is not {b}");
    }
}

#[test]
fn the_generated_sparse_derivatives_are_those_of_the_crate() {
    let (variables, parameters) = plan();
    let start = [0, 1, 2, 3].map(|i| parameters[i]);
    let gaps = function!([start: [f64; STATE]] |x: &[S]| -> Vec<S> {
        functions::constraints(x, &start.map(S::from_f64))
    });
    let (y, j) = jacobian_sparse(&gaps, &variables);
    let (generated_y, generated_j) = derivatives::constraints(&variables, &start);
    assert_eq!(derivatives::CONSTRAINTS_ROW_STARTS[..], *j.sparsity().row_starts());
    assert_eq!(derivatives::CONSTRAINTS_COLUMNS[..], *j.sparsity().columns());
    assert_near(&generated_y, &y);
    assert_near(&generated_j, j.values());

    let lagrangian = function!([parameters: [f64; STATE + MULTIPLIERS]] |x: &[S]| -> S {
        functions::lagrangian(x, &parameters.map(S::from_f64))
    });
    let (y, g, h) = SparseHessian::new(&lagrangian, &variables).at(&lagrangian, &variables);
    let (generated_y, generated_g, generated_h) = derivatives::lagrangian(&variables, &parameters);
    assert_near(&[generated_y], &[y]);
    assert_near(&generated_g, &g);
    let dense = h.to_dense();
    for (i, row) in derivatives::LAGRANGIAN_ROW_STARTS.windows(2).enumerate() {
        for entry in row[0]..row[1] {
            assert_near(&[generated_h[entry]], &[dense[i][derivatives::LAGRANGIAN_COLUMNS[entry]]]);
        }
    }
}

#[test]
fn a_plan_satisfies_its_equations_and_raises_the_pole() {
    let mut memory = Box::new(Memory::new());
    let mut plan = Plan::from([0.5, 0.0, 0.4, 0.0]);
    let errors: Vec<f64> = (0..12).map(|_| plan.improve(&mut memory)).collect();
    assert!(errors[11] < 1e-10, "{errors:?}");
    let angle = plan.variables[VARIABLES - 2];
    assert!(angle.abs() < 0.02, "the plan ends at {angle}");
    // The plan is the motion of the cart.
    let constraints = function!(functions::constraints: &[S], &[S] -> Vec<S>);
    let gaps = constraints.eval(&plan.variables, &plan.parameters[..STATE]);
    assert!(gaps.iter().all(|gap| gap.abs() < 1e-10) && gaps.len() == STEPS * (STEP - 1));
}

#[test]
fn the_controller_brings_the_cart_to_rest() {
    let mut memory = Box::new(Memory::new());
    let mut state = [0.5, 0.0, 0.4, 0.0];
    for _ in 0..160 {
        let mut plan = Plan::from(state);
        (0..6).for_each(|_| {
            plan.improve(&mut memory);
        });
        // The first force acts, and leads to the state that was planned.
        state.copy_from_slice(&plan.variables[1..STEP]);
    }
    assert!(state.iter().all(|x| x.abs() < 1e-2), "{state:?}");
}
