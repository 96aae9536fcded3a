//! A recurrent network with diagonal weights, which predicts the next character.

use dualtape::{Scalar, function, gradient};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// Weights and biases, layer by layer; weight of the input, weight and bias of the output; the initial state, `h` and
/// `z` layer by layer; and the bits of the characters.
#[derive(Deserialize)]
pub(crate) struct Lstm {
    main_params: Vec<Vec<f64>>,
    extra_params: Vec<Vec<f64>>,
    state: Vec<Vec<f64>>,
    sequence: Vec<Vec<f64>>,
}

impl Problem for Lstm {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let parameters = [self.main_params.concat(), self.extra_params.concat()].concat();
        match function {
            "objective" => clock.time(|| self.loss(&parameters, Form::Plain)).map(Value::from),
            _ => clock.time(|| gradient(|p| self.loss(p, form), &parameters).1).map(Value::from),
        }
    }
}

impl Lstm {
    /// Returns the mean of the losses. The network reads each character but the last, and predicts each but the first.
    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S], form: Form) -> S {
        let bits = self.sequence[0].len();
        let (main, extra) = parameters.split_at(parameters.len() - 3 * bits);
        let (weights, biases) = extra[bits..].split_at(bits);
        let mut state: Vec<S> = self.state.iter().flatten().map(|&x| S::from_real(x)).collect();
        let mut total = S::zero();
        for characters in self.sequence.windows(2) {
            let mut y: Vec<S> = characters[0].iter().zip(extra).map(|(&u, &weight)| weight * u).collect();
            for (layer, state) in main.chunks_exact(8 * bits).zip(state.chunks_exact_mut(2 * bits)) {
                let [wf, wi, wo, wg, vf, vi, vo, vg]: [&[S]; 8] = std::array::from_fn(|i| &layer[i * bits..][..bits]);
                let (h, z) = state.split_at_mut(bits);
                let [changed] = form.map(&function!(changed: [S; 9] -> [S; 1]), [z, &y, wf, vf, h, wi, vi, wg, vg]);
                [y] = form.map(&function!(shown: [S; 4] -> [S; 1]), [&changed, &y, wo, vo]);
                z.copy_from_slice(&changed);
                h.copy_from_slice(&y);
            }
            let [prediction, powers] = form.map(&function!(predicted: [S; 3] -> [S; 2]), [&y, weights, biases]);
            let ones: f64 = characters[1].iter().sum();
            total += (form.sum(&powers) + 2.0).ln() * ones - form.weighted_sum(&prediction, &characters[1]);
        }
        total * (1.0 / (bits * (self.sequence.len() - 1)) as f64)
    }
}

/// Returns the next `z`: the part that the forget gate leaves, plus the term of the last `h`.
#[inline(always)]
fn changed<S: Scalar<Real = f64>>([z, y, wf, vf, h, wi, vi, wg, vg]: [S; 9]) -> [S; 1] {
    [sigmoid(y * wf + vf) * z + sigmoid(h * wi + vi) * (h * wg + vg).tanh()]
}

/// Returns the next `h`, from the next `z`.
#[inline(always)]
fn shown<S: Scalar<Real = f64>>([z, y, w, v]: [S; 4]) -> [S; 1] {
    [sigmoid(y * w + v) * z.tanh()]
}

/// Returns the logarithm of a prediction, and the prediction.
#[inline(always)]
fn predicted<S: Scalar<Real = f64>>([y, w, v]: [S; 3]) -> [S; 2] {
    let logarithm = y * w + v;
    [logarithm, logarithm.exp()]
}

#[inline(always)]
fn sigmoid<S: Scalar<Real = f64>>(x: S) -> S {
    ((-x).exp() + 1.0).recip()
}
