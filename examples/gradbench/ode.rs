//! A chain of differential equations, `y₀′ = x₀` and `yᵢ′ = xᵢ·yᵢ₋₁`, by the classical method of
//! Runge and Kutta.

use dualtape::{Checkpointed, Scalar, function, fuse_map, gradient};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The coefficients, and the number of steps from 0 to 2.
#[derive(Deserialize)]
pub(crate) struct Chain {
    x: Vec<f64>,
    s: usize,
}

impl Problem for Chain {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        match (function, form) {
            ("primal", _) => clock.time(|| self.solution(&self.x)).map(Value::from),
            (_, Form::Plain) => clock.time(|| self.plain()).map(Value::from),
            (_, Form::Tuned) => clock.time(|| self.tuned()).map(Value::from),
        }
    }
}

impl Chain {
    /// Returns all numbers at the end.
    fn solution<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let h = self.step_size();
        (0..self.s).fold(vec![S::zero(); x.len()], |y, _| {
            let k1 = slopes(x, &y);
            let k2 = slopes(x, &moved(&y, &k1, h / 2.0));
            let k3 = slopes(x, &moved(&y, &k2, h / 2.0));
            let k4 = slopes(x, &moved(&y, &k3, h));
            (0..x.len()).map(|i| y[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (h / 6.0)).collect()
        })
    }

    fn plain(&self) -> Vec<f64> {
        gradient(|x| self.solution(x)[x.len() - 1], &self.x).1
    }

    /// Differentiates step by step, from the last to the first. A step is a kernel at each number of the chain.
    fn tuned(&self) -> Vec<f64> {
        let h = self.step_size();
        let step = |_| function!([h: f64] |y: &[S], x: &[S]| -> Vec<S> { stepped(y, x, h) });
        let start = padded(1.0, &vec![0.0; self.x.len()]);
        let steps = Checkpointed::new(step, 0..self.s, self.s);
        let (_, _, by_x) = steps.gradient(|y, _| y[y.len() - 1], &start, &padded(0.0, &self.x));
        by_x[REACH..].to_vec()
    }

    fn step_size(&self) -> f64 {
        2.0 / self.s as f64
    }
}

/// Returns the right sides of the equations.
fn slopes<S: Scalar<Real = f64>>(x: &[S], y: &[S]) -> Vec<S> {
    std::iter::once(x[0]).chain(x[1..].iter().zip(y).map(|(&x, &y)| x * y)).collect()
}

/// Returns `y + k·h`.
fn moved<S: Scalar<Real = f64>>(y: &[S], k: &[S], h: f64) -> Vec<S> {
    y.iter().zip(k).map(|(&y, &k)| y + k * h).collect()
}

/// The number of predecessors that a number depends on in a step: one for each stage.
const REACH: usize = 4;

/// Returns the numbers after others that stand before the chain. With the coefficient 0 and the value 1 they never change,
/// and the first number of the chain is like the others.
fn padded(before: f64, numbers: &[f64]) -> Vec<f64> {
    [&[before; REACH], numbers].concat()
}

/// Returns the next numbers of a chain that is padded.
fn stepped<S: Scalar<Real = f64>>(y: &[S], x: &[S], h: f64) -> Vec<S> {
    let next = function!([h: f64] |[x0, x1, x2, x3, y0, y1, y2, y3, y4]: [S; 9]| -> [S; 1] {
        // The slopes of the predecessors in the stages before.
        let [a1, a2, a3] = [x1 * y2, x2 * y3, x3 * y4];
        let [b1, b2] = [x1 * (y2 + a2 * (h / 2.0)), x2 * (y3 + a3 * (h / 2.0))];
        let c1 = x1 * (y2 + b2 * (h / 2.0));
        let [k1, k2, k3, k4] =
            [x0 * y1, x0 * (y1 + a1 * (h / 2.0)), x0 * (y1 + b1 * (h / 2.0)), x0 * (y1 + c1 * h)];
        [y0 + (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0)]
    });
    fn before<S>(numbers: &[S], i: usize) -> &[S] {
        &numbers[REACH - i..numbers.len() - i]
    }
    let [end] = fuse_map(
        &next,
        [
            before(x, 0),
            before(x, 1),
            before(x, 2),
            before(x, 3),
            before(y, 0),
            before(y, 1),
            before(y, 2),
            before(y, 3),
            before(y, 4),
        ],
    );
    [&y[..REACH], &end].concat()
}
