//! The derivatives, written by hand.

use dualtape::Scalar;

use crate::functions::{AXES, LINKS, MASSES, STEP};

pub(crate) fn rosenbrock<const N: usize>(x: &[f64; N]) -> (f64, [f64; N]) {
    let (mut y, mut g) = (0.0, [0.0; N]);
    for i in 0..N - 1 {
        let (rest, bend) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
        y += rest * rest + 100.0 * bend * bend;
        g[i] -= 2.0 * rest + 400.0 * bend * x[i];
        g[i + 1] += 200.0 * bend;
    }
    (y, g)
}

/// The distribution function and the density, as precise as in the generated code.
fn normal(x: f64) -> (f64, f64) {
    (x.norm_cdf(), x.norm_pdf())
}

pub(crate) fn price(&[spot, strike, rate, volatility, time]: &[f64; 5]) -> (f64, [f64; 5]) {
    let root = time.sqrt();
    let spread = volatility * root;
    let first = ((spot / strike).ln() + (rate + 0.5 * volatility * volatility) * time) / spread;
    let discount = (-rate * time).exp();
    let ((above, density), (below, _)) = (normal(first), normal(first - spread));
    let paid = strike * discount * below;
    let vega = spot * density * root;
    let theta = 0.5 * vega * volatility / time + rate * paid;
    (spot * above - paid, [above, -discount * below, time * paid, vega, theta])
}

/// Returns the axis times the arm of each joint.
pub(crate) fn hand(x: &[f64; 6]) -> ([f64; 3], [[f64; 6]; 3]) {
    // The columns of the rotation from the base to the joint.
    let mut frame = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut place = [0.0; 3];
    let (mut axes, mut places) = ([[0.0; 3]; 6], [[0.0; 3]; 6]);
    for joint in 0..6 {
        (axes[joint], places[joint]) = (frame[AXES[joint]], place);
        let (sin, cos) = x[joint].sin_cos();
        let (a, b) = ((AXES[joint] + 1) % 3, (AXES[joint] + 2) % 3);
        let (u, v) = (frame[a], frame[b]);
        for i in 0..3 {
            frame[a][i] = cos * u[i] + sin * v[i];
            frame[b][i] = cos * v[i] - sin * u[i];
        }
        for i in 0..3 {
            place[i] += frame[0][i] * LINKS[joint][0] + frame[1][i] * LINKS[joint][1] + frame[2][i] * LINKS[joint][2];
        }
    }
    let mut j = [[0.0; 6]; 3];
    for joint in 0..6 {
        let (w, arm) = (axes[joint], [0, 1, 2].map(|i| place[i] - places[joint][i]));
        j[0][joint] = w[1] * arm[2] - w[2] * arm[1];
        j[1][joint] = w[2] * arm[0] - w[0] * arm[2];
        j[2][joint] = w[0] * arm[1] - w[1] * arm[0];
    }
    (place, j)
}

pub(crate) fn springs(x: &[f64; 20]) -> (f64, [f64; 20], [[f64; 20]; 20]) {
    let (mut y, mut g, mut h) = (0.0, [0.0; 20], [[0.0; 20]; 20]);
    for i in 0..19 {
        let (a, b, square) = (x[i], x[i + 1], x[i] * x[i]);
        let (sin, cos) = (a * b).sin_cos();
        y += sin + square * square;
        g[i] += b * cos + 4.0 * square * a;
        g[i + 1] += a * cos;
        h[i][i] += 12.0 * square - b * b * sin;
        h[i + 1][i + 1] -= a * a * sin;
        let mixed = cos - a * b * sin;
        h[i][i + 1] = mixed;
        h[i + 1][i] = mixed;
    }
    (y, g, h)
}

pub(crate) fn step(x: &[f64; 18]) -> ([f64; 18], [[f64; 18]; 18]) {
    let (mut next, mut j) = (*x, [[0.0; 18]; 18]);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let apart = [0, 1, 2].map(|i| x[3 * b + i] - x[3 * a + i]);
        let square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2];
        let inverse = 1.0 / square;
        let pull = STEP * inverse * inverse.sqrt();
        for i in 0..3 {
            next[9 + 3 * a + i] += MASSES[b] * pull * apart[i];
            next[9 + 3 * b + i] -= MASSES[a] * pull * apart[i];
            for k in 0..3 {
                let slope = if i == k { pull } else { 0.0 } - 3.0 * pull * inverse * apart[i] * apart[k];
                j[9 + 3 * a + i][3 * b + k] += MASSES[b] * slope;
                j[9 + 3 * a + i][3 * a + k] -= MASSES[b] * slope;
                j[9 + 3 * b + i][3 * b + k] -= MASSES[a] * slope;
                j[9 + 3 * b + i][3 * a + k] += MASSES[a] * slope;
            }
        }
    }
    for i in 0..9 {
        next[i] = x[i] + STEP * next[9 + i];
        j[i] = j[9 + i].map(|slope| STEP * slope);
        j[i][i] += 1.0;
        j[i][9 + i] = STEP;
        j[9 + i][9 + i] = 1.0;
    }
    (next, j)
}
