//! A chain of differential equations, `y₀′ = x₀` and `yᵢ′ = xᵢ·yᵢ₋₁`, by the classical method of
//! Runge and Kutta.

use dualtape::{Checkpointed, Scalar, function, gradient};
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

/// The stages of a step. Each reads the numbers before it in the stage before.
const STAGES: usize = 4;

impl Chain {
    /// Returns all numbers at the end.
    fn solution<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let x = padded(S::zero(), x);
        let start = padded(S::one(), &vec![S::zero(); self.x.len()]);
        let end = (0..self.s).fold(start, |y, _| self.step(&y, &x, Form::Plain));
        end[STAGES..].to_vec()
    }

    fn plain(&self) -> Vec<f64> {
        gradient(|x| self.solution(x)[x.len() - 1], &self.x).1
    }

    fn tuned(&self) -> Vec<f64> {
        let chain = self;
        let step = |_| function!([chain: &Chain] |y: &[S], x: &[S]| -> Vec<S> { chain.step(y, x, Form::Tuned) });
        let steps = Checkpointed::new(step, 0..self.s, self.s);
        let start = padded(1.0, &vec![0.0; self.x.len()]);
        let (_, _, by_x) = steps.gradient(|y, _| y[y.len() - 1], &start, &padded(0.0, &self.x));
        by_x[STAGES..].to_vec()
    }

    /// Returns the next `y`. A slope depends on the number before it, so the slopes of a stage start one number later
    /// than those of the stage before.
    fn step<S: Scalar<Real = f64>>(&self, y: &[S], x: &[S], form: Form) -> Vec<S> {
        let h = 2.0 / self.s as f64;
        let slope = function!(|[x, y]: [S; 2]| -> [S; 1] { [x * y] });
        let slope_after = function!([h: f64] |[x, y, k]: [S; 3]| -> [S; 1] { [x * (y + k * (h / 2.0))] });
        let next = function!([h: f64] |[x, before, k, y, k1, k2, k3]: [S; 7]| -> [S; 1] {
            let k4 = x * (before + k * h);
            [y + (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0)]
        });
        let before = &y[..y.len() - 1];
        let [k1] = form.map(&slope, [&x[1..], before]);
        let [k2] = form.map(&slope_after, [&x[2..], &before[1..], but_last(&k1)]);
        let [k3] = form.map(&slope_after, [&x[3..], &before[2..], but_last(&k2)]);
        let [end] = form.map(&next, [&x[4..], &before[3..], but_last(&k3), &y[4..], &k1[3..], &k2[2..], &k3[1..]]);
        [&y[..STAGES], &end].concat()
    }
}

fn but_last<S>(numbers: &[S]) -> &[S] {
    &numbers[..numbers.len() - 1]
}

/// Returns the numbers after others that stand before the chain and never change.
fn padded<S: Scalar<Real = f64>>(before: S, numbers: &[S]) -> Vec<S> {
    [&[before; STAGES], numbers].concat()
}
