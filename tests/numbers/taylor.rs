//! Taylor coefficients against closed forms, and series nested with the other scalars.
//!
//! `src/scalar/rules/tests.rs` compares the series of every function with nested dual numbers. `reference_cases` and
//! `conventions` compare its first two coefficients with stored answers.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

use dualtape::implicit::{root, solve};
use dualtape::{
    Block, Dual, Rule, Scalar, Tape, Taylor, Var, affine, derivative, function, fuse, gradient, jvp, log_sum_exp,
    taylor,
};
use num_traits::{One, Zero};

use crate::support::compare::assert_near;
use crate::support::refusals::message;
use crate::support::softmax::Softmax;

const K: usize = 10;
const INF: f64 = f64::INFINITY;

/// Compares coefficients up to a relative error.
#[track_caller]
fn near(what: &str, got: impl IntoIterator<Item = f64>, wanted: impl IntoIterator<Item = f64>) {
    let (got, wanted): (Vec<f64>, Vec<f64>) = (got.into_iter().collect(), wanted.into_iter().collect());
    assert_eq!(got.len(), wanted.len());
    for (k, (&a, &b)) in got.iter().zip(&wanted).enumerate() {
        assert_near(&format!("{what}: coefficient {k}"), a, b, 2e-13, 0.0);
    }
}

/// `d` by order, as coefficients.
fn over_factorials(d: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..=K).map(|k| d(k) / (1..=k).map(|j| j as f64).product::<f64>()).collect()
}

/// The binomial coefficient of any `a`.
fn binomial(a: f64, k: usize) -> f64 {
    (0..k).map(|j| (a - j as f64) / (j + 1) as f64).product()
}

/// The coefficients of a function whose derivative is the polynomial `slope` in its value.
fn of_autonomous(value: f64, slope: &[f64]) -> Vec<f64> {
    // The derivatives are polynomials in the value: P₀ = y and Pₖ₊₁ = Pₖ′·slope.
    let mut polynomial = vec![0.0, 1.0];
    let mut derivatives = Vec::new();
    for _ in 0..=K {
        derivatives.push(polynomial.iter().rev().fold(0.0, |sum, c| sum * value + c));
        let mut next = vec![0.0; polynomial.len() + slope.len() - 1];
        for (i, c) in polynomial.iter().enumerate().skip(1) {
            for (j, s) in slope.iter().enumerate() {
                next[i - 1 + j] += i as f64 * c * s;
            }
        }
        polynomial = next;
    }
    over_factorials(|k| derivatives[k])
}

fn series(f: impl Fn(Taylor<f64, K>) -> Taylor<f64, K>, x: f64) -> impl Iterator<Item = f64> {
    taylor(f, x).coefficients()
}

#[test]
fn exponentials_and_logarithms_have_their_coefficients() {
    for x in [0.3, 1.7, 4.0] {
        near("exp", series(|x| x.exp(), x), over_factorials(|_| x.exp()));
        near("exp2", series(|x| x.exp2(), x), over_factorials(|k| x.exp2() * LN_2.powi(k as i32)));
        near("exp_m1", series(|x| x.exp_m1(), x), over_factorials(|k| if k == 0 { x.exp_m1() } else { x.exp() }));
        let logarithm = |value: f64, scale: f64, x: f64| {
            (0..=K).map(move |k| if k == 0 { value } else { -scale * (-1.0 / x).powi(k as i32) / k as f64 })
        };
        near("ln", series(|x| x.ln(), x), logarithm(x.ln(), 1.0, x));
        near("log2", series(|x| x.log2(), x), logarithm(x.log2(), 1.0 / LN_2, x));
        near("log10", series(|x| x.log10(), x), logarithm(x.log10(), 1.0 / LN_10, x));
        near("ln_1p", series(|x| x.ln_1p(), x), logarithm(x.ln_1p(), 1.0, 1.0 + x));
    }
}

