//! Log densities compared with stored values and differences, and integrated; their sums compared with the terms.

use std::f64::consts::{FRAC_PI_2, PI};

use dualtape::density::*;
use dualtape::{Dual, Function, Scalar, Tape, check, derivative, gradient};

use crate::support::compare::{assert_all_close, assert_close, assert_near};
use crate::support::reference::{number, numbers};
use crate::support::refusals::message;

/// A density with its arguments: the numbers first, then the discrete ones.
struct Density<'a> {
    name: &'a str,
    counts: &'a [f64],
}

impl Function for Density<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let count = |i: usize| self.counts[i] as u64;
        match (self.name, x) {
            ("normal", &[x, mu, sigma]) => normal_ln_pdf(x, mu, sigma),
            ("log_normal", &[x, mu, sigma]) => log_normal_ln_pdf(x, mu, sigma),
            ("student_t", &[x, nu, mu, sigma]) => student_t_ln_pdf(x, nu, mu, sigma),
            ("cauchy", &[x, location, scale]) => cauchy_ln_pdf(x, location, scale),
            ("laplace", &[x, mu, b]) => laplace_ln_pdf(x, mu, b),
            ("logistic", &[x, mu, s]) => logistic_ln_pdf(x, mu, s),
            ("exponential", &[x, rate]) => exponential_ln_pdf(x, rate),
            ("gamma", &[x, shape, rate]) => gamma_ln_pdf(x, shape, rate),
            ("inverse_gamma", &[x, shape, scale]) => inverse_gamma_ln_pdf(x, shape, scale),
            ("beta", &[x, a, b]) => beta_ln_pdf(x, a, b),
            ("weibull", &[x, shape, scale]) => weibull_ln_pdf(x, shape, scale),
            ("pareto", &[x, minimum, shape]) => pareto_ln_pdf(x, minimum, shape),
            ("von_mises", &[x, mu, kappa]) => von_mises_ln_pdf(x, mu, kappa),
            ("uniform", &[x, low, high]) => uniform_ln_pdf(x, low, high),
            ("bernoulli_logit", &[logit]) => bernoulli_logit_ln_pmf(count(0) == 1, logit),
            ("binomial_logit", &[logit]) => binomial_logit_ln_pmf(count(0), count(1), logit),
            ("poisson_log", &[log_rate]) => poisson_log_ln_pmf(count(0), log_rate),
            ("neg_binomial", &[mean, dispersion]) => neg_binomial_ln_pmf(count(0), mean, dispersion),
            ("categorical_logit", logits) => categorical_logit_ln_pmf(self.counts[0] as usize, logits),
            ("multinomial_logit", logits) => {
                let counts: Vec<u64> = (0..self.counts.len()).map(count).collect();
                multinomial_logit_ln_pmf(&counts, logits)
            }
            ("dirichlet", x) => dirichlet_ln_pdf(&x[..x.len() / 2], &x[x.len() / 2..]),
            ("dirichlet without its last probability", x) => {
                let (x, alpha) = x.split_at(x.len() / 2);
                let last = S::one() - x.iter().copied().sum::<S>();
                dirichlet_ln_pdf(&[x, &[last]].concat(), alpha)
            }
            ("multivariate_normal_cholesky", x) => {
                let (x, mu, l) = vectors_and_matrix(x);
                multivariate_normal_ln_pdf_cholesky(x, mu, l)
            }
            ("multivariate_normal_precision", x) => {
                let (x, mu, p) = vectors_and_matrix(x);
                multivariate_normal_ln_pdf_precision(x, mu, p)
            }
            ("lkj_correlation_cholesky", x) => lkj_correlation_cholesky_ln_pdf(&x[..x.len() - 1], x[x.len() - 1]),
            _ => panic!("{} of {} numbers is unknown", self.name, x.len()),
        }
    }
}

/// Returns two vectors and a matrix from n + n + n² numbers.
fn vectors_and_matrix<S>(x: &[S]) -> (&[S], &[S], &[S]) {
    let n = (x.len() + 1).isqrt() - 1;
    (&x[..n], &x[n..2 * n], &x[2 * n..])
}

