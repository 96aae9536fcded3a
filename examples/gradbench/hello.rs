//! The square of a number.

use dualtape::{Scalar, derivative};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct Hello(f64);

impl Problem for Hello {
    const FUNCTIONS: &'static [&'static str] = &["square", "double"];
    const FORMS: &'static [Form] = &[Form::Plain];

    fn run(&self, function: &str, _: Form, clock: Clock) -> Measured<Value> {
        match function {
            "square" => clock.time(|| square(self.0)).map(Value::from),
            _ => clock.time(|| derivative(square, self.0).1).map(Value::from),
        }
    }
}

fn square<S: Scalar<Real = f64>>(x: S) -> S {
    x * x
}
