//! The plan of a cart with a pole on it, which the build script differentiates.

use dualtape::Scalar;

/// The numbers of a state: the place of a cart, its speed, and the angle and the angular speed of the pole on it.
pub const STATE: usize = 4;
/// The numbers of a step of a plan: a force, and the state after it.
pub const STEP: usize = 1 + STATE;
/// The steps of a plan.
pub const STEPS: usize = 40;
/// The numbers of a plan.
pub const VARIABLES: usize = STEPS * STEP;
/// The equations between the steps, and their multipliers.
pub const MULTIPLIERS: usize = STEPS * STATE;
/// The seconds of a step.
const SECONDS: f64 = 0.05;

/// Returns the state after a step.
fn moved<S: Scalar<Real = f64>>(state: &[S], force: S) -> [S; STATE] {
    let (mass_of_cart, mass_of_pole, length, gravity) = (1.0, 0.2, 0.5, 9.81);
    let (speed, angle, turn) = (state[1], state[2], state[3]);
    let (sin, cos) = angle.sin_cos();
    let pushed = (force + turn * turn * sin * (mass_of_pole * length)) / (mass_of_cart + mass_of_pole);
    let inertia = -(cos * cos) * (mass_of_pole / (mass_of_cart + mass_of_pole)) + 4.0 / 3.0;
    let turn_rate = (sin * gravity - cos * pushed) / (inertia * length);
    let rate = pushed - turn_rate * cos * (mass_of_pole * length / (mass_of_cart + mass_of_pole));
    let (speed, turn) = (speed + rate * SECONDS, turn + turn_rate * SECONDS);
    [state[0] + speed * SECONDS, speed, angle + turn * SECONDS, turn]
}

/// Returns, for each step, the difference between the state that is planned and the state that the force leads to.
pub fn constraints<S: Scalar<Real = f64>>(plan: &[S], start: &[S]) -> Vec<S> {
    let mut before = start;
    let mut gaps = Vec::new();
    for step in plan.chunks(STEP) {
        let after = &step[1..];
        gaps.extend(moved(before, step[0]).iter().zip(after).map(|(&reached, &planned)| planned - reached));
        before = after;
    }
    gaps
}

/// Returns the cost of a plan, plus the multipliers times the constraints. The parameters are the state at the start, and
/// the multipliers.
pub fn lagrangian<S: Scalar<Real = f64>>(plan: &[S], parameters: &[S]) -> S {
    let (start, multipliers) = parameters.split_at(STATE);
    let weights = [0.01, 1.0, 0.1, 10.0, 0.1];
    let step_cost = |step: &[S]| step.iter().zip(weights).map(|(&x, weight)| x * x * weight).sum::<S>();
    let cost: S = plan.chunks(STEP).map(step_cost).sum();
    constraints(plan, start).iter().zip(multipliers).fold(cost, |sum, (&gap, &multiplier)| sum + gap * multiplier)
}
