//! A mixture of Gaussians: the logarithm of the posterior density of its parameters.

use std::f64::consts::{LN_2, PI, TAU};

use dualtape::{Checkpointed, Scalar, affine, dot, function, gradient, log_sum_exp, sum};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// For each of `k` components its weight, its mean, and the diagonal and the rest of the factor of
/// its inverse covariance; the points; and the prior of Wishart.
#[derive(Deserialize)]
pub(crate) struct Mixture {
    d: usize,
    k: usize,
    m: usize,
    gamma: f64,
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
    x: Vec<Vec<f64>>,
}

impl Problem for Mixture {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let parameters = [&self.alpha[..], &self.mu.concat(), &self.q.concat(), &self.l.concat()].concat();
        let parts = |g: Vec<f64>| {
            let [alpha, mu, q, l] = self.parts(&g);
            let rows = |part| (0..self.k).map(|j| self.of_component(part, j).to_vec()).collect::<Vec<_>>();
            json!({ "alpha": alpha, "mu": rows(mu), "q": rows(q), "l": rows(l) })
        };
        match (function, form) {
            ("objective", _) => clock.time(|| self.objective(&parameters)).map(Value::from),
            (_, Form::Plain) => clock.time(|| gradient(|p| self.objective(p), &parameters).1).map(parts),
            (_, Form::Tuned) => clock.time(|| self.tuned(&parameters)).map(parts),
        }
    }
}

/// The number of points whose densities `tuned` computes together.
const BLOCK: usize = 50;

impl Mixture {
    fn objective<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> S {
        let diagonals: Vec<S> = self.parts(parameters)[2].iter().map(|q| q.exp()).collect();
        let log_density = |x: &Vec<f64>| log_sum_exp_of(&self.log_densities(x, parameters, &diagonals));
        self.x.iter().map(log_density).sum::<S>() + self.prior(parameters)
    }

    /// Returns the logarithms of the densities of all components at a point, with their weights.
    fn log_densities<S: Scalar<Real = f64>>(&self, x: &[f64], parameters: &[S], diagonals: &[S]) -> Vec<S> {
        let [alpha, mu, q, l] = self.parts(parameters);
        let log_density = |j| {
            let [mu, q, l, diagonal] = [mu, q, l, diagonals].map(|part| self.of_component(part, j));
            let centred: Vec<S> = mu.iter().zip(x).map(|(&mu, &x)| -mu + x).collect();
            let mut y: Vec<S> = centred.iter().zip(diagonal).map(|(&x, &diagonal)| x * diagonal).collect();
            let mut l = l.iter();
            for (c, &x) in centred.iter().enumerate() {
                y[c + 1..].iter_mut().zip(&mut l).for_each(|(y, &l)| *y += l * x);
            }
            let squares: S = y.iter().map(|&y| y * y).sum();
            alpha[j] + q.iter().copied().sum::<S>() - squares * 0.5
        };
        (0..self.k).map(log_density).collect()
    }

    /// Adds the densities in a long loop, a step for each block of points. The state holds the numbers that the points
    /// need, which the first step computes, and the sum.
    fn tuned(&self, parameters: &[f64]) -> Vec<f64> {
        let blocks = self.x.len().div_ceil(BLOCK);
        let mixture = self;
        let step = |t: usize| {
            function!([t: usize, mixture: &Mixture] |state: &[S], parameters: &[S]| -> Vec<S> {
                if t == 0 { mixture.components(parameters) } else { mixture.with_block(t - 1, state) }
            })
        };
        let start = vec![0.0; self.k * (1 + self.d * (self.d + 1)) + 1];
        let steps = Checkpointed::new(step, 0..blocks + 1, blocks + 1);
        steps.gradient(|end, p| end[end.len() - 1] + self.prior(p), &start, parameters).2
    }

