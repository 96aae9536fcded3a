//! Least squares: the distance of a polynomial from the sign function.

use dualtape::{Scalar, Terms, dot, gradient, weighted_sum};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The coefficients, and the number of points from −1 to 1.
#[derive(Deserialize)]
pub(crate) struct LeastSquares {
    x: Vec<f64>,
    n: usize,
}

impl Problem for LeastSquares {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        match (function, form) {
            ("primal", _) => clock.time(|| self.objective(&self.x)).map(Value::from),
            (_, Form::Plain) => clock.time(|| gradient(|x| self.objective(x), &self.x).1).map(Value::from),
            (_, Form::Tuned) => clock.time(|| self.tuned()).map(Value::from),
        }
    }
}

/// The number of points that `tuned` takes together, so that their powers do not wait for each other.
const BLOCK: usize = 8;

impl LeastSquares {
    /// Returns half the squared distances.
    fn objective<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let distance = |i| {
            let t = self.time(i);
            let mut power = 1.0;
            x.iter().fold(S::from_real(sign(t)), |rest, &x| {
                let term = x * power;
                power *= t;
                rest - term
            })
        };
        (0..self.n).map(distance).map(|distance| distance * distance).sum::<S>() * 0.5
    }

    /// Differentiates block by block.
    fn tuned(&self) -> Vec<f64> {
        Terms::all(self.n.div_ceil(BLOCK)).gradient(|block, x| self.block(block, x), &self.x).1
    }

    /// Returns half the squared distances at the points of a block, each from a weighted sum.
    fn block<S: Scalar<Real = f64>>(&self, block: usize, x: &[S]) -> S {
        let times: [f64; BLOCK] = std::array::from_fn(|i| self.time(block * BLOCK + i));
        let mut powers = vec![1.0; BLOCK * x.len()];
        let mut power = [1.0; BLOCK];
        for j in 1..x.len() {
            for (i, (power, t)) in power.iter_mut().zip(times).enumerate() {
                *power *= t;
                powers[i * x.len() + j] = *power;
            }
        }
        let rows = powers.chunks_exact(x.len()).zip(times).take(self.n - block * BLOCK);
        let distances: Vec<S> = rows.map(|(powers, t)| weighted_sum(x, powers) - sign(t)).collect();
        dot(&distances, &distances) * 0.5
    }

    fn time(&self, i: usize) -> f64 {
        -1.0 + 2.0 * i as f64 / (self.n - 1) as f64
    }
}

fn sign(t: f64) -> f64 {
    if t == 0.0 { 0.0 } else { t.signum() }
}
