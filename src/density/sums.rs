//! Sums of log densities over slices, as one block on the tape.

use std::borrow::Cow;

use super::{normal_ln_pdf, student_t_ln_pdf};
use crate::scalar::custom::Rule;
use crate::scalar::function::Function;
use crate::scalar::sums::sum;
use crate::scalar::{Real, Scalar};
use crate::special::PoissonLnMass;
use crate::tools::fuse::fuse_map;

/// Returns `Σᵢ` [`normal_ln_pdf`]`(yᵢ, μᵢ, σᵢ)`. A slice of one element stands for that element everywhere.
///
/// On a tape it is one block and a sum.
///
/// # Panics
///
/// When `mu` or `sigma` has neither one element nor as many as `y`.
///
/// ```
/// use dualtape::density::{normal_ln_pdf, normal_ln_pdf_sum};
///
/// let y = normal_ln_pdf_sum(&[1.0, 2.0], &[0.5], &[3.0]);
/// assert_eq!(y, normal_ln_pdf(1.0, 0.5, 3.0) + normal_ln_pdf(2.0, 0.5, 3.0));
/// ```
#[track_caller]
pub fn normal_ln_pdf_sum<S: Scalar>(y: &[S], mu: &[S], sigma: &[S]) -> S {
    struct LnPdf;
    impl<R: Real> Function<R> for LnPdf {
        type Output = [R; 1];

        fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> [S; 1] {
            [normal_ln_pdf(x[0], x[1], x[2])]
        }
    }
    let [mu, sigma] = [mu, sigma].map(|parameter| repeated("normal_ln_pdf_sum", parameter, y.len()));
    sum_of(&LnPdf, [y, &mu, &sigma])
}

/// Returns `Σᵢ` [`student_t_ln_pdf`]`(yᵢ, νᵢ, μᵢ, σᵢ)`. A slice of one element stands for that element everywhere.
///
/// On a tape it is one block and a sum.
///
/// # Panics
///
/// When a parameter has neither one element nor as many as `y`.
///
/// ```
/// use dualtape::density::{student_t_ln_pdf, student_t_ln_pdf_sum};
///
/// let y = student_t_ln_pdf_sum(&[1.0, 2.0], &[4.0], &[0.5], &[3.0]);
/// assert_eq!(y, student_t_ln_pdf(1.0, 4.0, 0.5, 3.0) + student_t_ln_pdf(2.0, 4.0, 0.5, 3.0));
/// ```
#[track_caller]
pub fn student_t_ln_pdf_sum<S: Scalar>(y: &[S], nu: &[S], mu: &[S], sigma: &[S]) -> S {
    struct LnPdf;
    impl<R: Real> Function<R> for LnPdf {
        type Output = [R; 1];

        fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> [S; 1] {
            [student_t_ln_pdf(x[0], x[1], x[2], x[3])]
        }
    }
    let [nu, mu, sigma] = [nu, mu, sigma].map(|parameter| repeated("student_t_ln_pdf_sum", parameter, y.len()));
    sum_of(&LnPdf, [y, &nu, &mu, &sigma])
}

/// Returns `Σᵢ` [`bernoulli_logit_ln_pmf`](super::bernoulli_logit_ln_pmf)`(eventsᵢ, logitsᵢ)`: the log likelihood of a
/// logistic regression.
///
/// On a tape it is one block and a sum.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::density::bernoulli_logit_ln_pmf_sum;
///
/// assert_eq!(bernoulli_logit_ln_pmf_sum(&[true, false], &[0.0, 800.0]), -2.0_f64.ln() - 800.0);
/// ```
#[track_caller]
pub fn bernoulli_logit_ln_pmf_sum<S: Scalar>(events: &[bool], logits: &[S]) -> S {
    struct LnPmf;
    impl<R: Real> Function<R> for LnPmf {
        type Output = [R; 1];

        fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> [S; 1] {
            [(x[0] * x[1].value()).log_sigmoid()]
        }
    }
    assert_equal("bernoulli_logit_ln_pmf_sum", "events", events.len(), "logits", logits.len());
    let signs: Vec<S> = events.iter().map(|&event| S::from_f64(if event { 1.0 } else { -1.0 })).collect();
    sum_of(&LnPmf, [logits, &signs])
}

/// Returns `Σᵢ` [`poisson_log_ln_pmf`](super::poisson_log_ln_pmf)`(countsᵢ, log_ratesᵢ)`.
///
/// On a tape it is one block and a sum.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::density::poisson_log_ln_pmf_sum;
///
/// assert_eq!(poisson_log_ln_pmf_sum(&[0, 1], &[0.0, 0.0]), -2.0);
/// ```
#[track_caller]
pub fn poisson_log_ln_pmf_sum<S: Scalar>(counts: &[u64], log_rates: &[S]) -> S {
    struct LnPmf;
    impl<R: Real> Function<R> for LnPmf {
        type Output = [R; 1];

        fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> [S; 1] {
            [PoissonLnMass { count: x[1].value() }.apply([x[0]])]
        }
    }
    assert_equal("poisson_log_ln_pmf_sum", "counts", counts.len(), "log rates", log_rates.len());
    let counts: Vec<S> = counts.iter().map(|&k| S::from_f64(k as f64)).collect();
    sum_of(&LnPmf, [log_rates, &counts])
}

/// Returns the sum of `f` over the elements of slices of one length.
#[track_caller]
fn sum_of<F, S, const N: usize>(f: &F, x: [&[S]; N]) -> S
where
    F: Function<S::Real, Output = [S::Real; 1]>,
    S: Scalar,
{
    let [terms] = fuse_map(f, x);
    sum(&terms)
}

/// Returns a parameter for each of `n` elements.
#[track_caller]
fn repeated<'a, S: Scalar>(function: &str, parameter: &'a [S], n: usize) -> Cow<'a, [S]> {
    match parameter {
        &[one] => Cow::Owned(vec![one; n]),
        _ => {
            assert_equal(function, "observations", n, "parameters", parameter.len());
            Cow::Borrowed(parameter)
        }
    }
}

#[track_caller]
fn assert_equal(function: &str, a: &str, of_a: usize, b: &str, of_b: usize) {
    assert_eq!(of_a, of_b, "{function}: there are {of_a} {a} and {of_b} {b}; pass slices of one length");
}
