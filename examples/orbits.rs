//! How does an orbit depend on its start?
//!
//! Kepler's problem by the classic method of Runge and Kutta: the 4 by 4 matrix of sensitivities after one turn in
//! forward mode, and a start whose orbit meets a point by Newton's method.
//!
//! ```text
//! cargo run --release --example orbits
//! ```

use dualtape::{Scalar, jacobian_array};

/// Position and velocity in the plane of the orbit.
type State<S> = [S; 4];

/// Returns the rate of change under the attraction of a unit mass at the origin.
fn rate<S: Scalar>([x, y, vx, vy]: State<S>) -> State<S> {
    let r = x.hypot(y);
    let pull = -(r * r * r).recip();
    [vx, vy, x * pull, y * pull]
}

fn moved<S: Scalar<Real = f64>>(state: State<S>, rate: State<S>, time: f64) -> State<S> {
    std::array::from_fn(|i| state[i] + rate[i] * time)
}

/// Returns the state after a time, in equal steps of Runge and Kutta's classic method.
fn flown<S: Scalar<Real = f64>>(start: &State<S>, time: f64, steps: usize) -> State<S> {
    let h = time / steps as f64;
    (0..steps).fold(*start, |state, _| {
        let k1 = rate(state);
        let k2 = rate(moved(state, k1, h / 2.0));
        let k3 = rate(moved(state, k2, h / 2.0));
        let k4 = rate(moved(state, k3, h));
        std::array::from_fn(|i| state[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (h / 6.0))
    })
}

fn main() {
    let turn = std::f64::consts::TAU;
    let start = [1.0, 0.0, 0.0, 1.0];
    let (end, sensitivity) = jacobian_array(|start| flown(start, turn, 2000), &start);
    println!("after one turn: {end:.9?}");
    for row in &sensitivity {
        println!("{row:10.5?}");
    }
    // The axis is 1/(2/r − v²), so ∂a/∂x = ∂a/∂vy = 2 at the start, and the time of a turn is τ·a^(3/2): a body that
    // starts farther out, or faster, lags behind by 3τ.
    let lag = -3.0 * turn;
    assert!(end.iter().zip(start).all(|(end, start)| (end - start).abs() < 1e-9));
    assert!((sensitivity[1][0] - lag).abs() < 1e-6 && (sensitivity[1][3] - lag).abs() < 1e-6);

    // Which velocity at (1, 0) meets (0, 2) after a time of 2.5?
    let mut velocity = [0.0, 1.2];
    for _ in 0..6 {
        let to = |&[vx, vy]: &[_; 2]| {
            let [x, y, ..] = flown(&[1.0.into(), 0.0.into(), vx, vy], 2.5, 500);
            [x, y - 2.0]
        };
        let ([x, y], [[a, b], [c, d]]) = jacobian_array(to, &velocity);
        println!("velocity {velocity:.6?} misses by {:.1e}", x.hypot(y));
        let determinant = a * d - b * c;
        velocity = [velocity[0] - (d * x - b * y) / determinant, velocity[1] - (a * y - c * x) / determinant];
    }
    let [x, y, ..] = flown(&[1.0, 0.0, velocity[0], velocity[1]], 2.5, 500);
    assert!(x.hypot(y - 2.0) < 1e-12);
}
