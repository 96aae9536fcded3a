//! Least squares: the distance of a polynomial from the sign function.

use dualtape::{Scalar, Terms, gradient, weighted_sum};
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

impl LeastSquares {
    fn objective<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        (0..self.n).map(|i| self.term(i, x, Form::Plain)).sum()
    }

    fn tuned(&self) -> Vec<f64> {
        Terms::all(self.n).gradient(|i, x| self.term(i, x, Form::Tuned), &self.x).1
    }

    /// Returns half the squared distance at a point.
    fn term<S: Scalar<Real = f64>>(&self, i: usize, x: &[S], form: Form) -> S {
        let t = -1.0 + 2.0 * i as f64 / (self.n - 1) as f64;
        let sign = if t == 0.0 { 0.0 } else { t.signum() };
        let mut next = 1.0;
        let powers = (0..x.len()).map(|_| {
            let power = next;
            next *= t;
            power
        });
        let y = match form {
            Form::Plain => x.iter().zip(powers).map(|(&x, power)| x * power).sum(),
            Form::Tuned => weighted_sum(x, &powers.collect::<Vec<f64>>()),
        };
        (y - sign) * (y - sign) * 0.5
    }
}
