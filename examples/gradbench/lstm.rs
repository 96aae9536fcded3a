//! A recurrent network with diagonal weights, which predicts the next character.

use dualtape::{Checkpointed, Parametric, Scalar, dot, function, fuse, sum};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

/// Weights and biases, layer by layer; weight of the input, weight and bias of the output; the
/// initial state, `h` and `z` layer by layer; and the bits of the characters.
#[derive(Deserialize)]
pub(crate) struct Lstm {
    main_params: Vec<Vec<f64>>,
    extra_params: Vec<Vec<f64>>,
    state: Vec<Vec<f64>>,
    sequence: Vec<Vec<f64>>,
}

/// How many characters are recorded together, which bounds the memory.
const STEP: usize = 4096;

impl Problem for Lstm {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    /// Going back from step to step, each starts from its stored state.
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

/// The mean of the losses, of which the state has the sum.
fn loss<S: Scalar<Real = f64>>(state: &[S], scale: f64) -> S {
    state[state.len() - 1] * scale
}

/// Characters of the sequence, of which each but the last is read and each but the first predicted.
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
                for (r, ((y, h), z)) in y.iter_mut().zip(h).zip(z).enumerate() {
                    let kept = fuse(&function!(gated: [S; 2] -> S), [*y * wf[r] + vf[r], *z]);
                    let added = fuse(&function!(change: [S; 2] -> S), [*h * wi[r] + vi[r], *h * wg[r] + vg[r]]);
                    *z = kept + added;
                    *h = fuse(&function!(change: [S; 2] -> S), [*y * wo[r] + vo[r], *z]);
                    *y = *h;
                }
            }
            let prediction: Vec<S> = (0..bits).map(|r| y[r] * extra[bits + r] + extra[2 * bits + r]).collect();
            let powers: Vec<S> = prediction.iter().map(|p| p.exp()).collect();
            let target: Vec<S> = characters[1].iter().map(|&w| S::from_real(w)).collect();
            let ones: f64 = characters[1].iter().sum();
            *total += (sum(&powers) + 2.0).ln() * ones - dot(&prediction, &target);
        }
        end
    }
}

fn sigmoid<S: Scalar<Real = f64>>(x: S) -> S {
    ((-x).exp() + 1.0).recip()
}

/// The hyperbolic tangent, which is `2σ(2x) − 1`.
fn tanh<S: Scalar<Real = f64>>(x: S) -> S {
    sigmoid(x * 2.0) * 2.0 - 1.0
}

/// What a gate lets through.
#[inline(always)]
fn gated<S: Scalar<Real = f64>>([gate, x]: [S; 2]) -> S {
    sigmoid(gate) * x
}

#[inline(always)]
fn change<S: Scalar<Real = f64>>([gate, x]: [S; 2]) -> S {
    sigmoid(gate) * tanh(x)
}
