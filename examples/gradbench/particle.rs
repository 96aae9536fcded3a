//! A particle between two charges, one of which is placed so that the particle lands at the origin: a derivative
//! through a simulation that takes derivatives.

use dualtape::{Dual, Scalar, Var, derivative, gradient};
use serde::Deserialize;
use serde_json::Value;

use crate::descent::{Mode, argmin};
use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The start of the search.
#[derive(Deserialize)]
pub(crate) struct Particle {
    w: f64,
}

impl Problem for Particle {
    const FUNCTIONS: &'static [&'static str] = &["rr", "ff", "fr", "rf"];
    const FORMS: &'static [Form] = &[Form::Plain];

    fn run(&self, function: &str, _: Form, clock: Clock) -> Measured<Value> {
        let [outer, inner] = Mode::of_names(function);
        let slope = |w: f64| match outer {
            Mode::Forward => derivative(|w| miss(w, inner), w).1,
            Mode::Reverse => gradient(|w| miss(w[0], inner), &[w]).1[0],
        };
        clock.time(|| argmin(|w| miss(w[0], inner), |w| vec![slope(w[0])], &[self.w])[0]).map(Value::from)
    }
}

/// Returns the squared distance from the origin at which the particle meets the axis.
fn miss<S: Scalar<Real = f64>>(w: S, inner: Mode) -> S {
    const TIME_STEP: f64 = 0.1;
    let ten = S::from_real(10.0);
    let charges = [[ten, -w + 10.0], [ten, S::zero()]];
    let mut position = [S::zero(), S::from_real(8.0)];
    let mut velocity = [S::from_real(0.75), S::zero()];
    loop {
        let slope = potential_slope(position, charges, inner);
        position = [0, 1].map(|i| position[i] + velocity[i] * TIME_STEP);
        if position[1] <= 0.0 {
            let back = -position[1] / velocity[1];
            let landing = position[0] + velocity[0] * back;
            return landing * landing;
        }
        velocity = [0, 1].map(|i| velocity[i] - slope[i] * TIME_STEP);
    }
}

/// Returns the gradient of the potential with respect to the position.
fn potential_slope<S: Scalar<Real = f64>>(position: [S; 2], charges: [[S; 2]; 2], mode: Mode) -> [S; 2] {
    match mode {
        Mode::Forward => {
            let [x, y] = position;
            let seeded = [Dual::<S, 2>::seeded(x, 0), Dual::seeded(y, 1)];
            potential(seeded, charges.map(|charge| charge.map(Dual::constant))).partials
        }
        Mode::Reverse => {
            let charges = charges.map(|charge| charge.map(Var::constant));
            let (_, g) = gradient(|x| potential([x[0], x[1]], charges), &position);
            [g[0], g[1]]
        }
    }
}

/// Returns the sum of the inverse distances from the charges.
fn potential<S: Scalar<Real = f64>>([x, y]: [S; 2], charges: [[S; 2]; 2]) -> S {
    let inverse_distance = |[a, b]: [S; 2]| ((x - a) * (x - a) + (y - b) * (y - b)).sqrt().recip();
    inverse_distance(charges[0]) + inverse_distance(charges[1])
}
