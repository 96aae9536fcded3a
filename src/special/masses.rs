//! Log masses of counts in which no large terms cancel (C. Loader, *Fast and accurate computation of binomial
//! probabilities*, 2000).

use num_traits::Float;

use super::beta::Beta;
use super::factorial::{next_digamma_less_ln, rising};
use super::gamma::ln_scale;
use super::quadrature::Ln1pLess;
use super::{in_f64, ln_beta};
use crate::scalar::custom::Rule;
use crate::scalar::rules::real;
use crate::scalar::special::{log_sigmoid, sigmoid};
use crate::scalar::zero::product;
use crate::scalar::{Real, Scalar};

/// ln(λᵏe^−λ/k!) of the count k, as a function of ln λ.
pub(crate) struct PoissonLnMass<R> {
    pub(crate) count: R,
}

impl<R: Real> Rule<1, R> for PoissonLnMass<R> {
    fn value(&self, [log_rate]: [R; 1]) -> R {
        in_f64([self.count, log_rate], |[k, log_rate]| {
            let rate = log_rate.exp();
            if (k - rate).abs() < 0.5 * rate {
                return ln_scale(k, rate);
            }
            // Far from the rate the result is as large as its terms.
            product(k, log_rate) - rate - libm::lgamma(k + 1.0)
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [log_rate]: [S; 1], _: S) -> [S; 1] {
        [-log_rate.exp() + self.count]
    }
}

/// ln((n over k)·xᵏyⁿ⁻ᵏ) of k events and n − k others, as a function of ln(x/y) with x + y = 1.
pub(crate) struct BinomialLnMass {
    pub(crate) events: f64,
    pub(crate) others: f64,
}

impl<R: Real> Rule<1, R> for BinomialLnMass {
    fn value(&self, logit: [R; 1]) -> R {
        in_f64(logit, |[logit]| {
            let (a, b) = (self.events, self.others);
            let (n, x, y) = (a + b, sigmoid(logit), sigmoid(-logit));
            let excess = a * y - b * x;
            if excess.abs() < 0.5 * n * x.min(y) {
                return Beta { a, b, x, y, excess }.ln_scale() + n.ln();
            }
            // Far from the mean the result is as large as its terms.
            let ln_ways = -(n + 1.0).ln() - ln_beta(a + 1.0, b + 1.0);
            product(a, log_sigmoid(logit)) + product(b, log_sigmoid(-logit)) + ln_ways
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [logit]: [S; 1], _: S) -> [S; 1] {
        [(-logit).sigmoid() * real::<S>(self.events) - logit.sigmoid() * real::<S>(self.others)]
    }
}

/// ln(Γ(k + φ)/(Γ(φ)·k!)·xᵠyᵏ) of the count k, as a function of the mean μ and the dispersion φ, with x = φ/(μ + φ) and
/// y = μ/(μ + φ).
pub(crate) struct NegBinomialLnMass {
    pub(crate) count: f64,
}

impl<R: Real> Rule<2, R> for NegBinomialLnMass {
    fn value(&self, x: [R; 2]) -> R {
        in_f64(x, |[mean, dispersion]| {
            let k = self.count;
            if k == 0.0 {
                return -dispersion * (mean / dispersion).ln_1p();
            }
            let [x, y] = [dispersion, mean].map(|part| part / (mean + dispersion));
            if x.is_normal() && y.is_normal() {
                let beta = Beta { a: dispersion, b: k, x, y, excess: x * (mean - k) };
                return beta.ln_scale() + dispersion.ln();
            }
            // One of the parts underflows.
            let ways = rising(0, dispersion, k) - k * (mean + dispersion).ln();
            ways + k * mean.ln() - dispersion * (mean / dispersion).ln_1p() - libm::lgamma(k + 1.0)
        })
    }

    fn partials<S: Scalar<Real = R>>(&self, [mean, dispersion]: [S; 2], _: S) -> [S; 2] {
        let (k, n) = (real::<S>(self.count), dispersion + real::<S>(self.count));
        let sum = mean + dispersion;
        let excess = (mean - k) / sum;
        let by_mean = if self.count == 0.0 { -(dispersion / sum) } else { -(excess * (dispersion / mean)) };
        let ln_ratio_and_excess = if Float::abs(excess.value()) < real::<S>(0.5) {
            Ln1pLess.apply([-excess])
        } else {
            (n / sum).ln() + excess
        };
        let of_ways = next_digamma_less_ln(n) - n.recip() - (next_digamma_less_ln(dispersion) - dispersion.recip());
        [by_mean, ln_ratio_and_excess + of_ways]
    }
}