#[test]
fn circular_and_hyperbolic_functions_have_their_coefficients() {
    for x in [0.3, -1.1, 2.5] {
        let circle = [x.sin(), x.cos(), -x.sin(), -x.cos()];
        near("sin", series(|x| x.sin(), x), over_factorials(|k| circle[k % 4]));
        near("cos", series(|x| x.cos(), x), over_factorials(|k| circle[(k + 1) % 4]));
        near("sinh", series(|x| x.sinh(), x), over_factorials(|k| if k % 2 == 0 { x.sinh() } else { x.cosh() }));
        near("cosh", series(|x| x.cosh(), x), over_factorials(|k| if k % 2 == 0 { x.cosh() } else { x.sinh() }));
    }
    for x in [0.0, 0.2, -0.4, 1.2] {
        near("tan", series(|x| x.tan(), x), of_autonomous(x.tan(), &[1.0, 0.0, 1.0]));
    }
    for x in [0.0, 0.2, -0.4] {
        near("tanh", series(|x| x.tanh(), x), of_autonomous(x.tanh(), &[1.0, 0.0, -1.0]));
    }
}

#[test]
fn inverse_functions_have_their_coefficients() {
    let at_odd = |values: [f64; 5]| (0..=K).map(move |k| if k % 2 == 0 { 0.0 } else { values[k / 2] / k as f64 });
    let of_asin = [1.0, 1.0 / 2.0, 3.0 / 8.0, 5.0 / 16.0, 35.0 / 128.0];
    near("asin", series(|x| x.asin(), 0.0), at_odd(of_asin));
    near("acos", series(|x| -x.acos(), 0.0).skip(1), at_odd(of_asin).skip(1));
    near("atan", series(|x| x.atan(), 0.0), at_odd([1.0, -1.0, 1.0, -1.0, 1.0]));
    near("asinh", series(|x| x.asinh(), 0.0), at_odd([1.0, -1.0 / 2.0, 3.0 / 8.0, -5.0 / 16.0, 35.0 / 128.0]));
    near("atanh", series(|x| x.atanh(), 0.0), at_odd([1.0; 5]));

    // A function applied to its inverse gives x + t.
    type Identity = (&'static str, fn(Taylor<f64, K>) -> Taylor<f64, K>, &'static [f64]);
    let identities: [Identity; 10] = [
        ("asin", |x| x.asin().sin(), &[0.2, -0.7]),
        ("acos", |x| x.acos().cos(), &[0.2, -0.7]),
        ("atan", |x| x.atan().tan(), &[0.2, -0.7, 1.3]),
        ("asinh", |x| x.asinh().sinh(), &[0.2, -0.7, 5.0]),
        ("acosh", |x| x.acosh().cosh(), &[1.7, 5.0]),
        ("atanh", |x| x.atanh().tanh(), &[0.2, -0.4]),
        ("ln", |x| x.ln().exp(), &[0.7, 5.0]),
        ("sqrt", |x| x.sqrt() * x.sqrt(), &[0.7, 5.0]),
        ("cbrt", |x| x.cbrt().powi(3), &[0.7, -5.0]),
        ("recip", |x| x.recip().recip(), &[0.7, -5.0]),
    ];
    for (name, identity, points) in identities {
        for &x in points {
            for (k, coefficient) in taylor(identity, x).coefficients().enumerate() {
                let wanted = [x, 1.0].get(k).copied().unwrap_or(0.0);
                // The coefficients that cancel grow with the distance of the singularity.
                assert!((coefficient - wanted).abs() < 1e-11, "{name} at {x}: coefficient {k} is {coefficient}");
            }
        }
    }
}

