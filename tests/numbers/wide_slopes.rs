//! Derivatives of functions of tiny and huge numbers, where a slope overflows or underflows and the result does not.
//!
//! `tests/data/wide_slopes.json` has the derivatives of f(eᵗ) and of ln |f(eᵗ)| with respect to t to the third order,
//! computed by mpmath 1.3 with 80 digits, where eᵗ is 1e±50 to 1e±300.

use dualtape::{Dual, Scalar, Taylor, Var, derivative, gradient, hessian};
use serde_json::Value;

const ORDERS: usize = 4;

/// A function of one number, in every scalar.
trait Unary {
    /// The function of u.
    fn of<S: Scalar<Real = f64>>(&self, u: S) -> S;

    /// The function of u = eᵗ.
    fn eval<S: Scalar<Real = f64>>(&self, t: S) -> S {
        self.of(t.exp())
    }
}

/// Makes a test of each function by each comparison, which looks for its name in the file.
macro_rules! functions {
    ($($compare:ident)*; $($name:ident: |$u:ident| $f:expr;)*) => {
        $(functions!(type $name: |$u| $f);)*
        functions!(tests [$($name)*] $($compare)*);
    };
    (type $name:ident: |$u:ident| $f:expr) => {
        #[allow(non_camel_case_types)]
        struct $name { logarithm: bool }

        impl Unary for $name {
            fn of<S: Scalar<Real = f64>>(&self, $u: S) -> S {
                let y: S = $f;
                if self.logarithm { y.abs().ln() } else { y }
            }
        }
    };
    (tests $names:tt $($compare:ident)*) => {
        $(mod $compare { functions!(by $compare $names); })*
    };
    (by $compare:ident [$($name:ident)*]) => {
        $(
            #[test]
            fn $name() {
                super::super::$compare(stringify!($name), |logarithm| super::$name { logarithm });
            }
        )*
    };
}

mod functions {
    use super::*;
    functions! {
        compare compare_units;
        recip: |u| u.recip();
        one_over: |u| (u * 3.0).recip();
        quotient: |u| u.sqrt() / u;
        sqrt: |u| u.sqrt();
        cbrt: |u| u.cbrt();
        ln: |u| u.ln();
        log2: |u| u.log2();
        log10: |u| u.log10();
        ln_1p: |u| u.ln_1p();
        powi_2: |u| u.powi(2);
        powi_minus_1: |u| u.powi(-1);
        powi_minus_2: |u| u.powi(-2);
        powf_half: |u| u.powf(0.5);
        powf_hundredth: |u| u.powf(0.01);
        powf_minus_half: |u| u.powf(-0.5);
        powf_minus_1: |u| u.powf(-1.0);
        pow_half: |u| u.pow(S::from_f64(0.5));
        pow_minus_1: |u| u.pow(-S::one());
        log: |u| u.log(S::from_f64(3.0));
        log_base: |u| S::from_f64(3.0).log(u);
        atan: |u| u.atan();
        asinh: |u| u.asinh();
        hypot: |u| (u * 2.0).hypot(u);
        atanh: |u| u.atanh();
        acosh: |u| u.acosh();
        ln_gamma: |u| u.ln_gamma();
        digamma: |u| u.digamma();
        trigamma: |u| u.polygamma(1);
        tetragamma: |u| u.polygamma(2);
    }
}

mod special_functions {
    use super::*;
    use dualtape::special::*;

