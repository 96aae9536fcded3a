//! The logarithm of a sum of exponentials.

use dualtape::{Dual, Scalar, derivative};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct LogSumExp {
    x: Vec<f64>,
}

impl Problem for LogSumExp {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        match function {
            "primal" => clock.time(|| primal(&self.x)).map(Value::from),
            _ => clock.time(|| gradient(&self.x)).map(Value::from),
        }
    }
}

/// Returns the summand of an input; `largest` keeps it from overflowing.
fn power<S: Scalar<Real = f64>>(x: S, largest: f64) -> S {
    (x - largest).exp()
}

/// Returns the result, from the sum.
fn logarithm<S: Scalar<Real = f64>>(sum: S, largest: f64) -> S {
    sum.ln() + largest
}

fn primal(x: &[f64]) -> f64 {
    let largest = largest(x);
    logarithm(x.iter().map(|&x| power(x, largest)).sum(), largest)
}

/// Returns the gradient. Each power depends on one input, so one direction differentiates them all.
fn gradient(x: &[f64]) -> Vec<f64> {
    let largest = largest(x);
    let mut sum = 0.0;
    let mut g: Vec<f64> = x
        .iter()
        .map(|&x| {
            let power = power(Dual::variable(x), largest);
            sum += power.primal;
            power.partials[0]
        })
        .collect();
    let (_, slope) = derivative(|sum| logarithm(sum, largest), sum);
    g.iter_mut().for_each(|g| *g *= slope);
    g
}

fn largest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
