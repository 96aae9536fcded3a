//! What does a higher order buy? A planet on an eccentric orbit, by Taylor steps.
//!
//! The motion is written once over any scalar. On series it gives the Taylor coefficients of the orbit itself, one
//! order after the other. If `z′ = f(z)`, the coefficient k + 1 of z is the coefficient k of f(z), divided by k + 1. A
//! step then sums the series up to the distance that its last coefficients allow. (Corliss & Chang, *Solving ordinary
//! differential equations using Taylor series*, ACM TOMS 8, 1982; Jorba & Zou 2005.)
//!
//! ```text
//! cargo run --release --example taylor_ode
//! ```

use std::f64::consts::TAU;

use dualtape::{Scalar, Taylor};

/// Returns the rate of change of position and velocity in the two-body problem.
fn kepler<S: Scalar<Real = f64>>([x, y, vx, vy]: [S; 4]) -> [S; 4] {
    let pull = -(x * x + y * y).powf(-1.5);
    [vx, vy, x * pull, y * pull]
}

/// Returns the energy, which the motion conserves.
fn energy([x, y, vx, vy]: [f64; 4]) -> f64 {
    (vx * vx + vy * vy) / 2.0 - 1.0 / x.hypot(y)
}

/// Returns the solution through `start` up to order K.
fn solution<const K: usize, const N: usize>(
    f: impl Fn([Taylor<f64, K>; N]) -> [Taylor<f64, K>; N],
    start: [f64; N],
) -> [Taylor<f64, K>; N] {
    let mut z = start.map(Taylor::constant);
    for k in 0..K {
        let rate = f(z);
        for (z, rate) in z.iter_mut().zip(rate) {
            z[k + 1] = rate[k] / (k + 1) as f64;
        }
    }
    z
}

/// Returns the step at which the last two terms reach the tolerance.
fn step<const K: usize, const N: usize>(z: &[Taylor<f64, K>; N], tolerance: f64) -> f64 {
    let of_term = |k: usize| {
        let size = z.iter().map(|z| z[k].abs()).fold(0.0, f64::max);
        (tolerance / size).powf(1.0 / k as f64)
    };
    of_term(K - 1).min(of_term(K))
}

/// Integrates from 0 to `end`; returns the state there and the number of steps.
fn integrate<const K: usize>(start: [f64; 4], end: f64, tolerance: f64) -> ([f64; 4], usize) {
    let (mut state, mut time, mut steps) = (start, 0.0, 0);
    while time < end {
        let z = solution(kepler::<Taylor<f64, K>>, state);
        let h = step(&z, tolerance).min(end - time);
        state = z.map(|z| z.at(h));
        time += h;
        steps += 1;
    }
    (state, steps)
}

/// Prints a row of the table.
fn row<const K: usize>() {
    const ECCENTRICITY: f64 = 0.6;
    const ORBITS: f64 = 3.0;
    // At the point nearest to the sun, on an orbit of period 2π: it closes.
    let speed = ((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY)).sqrt();
    let start = [1.0 - ECCENTRICITY, 0.0, 0.0, speed];
    let (state, steps) = integrate::<K>(start, ORBITS * TAU, 1e-12);
    let error = state.iter().zip(start).map(|(now, then)| (now - then).abs()).fold(0.0, f64::max);
    let drift = (energy(state) - energy(start)).abs();
    println!("{K:>5} {steps:>8} {error:>12.1e} {drift:>14.1e}");
    assert!(error < 1e-9, "the orbit of order {K} is open by {error:e}");
    assert!(drift < 1e-11, "the energy of order {K} drifts by {drift:e}");
}

fn main() {
    println!("A planet of eccentricity 0.6 after three orbits, with terms up to 1e-12:\n");
    println!("{:>5} {:>8} {:>12} {:>14}", "order", "steps", "error", "energy drift");
    row::<4>();
    row::<8>();
    row::<12>();
    row::<16>();
    row::<20>();
    row::<24>();
}