    functions! {
        compare_units;
        polygamma_0: |u| u.polygamma(0);
        angle: |u| u.atan2(u.ln() * u);
        angle_of_logarithms: |u| (u.ln() * u).atan2(u * 3.0);
        xlogy_of_2: |u| xlogy(S::from_f64(2.0), u);
        xlogy_of_huge: |u| xlogy(S::from_f64(1e200), u);
        xlogy_of_tiny: |u| xlogy(S::from_f64(1e-200), u);
        xlog1py_of_2: |u| xlog1py(S::from_f64(2.0), u);
        norm_quantile_of_tiny: |u| norm_quantile(u / (u + 1.0));
        ln_beta_by_one: |u| ln_beta(u, S::from_f64(2.0));
        ln_beta_by_other: |u| ln_beta(S::from_f64(0.3), u);
        ln_beta_by_both: |u| ln_beta(u, u * 3.0);
        ln_rising_factorial_from: |u| ln_rising_factorial(u, S::from_f64(2.0));
        ln_rising_factorial_by: |u| ln_rising_factorial(S::from_f64(2.0), u);
        ln_rising_factorial_by_both: |u| ln_rising_factorial(u, u * 3.0);
        ln_rising_factorial_to_half: |u| ln_rising_factorial(u, u * -0.5);
        log_of_one_minus_exp: |u| ln_1m_exp(-u);
        log_of_difference: |u| log_sub_exp(u + 1.0, S::one());
        tail_of_cauchy: |u| student_t_cdf(-u, S::one());
        tail_of_student: |u| student_t_cdf(-u, S::from_f64(0.5));
        tail_of_student_by_nu: |u| student_t_cdf(S::from_f64(-2.0), u / (u + 1.0));
        gamma_half: |u| gamma_p(S::from_f64(0.5), u);
        gamma_hundredth: |u| gamma_q(S::from_f64(0.01), u);
        gamma_by_shape: |u| gamma_q(u, S::from_f64(0.5));
        beta_half: |u| beta_reg(S::from_f64(0.5), S::from_f64(2.0), u / (u + 1.0));
        beta_by_shape: |u| beta_reg(S::from_f64(2.0), u, S::from_f64(0.3));
        gamma_quantile_of_half: |u| gamma_quantile(u / (u + 1.0), S::from_f64(0.5));
        gamma_quantile_of_two: |u| gamma_quantile(u / (u + 1.0), S::from_f64(2.0));
        beta_quantile_of_two: |u| beta_quantile(u / (u * 2.0 + 1.0), S::from_f64(2.0), S::from_f64(3.0));
        bessel_i0: |u| bessel_i0e(u);
        bessel_i1: |u| bessel_i1e(-u);
    }
}

/// The derivatives in each reading that has them all, by name.
fn readings(f: &impl Unary, t: f64) -> Vec<(&'static str, Vec<f64>)> {
    type Twice = Dual<Dual>;
    let series: Vec<f64> = f.eval(Taylor::<f64, 3>::variable(t)).derivatives().collect();
    let thrice = f.eval(Dual::variable(Twice::variable(Dual::variable(t))));
    let nested = vec![
        thrice.primal.primal.primal,
        thrice.partials[0].primal.primal,
        thrice.partials[0].partials[0].primal,
        thrice.partials[0].partials[0].partials[0],
    ];
    let (y, g) = gradient(|x: &[Var<Twice>]| f.eval(x[0]), &[Twice::variable(Dual::variable(t))]);
    let over_reverse = vec![y.primal.primal, g[0].primal.primal, g[0].partials[0].primal, g[0].partials[0].partials[0]];
    let (y, g, h) = hessian(|x| f.eval(x[0]), &[t]);
    let (g_again, h_again) = gradient(|x| gradient(|x| f.eval(x[0]), x).1[0], &[t]);
    vec![
        ("series", series),
        ("forward thrice", nested),
        ("forward twice over reverse", over_reverse),
        ("hessian", vec![y, g[0], h[0][0]]),
        ("reverse over reverse", vec![y, g_again, h_again[0]]),
    ]
}

fn compare<F: Unary>(name: &str, make: impl Fn(bool) -> F) {
    let text = include_str!("../data/wide_slopes.json");
    let all: Value = serde_json::from_str(text).expect("the file is JSON");
    let entry = all.as_array().expect("a list").iter().find(|entry| entry["function"] == name).expect("an entry");
    let rows = entry["rows"].as_array().expect("rows");
    assert!(rows.len() >= 6, "{name}");
    let mut compared = 0;
    for row in rows {
        let t = row["t"].as_f64().expect("a number");
        let numbers = |key: &str| -> Vec<f64> {
            row[key].as_array().expect("a list").iter().map(|x| x.as_f64().unwrap_or(f64::INFINITY)).collect()
        };
        let plain = numbers("f");
        // A value beyond the exponents has no derivative in any reading.
        if !plain[0].is_normal() {
            continue;
        }
        for (logarithm, expected) in [(false, plain.clone()), (true, numbers("ln"))] {
            // An adjoint is a number too: with respect to u = eᵗ it is y′/u.
            let adjoint_fits =
                (expected[1] / t.exp()).is_normal() && (plain[1] / t.exp()).is_normal() || expected[1] == 0.0;
            let scale = expected.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            for (reading, found) in readings(&make(logarithm), t) {
                if !(adjoint_fits || reading == "series" || reading == "forward thrice") {
                    continue;
                }
                compared += 1;
                for (order, (found, expected)) in found.iter().zip(&expected).enumerate().take(ORDERS) {
                    assert!(
                        (found - expected).abs() <= 1e-11 * scale,
                        "{name}, logarithm {logarithm}, t = {t}, {reading}, order {order}: {found:e}, and {expected:e} \
                         is right"
                    );
                }
            }
        }
    }
    assert!(compared >= 20, "{name}: {compared} comparisons");
}