    /// Splits the parameters into weights, means, diagonals and other entries.
    fn parts<'a, S>(&self, parameters: &'a [S]) -> [&'a [S]; 4] {
        let (alpha, rest) = parameters.split_at(self.k);
        let (mu, rest) = rest.split_at(self.k * self.d);
        let (q, l) = rest.split_at(self.k * self.d);
        [alpha, mu, q, l]
    }

    /// Returns the part of the parameters that belongs to a component.
    fn of_component<'a, S>(&self, part: &'a [S], j: usize) -> &'a [S] {
        let len = part.len() / self.k;
        &part[j * len..][..len]
    }

    /// Returns the part that does not depend on the points.
    fn prior<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> S {
        let [alpha, _, q, l] = self.parts(parameters);
        let volume: S = q.iter().copied().sum();
        let squares: S = q.iter().map(|q| (*q * 2.0).exp()).chain(l.iter().map(|&l| l * l)).sum();
        volume * self.m as f64 - squares * (0.5 * self.gamma * self.gamma) - log_sum_exp_of(alpha) * self.x.len() as f64
            + self.constant()
    }

    /// Returns the numbers that the points need: for each component the logarithm of its factor, and a layer with the d
    /// neurons `Q·x − Q·μ`. At the end stands the sum of no densities.
    fn components<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> Vec<S> {
        let [alpha, mu, q, l] = self.parts(parameters);
        let mut components: Vec<S> = (0..self.k).map(|j| alpha[j] + sum(self.of_component(q, j))).collect();
        for j in 0..self.k {
            let [mu, q, l] = [mu, q, l].map(|part| self.of_component(part, j));
            for r in 0..self.d {
                // Below the diagonal, column c starts after columns of d−1, d−2, ... entries.
                let below = (0..r).map(|c| l[c * (2 * self.d - c - 1) / 2 + r - c - 1]);
                let row: Vec<S> = below.chain([q[r].exp()]).collect();
                let bias = -dot(&row, &mu[..=r]);
                components.extend(row);
                components.extend(vec![S::zero(); self.d - r - 1]);
                components.push(bias);
            }
        }
        components.push(S::zero());
        components
    }

    /// Returns the state with the log densities at the points of a block added.
    fn with_block<S: Scalar<Real = f64>>(&self, block: usize, state: &[S]) -> Vec<S> {
        let points = &self.x[block * BLOCK..self.x.len().min((block + 1) * BLOCK)];
        let inputs: Vec<S> = points.iter().flatten().map(|&x| S::from_real(x)).collect();
        let (factors, layer) = state[..state.len() - 1].split_at(self.k);
        let log_density = |y: &[S]| {
            let logarithm = |(&factor, y): (&S, &[S])| factor - dot(y, y) * 0.5;
            log_sum_exp(&factors.iter().zip(y.chunks_exact(self.d)).map(logarithm).collect::<Vec<S>>())
        };
        let mut state = state.to_vec();
        *state.last_mut().expect("the sum is the last") +=
            affine(layer, &inputs, points.len()).chunks_exact(self.k * self.d).map(log_density).sum::<S>();
        state
    }

    /// The part that depends on no parameter.
    fn constant(&self) -> f64 {
        let (d, k, n) = (self.d as f64, self.k as f64, self.x.len() as f64);
        let freedom = d + self.m as f64 + 1.0;
        let gammas: f64 = (1..=self.d).map(|r| Scalar::ln_gamma(0.5 * (freedom + 1.0 - r as f64))).sum();
        let ln_gamma = d * (d - 1.0) / 4.0 * PI.ln() + gammas;
        let wishart = freedom * d * (self.gamma.ln() - 0.5 * LN_2) - ln_gamma;
        k * wishart - n * d / 2.0 * TAU.ln()
    }
}

/// Returns the logarithm of a sum of exponentials by bare operations.
fn log_sum_exp_of<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let largest = x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max);
    x.iter().map(|&x| (x - largest).exp()).sum::<S>().ln() + largest
}
