//! A logistic regression of 10,000 observations of 20 covariates, sampled by nuts-rs. With so many observations the
//! posterior is close to normal: its mean and its standard deviations follow from gradient and Hessian at the mode.

use dualtape::density::{bernoulli_logit_ln_pmf_sum, normal_ln_pdf_sum};
use dualtape::implicit::solve;
use dualtape::{Function, Scalar, weighted_sum};
use dualtape_integrations_heavy::sample;
use nuts_rs::rand::rngs::ChaCha8Rng;
use nuts_rs::rand::{RngExt, SeedableRng};

const ROWS: usize = 10_000;
const COLUMNS: usize = 20;

/// The covariates row by row, and the events.
struct Data {
    covariates: Vec<f64>,
    events: Vec<bool>,
}

impl Data {
    /// Draws observations with these coefficients.
    fn with_coefficients(beta: &[f64]) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let covariates: Vec<f64> = (0..ROWS * COLUMNS).map(|_| rng.random_range(-1.0..1.0)).collect();
        let probability = |row: &[f64]| dualtape::dot(row, beta).sigmoid();
        let events = covariates.chunks_exact(COLUMNS).map(|row| rng.random::<f64>() < probability(row)).collect();
        Data { covariates, events }
    }
}

impl Function for Data {
    type Output = f64;

    /// The log posterior with the prior N(0, 1) for each coefficient.
    fn eval<S: Scalar<Real = f64>>(&self, beta: &[S]) -> S {
        let logits: Vec<S> = self.covariates.chunks_exact(COLUMNS).map(|row| weighted_sum(beta, row)).collect();
        normal_ln_pdf_sum(beta, &[S::zero()], &[S::one()]) + bernoulli_logit_ln_pmf_sum(&self.events, &logits)
    }
}

#[test]
fn the_posterior_is_that_of_the_normal_approximation() {
    let truth: Vec<f64> = (0..COLUMNS).map(|i| (i as f64).sin()).collect();
    let data = Data::with_coefficients(&truth);

    let mut mode = vec![0.0; COLUMNS];
    let hessian = loop {
        let (_, g, h) = data.hessian(&mode);
        let step = solve(h.as_slice(), &g);
        mode.iter_mut().zip(&step).for_each(|(mode, step)| *mode -= step);
        if dualtape::dot(&step, &step) < 1e-20 {
            break h;
        }
    };

    let sample = sample(&data, &mode, 300, 1000);
    assert_eq!(sample.divergences, 0);
    for i in 0..COLUMNS {
        let unit: Vec<f64> = (0..COLUMNS).map(|j| f64::from(i == j)).collect();
        let expected = (-solve(hessian.as_slice(), &unit)[i]).sqrt();
        let (mean, error, deviation) = sample.mean(|beta| beta[i]);
        println!("β{i} = {mean:.4} ± {deviation:.4}; mode {:.4} ± {expected:.4}, drawn with {:.4}", mode[i], truth[i]);
        assert!((mean - mode[i]).abs() < 4.0 * error + 0.1 * expected, "β{i}: {mean} ± {error}, {}", mode[i]);
        assert!((deviation / expected - 1.0).abs() < 0.15, "β{i}: {deviation}, {expected}");
        assert!((mean - truth[i]).abs() < 4.0 * expected);
    }
}
