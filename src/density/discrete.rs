//! Discrete distributions.

use super::{is_not_positive, outside, undefined};
use crate::scalar::Scalar;
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::softmax::{log_softmax, log_sum_exp};
use crate::scalar::sums::weighted_sum;
use crate::special::{BinomialLnMass, NegBinomialLnMass, PoissonLnMass};

/// Returns the log probability of an event or of its opposite, with the logarithm of the odds: `ln σ(±logit)`.
///
/// ```
/// use dualtape::density::bernoulli_logit_ln_pmf;
///
/// assert_eq!(bernoulli_logit_ln_pmf(true, 0.0), -2.0_f64.ln());
/// assert_eq!(bernoulli_logit_ln_pmf(false, 800.0), -800.0);
/// ```
#[track_caller]
pub fn bernoulli_logit_ln_pmf<S: Scalar>(event: bool, logit: S) -> S {
    (if event { logit } else { -logit }).log_sigmoid()
}

/// Returns the log probability of `k` events in `n` trials, each with the same log odds:
/// `ln(n over k) + k·ln σ(logit) + (n − k)·ln σ(−logit)`. It has all digits for many trials.
///
/// ```
/// use dualtape::density::binomial_logit_ln_pmf;
///
/// assert!(f64::abs(binomial_logit_ln_pmf(1, 2, 0.0) - 0.5_f64.ln()) < 1e-15);
/// assert_eq!(binomial_logit_ln_pmf(3, 2, 0.0), f64::NEG_INFINITY);
/// ```
#[track_caller]
pub fn binomial_logit_ln_pmf<S: Scalar>(k: u64, n: u64, logit: S) -> S {
    if k > n {
        return outside();
    }
    BinomialLnMass { events: k as f64, others: (n - k) as f64 }.apply([logit])
}

/// Returns the log probability of the count `k` of Poisson's distribution with the logarithm of its rate:
/// `k·log_rate − exp(log_rate) − ln k!`. It has all digits for large counts.
///
/// ```
/// use dualtape::density::poisson_log_ln_pmf;
///
/// assert_eq!(poisson_log_ln_pmf(0, 0.0), -1.0);
/// assert_eq!(poisson_log_ln_pmf(2, -1000.0), -2000.0 - 2.0_f64.ln());
/// ```
#[inline]
#[track_caller]
pub fn poisson_log_ln_pmf<S: Scalar>(k: u64, log_rate: S) -> S {
    PoissonLnMass { count: real::<S>(k as f64) }.apply([log_rate])
}

/// Returns the log probability of the count `k` of the negative binomial distribution by its mean μ and its dispersion φ,
/// with the variance `μ + μ²/φ`: `ln Γ(k + φ) − ln Γ(φ) − ln k! + k·ln(μ/(μ + φ)) − φ·ln(1 + μ/φ)`.
///
/// For a large φ it approaches Poisson's distribution and keeps its digits, for large counts too.
///
/// ```
/// use dualtape::density::{neg_binomial_ln_pmf, poisson_log_ln_pmf};
///
/// assert!(f64::abs(neg_binomial_ln_pmf(0, 3.0, 1.0) - 0.25_f64.ln()) < 1e-15);
/// assert!(f64::abs(neg_binomial_ln_pmf(2, 3.0, 1e12) - poisson_log_ln_pmf(2, 3.0_f64.ln())) < 1e-11);
/// ```
#[track_caller]
pub fn neg_binomial_ln_pmf<S: Scalar>(k: u64, mean: S, dispersion: S) -> S {
    if is_not_positive(dispersion) || mean.value() < real::<S>(0.0) || mean.is_nan() {
        return undefined(mean * dispersion);
    }
    NegBinomialLnMass { count: k as f64 }.apply([mean, dispersion])
}

/// Returns the log probability of a class: `logits[class] − ln Σ exp(logits)`.
///
/// # Panics
///
/// When there is no such class.
///
/// ```
/// use dualtape::density::categorical_logit_ln_pmf;
///
/// assert_eq!(categorical_logit_ln_pmf(1, &[0.0, 0.0]), -2.0_f64.ln());
/// ```
#[track_caller]
pub fn categorical_logit_ln_pmf<S: Scalar>(class: usize, logits: &[S]) -> S {
    assert!(
        class < logits.len(),
        "categorical_logit_ln_pmf: there is no class {class} among {} logits; classes count from 0",
        logits.len()
    );
    logits[class] - log_sum_exp(logits)
}

/// Returns the log probability of the counts of classes in independent draws:
/// `ln n! − Σ ln kᵢ! + Σ kᵢ·ln softmax(logits)ᵢ`.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::density::multinomial_logit_ln_pmf;
///
/// assert!(f64::abs(multinomial_logit_ln_pmf(&[1, 1], &[0.0, 0.0]) - 0.5_f64.ln()) < 1e-15);
/// ```
#[track_caller]
pub fn multinomial_logit_ln_pmf<S: Scalar>(counts: &[u64], logits: &[S]) -> S {
    assert_eq!(
        counts.len(),
        logits.len(),
        "multinomial_logit_ln_pmf: {} counts and {} logits; pass a logit for each count",
        counts.len(),
        logits.len()
    );
    let ln_factorial = |k: u64| Scalar::ln_gamma(k as f64 + 1.0);
    let ln_ways = ln_factorial(counts.iter().sum()) - counts.iter().map(|&k| ln_factorial(k)).sum::<f64>();
    // A class without counts adds nothing, even where its probability is 0.
    let drawn: Vec<usize> = (0..counts.len()).filter(|&i| counts[i] > 0).collect();
    let all = log_softmax(logits);
    let ln_probabilities: Vec<S> = drawn.iter().map(|&i| all[i]).collect();
    let weights: Vec<S::Real> = drawn.iter().map(|&i| real::<S>(counts[i] as f64)).collect();
    weighted_sum(&ln_probabilities, &weights) + real::<S>(ln_ways)
}