fn discrete_arguments(name: &str, arguments: usize) -> usize {
    match name {
        "bernoulli_logit" | "poisson_log" | "neg_binomial" | "categorical_logit" => 1,
        "binomial_logit" => 2,
        "multinomial_logit" => arguments / 2,
        _ => 0,
    }
}

/// Calls `f` with the density, its other arguments and its value in every case of a file that `tests/data/densities.py`
/// wrote.
fn for_each_case(file: &str, count: usize, f: impl Fn(&Density<'_>, &[f64], f64)) {
    let cases: Vec<serde_json::Value> = serde_json::from_str(file).expect("the stored cases");
    assert_eq!(cases.len(), count);
    for case in cases {
        let (name, arguments) = (case["fn"].as_str().expect("a name"), numbers(&case["args"]));
        let (counts, x) = arguments.split_at(discrete_arguments(name, arguments.len()));
        f(&Density { name, counts }, x, number(&case["value"]));
    }
}

#[test]
fn log_densities_equal_scipy_and_their_slopes_agree_with_differences() {
    for_each_case(include_str!("../data/densities.json"), 70, |density, x, wanted| {
        let Density { name, counts } = density;
        assert_close(&format!("{name}{counts:?}{x:?}"), density.eval(x), wanted, 2e-13);
        if *name == "dirichlet" {
            // A step of one probability alone leaves the simplex.
            let free = [&x[..x.len() / 2 - 1], &x[x.len() / 2..]].concat();
            check(&Density { name: "dirichlet without its last probability", counts }, &free).assert_agreement();
        } else {
            check(density, x).assert_agreement();
        }
    });
}

/// Counts and parameters so large that logarithms of Γ alone lose up to 15 digits.
#[test]
fn large_parameters_lose_no_digits() {
    for_each_case(include_str!("../data/densities_large.json"), 40, |density, x, wanted| {
        let Density { name, counts } = density;
        assert_near(&format!("{name}{counts:?}{x:?}"), density.eval(x), wanted, 1e-13, 0.0);
        check(density, x).assert_agreement();
    });
}

/// Of these logarithms of multiples of powers of u, with u = x², the second derivative is in range where that with respect to u
/// is not.
#[test]
fn densities_of_tiny_and_huge_numbers_have_their_second_derivatives() {
    type Number = Dual<Dual>;
    type Density = fn(Number) -> Number;
    fn number(x: f64) -> Number {
        Number::from_f64(x)
    }
    let densities: [(&str, f64, Density); 6] = [
        ("gamma", 2.0, |u| gamma_ln_pdf(u, number(3.0), number(0.5))),
        ("gamma by shape", 1.0, |u| gamma_ln_pdf(number(3.0), u, number(0.5))),
        ("inverse gamma by scale", 3.0, |u| inverse_gamma_ln_pdf(number(2.0), number(3.0), u)),
        ("beta", 0.5, |u| beta_ln_pdf(u, number(1.5), number(0.7))),
        ("beta by shape", 1.0, |u| beta_ln_pdf(number(0.3), u, number(0.7))),
        ("von Mises", 0.5, |u| von_mises_ln_pdf(number(1.0), number(1.0), u)),
    ];
    for (name, power, density) in densities {
        for size in [1e-45, 1e-80, 1e-120, 1e-150] {
            let x = if name == "von Mises" { 1.0 / size } else { size };
            let curvature = derivative(|x| derivative(|x| density(x * x), x).1, x).1;
            assert_close(&format!("{name} at {x}"), curvature, -2.0 * power / (x * x), 1e-12);
        }
    }
}

#[test]
fn dirichlet_has_the_slopes_of_its_formula() {
    let alpha = [1.5, 0.7, 3.0];
    let (_, slopes) = gradient(|x| dirichlet_ln_pdf(&x[..3], &x[3..]), &[0.2, 0.3, 0.5, 1.5, 0.7, 3.0]);
    for (i, x) in [0.2, 0.3, 0.5_f64].into_iter().enumerate() {
        assert!((slopes[i] - (alpha[i] - 1.0) / x).abs() < 1e-14);
        let by_alpha = 5.2.digamma() - Scalar::digamma(alpha[i]) + x.ln();
        assert!((slopes[3 + i] - by_alpha).abs() < 1e-14);
    }
}

/// ∫ f over (low, high), by the double exponential rule.
fn integral(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let step = 1.0 / 32.0;
    let terms = (-150..=150).map(|k| {
        let t = f64::from(k) * step;
        let (s, ds) = (FRAC_PI_2 * t.sinh(), FRAC_PI_2 * t.cosh());
        let (x, dx) = match (low.is_finite(), high.is_finite()) {
            (true, true) => (low + (high - low) * Scalar::sigmoid(2.0 * s), 0.5 * (high - low) / s.cosh().powi(2)),
            (true, false) => (low + s.exp(), s.exp()),
            (false, true) => (high - s.exp(), s.exp()),
            (false, false) => (s.sinh(), s.cosh()),
        };
        let term = f(x) * dx * ds * step;
        if term.is_finite() { term } else { 0.0 }
    });
    terms.sum()
}

#[test]
fn densities_integrate_to_1() {
    const INF: f64 = f64::INFINITY;
    let cases: [(&str, f64, f64, &[f64]); 15] = [
        ("normal", -INF, INF, &[0.5, 2.0]),
        ("log_normal", 0.0, INF, &[0.5, 0.75]),
        ("student_t", -INF, INF, &[3.5, 0.5, 2.0]),
        ("cauchy", -INF, INF, &[0.5, 2.0]),
        ("logistic", -INF, INF, &[0.5, 2.0]),
        ("exponential", 0.0, INF, &[2.0]),
        ("gamma", 0.0, INF, &[0.7, 2.0]),
        ("gamma", 0.0, INF, &[20.0, 2.0]),
        ("inverse_gamma", 0.0, INF, &[1.7, 2.0]),
        ("beta", 0.0, 1.0, &[0.7, 3.0]),
        ("beta", 0.0, 1.0, &[30.0, 20.0]),
        ("weibull", 0.0, INF, &[1.5, 2.0]),
        ("pareto", 2.0, INF, &[2.0, 1.5]),
        ("von_mises", -PI, PI, &[0.5, 3.0]),
        ("uniform", -2.0, 1.0, &[-2.0, 1.0]),
    ];
    let density = |name: &'static str, parameters: &[f64]| {
        let parameters = parameters.to_vec();
        move |x: f64| Density { name, counts: &[] }.eval(&[&[x], &parameters[..]].concat()).exp()
    };
    for (name, low, high, parameters) in cases {
        assert_close(name, integral(low, high, density(name, parameters)), 1.0, 1e-11);
    }
    // The kink is an end of both halves.
    let laplace = density("laplace", &[0.5, 2.0]);
    assert_close("laplace", integral(-INF, 0.5, &laplace) + integral(0.5, INF, &laplace), 1.0, 1e-11);
}

