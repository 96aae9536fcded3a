//! Log densities compared with stored values and differences, and integrated; transforms compared with their Jacobians.

use std::f64::consts::{FRAC_PI_2, PI};

use dualtape::density::*;
use dualtape::{Function, Scalar, Tape, check, function, gradient, jacobian};

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
            ("multinomial_logit", logits) => multinomial_logit_ln_pmf(&[count(0), count(1), count(2)], logits),
            ("dirichlet", x) => dirichlet_ln_pdf(&x[..3], &x[3..]),
            ("multivariate_normal_cholesky", x) => multivariate_normal_ln_pdf_cholesky(&x[..3], &x[3..6], &x[6..]),
            ("multivariate_normal_precision", x) => multivariate_normal_ln_pdf_precision(&x[..3], &x[3..6], &x[6..]),
            _ => panic!("{} of {} numbers is unknown", self.name, x.len()),
        }
    }
}

fn discrete_arguments(name: &str) -> usize {
    match name {
        "bernoulli_logit" | "poisson_log" | "neg_binomial" => 1,
        "binomial_logit" => 2,
        "multinomial_logit" => 3,
        _ => 0,
    }
}

/// The values are from `logpdf` and `logpmf` of SciPy 1.17.1 with the same parameters: `norm`, `lognorm`, `t`, `cauchy`,
/// `laplace`, `logistic`, `expon`, `gamma`, `invgamma`, `beta`, `weibull_min`, `pareto`, `vonmises`, `uniform`, `binom`,
/// `poisson`, `nbinom(φ, φ/(μ + φ))`, `multinomial`, `dirichlet`, `multivariate_normal`, and `log_expit`.
#[test]
fn log_densities_equal_scipy_and_their_slopes_agree_with_differences() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../data/densities.json")).expect("the stored cases");
    assert_eq!(cases.len(), 56);
    for case in cases {
        let name = case["fn"].as_str().expect("a name");
        let numbers: Vec<f64> =
            case["args"].as_array().expect("arguments").iter().map(|x| x.as_f64().expect("a number")).collect();
        let (counts, x) = numbers.split_at(discrete_arguments(name));
        let density = Density { name, counts };
        let (value, wanted) = (density.eval(x), case["value"].as_f64().expect("a value"));
        assert!((value - wanted).abs() <= 2e-13 * wanted.abs().max(1.0), "{name}{numbers:?}: {value}, not {wanted}");
        // A step off the simplex leaves the support.
        if name != "dirichlet" {
            check(&density, x).assert_agreement();
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
            _ => (s.sinh(), s.cosh()),
        };
        let term = f(x) * dx * ds * step;
        if term.is_finite() { term } else { 0.0 }
    });
    terms.sum()
}

