//! A recurrent network with diagonal weights, which predicts the next character.

use std::ops::Range;

use dualtape::{Checkpointed, Parametric, Scalar, function, gradient};
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

/// The number of characters that `tuned` records together, which bounds the memory.
const STEP: usize = 64;

impl Problem for Lstm {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let parameters = [self.main_params.concat(), self.extra_params.concat()].concat();
        match (function, form) {
            ("objective", _) => clock.time(|| self.loss(&parameters)).map(Value::from),
            (_, Form::Plain) => clock.time(|| gradient(|p| self.loss(p), &parameters).1).map(Value::from),
            (_, Form::Tuned) => clock.time(|| self.tuned(&parameters)).map(Value::from),
        }
    }
}

impl Lstm {
    /// Returns the mean of the losses of all characters but the first.
    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> S {
        let start: Vec<S> = self.start().into_iter().map(S::from_real).collect();
        let end = self.read(0..self.predictions(), &start, parameters, Form::Plain);
        end[end.len() - 1] * self.scale()
    }

    /// Differentiates a few characters at a time, from the last to the first.
    fn tuned(&self, parameters: &[f64]) -> Vec<f64> {
        let (predictions, steps) = (self.predictions(), self.predictions().div_ceil(STEP));
        let step = |t: usize| {
            let characters = t * STEP..predictions.min((t + 1) * STEP);
            Step { network: self, characters }
        };
        let network = Checkpointed::new(step, 0..steps, steps.max(1));
        network.gradient(|end, _| end[end.len() - 1] * self.scale(), &self.start(), parameters).2
    }

    fn predictions(&self) -> usize {
        self.sequence.len() - 1
    }

    fn scale(&self) -> f64 {
        1.0 / (self.sequence[0].len() * self.predictions()) as f64
    }

    /// The initial state, and the sum of no losses.
    fn start(&self) -> Vec<f64> {
        [self.state.concat(), vec![0.0]].concat()
    }

    /// Reads characters, and predicts the one after each. Returns the state at the end; the last number of a state is
    /// the sum of the losses.
    fn read<S: Scalar<Real = f64>>(&self, characters: Range<usize>, start: &[S], parameters: &[S], form: Form) -> Vec<S> {
        let bits = self.sequence[0].len();
        let (main, extra) = parameters.split_at(parameters.len() - 3 * bits);
        let (weights, biases) = extra[bits..].split_at(bits);
        let mut end = start.to_vec();
        let (total, state) = end.split_last_mut().expect("the last is the sum of the losses");
        for t in characters {
            let mut y: Vec<S> = self.sequence[t].iter().zip(extra).map(|(&u, &weight)| weight * u).collect();
            for (layer, state) in main.chunks_exact(8 * bits).zip(state.chunks_exact_mut(2 * bits)) {
                let [wf, wi, wo, wg, vf, vi, vo, vg]: [&[S]; 8] = std::array::from_fn(|i| &layer[i * bits..][..bits]);
                let (h, z) = state.split_at_mut(bits);
                let [changed] = form.map(&function!(changed: [S; 9] -> [S; 1]), [z, &y, wf, vf, h, wi, vi, wg, vg]);
                [y] = form.map(&function!(shown: [S; 4] -> [S; 1]), [&changed, &y, wo, vo]);
                z.copy_from_slice(&changed);
                h.copy_from_slice(&y);
            }
            let [prediction, powers] = form.map(&function!(predicted: [S; 3] -> [S; 2]), [&y, weights, biases]);
            let next = &self.sequence[t + 1];
            let ones: f64 = next.iter().sum();
            *total += (form.sum(&powers) + 2.0).ln() * ones - form.weighted_sum(&prediction, next.iter().copied());
        }
        end
    }
}

/// Some characters, as a step of a long loop.
struct Step<'a> {
    network: &'a Lstm,
    characters: Range<usize>,
}

impl Parametric for Step<'_> {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, start: &[S], parameters: &[S]) -> Vec<S> {
        self.network.read(self.characters.clone(), start, parameters, Form::Tuned)
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
