//! A recurrent network with diagonal weights, which predicts the next character.

use dualtape::{Checkpointed, Parametric, Scalar, function, fuse_map, sum, weighted_sum};
use serde::Deserialize;
use serde_json::Value;

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

/// The number of characters that are recorded together, which bounds the memory.
const STEP: usize = 4096;

impl Problem for Lstm {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    /// Evaluates a function. The reverse sweep goes from step to step, and records each anew from its stored state.
    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let parameters = [self.main_params.concat(), self.extra_params.concat()].concat();
        let start = [self.state.concat(), vec![0.0]].concat();
        let predictions = self.sequence.len() - 1;
        let characters = |t: usize| Characters(&self.sequence[t * STEP..=predictions.min((t + 1) * STEP)]);
        let steps = predictions.div_ceil(STEP);
        let network = Checkpointed::new(characters, 0..steps, steps.max(1));
        let scale = 1.0 / (self.sequence[0].len() * predictions) as f64;
        match function {
            "objective" => clock.time(|| loss(&network.run(&start, &parameters), scale)).map(Value::from),
            _ => clock.time(|| network.gradient(|end, _| loss(end, scale), &start, &parameters).2).map(Value::from),
        }
    }
}

/// Returns the mean of the losses, whose sum is in the state.
fn loss<S: Scalar<Real = f64>>(state: &[S], scale: f64) -> S {
    state[state.len() - 1] * scale
}

/// Characters of the sequence. The network reads each but the last, and predicts each but the first.
struct Characters<'a>(&'a [Vec<f64>]);

impl Parametric for Characters<'_> {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, start: &[S], parameters: &[S]) -> Vec<S> {
        let bits = self.0[0].len();
        let (main, extra) = parameters.split_at(parameters.len() - 3 * bits);
        let mut end = start.to_vec();
        let (total, state) = end.split_last_mut().expect("the last is the loss");
        for characters in self.0.windows(2) {
            let mut y: Vec<S> = characters[0].iter().zip(extra).map(|(&u, &weight)| weight * u).collect();
            for (layer, state) in main.chunks_exact(8 * bits).zip(state.chunks_exact_mut(2 * bits)) {
                let [wf, wi, wo, wg, vf, vi, vo, vg]: [&[S]; 8] = std::array::from_fn(|i| &layer[i * bits..][..bits]);
                let (h, z) = state.split_at_mut(bits);
                let [changed] = fuse_map(&function!(changed: [S; 9] -> [S; 1]), [z, &y, wf, vf, h, wi, vi, wg, vg]);
                [y] = fuse_map(&function!(shown: [S; 4] -> [S; 1]), [&changed, &y, wo, vo]);
                z.copy_from_slice(&changed);
                h.copy_from_slice(&y);
            }
            let (weights, biases) = extra[bits..].split_at(bits);
            let [prediction, powers] = fuse_map(&function!(predicted: [S; 3] -> [S; 2]), [&y, weights, biases]);
            let ones: f64 = characters[1].iter().sum();
            *total += (sum(&powers) + 2.0).ln() * ones - weighted_sum(&prediction, &characters[1]);
        }
        end
    }
}

/// Returns the next `z`: the part that the forget gate leaves, plus the term of the last `h`.
#[inline(always)]
fn changed<S: Scalar<Real = f64>>([z, y, wf, vf, h, wi, vi, wg, vg]: [S; 9]) -> [S; 1] {
    [sigmoid(y * wf + vf) * z + sigmoid(h * wi + vi) * tanh(h * wg + vg)]
}

/// Returns the next `h`, from the next `z`.
#[inline(always)]
fn shown<S: Scalar<Real = f64>>([z, y, w, v]: [S; 4]) -> [S; 1] {
    [sigmoid(y * w + v) * tanh(z)]
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

/// The hyperbolic tangent, which is `2σ(2x) − 1`.
#[inline(always)]
fn tanh<S: Scalar<Real = f64>>(x: S) -> S {
    sigmoid(x * 2.0) * 2.0 - 1.0
}
