//! The logarithm of a sum of exponentials.

use dualtape::{Scalar, function, gradient};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct LogSumExp {
    x: Vec<f64>,
}

impl Problem for LogSumExp {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        match function {
            "primal" => clock.time(|| log_sum_exp(&self.x, Form::Plain)).map(Value::from),
            _ => clock.time(|| gradient(|x| log_sum_exp(x, form), &self.x).1).map(Value::from),
        }
    }
}

/// Subtracts the largest input, which keeps the powers from overflowing; it cancels, so it is a constant.
fn log_sum_exp<S: Scalar<Real = f64>>(x: &[S], form: Form) -> S {
    let largest = x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max);
    let [powers] = form.map(&function!([largest: f64] |x: S| -> [S; 1] { [(x - largest).exp()] }), [x]);
    form.sum(&powers).ln() + largest
}
