//! The eight schools (Rubin 1981), sampled by nuts-rs with a gradient in reverse mode.

use std::collections::HashMap;
use std::convert::Infallible;
use std::f64::consts::{FRAC_PI_2, PI};
use std::fmt;

use dualtape::{Scalar, gradient_into};
use nuts_rs::rand::SeedableRng;
use nuts_rs::rand::rngs::ChaCha8Rng;
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

/// The logarithm of the density of μ ~ N(0, 5), ln τ with τ ~ half-Cauchy(5), and standardized school effects ηᵢ ~ N(0, 1):
/// the effect of school i is μ + τ·ηᵢ.
fn ln_density<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (mu, ln_tau, etas) = (x[0], x[1], &x[2..]);
    let tau = ln_tau.exp();
    let prior = ln_tau - (mu / 5.0).powi(2) * 0.5 - (tau / 5.0).powi(2).ln_1p();
    let school = |(&eta, (&effect, &error)): (&S, (&f64, &f64))| {
        -(eta * eta) * 0.5 - ((mu + tau * eta - effect) / error).powi(2) * 0.5
    };
    prior + etas.iter().zip(EFFECTS.iter().zip(&ERRORS)).map(school).sum::<S>()
}

#[derive(Debug)]
struct Never(Infallible);

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl std::error::Error for Never {}

impl LogpError for Never {
    fn is_recoverable(&self) -> bool {
        match self.0 {}
    }
}

struct EightSchools;

impl HasDims for EightSchools {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_string(), 10), ("dim".to_string(), 10)])
    }
}

impl CpuLogpFunc for EightSchools {
    type LogpError = Never;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        10
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Never> {
        Ok(gradient_into(ln_density, position, gradient))
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        x: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(x.to_vec())
    }
}

/// Returns the means of μ, τ and the effect of the first school by quadrature: given μ and τ the effects are normal.
fn means_by_quadrature() -> [f64; 3] {
    let mut sums = [0.0; 4];
    let (steps, width) = (800, 30.0);
    for i in 0..steps {
        // τ = 5·tan(angle) has the density of the half-Cauchy for a uniform angle.
        let tau = 5.0 * ((i as f64 + 0.5) / steps as f64 * FRAC_PI_2).tan();
        for j in 0..steps {
            let mu = width * (2.0 * (j as f64 + 0.5) / steps as f64 - 1.0);
            let likelihood = |(&effect, &error): (&f64, &f64)| {
                let variance = error * error + tau * tau;
                -0.5 * (effect - mu).powi(2) / variance - 0.5 * (2.0 * PI * variance).ln()
            };
            let weight = (EFFECTS.iter().zip(&ERRORS).map(likelihood).sum::<f64>() - 0.5 * (mu / 5.0).powi(2)).exp();
            let share = tau * tau / (tau * tau + ERRORS[0] * ERRORS[0]);
            let first = mu + share * (EFFECTS[0] - mu);
            for (sum, term) in sums.iter_mut().zip([mu, tau, first, 1.0]) {
                *sum += weight * term;
            }
        }
    }
    [sums[0] / sums[3], sums[1] / sums[3], sums[2] / sums[3]]
}

#[test]
fn the_means_of_the_posterior_are_those_of_quadrature() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (tune, draws) = (1000, 20_000);
    let settings = DiagNutsSettings { num_tune: tune, num_draws: draws, ..Default::default() };
    let mut chain = settings.new_chain(0, CpuMath::new(EightSchools), &mut rng).expect("valid settings");
    chain.set_position(&[0.1; 10]).expect("a finite density");
    let mut samples: Vec<[f64; 3]> = Vec::new();
    for draw in 0..tune + draws {
        let x = chain.draw().expect("a draw").0;
        if draw >= tune {
            let tau = x[1].exp();
            samples.push([x[0], tau, x[0] + tau * x[2]]);
        }
    }
    let expected = means_by_quadrature();
    for (quantity, expected) in expected.into_iter().enumerate() {
        let mean = |block: &[[f64; 3]]| block.iter().map(|x| x[quantity]).sum::<f64>() / block.len() as f64;
        let found = mean(&samples);
        // The Monte Carlo error, from the means of 40 blocks.
        let blocks: Vec<f64> = samples.chunks(samples.len() / 40).map(mean).collect();
        let variance = blocks.iter().map(|mean| (mean - found).powi(2)).sum::<f64>() / (39.0 * 40.0);
        println!("{found} ± {}, by quadrature {expected}", variance.sqrt());
        assert!((found - expected).abs() < 4.0 * variance.sqrt(), "{found} ± {}, {expected}", variance.sqrt());
        assert!(variance.sqrt() < 0.15);
    }
}