/// The derivatives with respect to x: to the third order by nested dual numbers and by a series, to the second by `hessian`.
fn derivatives(f: &impl Unary, u: impl Substitution, x: f64) -> [(&'static str, Vec<f64>); 3] {
    let y = f.of(u.at(Dual::variable(Dual::<Dual>::variable(Dual::variable(x)))));
    let twice = y.partials[0].partials[0];
    let nested = vec![y.primal.primal.primal, y.partials[0].primal.primal, twice.primal, twice.partials[0]];
    let series = f.of(u.at(Taylor::<f64, 3>::variable(x))).derivatives().collect();
    let (y, g, h) = hessian(|x| f.of(u.at(x[0])), &[x]);
    [("nested", nested), ("series", series), ("hessian", vec![y, g[0], h[0][0]])]
}

/// What u is of x.
trait Substitution {
    fn at<S: Scalar<Real = f64>>(&self, x: S) -> S;
}

/// u = xᵖ.
struct Power(i32);

impl Substitution for Power {
    fn at<S: Scalar<Real = f64>>(&self, x: S) -> S {
        x.powi(self.0)
    }
}

/// u = (X + Xs)ᵖ.
struct PowerInUnits(i32, f64);

impl Substitution for PowerInUnits {
    fn at<S: Scalar<Real = f64>>(&self, s: S) -> S {
        ((s + 1.0) * self.1).powi(self.0)
    }
}

/// Binary exponents of x, and powers of x.
const SIZES_AND_POWERS: [(i32, i32); 11] = [
    (-480, 2),
    (-365, 2),
    (-332, 3),
    (-250, 2),
    (-66, 15),
    (66, 15),
    (250, 2),
    (250, -1),
    (332, 3),
    (365, 2),
    (480, 2),
];

/// With x = X(1 + s), the k-th derivative with respect to x, times Xᵏ, is the one with respect to s. For a huge X it is tiny:
/// a slope is in range, and its derivatives may not be.
fn compare_units<F: Unary>(name: &str, make: impl Fn(bool) -> F) {
    let mut compared = 0;
    for (size, p) in SIZES_AND_POWERS {
        let size = f64::powi(2.0, size);
        // The sizes of the derivatives with respect to s of what comes before: u, and the function before its logarithm.
        let mut before = vec![size.powi(p)];
        for logarithm in [false, true] {
            let f = make(logarithm);
            let [(_, by_s), ..] = derivatives(&f, PowerInUnits(p, size), 0.0);
            let scale = by_s.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            let adjoints_fit = before.iter().all(|x| (scale / x).is_normal() && (scale / x / size).is_finite());
            for (reading, by_x) in derivatives(&f, Power(p), size) {
                if reading == "hessian" && !adjoints_fit {
                    continue;
                }
                let mut power = 1.0;
                for (order, (by_x, by_s)) in by_x.into_iter().zip(by_s.iter().copied()).enumerate() {
                    let [expected, bound] = [by_s, scale].map(|x| x / power);
                    if !expected.is_finite() || bound < 1e-290 || !before.iter().all(|x| (x / power).is_normal()) {
                        break;
                    }
                    compared += 1;
                    assert!(
                        (by_x - expected).abs() <= 1e-10 * bound,
                        "{name}, logarithm {logarithm}, x = {size:e}, p = {p}, {reading}, order {order}: {by_x:e}, and \
                         {expected:e} is right"
                    );
                    power *= size;
                }
            }
            before.push(scale);
        }
    }
    assert!(compared >= 18, "{name}: {compared} comparisons");
}

/// A slope a/x of 1e-80 is taken as 1e-80 times a number near 1. 1e110 times 1e-190 would overflow on the way.
#[test]
fn a_huge_adjoint_times_a_tiny_slope_does_not_overflow() {
    let quotient = hessian(|x| x[0] / x[1] * 1e250, &[1e-300, 1e-110]);
    let angle = hessian(|x| x[0].atan2(x[1]) * 1e250, &[1e-300, 1e-110]);
    for (_, g, h) in [quotient, angle] {
        assert!((g[1] / -1e170 - 1.0).abs() < 1e-14, "{g:?}");
        assert!((h[1][1] / 2e280 - 1.0).abs() < 1e-14, "{h:?}");
    }
    // The slope of the base is x·x⁻¹.
    let x = 5e-324_f64;
    let right = 20.0 * (1.0 + x.ln());
    let reverse = gradient(|x| x[0].pow(x[0]).powi(20), &[x]).1[0];
    let forward = derivative(|x| x.pow(x).powi(20), x).1;
    for slope in [reverse, forward] {
        assert!((slope / right - 1.0).abs() < 1e-14, "{slope}, {right}");
    }
}

/// For huge u = eᵗ, atan u = π/2 − 1/u and atan2(1, u) = 1/u, whose derivatives with respect to t are ±1/u though 1/u²
/// underflows. The adjoint of u underflows with it, so reverse mode has none of them.
#[test]
fn angles_whose_slope_underflows_have_their_derivatives() {
    let compare = |f: fn(Taylor<f64, 3>) -> Taylor<f64, 3>, g: fn(Dual<Dual<Dual>>) -> Dual<Dual<Dual>>, sign: f64| {
        for t in [355.0, 362.0, 371.0, 400.0, 690.0] {
            let one_over = sign * (-t).exp();
            let nested = g(Dual::variable(Dual::variable(Dual::variable(t))));
            let nested = [
                nested.partials[0].primal.primal,
                nested.partials[0].partials[0].primal,
                nested.partials[0].partials[0].partials[0],
            ];
            let series = f(Taylor::variable(t));
            for (order, found) in nested.into_iter().enumerate() {
                let right = if order % 2 == 0 { one_over } else { -one_over };
                for found in [found, series.derivative(order + 1)] {
                    assert!((found - right).abs() <= 1e-12 * right.abs(), "{t}, order {order}: {found:e}, {right:e}");
                }
            }
        }
    };
    compare(|t| t.exp().atan(), |t| t.exp().atan(), 1.0);
    compare(|t| (-t.exp()).atan(), |t| (-t.exp()).atan(), -1.0);
    compare(|t| t.exp().atan2(1.0), |t| t.exp().atan2(1.0), 1.0);
    compare(|t| Taylor::constant(1.0).atan2(t.exp()), |t| Dual::from_f64(1.0).atan2(t.exp()), -1.0);
    compare(|t| Taylor::from_f64(-3.0).atan2(-t.exp()) / 3.0, |t| Dual::from_f64(-3.0).atan2(-t.exp()) / 3.0, -1.0);
    // Slopes that overflow: the angle of (2e-160, 1e-160), in units of 1e-160.
    let y = Dual::<f64>::new(2e-310, [2e-310]).atan2(1e-310);
    assert!((y.partials[0] - 0.4).abs() < 1e-13, "{y:?}");
}

/// Third derivatives that vanish at 0 keep their digits beside it, and second derivatives beyond the exponents have
/// the sign of the right ones. The numbers are from mpmath.
#[test]
#[expect(clippy::excessive_precision, reason = "the digits come from mpmath")]
fn derivatives_are_right_at_the_ends_of_the_range() {
    let thrice = |f: fn(Dual<Dual<Dual>>) -> Dual<Dual<Dual>>, x: f64| {
        f(Dual::variable(Dual::variable(Dual::variable(x)))).partials[0].partials[0].partials[0]
    };
    let close = |found: f64, right: f64| assert!((found - right).abs() <= 1e-14 * right.abs(), "{found:e}, {right:e}");
    for (x, silu, gelu_tanh) in [
        (-1e-89, 5e-90, 1.603_667_452_260_109_6e-89),
        (-1e-9, 5.000_000_000_000_000_3e-10, 1.603_667_452_260_109_6e-9),
        (1e-5, -4.999_999_999_750_000_4e-6, -1.603_667_452_137_691e-5),
        (-1e-3, 0.000_499_999_750_000_070_84, 0.001_603_666_228_073_674_5),
        (0.3, -0.143_418_817_437_946_71, -0.449_043_735_071_010_77),
    ] {
        close(thrice(|x| x.silu(), x), silu);
        close(thrice(|x| x.gelu_tanh(), x), gelu_tanh);
        close(Taylor::<f64, 3>::variable(x).silu().derivative(3), silu);
        close(Taylor::<f64, 3>::variable(x).gelu_tanh().derivative(3), gelu_tanh);
    }
    close(hessian(|x| x[0].cbrt(), &[8e-186]).2[0][0], -6.944_444_444_444_445_5e307);
    let h = hessian(|x| x[0].hypot(x[1]), &[4e-310, 3e-310]).2;
    assert_eq!(h.into_entries(), [f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY]);
    // A logarithm and quotients of subnormal numbers.
    close(derivative(|t| (t.exp() * 1e-310).ln(), 0.0).1, 1.0);
    close(derivative(|t| (t.exp() * 1e-310) / 1e-310, 0.0).1, 1.0);
}
