//! Three bodies on a figure of eight by the solvers of differential-equations, run on dual numbers: the derivatives of the
//! state after a time with respect to the state before.

use differential_equations::prelude::{ExplicitRungeKutta, IVP, ODE};
use differential_equations::traits::Real;
use dualtape::{Dual, jacobian_array};

/// Positions, then velocities, of three bodies of mass 1 in the plane, attracted by 1/r².
struct Attraction;

impl<T: Real> ODE<T, [T; 12]> for Attraction {
    fn diff(&self, _: T, state: &[T; 12], slope: &mut [T; 12]) {
        slope[..6].copy_from_slice(&state[6..]);
        for i in 0..3 {
            let mut acceleration = [T::zero(); 2];
            for j in (0..3).filter(|&j| i != j) {
                let [dx, dy] = [0, 1].map(|k| state[2 * j + k] - state[2 * i + k]);
                let square = dx * dx + dy * dy;
                let cube = square * square.sqrt();
                acceleration = [acceleration[0] + dx / cube, acceleration[1] + dy / cube];
            }
            slope[6 + 2 * i..][..2].copy_from_slice(&acceleration);
        }
    }
}

/// The state after the time.
fn after<T: Real>(time: T, start: &[T; 12]) -> [T; 12] {
    let tolerance: T = simba::scalar::SupersetOf::from_subset(&1e-13);
    let method = ExplicitRungeKutta::dop853().rtol(tolerance).atol(tolerance);
    let solution = IVP::ode(&Attraction, T::zero(), time, *start).method(method).solve();
    *solution.expect("an orbit without collision").y.last().expect("the end")
}

/// Chenciner and Montgomery, "A remarkable periodic solution of the three-body problem", Annals of Mathematics 152 (2000).
const START: [f64; 12] = {
    let [x, y, vx, vy] = [0.970_004_36, -0.243_087_53, 0.466_203_685, 0.432_365_73];
    [x, y, -x, -y, 0.0, 0.0, vx, vy, vx, vy, -2.0 * vx, -2.0 * vy]
};
const PERIOD: f64 = 6.325_913_98;

fn energy<T: Real>(state: &[T; 12]) -> T {
    let half: T = simba::scalar::SupersetOf::from_subset(&0.5);
    let kinetic = state[6..].iter().fold(T::zero(), |sum, &v| sum + v * v * half);
    [(0, 1), (0, 2), (1, 2)].iter().fold(kinetic, |energy, &(i, j)| {
        let [dx, dy] = [0, 1].map(|k| state[2 * j + k] - state[2 * i + k]);
        energy - (dx * dx + dy * dy).sqrt().recip()
    })
}

fn angular_momentum<T: Real>(state: &[T; 12]) -> T {
    (0..3).map(|i| 2 * i).fold(T::zero(), |sum, i| sum + state[i] * state[7 + i] - state[i + 1] * state[6 + i])
}

/// A third of the period moves every body to the place of another.
#[test]
fn the_figure_closes_and_its_sensitivities_hold_the_closed_relations() {
    let (end, m) = jacobian_array(|start| after(Dual::constant(PERIOD / 3.0), start), &START);
    for body in 0..3 {
        let place = |state: &[f64; 12], body: usize| [0, 1, 6, 7].map(|k| state[2 * body + k]);
        let is_there =
            |other: usize| place(&end, body).iter().zip(place(&START, other)).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!((0..3).filter(|&other| other != body).any(is_there), "{end:?}");
    }
    // The flow is symplectic: MᵀJM = J.
    for i in 0..12 {
        for j in 0..12 {
            let form: f64 = (0..6).map(|k| m[k][i] * m[k + 6][j] - m[k + 6][i] * m[k][j]).sum();
            let expected = f64::from(i8::from(j == i + 6) - i8::from(i == j + 6));
            assert!((form - expected).abs() < 1e-8, "entry ({i}, {j}): {form}, {expected}");
        }
    }
    // What is conserved has the same slope by the start, taken at the start or through the end.
    let conserved = |state: &[Dual<f64, 12>; 12]| [energy(state), angular_momentum(state)];
    let (_, at_start) = jacobian_array(conserved, &START);
    let (_, at_end) = jacobian_array(conserved, &end);
    for (at_start, at_end) in at_start.iter().zip(&at_end) {
        for (j, expected) in at_start.iter().enumerate() {
            let through_end: f64 = (0..12).map(|i| at_end[i] * m[i][j]).sum();
            assert!((through_end - expected).abs() < 1e-8, "{j}: {through_end}, {expected}");
        }
    }
    // A start that is further along the orbit ends further along it.
    let [mut at_start, mut at_end] = [[0.0; 12]; 2];
    Attraction.diff(0.0, &START, &mut at_start);
    Attraction.diff(0.0, &end, &mut at_end);
    for i in 0..12 {
        let moved: f64 = (0..12).map(|j| m[i][j] * at_start[j]).sum();
        assert!((moved - at_end[i]).abs() < 1e-8, "{i}: {moved}, {}", at_end[i]);
    }
}
