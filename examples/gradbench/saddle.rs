//! The saddle of `|x|² − |y|²`: a minimum over maxima, differentiated through their search.

use dualtape::{Dual, Scalar, Var, gradient, gradient_forward};
use serde::Deserialize;
use serde_json::Value;

use crate::descent::{Mode, argmax, argmin};
use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The start of each search.
#[derive(Deserialize)]
pub(crate) struct Saddle {
    start: [f64; 2],
}

impl Problem for Saddle {
    const FUNCTIONS: &'static [&'static str] = &["rr", "ff", "fr", "rf"];
    const FORMS: &'static [Form] = &[Form::Plain];

    fn run(&self, function: &str, _: Form, clock: Clock) -> Measured<Value> {
        let [outer, inner] = Mode::of_names(function);
        let by_x = |x: &[f64]| match outer {
            Mode::Forward => gradient_forward(|x| self.largest(x, inner), x).1,
            Mode::Reverse => gradient(|x| self.largest(x, inner), x).1,
        };
        let saddle = || {
            let x = argmin(|x| self.largest(x, inner), by_x, &self.start);
            let y = self.highest(&x, inner);
            [x, y].concat()
        };
        clock.time(saddle).map(Value::from)
    }
}

impl Saddle {
    /// Returns the largest value over y.
    fn largest<S: Scalar<Real = f64>>(&self, x: &[S], mode: Mode) -> S {
        height(x, &self.highest(x, mode))
    }

    /// Returns the y at which the value is largest.
    fn highest<S: Scalar<Real = f64>>(&self, x: &[S], mode: Mode) -> Vec<S> {
        let by_y = |y: &[S]| match mode {
            Mode::Forward => {
                let x: Vec<Dual<S, 2>> = x.iter().map(|&x| Dual::constant(x)).collect();
                height(&x, &[Dual::seeded(y[0], 0), Dual::seeded(y[1], 1)]).partials.to_vec()
            }
            Mode::Reverse => {
                let x: Vec<Var<S>> = x.iter().map(|&x| Var::constant(x)).collect();
                gradient(|y| height(&x, y), y).1
            }
        };
        argmax(|y| height(x, y), by_y, &self.start.map(S::from_real))
    }
}

fn height<S: Scalar<Real = f64>>(x: &[S], y: &[S]) -> S {
    (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])
}
