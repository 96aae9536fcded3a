//! The eight schools (Rubin 1981), sampled by nuts-rs in the centred and the non-centred form.

use std::f64::consts::{FRAC_PI_2, PI};

use dualtape::density::{cauchy_ln_pdf, normal_ln_pdf, transform};
use dualtape::{Scalar, check, function};
use dualtape_integrations_heavy::sample;

const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERRORS: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

/// What 10,000 draws of Stan gave for μ, τ and the first school, with Monte Carlo errors: posteriordb,
/// `eight_schools-eight_schools_noncentered`.
const PUBLISHED: [(f64, f64); 3] = [(4.4105, 0.0330), (3.6021, 0.0319), (6.1505, 0.0557)];

/// The log density of the effects of the schools and of what was measured, and of the mean μ ~ N(0, 5) and the spread τ,
/// which is half-Cauchy(5).
fn joint<S: Scalar<Real = f64>>(mu: S, tau: S, effects: &[S]) -> S {
    let number = S::from_real;
    let prior = normal_ln_pdf(mu, number(0.0), number(5.0)) + cauchy_ln_pdf(tau, number(0.0), number(5.0));
    let school = |(i, &effect): (usize, &S)| {
        normal_ln_pdf(effect, mu, tau) + normal_ln_pdf(number(EFFECTS[i]), effect, number(ERRORS[i]))
    };
    prior + effects.iter().enumerate().map(school).sum::<S>()
}

/// In the coordinates μ, ln τ and the effects.
fn centred<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (tau, ln_jacobian) = transform::positive(x[1]);
    joint(x[0], tau, &x[2..]) + ln_jacobian
}

/// In the coordinates μ, ln τ and standardized effects η: the effect of a school is μ + τ·η.
fn non_centred<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (tau, ln_jacobian) = transform::positive(x[1]);
    joint(x[0], tau, &effects(x)) + ln_jacobian * 9.0
}

fn effects<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let tau = x[1].exp();
    x[2..].iter().map(|&eta| x[0] + tau * eta).collect()
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
fn both_forms_are_one_density() {
    let x = [3.0, 1.2, 0.5, -0.2, 0.1, 1.5, -1.0, 0.3, 0.8, -0.6];
    let moved = [&x[..2], &effects(&x)].concat();
    // The effects are τ times as far apart as η, in each of eight dimensions.
    assert!((non_centred(&x) - (centred(&moved) + 8.0 * x[1])).abs() < 1e-12);
    check(&function!(centred), &moved).assert_agreement();
    check(&function!(non_centred), &x).assert_agreement();
}

#[test]
fn the_means_of_the_posterior_are_the_published_ones_and_those_of_quadrature() {
    let sample = sample(&function!(non_centred), &[0.1; 10], 1000, 20_000);
    let found = [
        ("mean", sample.mean(|x| x[0])),
        ("spread", sample.mean(|x| x[1].exp())),
        ("first school", sample.mean(|x| effects(x)[0])),
    ];
    for (((name, (mean, error, _)), expected), (published, its_error)) in
        found.into_iter().zip(means_by_quadrature()).zip(PUBLISHED)
    {
        println!("{name}: {mean:.3} ± {error:.3}, by quadrature {expected:.3}, published {published:.3} ± {its_error:.3}");
        assert!((mean - expected).abs() < 4.0 * error && error < 0.15);
        assert!((mean - published).abs() < 4.0 * error.hypot(its_error));
    }
}

#[test]
fn the_centred_form_diverges_more_often() {
    let centred = sample(&function!(centred), &[0.1; 10], 1000, 5000).divergences;
    let non_centred = sample(&function!(non_centred), &[0.1; 10], 1000, 5000).divergences;
    println!("divergences of 5000 draws: {centred} centred, {non_centred} non-centred");
    assert!(centred > 5 * non_centred.max(1));
}
