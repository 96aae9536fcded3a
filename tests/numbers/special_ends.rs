//! Special functions at the ends of their domains, outside, in `f32`, and to third order.

use dualtape::special::{
    bessel_i0e, beta_quantile, beta_reg, gamma_p, gamma_q, gamma_quantile, ln_beta, norm_quantile, student_t_cdf,
};
use dualtape::{Dual, Scalar, derivative, gradient, gradient_forward};

use crate::reference_cases::special::evaluate;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn outside_its_domain_a_function_is_nan() {
    let cases: [(&str, &[f64]); 33] = [
        ("gamma_p", &[-1.0, 1.0]),
        ("gamma_p", &[1.0, -1.0]),
        ("gamma_p", &[0.0, 0.0]),
        ("gamma_q", &[NAN, 1.0]),
        ("beta_reg", &[-1.0, 1.0, 0.5]),
        ("beta_reg", &[1.0, 1.0, 1.5]),
        ("beta_reg", &[1.0, NAN, 0.5]),
        ("ln_beta", &[-1.0, 2.0]),
        ("ln_beta", &[NAN, 2.0]),
        ("ln_rising_factorial", &[1.0, -2.0]),
        ("norm_ln_cdf", &[NAN]),
        ("norm_quantile", &[-0.1]),
        ("norm_quantile", &[1.1]),
        ("norm_quantile", &[NAN]),
        ("erf_inv", &[1.1]),
        ("erf_inv", &[-1.1]),
        ("log_add_exp", &[NAN, 0.0]),
        ("log_sub_exp", &[0.0, 1.0]),
        ("ln_1m_exp", &[0.1]),
        ("ln_1m_exp", &[NAN]),
        ("xlogy", &[0.0, NAN]),
        ("xlogy", &[1.0, -1.0]),
        ("xlog1py", &[1.0, -2.0]),
        ("bessel_j0", &[NAN]),
        ("bessel_j1", &[NAN]),
        ("bessel_i0e", &[NAN]),
        ("bessel_i1e", &[NAN]),
        ("student_t_cdf", &[0.0, -1.0]),
        ("student_t_cdf", &[NAN, 1.0]),
        ("gamma_quantile", &[-0.1, 1.0]),
        ("gamma_quantile", &[0.5, 0.0]),
        ("beta_quantile", &[1.1, 1.0, 1.0]),
        ("beta_quantile", &[0.5, -1.0, 1.0]),
    ];
    for (name, x) in cases {
        let (value, slopes) = gradient(|x| evaluate(name, x).expect("a known function"), x);
        assert!(value.is_nan(), "{name}{x:?} is {value}");
        assert!(slopes.iter().any(|slope| slope.is_nan()), "{name}{x:?} has the slopes {slopes:?}");
    }
}

#[test]
fn at_an_end_of_its_domain_a_function_has_its_limit() {
    let cases: [(&str, &[f64], f64, &[f64]); 37] = [
        ("gamma_p", &[2.0, 0.0], 0.0, &[0.0, 0.0]),
        ("gamma_p", &[1.0, 0.0], 0.0, &[0.0, 1.0]),
        ("gamma_p", &[0.5, 0.0], 0.0, &[0.0, INF]),
        ("gamma_q", &[2.0, 0.0], 1.0, &[0.0, 0.0]),
        ("gamma_q", &[2.0, INF], 0.0, &[0.0, 0.0]),
        ("gamma_p", &[INF, 2.0], 0.0, &[0.0, 0.0]),
        ("beta_reg", &[2.0, 3.0, 0.0], 0.0, &[0.0, 0.0, 0.0]),
        ("beta_reg", &[2.0, 3.0, 1.0], 1.0, &[0.0, 0.0, 0.0]),
        ("beta_reg", &[2.0, 1.0, 1.0], 1.0, &[0.0, 0.0, 2.0]),
        ("beta_reg", &[0.5, 1.0, 0.0], 0.0, &[0.0, 0.0, INF]),
        ("student_t_cdf", &[INF, 1.0], 1.0, &[0.0, 0.0]),
        ("student_t_cdf", &[-INF, 1.0], 0.0, &[0.0, 0.0]),
        ("norm_ln_cdf", &[INF], 0.0, &[0.0]),
        ("norm_ln_cdf", &[-INF], -INF, &[INF]),
        ("norm_quantile", &[0.0], -INF, &[INF]),
        ("norm_quantile", &[1.0], INF, &[INF]),
        ("erf_inv", &[1.0], INF, &[INF]),
        ("erf_inv", &[-1.0], -INF, &[INF]),
        ("log_add_exp", &[-INF, 1.0], 1.0, &[0.0, 1.0]),
        ("log_sub_exp", &[1.0, 1.0], -INF, &[INF, -INF]),
        ("log_sub_exp", &[1.0, -INF], 1.0, &[1.0, 0.0]),
        ("ln_1m_exp", &[0.0], -INF, &[-INF]),
        ("ln_1m_exp", &[-INF], 0.0, &[0.0]),
        ("xlogy", &[0.0, 0.0], 0.0, &[-INF, 0.0]),
        ("xlog1py", &[0.0, -1.0], 0.0, &[-INF, 0.0]),
        ("bessel_i0e", &[0.0], 1.0, &[0.0]),
        ("bessel_i0e", &[INF], 0.0, &[0.0]),
        ("bessel_i1e", &[-INF], 0.0, &[0.0]),
        ("bessel_j0", &[INF], 0.0, &[0.0]),
        ("beta_reg", &[1e2, 1e2, 1e-200], 0.0, &[0.0, 0.0, 0.0]),
        ("student_t_cdf", &[-1e150, 1e10], 0.0, &[0.0, 0.0]),
        ("student_t_cdf", &[1e6, 1e20], 1.0, &[0.0, 0.0]),
        ("gamma_quantile", &[0.0, 0.5], 0.0, &[0.0, 0.0]),
        ("gamma_quantile", &[0.9, 1e-5], 0.0, &[0.0, 0.0]),
        ("gamma_quantile", &[0.0, 1.0], 0.0, &[1.0, 0.0]),
        ("gamma_quantile", &[0.0, 2.0], 0.0, &[INF, 0.0]),
        ("beta_quantile", &[1.0, 1.0, 2.0], 1.0, &[INF, 0.0, 0.0]),
    ];
    let mut wrong = 0;
    for (name, x, value, slopes) in cases {
        let reverse = gradient(|x| evaluate(name, x).expect("a known function"), x);
        let forward = gradient_forward(|x| evaluate(name, x).expect("a known function"), x);
        for got in [reverse, forward] {
            if got != (value, slopes.to_vec()) {
                println!("{name}{x:?}: {got:?}, not {:?}", (value, slopes));
                wrong += 1;
            }
        }
    }
    assert_eq!(wrong, 0);
}

