//! A mixture of Gaussians: the logarithm of the posterior density of its parameters.

use std::f64::consts::{LN_2, PI, TAU};

use dualtape::{Scalar, Terms, affine, dot, log_sum_exp, sum, vjp};
use serde::Deserialize;
use serde_json::{Value, json};

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

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let parameters = [&self.alpha[..], &self.mu.concat(), &self.q.concat(), &self.l.concat()].concat();
        match function {
            "objective" => clock.time(|| self.objective(&parameters)).map(Value::from),
            _ => clock.time(|| self.gradient(&parameters)).map(|g| {
                let [alpha, mu, q, l] = self.parts(&g);
                let rows = |part: &[f64]| -> Vec<Vec<f64>> {
                    part.chunks((part.len() / self.k).max(1)).map(<[f64]>::to_vec).collect()
                };
                json!({ "alpha": alpha, "mu": rows(mu), "q": rows(q), "l": if l.is_empty() { self.l.clone() } else { rows(l) } })
            }),
        }
    }
}

/// The number of points whose densities are computed together.
const BLOCK: usize = 50;

impl Mixture {
    fn objective(&self, parameters: &[f64]) -> f64 {
        let densities = self.densities(parameters);
        let (prior, components) = densities.split_last().expect("the prior is the last");
        prior + (0..self.blocks()).map(|i| self.log_density(i, components)).sum::<f64>()
    }

    /// Returns the gradient, in two stages: with respect to the components, block by block, and then with respect
    /// to the parameters.
    fn gradient(&self, parameters: &[f64]) -> Vec<f64> {
        let mut components = self.densities(parameters);
        components.pop();
        let (_, mut adjoints) =
            Terms::all(self.blocks()).gradient(|i, components| self.log_density(i, components), &components);
        adjoints.push(1.0);
        vjp(|parameters| self.densities(parameters), parameters, &adjoints).1
    }

    /// Splits the parameters into weights, means, diagonals and other entries.
    fn parts<'a, S>(&self, parameters: &'a [S]) -> [&'a [S]; 4] {
        let (alpha, rest) = parameters.split_at(self.k);
        let (mu, rest) = rest.split_at(self.k * self.d);
        let (q, l) = rest.split_at(self.k * self.d);
        [alpha, mu, q, l]
    }

    /// Returns the numbers that the points need: for each component the logarithm of its factor, and a layer with the d
    /// neurons `Q·x − Q·μ`. At the end stands the part that does not depend on the points.
    fn densities<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> Vec<S> {
        let [alpha, mu, q, l] = self.parts(parameters);
        let (d, n) = (self.d, self.x.len() as f64);
        let mut densities = Vec::with_capacity(self.k * (1 + d * (d + 1)) + 1);
        let mut layer = Vec::with_capacity(self.k * d * (d + 1));
        let mut prior = -log_sum_exp(alpha) * n + self.constant();
        for j in 0..self.k {
            let (mu, q) = (&mu[j * d..][..d], &q[j * d..][..d]);
            let l = &l[j * (d * (d - 1) / 2)..][..d * (d - 1) / 2];
            let diagonal: Vec<S> = q.iter().map(|q| q.exp()).collect();
            let volume = sum(q);
            densities.push(alpha[j] + volume);
            for r in 0..d {
                // Below the diagonal, column c starts after columns of d−1, d−2, ... entries.
                let below = (0..r).map(|c| l[c * (2 * d - c - 1) / 2 + r - c - 1]);
                let row: Vec<S> = below.chain([diagonal[r]]).collect();
                let bias = -dot(&row, &mu[..=r]);
                layer.extend(row);
                layer.extend(vec![S::zero(); d - r - 1]);
                layer.push(bias);
            }
            let squares = dot(&diagonal, &diagonal) + dot(l, l);
            prior += volume * self.m as f64 - squares * (0.5 * self.gamma * self.gamma);
        }
        densities.extend(layer);
        densities.push(prior);
        densities
    }

    fn blocks(&self) -> usize {
        self.x.len().div_ceil(BLOCK)
    }

    /// Returns the sum of the log densities of the mixture at the points of a block.
    fn log_density<S: Scalar<Real = f64>>(&self, block: usize, components: &[S]) -> S {
        let points = &self.x[block * BLOCK..self.x.len().min((block + 1) * BLOCK)];
        let inputs: Vec<S> = points.iter().flatten().map(|&x| S::from_real(x)).collect();
        let (factors, layer) = components.split_at(self.k);
        let log_density = |y: &[S]| {
            let logarithm = |(&factor, y): (&S, &[S])| factor - dot(y, y) * 0.5;
            let logarithms: Vec<S> = factors.iter().zip(y.chunks_exact(self.d)).map(logarithm).collect();
            log_sum_exp(&logarithms)
        };
        affine(layer, &inputs, points.len()).chunks_exact(self.k * self.d).map(log_density).sum()
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
