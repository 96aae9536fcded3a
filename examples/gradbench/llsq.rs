//! Least squares: the distance of a polynomial from the sign function.

use std::ops::Range;

use dualtape::{Scalar, Terms, dot, weighted_sum};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

/// The coefficients, and the number of points from −1 to 1.
#[derive(Deserialize)]
pub(crate) struct LeastSquares {
    x: Vec<f64>,
    n: usize,
}

impl Problem for LeastSquares {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let n = self.n;
        let blocks = n.div_ceil(BLOCK);
        let block = |i: usize| i * BLOCK..n.min((i + 1) * BLOCK);
        match function {
            "primal" => {
                clock.time(|| (0..blocks).map(|i| block_sum(block(i), n, &self.x)).sum::<f64>()).map(Value::from)
            }
            _ => {
                clock.time(|| Terms::all(blocks).gradient(|i, x| block_sum(block(i), n, x), &self.x).1).map(Value::from)
            }
        }
    }
}

/// The number of points whose distances are computed together, so that their powers do not wait for each other.
const BLOCK: usize = 8;

/// Returns half the squared distances at some of the `n` points.
fn block_sum<S: Scalar<Real = f64>>(points: Range<usize>, n: usize, x: &[S]) -> S {
    let times: [f64; BLOCK] = std::array::from_fn(|i| -1.0 + 2.0 * (points.start + i) as f64 / (n - 1) as f64);
    let mut powers = vec![1.0; BLOCK * x.len()];
    let mut power = [1.0; BLOCK];
    for j in 1..x.len() {
        for ((i, power), t) in power.iter_mut().enumerate().zip(&times) {
            *power *= t;
            powers[i * x.len() + j] = *power;
        }
    }
    let rows = powers.chunks(x.len()).zip(times).take(points.len());
    let distances: Vec<S> = rows.map(|(powers, t)| weighted_sum(x, powers) - sign(t)).collect();
    dot(&distances, &distances) * 0.5
}

fn sign(t: f64) -> f64 {
    if t == 0.0 { 0.0 } else { t.signum() }
}