/// The last bit of x moves P(a, x) and Iₓ(a, b) by ε·x times their slope.
#[test]
fn quantiles_of_huge_shapes_have_their_probability() {
    for a in [1e3, 1e6, 9e9, 1.1e10, 1e12, 1e15] {
        for p in [1e-200, 1e-3, 0.4, 0.6, 0.999] {
            let x = gamma_quantile(p, a);
            let (again, slopes) = gradient(|x| gamma_p(x[0], x[1]), &[a, x]);
            let rounding = f64::EPSILON * x * slopes[1];
            assert!((again - p).abs() <= 1e-12 * p + 20.0 * rounding, "{a}, {p}: {again}");
        }
    }
    for [a, b] in [[1e3, 2e3], [1e6, 2e6], [1e9, 3e9], [1e12, 1e12], [1e14, 1e10]] {
        for p in [1e-200, 1e-3, 0.4, 0.6, 0.999] {
            let x = beta_quantile(p, a, b);
            let (again, slopes) = gradient(|x| beta_reg(x[0], x[1], x[2]), &[a, b, x]);
            let rounding = f64::EPSILON * x * slopes[2];
            assert!((again - p).abs() <= 1e-12 * p + 20.0 * rounding, "{a}, {b}, {p}: {again}, {x}");
        }
    }
}

#[test]
fn values_and_slopes_in_f32_agree_with_f64() {
    fn f<S: Scalar>(x: &[S]) -> S {
        [
            gamma_p(x[0], x[1]),
            beta_reg(x[0], x[1], x[2]),
            student_t_cdf(x[0], x[1]),
            norm_quantile(x[2]),
            bessel_i0e(x[0]),
            ln_beta(x[0], x[1]),
            gamma_quantile(x[2], x[0]),
        ]
        .iter()
        .sum()
    }
    let (wide, wide_slopes) = gradient(f, &[1.5_f64, 2.5, 0.25]);
    for (value, slopes) in [gradient(f, &[1.5_f32, 2.5, 0.25]), gradient_forward(f, &[1.5_f32, 2.5, 0.25])] {
        assert!((f64::from(value) - wide).abs() < 2e-6);
        assert!(slopes.iter().zip(&wide_slopes).all(|(a, b)| (f64::from(*a) - b).abs() < 4e-6));
    }
}

#[test]
fn third_derivatives_are_right() {
    type Third = Dual<Dual<Dual>>;
    let third = |f: fn(Third) -> Third, x: f64| {
        let x = Dual::variable(Dual::variable(Dual::<f64>::variable(x)));
        f(x).partials[0].partials[0].partials[0]
    };
    // Iₓ(a, 1) = xᵃ, I₁₋ₓ(1, b) = 1 − xᵇ, P(1, x) = 1 − e⁻ˣ
    let cube = 0.3_f64.powf(2.5) * 0.3_f64.ln().powi(3);
    for (got, wanted) in [
        (third(|a| beta_reg(a, Scalar::from_real(1.0), Scalar::from_real(0.3)), 2.5), cube),
        (third(|b| beta_reg(Scalar::from_real(1.0), b, Scalar::from_real(0.7)), 2.5), -cube),
        (third(|x| gamma_p(Scalar::from_real(1.0), x), 2.0), (-2.0_f64).exp()),
    ] {
        assert!((got / wanted - 1.0).abs() < 1e-12, "{got}, not {wanted}");
    }

    let by_a = third(|a| gamma_p(a, Scalar::from_real(2.0)), 2.5);
    assert_eq!(third(|a| gamma_q(a, Scalar::from_real(2.0)), 2.5), -by_a);
    let second = |a: f64| derivative(|a| derivative(|a| gamma_p(a, Scalar::from_real(2.0)), a).1, a).1;
    let h = 1e-4;
    let difference = (second(2.5 + h) - second(2.5 - h)) / (2.0 * h);
    assert!((by_a - difference).abs() < 1e-7 * by_a.abs(), "{by_a}, not {difference}");
}