/// ∫ f over the plane, by the trapezoidal rule: it has all digits for smooth functions that vanish in all directions.
fn integral_over_the_plane(step: f64, f: impl Fn([f64; 2]) -> f64) -> f64 {
    let grid = || (-300..=300).map(|k| f64::from(k) * step);
    grid().flat_map(|a| grid().map(move |b| [a, b])).map(f).sum::<f64>() * step * step
}

#[test]
fn densities_of_vectors_integrate_to_1() {
    for (name, matrix) in [
        ("multivariate_normal_cholesky", [1.2, 0.0, -0.4, 0.8]),
        ("multivariate_normal_precision", [2.0, 0.7, 0.7, 1.5]),
    ] {
        let density = Density { name, counts: &[] };
        let total = integral_over_the_plane(0.1, |x| density.eval(&[&x[..], &[0.3, -0.7], &matrix].concat()).exp());
        assert_close(name, total, 1.0, 1e-13);
    }
    for alpha in [[1.5, 0.7, 3.0], [1.0; 3], [20.0, 0.5, 4.0]] {
        // Over the unconstrained numbers, where no end has an infinite density.
        let total = integral_over_the_plane(0.25, |y| {
            let (x, ln_jacobian) = transform::simplex(&y);
            (dirichlet_ln_pdf(&x, &alpha) + ln_jacobian).exp()
        });
        assert_close(&format!("dirichlet{alpha:?}"), total, 1.0, 1e-11);
    }
}