#[test]
fn densities_integrate_to_1() {
    const INF: f64 = f64::INFINITY;
    let cases: [(&str, f64, f64, &[f64]); 16] = [
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
        ("laplace", 0.5, INF, &[0.5, 2.0]),
    ];
    for (name, low, high, parameters) in cases {
        let density = Density { name, counts: &[] };
        let total = integral(low, high, |x| density.eval(&[&[x], parameters].concat()).exp());
        // Laplace's has its kink in the middle.
        let wanted = if name == "laplace" { 0.5 } else { 1.0 };
        assert!((total - wanted).abs() < 1e-11, "{name}{parameters:?}: {total}");
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
    check(&function!(|x: &[S]| -> S { lkj_correlation_cholesky_ln_pdf(&x[..4], x[4]) }), &[1.0, 0.0, 0.6, 0.8, 1.5])
        .assert_agreement();
}

#[test]
fn outside_the_support_a_log_density_is_minus_infinity_with_slope_0() {
    let cases: [(&str, &[f64]); 9] = [
        ("log_normal", &[-1.0, 0.0, 1.0]),
        ("exponential", &[-1.0, 2.0]),
        ("gamma", &[-1.0, 2.0, 1.0]),
        ("inverse_gamma", &[0.0, 2.0, 1.0]),
        ("beta", &[1.5, 2.0, 1.0]),
        ("weibull", &[-1.0, 2.0, 1.0]),
        ("pareto", &[1.0, 2.0, 1.0]),
        ("uniform", &[3.0, 1.0, 2.0]),
        ("dirichlet", &[0.5, 0.25, 0.5, 1.0, 1.0, 1.0]),
    ];
    for (name, x) in cases {
        let got = gradient(|x| Density { name, counts: &[] }.eval(x), x);
        assert_eq!(got, (f64::NEG_INFINITY, vec![0.0; x.len()]), "{name}{x:?}");
    }
}

#[test]
fn parameters_outside_their_domain_give_nan() {
    let cases: [(&str, &[f64], &[f64]); 13] = [
        ("normal", &[], &[0.5, 0.0, -1.0]),
        ("log_normal", &[], &[0.5, 0.0, -1.0]),
        ("student_t", &[], &[0.5, -1.0, 0.0, 1.0]),
        ("cauchy", &[], &[0.5, 0.0, -1.0]),
        ("exponential", &[], &[0.5, -1.0]),
        ("gamma", &[], &[0.5, -1.0, 1.0]),
        ("inverse_gamma", &[], &[0.5, 1.0, -1.0]),
        ("beta", &[], &[0.5, 0.0, 1.0]),
        ("weibull", &[], &[0.5, -1.0, 1.0]),
        ("pareto", &[], &[0.5, -1.0, 1.0]),
        ("von_mises", &[], &[0.5, 0.0, -1.0]),
        ("uniform", &[], &[0.5, 1.0, 0.0]),
        ("neg_binomial", &[1.0], &[2.0, -1.0]),
    ];
    for (name, counts, x) in cases {
        assert!(Density { name, counts }.eval(x).is_nan(), "{name}{x:?}");
    }
}

/// Both shapes so large that ln Γ alone loses seven digits: the log density at the mean is −½·ln 2πσ² but for 1/(12a).
#[test]
fn large_shapes_lose_no_digits() {
    let a = 1e9;
    let wanted = -0.5 * (2.0 * PI * a).ln() - 1.0 / (12.0 * a);
    assert!((gamma_ln_pdf(a, a, 1.0) - wanted).abs() < 1e-13);
    let wanted = -0.5 * (2.0 * PI / (8.0 * a)).ln() - 1.0 / (8.0 * a);
    assert!((beta_ln_pdf(0.5, a, a) - wanted).abs() < 1e-8);
}

#[test]
fn a_sum_over_a_slice_is_one_block_and_agrees_with_its_terms() {
    let y: Vec<f64> = (0..20).map(|i| f64::from(i) * 0.3 - 2.0).collect();
    fn by_terms<S: Scalar<Real = f64>>(y: &[f64], p: &[S]) -> S {
        y.iter().map(|&y| normal_ln_pdf(S::from_real(y), p[0], p[1])).sum()
    }
    fn at_once<S: Scalar<Real = f64>>(y: &[f64], p: &[S]) -> S {
        let y: Vec<S> = y.iter().map(|&y| S::from_real(y)).collect();
        normal_ln_pdf_sum(&y, &[p[0]], &[p[1]])
    }
    let (value, slopes) = gradient(|p| at_once(&y, p), &[0.5, 1.5]);
    let (wanted, wanted_slopes) = gradient(|p| by_terms(&y, p), &[0.5, 1.5]);
    assert!((value - wanted).abs() < 1e-13 * wanted.abs());
    assert!(slopes.iter().zip(&wanted_slopes).all(|(a, b)| (a - b).abs() < 1e-12));

    let tape = Tape::new();
    let p = tape.vars(&[0.5, 1.5]);
    at_once(&y, &p);
    let of_sum = tape.len();
    tape.clear();
    let p = tape.vars(&[0.5, 1.5]);
    by_terms(&y, &p);
    assert!(of_sum <= 2 + y.len() + 1 && of_sum * 3 < tape.len(), "{of_sum} places, and {} by terms", tape.len());

    let sums = function!(|x: &[S]| -> S {
        student_t_ln_pdf_sum(&x[..4], &[x[4]], &x[5..9], &[x[9]])
            + bernoulli_logit_ln_pmf_sum(&[true, false], &x[..2])
            + poisson_log_ln_pmf_sum(&[3, 0], &x[2..4])
    });
    check(&sums, &[0.5, -1.0, 2.0, 0.1, 3.5, 0.0, 0.5, 1.0, 1.5, 0.75]).assert_agreement();
}

#[test]
fn transforms_return_the_log_jacobians_of_their_maps() {
    let y = [0.4, -1.2, 0.8];
    // All Jacobians are lower triangles.
    let ln_det = |j: &dualtape::Matrix<f64>, rows: &[usize]| {
        rows.iter().enumerate().map(|(k, &row)| j[row][k].ln()).sum::<f64>()
    };
    let close =
        |name: &str, got: f64, wanted: f64| assert!((got - wanted).abs() < 1e-13, "{name}: {got}, not {wanted}");

    let (_, j) = jacobian(|y| transform::simplex(y).0, &y);
    close("simplex", transform::simplex(&y).1, ln_det(&j, &[0, 1, 2]));
    let (_, j) = jacobian(|y| transform::ordered(y).0, &y);
    close("ordered", transform::ordered(&y).1, ln_det(&j, &[0, 1, 2]));
    let (_, j) = jacobian(|y| transform::correlation_cholesky(y, 3).0, &y);
    close("correlation", transform::correlation_cholesky(&y, 3).1, ln_det(&j, &[3, 6, 7]));
    let (_, j) = jacobian(|y| vec![transform::positive(y[0]).0], &[0.4]);
    close("positive", transform::positive(0.4).1, j[0][0].ln());
    let interval = |y: &[dualtape::Dual<f64, 8>]| {
        let [low, high] = [-1.0, 3.0].map(Scalar::from_real);
        vec![transform::interval(y[0], low, high).0]
    };
    let (_, j) = jacobian(interval, &[0.4]);
    close("interval", transform::interval(0.4, -1.0, 3.0).1, j[0][0].ln());

    let all = function!(|y: &[S]| -> S {
        transform::simplex(y).1 + transform::ordered(y).1 + transform::correlation_cholesky(y, 3).1
    });
    check(&all, &y).assert_agreement();
}

#[test]
fn a_correlation_factor_has_rows_of_norm_1_in_the_tails_too() {
    let (l, ln_jacobian) = transform::correlation_cholesky(&[30.0, -400.0, 0.5], 3);
    for row in l.chunks(3) {
        assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
    }
    assert!(ln_jacobian.is_finite() && l[8] > 0.0);
}
