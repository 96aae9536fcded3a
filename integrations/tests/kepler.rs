//! A Kepler orbit by the solvers of differential-equations, run on dual numbers: how the state after a period depends on
//! the state before.

use std::f64::consts::TAU;

use differential_equations::prelude::{ExplicitRungeKutta, IVP, ODE};
use differential_equations::traits::Real;
use dualtape::{Dual, gradient_array, jacobian_array};

/// Position and velocity in the plane, attracted by 1/r².
struct Attraction;

impl<T: Real> ODE<T, [T; 4]> for Attraction {
    fn diff(&self, _: T, &[x, y, vx, vy]: &[T; 4], slope: &mut [T; 4]) {
        let square = x * x + y * y;
        let cube = square * square.sqrt();
        *slope = [vx, vy, -x / cube, -y / cube];
    }
}

/// The state after the time.
fn after<T: Real>(time: T, start: &[T; 4]) -> [T; 4] {
    let tolerance: T = simba::scalar::SupersetOf::from_subset(&1e-13);
    let method = ExplicitRungeKutta::dop853().rtol(tolerance).atol(tolerance);
    let solution = IVP::ode(&Attraction, T::zero(), time, *start).method(method).solve();
    *solution.expect("an orbit without collision").y.last().expect("the end")
}

/// At the perihelion of an orbit with half axis 1 and eccentricity ½.
const START: [f64; 4] = [0.5, 0.0, 0.0, 1.732_050_807_568_877_2];

#[test]
fn the_state_after_a_period_depends_on_the_start_by_the_change_of_the_period() {
    let (end, m) = jacobian_array(|start| after(Dual::constant(TAU), start), &START);
    for (end, start) in end.iter().zip(START) {
        assert!((end - start).abs() < 1e-10, "{end} {start}");
    }
    // The half axis is a = 1/(2/r − v²) and the period 2π√a³. An orbit whose period is longer by δ is behind by δ, that
    // is by δ times the slope at the start: M = I − f·∇periodᵀ.
    let period = |[x, y, vx, vy]: &[Dual<f64, 4>; 4]| {
        let axis = (2.0 / x.hypot(*y) - (vx * vx + vy * vy)).recip();
        axis.powf(1.5) * TAU
    };
    let (length, by_start) = gradient_array(period, &START);
    assert!((length - TAU).abs() < 1e-14);
    let mut slope = [0.0; 4];
    Attraction.diff(0.0, &START, &mut slope);
    for (i, row) in m.iter().enumerate() {
        for (j, entry) in row.iter().enumerate() {
            let expected = f64::from(u8::from(i == j)) - slope[i] * by_start[j];
            assert!((entry - expected).abs() < 1e-8, "entry ({i}, {j}): {entry}, {expected}");
        }
    }
}

#[test]
fn a_change_of_the_end_time_moves_along_the_orbit() {
    let (end, by_time) = dualtape::jvp(|t| after(t[0], &START.map(Dual::constant)), &[1.0], &[1.0]);
    let mut slope = [0.0; 4];
    Attraction.diff(0.0, end[..].try_into().unwrap(), &mut slope);
    for (found, expected) in by_time.iter().zip(slope) {
        assert!((found - expected).abs() < 1e-9, "{by_time:?}, {slope:?}");
    }
}