#[test]
fn masses_sum_to_1() {
    let sum = |largest: u64, f: &dyn Fn(u64) -> f64| (0..=largest).map(|k| f(k).exp()).sum::<f64>();
    for total in [
        sum(1, &|k| bernoulli_logit_ln_pmf(k == 1, 0.3)),
        sum(12, &|k| binomial_logit_ln_pmf(k, 12, 0.3)),
        sum(60, &|k| poisson_log_ln_pmf(k, 1.5)),
        sum(400, &|k| neg_binomial_ln_pmf(k, 5.0, 2.0)),
        sum(2, &|k| categorical_logit_ln_pmf(k as usize, &[0.3, -1.0, 2.0])),
        sum(4, &|k| multinomial_logit_ln_pmf(&[k, 4 - k], &[0.3, -1.0])),
        (0..=4).map(|k| sum(4 - k, &|j| multinomial_logit_ln_pmf(&[k, j, 4 - k - j], &[0.3, -1.0, 0.5]))).sum(),
    ] {
        assert!((total - 1.0).abs() < 1e-13, "{total}");
    }
}

/// The density of one correlation, and of three as an integral over the unconstrained numbers.
#[test]
fn lkj_integrates_to_1() {
    for eta in [0.7, 1.0, 2.5] {
        let of_y = |y: &[f64], n: usize| {
            let (l, ln_jacobian) = transform::correlation_cholesky(y, n);
            (lkj_correlation_cholesky_ln_pdf(&l, eta) + ln_jacobian).exp()
        };
        let one = integral(-f64::INFINITY, f64::INFINITY, |y| of_y(&[y], 2));
        assert!((one - 1.0).abs() < 1e-10, "{eta}: {one}");
        let grid = (-40..=40).map(|k| f64::from(k) * 0.25);
        let three: f64 = grid
            .clone()
            .flat_map(|a| grid.clone().map(move |b| (a, b)))
            .flat_map(|(a, b)| grid.clone().map(move |c| [a, b, c]))
            .map(|y| of_y(&y, 3) * 0.25_f64.powi(3))
            .sum();
        assert!((three - 1.0).abs() < 1e-5, "{eta}: {three}");
    }
}

/// Normal, Student's, Cauchy's, Laplace's, logistic and normal distributions of vectors have all numbers as their support, von
/// Mises' has all angles, and Bernoulli's, Poisson's, the negative binomial and the multinomial distribution all counts.
#[test]
fn outside_the_support_a_log_density_is_minus_infinity_with_slope_0() {
    let cases: [(&str, &[f64], &[f64]); 17] = [
        ("log_normal", &[], &[-1.0, 0.0, 1.0]),
        ("log_normal", &[], &[0.0, 0.0, 1.0]),
        ("exponential", &[], &[-1.0, 2.0]),
        ("gamma", &[], &[-1.0, 2.0, 1.0]),
        ("inverse_gamma", &[], &[-1.0, 2.0, 1.0]),
        ("inverse_gamma", &[], &[0.0, 2.0, 1.0]),
        ("beta", &[], &[-0.5, 2.0, 1.0]),
        ("beta", &[], &[1.5, 2.0, 1.0]),
        ("weibull", &[], &[-1.0, 2.0, 1.0]),
        ("pareto", &[], &[1.0, 2.0, 1.0]),
        ("uniform", &[], &[0.5, 1.0, 2.0]),
        ("uniform", &[], &[3.0, 1.0, 2.0]),
        ("binomial_logit", &[6.0, 5.0], &[0.3]),
        ("dirichlet", &[], &[0.5, 0.25, 0.5, 1.0, 1.0, 1.0]),
        ("dirichlet", &[], &[-0.5, 1.0, 0.5, 1.0, 1.0, 1.0]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, 0.6, -0.8, 1.0]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, 1.0, 0.0, 1.0]),
    ];
    for (name, counts, x) in cases {
        let got = gradient(|x| Density { name, counts }.eval(x), x);
        assert_eq!(got, (f64::NEG_INFINITY, vec![0.0; x.len()]), "{name}{counts:?}{x:?}");
    }
    let refusal = message(|| categorical_logit_ln_pmf(2, &[0.3, 0.5]));
    assert_eq!(refusal, "categorical_logit_ln_pmf: there is no class 2 among 2 logits; classes count from 0");
}

