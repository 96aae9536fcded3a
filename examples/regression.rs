//! How is a model fitted to data, with standard errors?
//!
//! Poisson regression: counts with the mean exp(β·x). Newton's method takes gradient and Hessian of the sum over the
//! rows. At its end the inverse of the Hessian is the covariance of the coefficients.
//!
//! ```text
//! cargo run --release --example regression
//! ```

use dualtape::implicit::solve;
use dualtape::{Scalar, Terms, dot};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const ROWS: usize = 2000;
const COLUMNS: usize = 4;
const TRUE: [f64; COLUMNS] = [0.5, -0.3, 0.8, 0.0];

/// Returns the term of a row in the negative log-likelihood, without a constant.
fn deviance<S: Scalar<Real = f64>>(eta: S, count: f64) -> S {
    eta.exp() - eta * count
}

/// Draws a number of events with this mean: arrivals until the time is over.
fn poisson(mean: f64, rng: &mut StdRng) -> f64 {
    let mut time = 0.0;
    let arrivals = std::iter::from_fn(|| {
        time -= (1.0 - rng.random::<f64>()).ln();
        (time < mean).then_some(())
    });
    arrivals.count() as f64
}

fn main() {
    let mut rng = StdRng::seed_from_u64(7);
    let table: Vec<f64> =
        (0..ROWS * COLUMNS).map(|k| if k % COLUMNS == 0 { 1.0 } else { rng.random::<f64>() * 2.0 - 1.0 }).collect();
    let row = |i: usize| &table[i * COLUMNS..(i + 1) * COLUMNS];
    let counts: Vec<f64> = (0..ROWS).map(|i| poisson(dot(row(i), &TRUE).exp(), &mut rng)).collect();

    let terms = Terms::all(ROWS).linear(&table);
    let mut beta = vec![0.0; COLUMNS];
    let hessian = loop {
        let (value, gradient, hessian) = terms.par_hessian(|i, eta| deviance(eta, counts[i]), &beta);
        let step = solve(hessian.as_slice(), &gradient);
        println!("deviance {value:.6}, step {:.1e}", dot(&step, &step).sqrt());
        beta.iter_mut().zip(&step).for_each(|(beta, step)| *beta -= step);
        if dot(&step, &step) < 1e-20 {
            break hessian;
        }
    };

    for (i, (estimate, truth)) in beta.iter().zip(TRUE).enumerate() {
        let unit: Vec<f64> = (0..COLUMNS).map(|j| f64::from(i == j)).collect();
        let error = solve(hessian.as_slice(), &unit)[i].sqrt();
        println!("β{i} = {estimate:7.4} ± {error:.4}, drawn with {truth}");
        assert!((estimate - truth).abs() < 3.5 * error);
    }
    // With an intercept the fitted means sum to the counts.
    let fitted: f64 = (0..ROWS).map(|i| dot(row(i), &beta).exp()).sum();
    assert!((fitted - counts.iter().sum::<f64>()).abs() < 1e-9 * fitted);
}