#[test]
fn powers_of_any_exponent_have_their_coefficients() {
    for a in [0.5, -0.5, 1.0 / 3.0, 2.5, -3.0, 17.0, 1e-3] {
        for x in [0.3_f64, 2.0, 7.0] {
            let wanted: Vec<f64> = (0..=K).map(|k| binomial(a, k) * x.powf(a - k as f64)).collect();
            near("powf", series(|x| x.powf(a), x), wanted.clone());
            near("pow", series(|x| x.pow(Taylor::from_real(a)), x), wanted.clone());
            if a == 0.5 {
                near("sqrt", series(|x| x.sqrt(), x), wanted.clone());
            }
            if a == 1.0 / 3.0 {
                near("cbrt", series(|x| x.cbrt(), x), wanted.clone());
                let negative = wanted.into_iter().enumerate().map(|(k, c)| if k % 2 == 0 { -c } else { c });
                near("cbrt", series(|x| x.cbrt(), -x), negative);
            }
        }
    }
    // aᵗ, and (1 + t)^(1 + t) (OEIS A005727).
    near("pow", series(|t| Taylor::from_real(3.0).pow(t), 0.0), over_factorials(|k| 3.0_f64.ln().powi(k as i32)));
    let power_of_itself = [1.0, 1.0, 2.0, 3.0, 8.0, 10.0, 54.0, -42.0, 944.0, -5112.0, 47160.0];
    near("pow", series(|x| x.pow(x), 1.0), over_factorials(|k| power_of_itself[k]));
}