/// The last parameters are the ones that have to be positive.
#[test]
fn parameters_outside_their_domain_and_nan_give_nan() {
    let cases: [(&str, &[f64], &[f64], usize); 28] = [
        ("normal", &[], &[0.5, 0.0, 1.0], 1),
        ("log_normal", &[], &[0.5, 0.0, 1.0], 1),
        ("log_normal", &[], &[-0.5, 0.0, 1.0], 1),
        ("student_t", &[], &[0.5, 1.0, 0.0, 1.0], 1),
        ("cauchy", &[], &[0.5, 0.0, 1.0], 1),
        ("laplace", &[], &[0.5, 0.0, 1.0], 1),
        ("logistic", &[], &[0.5, 0.0, 1.0], 1),
        ("exponential", &[], &[0.5, 1.0], 1),
        ("exponential", &[], &[-0.5, 1.0], 1),
        ("gamma", &[], &[0.5, 1.0, 1.0], 2),
        ("gamma", &[], &[-0.5, 1.0, 1.0], 2),
        ("inverse_gamma", &[], &[0.5, 1.0, 1.0], 2),
        ("inverse_gamma", &[], &[-0.5, 1.0, 1.0], 2),
        ("beta", &[], &[0.5, 1.0, 1.0], 2),
        ("beta", &[], &[-0.5, 1.0, 1.0], 2),
        ("weibull", &[], &[0.5, 1.0, 1.0], 2),
        ("weibull", &[], &[-0.5, 1.0, 1.0], 2),
        ("pareto", &[], &[1.5, 1.0, 1.0], 2),
        ("uniform", &[], &[0.0, 0.0, 1.0], 1),
        ("bernoulli_logit", &[1.0], &[0.3], 0),
        ("binomial_logit", &[2.0, 5.0], &[0.3], 0),
        ("poisson_log", &[2.0], &[0.3], 0),
        ("neg_binomial", &[2.0], &[2.0, 1.0], 1),
        ("categorical_logit", &[1.0], &[0.3, -1.0, 0.7], 0),
        ("multinomial_logit", &[2.0, 0.0], &[0.3, -1.0], 0),
        ("dirichlet", &[], &[0.25, 0.75, 1.0, 1.0], 2),
        ("multivariate_normal_cholesky", &[], &[0.5, 0.0, 1.0], 1),
        ("multivariate_normal_precision", &[], &[0.5, 0.0, 1.0], 1),
    ];
    for (name, counts, x, positive) in cases {
        let with = |i: usize, number: f64| {
            let mut x = x.to_vec();
            x[i] = number;
            let y = Density { name, counts }.eval(&x);
            assert!(y.is_nan(), "{name}{counts:?}{x:?}: {y}");
        };
        (0..x.len()).for_each(|i| with(i, f64::NAN));
        (x.len() - positive..x.len()).for_each(|i| [0.0, -1.0].into_iter().for_each(|number| with(i, number)));
    }
    // Angles have no scale, no events a mean of 0, and only the lower triangles are read.
    for (name, counts, x) in [
        ("von_mises", &[][..], &[0.5, 0.0, -1.0][..]),
        ("von_mises", &[], &[0.5, 0.0, f64::NAN]),
        ("von_mises", &[], &[0.5, f64::NAN, 1.0]),
        ("neg_binomial", &[1.0], &[-2.0, 1.0]),
        ("multivariate_normal_cholesky", &[], &[0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0]),
        ("multivariate_normal_precision", &[], &[0.5, 0.5, 0.0, 0.0, 1.0, 2.0, 2.0, 1.0]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, 0.6, 0.8, 0.0]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, 0.6, 0.8, -1.0]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, 0.6, 0.8, f64::NAN]),
        ("lkj_correlation_cholesky", &[], &[1.0, 0.0, f64::NAN, f64::NAN, 1.0]),
    ] {
        let y = Density { name, counts }.eval(x);
        assert!(y.is_nan(), "{name}{counts:?}{x:?}: {y}");
    }
}

