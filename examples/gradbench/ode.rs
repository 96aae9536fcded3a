//! A chain of differential equations, `y₀′ = x₀` and `yᵢ′ = xᵢ·yᵢ₋₁`, by the classical method of
//! Runge and Kutta.

use dualtape::{Scalar, vjp};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

/// The coefficients, and the number of steps from 0 to 2.
#[derive(Deserialize)]
pub(crate) struct Chain {
    x: Vec<f64>,
    s: usize,
}

impl Problem for Chain {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        match function {
            "primal" => clock.time(|| self.solution(|_| ())).map(Value::from),
            _ => clock.time(|| self.gradient()).map(Value::from),
        }
    }
}

/// In a step a result depends on so many of its predecessors: one for each stage.
const REACH: usize = 4;

impl Chain {
    fn step_size(&self) -> f64 {
        2.0 / self.s as f64
    }

    /// The solution at the end; `visit` sees it before every step.
    fn solution(&self, mut visit: impl FnMut(&[f64])) -> Vec<f64> {
        let mut y = vec![0.0; self.x.len()];
        for _ in 0..self.s {
            visit(&y);
            y = step(&self.x, &y, self.step_size());
        }
        y
    }

    /// The gradient of the last number: back from step to step, each recorded by itself, as far
    /// as there are adjoints.
    fn gradient(&self) -> Vec<f64> {
        let n = self.x.len();
        let mut trajectory = Vec::with_capacity(self.s);
        self.solution(|y| trajectory.push(y.to_vec()));

        let (mut g, mut adjoints) = (vec![0.0; n], vec![0.0; n]);
        adjoints[n - 1] = 1.0;
        for y in trajectory.iter().rev() {
            let Some(first) = adjoints.iter().position(|&adjoint| adjoint != 0.0) else { break };
            let window = first.saturating_sub(REACH)..n;
            let inputs = [&self.x[window.clone()], &y[window.clone()]].concat();
            let one_step = |inputs: &[_]| {
                let (x, y) = inputs.split_at(inputs.len() / 2);
                step(x, y, self.step_size())
            };
            let (_, by_inputs) = vjp(one_step, &inputs, &adjoints[window.clone()]);
            let (by_x, by_y) = by_inputs.split_at(window.len());
            adjoints[window.clone()].copy_from_slice(by_y);
            g[window].iter_mut().zip(by_x).for_each(|(g, by_x)| *g += by_x);
        }
        g
    }
}

/// One step of size `h`, in the increments `h/2·k₁, h/2·k₂, h·k₃, h/2·k₄`. The first number has no
/// predecessor; in a window of the chain it and the next ones are of no account.
fn step<S: Scalar<Real = f64>>(x: &[S], y: &[S], h: f64) -> Vec<S> {
    let half: Vec<S> = x.iter().map(|&x| x * (h / 2.0)).collect();
    let whole: Vec<S> = x.iter().map(|&x| x * h).collect();
    let increment = |x: &[S], y: &[S]| {
        let mut increment = Vec::with_capacity(x.len());
        increment.push(x[0]);
        increment.extend(x[1..].iter().zip(y).map(|(&x, &before)| x * before));
        increment
    };
    let ahead = |s: &[S]| -> Vec<S> { y.iter().zip(s).map(|(&y, &s)| y + s).collect() };
    let s1 = increment(&half, y);
    let s2 = increment(&half, &ahead(&s1));
    let s3 = increment(&whole, &ahead(&s2));
    let s4 = increment(&half, &ahead(&s3));
    let inner = s1.iter().zip(&s3).zip(&s2).map(|((&s1, &s3), &s2)| s1 + s3 + (s2 + s2));
    inner.zip(&s4).zip(y).map(|((inner, &s4), &y)| y + (inner + s4) * (1.0 / 3.0)).collect()
}
