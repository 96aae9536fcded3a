//! Samples of a density by nuts-rs, with its gradient in reverse mode.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;

use dualtape::Function;
use nuts_rs::rand::rngs::ChaCha8Rng;
use nuts_rs::rand::{Rng, SeedableRng};
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};

/// The logarithm of a density, less a constant.
struct LnDensity<'a, F> {
    f: &'a F,
    dimension: usize,
}

impl<F> HasDims for LnDensity<'_, F> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        let dimension = self.dimension as u64;
        HashMap::from([("unconstrained_parameter".to_string(), dimension), ("dim".to_string(), dimension)])
    }
}

impl<F: Function<Output = f64>> CpuLogpFunc for LnDensity<'_, F> {
    type LogpError = Never;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.dimension
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Never> {
        Ok(dualtape::gradient_into(|x| self.f.eval(x), position, gradient))
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, x: &[f64]) -> Result<Vec<f64>, CpuMathError> {
        Ok(x.to_vec())
    }
}

/// The error of an evaluation that never fails.
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

/// Draws from a density.
pub struct Sample {
    draws: Vec<Vec<f64>>,
    /// How many of them ended in a divergence.
    pub divergences: usize,
}

/// Samples the density with this logarithm by one chain, after as many steps of tuning as `tune`.
pub fn sample(f: &impl Function<Output = f64>, start: &[f64], tune: u64, draws: u64) -> Sample {
    let settings = DiagNutsSettings { num_tune: tune, num_draws: draws, ..Default::default() };
    let math = CpuMath::new(LnDensity { f, dimension: start.len() });
    let mut chain = settings.new_chain(0, math, &mut ChaCha8Rng::seed_from_u64(1)).expect("valid settings");
    chain.set_position(start).expect("a finite density at the start");
    let all = (0..tune + draws).map(|_| chain.draw().expect("an evaluation that never fails"));
    let (draws, diverged): (Vec<Vec<f64>>, Vec<bool>) =
        all.skip(tune as usize).map(|(x, progress)| (x.to_vec(), progress.diverging)).unzip();
    Sample { draws, divergences: diverged.into_iter().filter(|&diverged| diverged).count() }
}

impl Sample {
    /// Returns the mean of a quantity, its Monte Carlo error, and its standard deviation.
    pub fn mean(&self, quantity: impl Fn(&[f64]) -> f64) -> (f64, f64, f64) {
        const BLOCKS: usize = 40;
        let values: Vec<f64> = self.draws.iter().map(|x| quantity(x)).collect();
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mean = mean_of(&values);
        let squares = |values: &[f64]| values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        // The draws are correlated, the means of long blocks hardly.
        let blocks: Vec<f64> = values.chunks_exact(values.len() / BLOCKS).map(mean_of).collect();
        let error = (squares(&blocks) / ((BLOCKS - 1) * BLOCKS) as f64).sqrt();
        (mean, error, (squares(&values) / (values.len() - 1) as f64).sqrt())
    }
}