/// A sum of log densities over slices of [`LENGTH`](Sum::LENGTH) elements: at once, or term by term.
struct Sum {
    name: &'static str,
    is_at_once: bool,
}

impl Sum {
    const LENGTH: usize = 6;

    fn is_event(i: usize) -> bool {
        i.is_multiple_of(3)
    }
}

impl Function for Sum {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let (y, rest) = x.split_at(Sum::LENGTH);
        let events: Vec<bool> = (0..Sum::LENGTH).map(Sum::is_event).collect();
        let counts: Vec<u64> = (0..Sum::LENGTH as u64).collect();
        if self.is_at_once {
            return match (self.name, rest) {
                ("normal", [mu @ .., sigma]) => normal_ln_pdf_sum(y, mu, &[*sigma]),
                ("student_t", [nu, mu, sigma @ ..]) => student_t_ln_pdf_sum(y, &[*nu], &[*mu], sigma),
                ("bernoulli_logit", []) => bernoulli_logit_ln_pmf_sum(&events, y),
                ("poisson_log", []) => poisson_log_ln_pmf_sum(&counts, y),
                _ => panic!("the sum {} of {} numbers is unknown", self.name, x.len()),
            };
        }
        let term = |i: usize| match (self.name, rest) {
            ("normal", [mu @ .., sigma]) => normal_ln_pdf(y[i], mu[i], *sigma),
            ("student_t", [nu, mu, sigma @ ..]) => student_t_ln_pdf(y[i], *nu, *mu, sigma[i]),
            ("bernoulli_logit", _) => bernoulli_logit_ln_pmf(events[i], y[i]),
            _ => poisson_log_ln_pmf(counts[i], y[i]),
        };
        (0..Sum::LENGTH).map(term).sum()
    }
}

#[test]
fn a_sum_over_a_slice_is_one_block_and_agrees_with_its_terms() {
    const N: usize = Sum::LENGTH;
    for (name, others) in [("normal", N + 1), ("student_t", 2 + N), ("bernoulli_logit", 0), ("poisson_log", 0)] {
        let [at_once, by_terms] = [true, false].map(|is_at_once| Sum { name, is_at_once });
        let observations = (0..N).map(|i| i as f64 * 0.75 - 2.0);
        let x: Vec<f64> = observations.chain((0..others).map(|i| 0.5 + i as f64 * 0.125)).collect();
        let (value, slopes) = gradient(|x| at_once.eval(x), &x);
        let (wanted, wanted_slopes) = gradient(|x| by_terms.eval(x), &x);
        assert_close(name, value, wanted, 1e-13);
        assert_close(name, at_once.eval(&x), wanted, 1e-13);
        assert_all_close(name, &slopes, &wanted_slopes, 1e-13);
        check(&at_once, &x).assert_agreement();

        // The block has a place for each term, and the sum has one.
        let places = |sum: &Sum| {
            let tape = Tape::new();
            sum.eval(&tape.vars(&x));
            tape.len() - x.len()
        };
        assert_eq!(places(&at_once), N + 1, "{name}");
        assert!(places(&by_terms) > N + 1, "{name}");
    }
}