/// All coefficients, with every sign of the base and at 0, however the power is written.
#[test]
fn whole_powers_have_their_coefficients() {
    for n in -4..=13 {
        for x in [0.0_f64, -1.5, 2.0, -1e-3] {
            if x == 0.0 && n < 0 {
                continue;
            }
            let wanted: Vec<f64> = (0..=K as i32)
                .map(|k| binomial(n.into(), k as usize) * if n >= 0 && k > n { 0.0 } else { x.powi(n - k) })
                .collect();
            near("powi", series(|x| x.powi(n), x), wanted.clone());
            near("powf", series(|x| x.powf(n.into()), x), wanted.clone());
            near("pow", series(|x| x.pow(Taylor::from_real(n.into())), x), wanted);
        }
    }
    // Near 0 a quotient of coefficients would lose all digits.
    let x = Taylor::<f64, K>::new(1e-8, [1.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    near("square", x.powf(2.0).coefficients(), (x * x).coefficients());
    near("square", x.pow(Taylor::from_real(2.0)).coefficients(), (x * x).coefficients());
    for y in [x.powi(0), x.powf(0.0), x.pow(Taylor::from_real(0.0)), Taylor::variable(f64::NAN).powi(0)] {
        near("zeroth power", y.coefficients(), [1.0].into_iter().chain([0.0; K]));
    }
}

#[test]
fn powers_at_zero_have_the_limits() {
    let at_zero = |f: fn(Taylor<f64, 3>) -> Taylor<f64, 3>| taylor(f, 0.0).derivatives().collect::<Vec<_>>();
    assert_eq!(at_zero(|x| x.powf(0.5)), [0.0, INF, -INF, INF]);
    assert_eq!(at_zero(|x| x.powf(1.5)), [0.0, 0.0, INF, -INF]);
    assert_eq!(at_zero(|x| x.powf(2.5)), [0.0, 0.0, 0.0, INF]);
    assert_eq!(at_zero(|x| x.powf(-0.5)), [INF, -INF, INF, -INF]);
    assert_eq!(at_zero(|x| x.powi(-2)), [INF, -INF, INF, -INF]);
    assert_eq!(at_zero(|x| x.sqrt()), [0.0, INF, -INF, INF]);
    assert_eq!(taylor::<_, 2>(|x| x.pow(x + 2.0), 0.0).to_string(), "0 + 0t + 1t²");
}

#[test]
fn bell_curves_have_their_coefficients() {
    // The derivatives of exp(−x²/2) are Hermite polynomials, by their recurrence.
    let hermite =
        |k: usize, x: f64| (1..=k).fold((0.0, 1.0), |(before, now), n| (now, x * now - (n - 1) as f64 * before)).1;
    let alternating = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    for x in [0.35, -1.2, 4.0] {
        let density = Scalar::norm_pdf(x);
        let of_density = |k: usize| alternating(k) * hermite(k, x) * density;
        near("norm_pdf", series(|x| x.norm_pdf(), x), over_factorials(of_density));
        let integral = |value: f64, k: usize| if k == 0 { value } else { of_density(k - 1) };
        near("norm_cdf", series(|x| x.norm_cdf(), x), over_factorials(|k| integral(Scalar::norm_cdf(x), k)));
        let root = std::f64::consts::SQRT_2;
        let of_erf = |k: usize| {
            alternating(k - 1) * root.powi(k as i32 - 1) * hermite(k - 1, x * root) * FRAC_2_SQRT_PI * (-x * x).exp()
        };
        near("erf", series(|x| x.erf(), x), over_factorials(|k| if k == 0 { Scalar::erf(x) } else { of_erf(k) }));
        near("erfc", series(|x| x.erfc(), x), over_factorials(|k| if k == 0 { Scalar::erfc(x) } else { -of_erf(k) }));
    }
}

#[test]
fn sigmoids_and_gamma_functions_have_their_coefficients() {
    for x in [0.3, -0.6] {
        // σ(x) = (1 + tanh(x/2))/2
        let tanh = of_autonomous((0.5 * x).tanh(), &[1.0, 0.0, -1.0]).into_iter().enumerate();
        let sigmoid: Vec<f64> =
            tanh.map(|(k, c)| if k == 0 { Scalar::sigmoid(x) } else { c * 0.5_f64.powi(k as i32 + 1) }).collect();
        near("sigmoid", series(|x| x.sigmoid(), x), sigmoid.clone());
        let softplus = (0..=K).map(|k| if k == 0 { Scalar::softplus(x) } else { sigmoid[k - 1] / k as f64 });
        near("softplus", series(|x| x.softplus(), x), softplus);
    }
    for x in [0.4, 3.0] {
        let polygamma = |m: usize| Scalar::polygamma(x, m as u32);
        near("digamma", series(|x| x.digamma(), x), over_factorials(polygamma));
        near("polygamma", series(|x| x.polygamma(2), x), over_factorials(|k| polygamma(k + 2)));
        let of_ln_gamma = |k: usize| if k == 0 { Scalar::ln_gamma(x) } else { polygamma(k - 1) };
        near("ln_gamma", series(|x| x.ln_gamma(), x), over_factorials(of_ln_gamma));
    }
}

/// Arguments with coefficients beyond the first.
#[test]
fn compositions_have_the_coefficients_of_their_series() {
    // exp(sin t), OEIS A002017.
    let exp_sin = [1.0, 1.0, 1.0, 0.0, -3.0, -8.0, -3.0, 56.0, 217.0, 64.0, -2951.0];
    near("exp(sin t)", series(|t| t.sin().exp(), 0.0), over_factorials(|k| exp_sin[k]));
    let fibonacci = [1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0];
    near("1/(1 − t − t²)", series(|t| (1.0 - t - t * t).recip(), 0.0), fibonacci);
    near("1/(1 − t − t²)", series(|t| 1.0 / (1.0 - t - t * t), 0.0), fibonacci);
    let catalan = [1.0, 1.0, 2.0, 5.0, 14.0, 42.0, 132.0, 429.0, 1430.0, 4862.0, 16796.0];
    near("2/(1 + √(1 − 4t))", series(|t| 2.0 / ((1.0 - 4.0 * t).sqrt() + 1.0), 0.0), catalan);
    // (1 − t)^(−2.5), as a power of a series.
    let power = series(|t| ((1.0 - t) * (1.0 - t)).powf(-1.25), 0.0);
    near("((1 − t)²)^(−1.25)", power, (0..=K).map(|k| binomial(-2.5, k) * if k % 2 == 0 { 1.0 } else { -1.0 }));
    // exp(exp t − 1), the Bell numbers.
    let bell = [1.0, 1.0, 2.0, 5.0, 15.0, 52.0, 203.0, 877.0, 4140.0, 21147.0, 115975.0];
    near("exp(exp t − 1)", series(|t| t.exp_m1().exp(), 0.0), over_factorials(|k| bell[k]));
    // tan t + sec t, the zigzag numbers.
    let zigzag = [1.0, 1.0, 1.0, 2.0, 5.0, 16.0, 61.0, 272.0, 1385.0, 7936.0, 50521.0];
    near("tan t + sec t", series(|t| t.tan() + t.cos().recip(), 0.0), over_factorials(|k| zigzag[k]));
    // ln(cosh t) is the integral of tanh.
    let tanh: Vec<f64> = series(|t| t.tanh(), 0.0).collect();
    let integral = (0..=K).map(|k| if k == 0 { 0.0 } else { tanh[k - 1] / k as f64 });
    near("ln cosh t", series(|t| t.cosh().ln(), 0.0), integral);
    // ln(eᵗ + e²ᵗ) = t + softplus(t)
    let wanted = (taylor::<_, K>(|t| t.softplus(), 0.3) + Taylor::variable(0.3)).coefficients();
    near("log_sum_exp", series(|t| log_sum_exp(&[t, t * 2.0]), 0.3).skip(1), wanted.skip(1));
}

#[test]
fn tails_keep_their_digits() {
    // tanh x is 1 − 2e⁻²ˣ but for e⁻⁴ˣ.
    let tail = (-600.0_f64).exp();
    let wanted = over_factorials(|k| -2.0 * tail * (-2.0_f64).powi(k as i32));
    near("tanh", series(|x| x.tanh(), 300.0).skip(1), wanted.into_iter().skip(1));
    let wanted = over_factorials(|_| (-700.0_f64).exp());
    near("sigmoid", series(|x| x.sigmoid(), -700.0), wanted);
    // The density at 38 is subnormal.
    let y: Taylor<f64, 2> = taylor(|x| x.norm_pdf(), 38.0);
    assert!(!y[0].is_normal() && (y[1] / y[0] + 38.0).abs() < 1e-7 && (y[2] / y[0] - 721.5).abs() < 1e-5);
    assert_eq!(taylor::<_, 3>(|x| x.norm_pdf(), 1e300), 0.0);
    near("norm_pdf", series(|x| x.norm_pdf(), 1e300), [0.0; K + 1]);
}

#[test]
fn a_zero_coefficient_beats_a_slope_that_is_not_finite() {
    let zero = Taylor::<f64, 3>::constant(0.0);
    let constants =
        [zero.sqrt(), zero.cbrt(), zero.recip(), zero.ln(), zero.powf(0.5), zero.powi(-1), zero.hypot(zero)];
    for y in constants {
        near("a constant", y.coefficients().skip(1), [0.0; 3]);
    }
    let outside = Taylor::<f64, 3>::constant(-2.0);
    for y in [outside.sqrt(), outside.ln(), outside.asin(), outside.acosh(), outside.atanh(), outside.powf(0.5)] {
        assert!(y[0].is_nan());
        near("a constant", y.coefficients().skip(1), [0.0; 3]);
    }
    let root = Taylor::<f64, 3>::variable(0.0).sqrt();
    for y in [root * 0.0, root * zero, root.powi(0), root.floor(), root.max(Taylor::constant(1.0))] {
        near("without influence", y.coefficients().skip(1), [0.0; 3]);
    }
}

/// Inside dual numbers and variables a zero series beats an infinite slope, and a series that is not finite counts.
#[test]
fn a_zero_series_inside_other_scalars_beats_an_infinite_slope() {
    let (three, zero) = (Taylor::<f64, 2>::variable(3.0), Taylor::constant(0.0));
    let (_, g) = gradient(|x| (x[0] * 0.0).sqrt() + x[1], &[three, three]);
    near("beside a root", g.iter().flat_map(|g| g.coefficients()), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let (_, along) = jvp(|x| vec![x[0].sqrt() + x[1]], &[zero, three], &[zero, Taylor::constant(1.0)]);
    near("a direction beside a root", along[0].coefficients(), [1.0, 0.0, 0.0]);
}

#[test]
fn kinks_act_on_every_coefficient() {
    let x = Taylor::new(0.0, [2.0, -4.0]);
    let y = Taylor::new(0.0, [1.0, 3.0]);
    assert_eq!(x.max(y).to_string(), "0 + 1.5t - 0.5t²");
    assert_eq!(x.abs().to_string(), "0 + 0t + 0t²");
    assert_eq!((x - 1.0).abs().to_string(), "1 - 2t + 4t²");
    assert_eq!((x + 7.5).fract().to_string(), "0.5 + 2t - 4t²");
    assert_eq!(((x + 7.5) % (y + 2.0)).to_string(), "1.5 - 1t - 13t²");
    assert_eq!((x + 7.5).clamp(-1.0, 1.0).to_string(), "1 + 0t + 0t²");
}

/// e^(xy), with ∂/∂y ∂ᵏ/∂xᵏ = (k + xy)·yᵏ⁻¹·e^(xy)
#[test]
fn series_nest_with_every_scalar() {
    fn f<S: Scalar>(x: S, y: S) -> S {
        (x * y).exp()
    }
    let (x, y) = (0.7_f64, -1.3_f64);
    let by_x = over_factorials(|k| y.powi(k as i32) * f(x, y));
    let mixed = over_factorials(|k| (k as f64 + x * y) * y.powi(k as i32 - 1) * f(x, y));

    let of_dual: Taylor<Dual, K> = f(Taylor::variable(Dual::constant(x)), Taylor::constant(Dual::variable(y)));
    near("Taylor<Dual>", of_dual.coefficients().map(|c| c.primal), by_x.clone());
    near("Taylor<Dual>", of_dual.coefficients().map(|c| c.partials[0]), mixed.clone());

    let dual_of: Dual<Taylor<f64, K>> = f(Dual::constant(Taylor::variable(x)), Dual::variable(Taylor::constant(y)));
    near("Dual<Taylor>", dual_of.primal.coefficients(), by_x.clone());
    near("Dual<Taylor>", dual_of.partials[0].coefficients(), mixed.clone());

    let (value, slopes) = gradient(|v| f(v[0], v[1]), &[Taylor::<f64, K>::variable(x), Taylor::constant(y)]);
    near("Var<Taylor>", value.coefficients(), by_x.clone());
    near("Var<Taylor>", slopes[1].coefficients(), mixed.clone());

    let tape = Tape::new();
    let v = tape.var(y);
    let of_var: Taylor<Var, K> = f(Taylor::variable(Var::constant(x)), Taylor::constant(v));
    near("Taylor<Var>", of_var.coefficients().map(|c| c.value()), by_x.clone());
    near("Taylor<Var>", of_var.coefficients().map(|c| tape.backward(c)[v]), mixed.clone());

    let twice: Taylor<Taylor<f64, 1>, K> =
        f(Taylor::variable(Taylor::constant(x)), Taylor::constant(Taylor::variable(y)));
    near("Taylor<Taylor>", twice.coefficients().map(|c| c[0]), by_x);
    near("Taylor<Taylor>", twice.coefficients().map(|c| c[1]), mixed);
}

#[test]
fn the_verb_is_generic_in_the_point() {
    let (third, fourth) = derivative(|x| taylor::<_, 3>(|x| x.sin(), x).derivative(3), 0.4);
    near("sin", [third, fourth], [-0.4_f64.cos(), 0.4_f64.sin()]);
    let (third, slopes) =
        gradient(|x| taylor::<_, 3>(|t| (t * Taylor::constant(x[1])).exp(), x[0]).derivative(3), &[0.0, 2.0]);
    assert_eq!((third, slopes), (8.0, vec![16.0, 12.0]));
    let inner = taylor::<_, 2>(
        |x| x * taylor::<_, 2>(|y| Taylor::constant(x) * y * y, Taylor::constant(3.0)).derivative(1),
        5.0,
    );
    assert_eq!(inner.to_string(), "150 + 60t + 6t²");
}

/// `x·eʸ`, with partial derivatives that use the rule itself.
struct Growth;

impl Rule<2> for Growth {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        // The slope of eʸ. A series within a rule of series has all its orders.
        x * taylor::<_, K>(|y| Unit.apply([y]), y)[1]
    }

    fn partials<S: Scalar<Real = f64>>(&self, [_, y]: [S; 2], value: S) -> [S; 2] {
        [Growth.apply([S::one(), y]), value]
    }
}

/// `eˣ`
struct Unit;

impl Rule<1> for Unit {
    fn value(&self, [x]: [f64; 1]) -> f64 {
        x.exp()
    }

    fn partials<S: Scalar<Real = f64>>(&self, _: [S; 1], value: S) -> [S; 1] {
        [value]
    }
}

#[test]
fn custom_rules_are_expanded() {
    let wanted: Vec<f64> = series(|t| t.sin() * t.cos().exp(), 0.4).collect();
    near("Growth", series(|t| Growth.apply([t.sin(), t.cos()]), 0.4), wanted.clone());
    let slope = derivative(|x| taylor::<_, K>(|t| Growth.apply([t.sin(), t.cos()]), x)[K - 1], 0.4).1;
    near("Dual inside", [slope], [wanted[K] * K as f64]);
    let of_dual =
        Growth.apply([Dual::new(Taylor::<f64, K>::variable(0.4), [Taylor::constant(1.0)]), Dual::from_real(0.0)]);
    near("Dual outside", of_dual.partials[0].coefficients(), [1.0].into_iter().chain([0.0; K]));
    near("a constant", Unit.apply([Taylor::<f64, 2>::constant(0.0)]).coefficients(), [1.0, 0.0, 0.0]);
    near("order 0", Unit.apply([Taylor::<f64, 0>::variable(0.0)]).coefficients(), [1.0]);
}

#[test]
fn custom_blocks_and_kernels_are_expanded() {
    type Series = Taylor<f64, K>;
    let point = |t: Series| [t.sin(), t * t, t + 1.0];
    let wanted = series(|t| dualtape::softmax(&point(t))[1], 0.3);
    near("Softmax", series(|t| Softmax.apply(&point(t))[1], 0.3), wanted);
    let (_, slopes) = gradient(|x| Softmax.apply(x)[0], &point(Series::variable(0.3)));
    let share = dualtape::softmax(&point(Series::variable(0.3)));
    near("Var<Taylor>", slopes[1].coefficients(), (-share[0] * share[1]).coefficients());

    fn product<S: Scalar>([x, y]: [S; 2]) -> S {
        x * y
    }
    let fused = series(|t| fuse(&function!(product: [S; 2] -> S), [t.sin(), t.exp()]), 0.3);
    near("fuse", fused, series(|t| t.sin() * t.exp(), 0.3));
    let layer = series(|t| affine(&[t, t * t, t.exp()], &[t.sin(), t], 1)[0], 0.3);
    near("affine", layer, series(|t| t * t.sin() + t * t * t + t.exp(), 0.3));
}

#[test]
fn solutions_of_equations_are_expanded() {
    fn cube<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
        vec![x[0].powi(3) - p[0]]
    }
    let cube = function!(cube: &[S], &[S] -> Vec<S>);
    near("root", series(|p| root(&cube, &[2.0], &[p])[0], 8.0), series(|p| p.cbrt(), 8.0));
    let solution =
        |a: Taylor<f64, K>| solve(&[a, Taylor::one(), Taylor::one(), a], &[Taylor::one(), Taylor::zero()])[0];
    near("solve", series(solution, 2.0), series(|a| a / (a * a - 1.0), 2.0));
}

#[test]
fn code_over_float_is_expanded() {
    fn logistic<F: num_traits::Float>(x: F) -> F {
        F::one() / (F::one() + (-x).exp())
    }
    let wanted = taylor::<_, K>(|x| x.sigmoid(), 0.2).coefficients();
    near("logistic", series(logistic, 0.2), wanted);
}

#[test]
fn single_precision_is_expanded() {
    let y: Taylor<f32, 4> = taylor(|x| x.powi(4) + x.exp() * 2.0, 0.0);
    assert_eq!(y.derivatives().collect::<Vec<f32>>(), [2.0, 2.0, 2.0, 2.0, 26.0]);
}

#[test]
fn a_series_is_a_polynomial() {
    assert_eq!(Taylor::new(1.0, [2.0, 3.0, -4.0]).at(10.0), -3679.0);
    assert_eq!(Taylor::<f64, 0>::variable(3.0).at(10.0), 3.0);
    assert_eq!(Taylor::new(1.0, [2.0, 3.0, -4.0]).magnitude(), 4.0);
    assert_eq!(Taylor::<f64, 2>::from(3.0).to_string(), "3 + 0t + 0t²");
}

#[test]
fn a_series_inside_a_series_takes_constants() {
    let slope_of_square = |x: f64| taylor::<_, 2>(|y| y * y, x)[1];
    near("a constant inside", taylor::<_, 2>(|x| x * slope_of_square(3.0), 1.0).coefficients(), [6.0, 6.0, 0.0]);
}

#[test]
fn a_series_of_order_zero_is_a_value() {
    let x = Taylor::<f64, 0>::variable(3.0);
    let y = (x.sin() * x / 2.0).tanh().powf(2.5) + x.hypot(x) + x.ln_gamma().cbrt();
    let plain = (3.0_f64.sin() * 3.0 / 2.0).tanh().powf(2.5) + 3.0_f64.hypot(3.0) + Scalar::ln_gamma(3.0).cbrt();
    assert_eq!((y[0], y.to_string()), (plain, plain.to_string()));
}

#[test]
fn operators_in_every_form_agree() {
    let (x, y) = (Taylor::new(3.0, [1.0, 2.0]), Taylor::new(2.0, [-1.0, 0.5]));
    let text = |x: Taylor<f64, 2>| x.to_string();
    assert_eq!(text(x + y), "5 + 0t + 2.5t²");
    assert_eq!(text(x - y), "1 + 2t + 1.5t²");
    assert_eq!(text(x * y), "6 - 1t + 4.5t²");
    assert_eq!(text(x * y / y), text(x));
    assert_eq!(text(-x), "-3 - 1t - 2t²");
    assert_eq!(text(x + 1.0), text(1.0 + x));
    assert_eq!(text(x - 1.0), text(-(1.0 - x)));
    assert_eq!(text(x * 4.0), text(4.0 * x));
    assert_eq!(text(x / 4.0), "0.75 + 0.25t + 0.5t²");
    assert_eq!(text(8.0 / y), "4 + 2t + 0t²");
    assert_eq!(text(7.0 % x), "1 - 2t - 4t²");
    assert_eq!(text(x % 2.0), "1 + 1t + 2t²");
    assert_eq!(text([x, y].iter().sum()), text(x + y));
    assert_eq!(text([x, y].into_iter().product()), text(x * y));
    assert_eq!(text(x.mul_add(y, x)), text(x * y + x));
    let mut z = x;
    z *= y;
    z -= 1.0;
    assert_eq!(text(z), text(x * y - 1.0));
    z[1] = 9.0;
    assert_eq!((z[0], z[1]), (5.0, 9.0));
    assert!(x > y && x == 3.0);
}

#[test]
fn a_series_shows_its_terms() {
    let x = Taylor::<f64, 12>::variable(1.0).recip();
    assert_eq!(format!("{:.1}", Taylor::new(x[0], [x[1]])), "1.0 - 1.0t");
    assert!(format!("{x:?}").ends_with(" - 1t⁹ + 1t¹⁰ - 1t¹¹ + 1t¹²"));
    let nested = Taylor::new(Dual::new(1.0, [2.0]), [Dual::new(3.0, [4.0])]);
    assert_eq!(nested.to_string(), "(1 + 2ε) + (3 + 4ε)t");
    assert_eq!(Dual::new(Taylor::new(1.0, [2.0]), [Taylor::new(-3.0, [4.0])]).to_string(), "(1 + 2t) - (3 - 4t)ε");
}

#[test]
fn misuse_is_refused() {
    assert_eq!(
        message(|| Taylor::<f64, 2>::variable(1.0)[3]),
        "coefficient 3 of a series up to order 2; choose a larger K"
    );
    assert_eq!(
        message(|| Taylor::<f64, 2>::variable(1.0).derivative(3)),
        "coefficient 3 of a series up to order 2; choose a larger K"
    );
    assert_eq!(
        message(|| taylor::<_, 2>(|x| x * taylor::<_, 2>(|y| x + y, 1.0)[1], 1.0)[1]),
        "taylor: the function uses a series of an enclosing derivative, or one made by hand, whose infinitesimal would be confused with \
         this one's: take the inner derivative at a lifted point, `Taylor::constant(1.0)`, and lift what comes from \
         outside, `Taylor::constant(x)`; or use `x.value()` as a constant"
    );
}
