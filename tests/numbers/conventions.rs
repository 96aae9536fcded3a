//! The conventions of `docs/conventions.md`, a test for each row, in every reading.

use std::fs;
use std::path::Path;
use std::thread;

use dualtape::{
    Dual, Function, Real, Scalar, Tape, Var, derivative, dot, gradient, gradient_forward, hessian, jvp, lift,
    log_sum_exp, vjp,
};

use crate::reference_cases::readings::{Outcome, outcomes, third_derivatives};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A function by its text in the list at the end of this file.
///
/// It is one type for all of them, so that each reading is compiled once.
struct Formula(&'static str);

impl<R: Real> Function<R> for Formula {
    type Output = R;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        formula(self.0, x)
    }
}

/// Checks the value and the slopes at `x` in every reading.
#[track_caller]
fn has_slopes<const N: usize>(text: &'static str, x: [f64; N], value: f64, slopes: [f64; N]) {
    in_both_precisions(text, &x, value, &slopes, None);
}

/// Checks the value, the slopes and the second derivatives at `x` in every reading.
#[track_caller]
fn has_curvatures<const N: usize>(
    text: &'static str,
    x: [f64; N],
    value: f64,
    slopes: [f64; N],
    curvatures: [[f64; N]; N],
) {
    in_both_precisions(text, &x, value, &slopes, Some(&curvatures.concat()));
}

/// In `f64` and, at points that are exact in it, in `f32`.
#[track_caller]
fn in_both_precisions(text: &'static str, x: &[f64], value: f64, slopes: &[f64], curvatures: Option<&[f64]>) {
    in_every_reading::<f64>(text, x, value, slopes, curvatures);
    if x.iter().all(|&x| x.is_nan() || f64::from(x as f32) == x) {
        in_every_reading::<f32>(text, x, value, slopes, curvatures);
    }
}

#[track_caller]
fn in_every_reading<R: Real>(text: &'static str, x: &[f64], value: f64, slopes: &[f64], curvatures: Option<&[f64]>) {
    let x: Vec<R> = x.iter().map(|&x| R::from_f64(x)).collect();
    let plain = Formula(text).eval(&x);
    assert!(
        is_close(plain, value) && has_sign_of(plain, R::from_f64(value)),
        "value {plain:?} of {text} at {x:?}, not {value:?}"
    );
    for Outcome { reading, value, gradients, hessian } in outcomes(&Formula(text), &x) {
        let same = is_equal(value, plain) && has_sign_of(value, plain);
        assert!(same, "{text} in {reading}: value {value:?} at {x:?}, not that of the plain number, {plain:?}");
        for gradient in gradients {
            assert!(are_close(&gradient, slopes), "{text} in {reading}: slopes {gradient:?} at {x:?}, not {slopes:?}");
        }
        if let (Some(hessian), Some(curvatures)) = (hessian, curvatures) {
            let right = are_close(&hessian, curvatures);
            assert!(right, "{text} in {reading}: second derivatives {hessian:?} at {x:?}, not {curvatures:?}");
        }
    }
}

fn are_close<R: Real>(got: &[R], wanted: &[f64]) -> bool {
    got.len() == wanted.len() && got.iter().zip(wanted).all(|(&got, &wanted)| is_close(got, wanted))
}

/// Zeros, infinities and NaN are met exactly, other numbers to 1e-14, or as much for `f32`.
fn is_close<R: Real>(got: R, wanted: f64) -> bool {
    let wanted = R::from_f64(wanted);
    let tolerance = R::epsilon() * R::from_f64(1e-14 / f64::EPSILON) * Scalar::abs(wanted);
    is_equal(got, wanted) || (Scalar::is_finite(wanted) && Scalar::abs(got - wanted) <= tolerance)
}

/// Equal, NaN included.
fn is_equal<R: Real>(a: R, b: R) -> bool {
    a == b || (Scalar::is_nan(a) && Scalar::is_nan(b))
}

fn has_sign_of<R: Real>(a: R, b: R) -> bool {
    Scalar::is_nan(a) || Scalar::is_sign_negative(a) == Scalar::is_sign_negative(b)
}

// Kinks.

#[test]
fn abs_at_zero() {
    for zero in [0.0, -0.0] {
        has_curvatures("x.abs()", [zero], 0.0, [0.0], [[0.0]]);
    }
    has_curvatures("x.abs() * x.abs()", [0.0], 0.0, [0.0], [[0.0]]);
}

#[test]
fn relu_at_zero() {
    for zero in [0.0, -0.0] {
        has_curvatures("x.relu()", [zero], zero, [0.0], [[0.0]]);
    }
}

#[test]
fn leaky_relu_and_elu_at_zero() {
    has_curvatures("x.leaky_relu(0.25)", [0.0], 0.0, [0.25], [[0.0]]);
    has_curvatures("x.leaky_relu(4.0)", [0.0], 0.0, [1.0], [[0.0]]);
    has_curvatures("x.leaky_relu(-0.5)", [0.0], 0.0, [0.0], [[0.0]]);
    has_slopes("x.elu(0.5)", [0.0], 0.0, [0.5]);
    has_slopes("x.elu(2.0)", [0.0], 0.0, [1.0]);
}

#[test]
fn hypot_at_the_origin() {
    for zero in [0.0, -0.0] {
        has_slopes("x.hypot(y)", [zero, 0.0], 0.0, [0.0, 0.0]);
    }
}

#[test]
fn copysign_at_zero() {
    let flat = [[0.0; 2]; 2];
    has_curvatures("x.copysign(y)", [0.0, 1.0], 0.0, [0.0, 0.0], flat);
    has_curvatures("x.copysign(y)", [0.0, -1.0], -0.0, [0.0, 0.0], flat);
    has_curvatures("x.copysign(y)", [2.0, -0.0], -2.0, [-1.0, 0.0], flat);
}

#[test]
fn abs_sub_at_a_tie() {
    has_curvatures("x.abs_sub(y)", [3.0, 3.0], 0.0, [0.0, 0.0], [[0.0; 2]; 2]);
    has_curvatures("x.abs_sub(y)", [INF, INF], 0.0, [0.0, 0.0], [[0.0; 2]; 2]);
}

#[test]
fn conventions_do_not_compose() {
    // It is x, of slope 1, everywhere.
    has_slopes("x.relu() - (-x).relu()", [0.0], 0.0, [0.0]);
}

// Ties and bounds.

#[test]
fn max_at_a_tie() {
    let flat = [[0.0; 2]; 2];
    has_curvatures("x.max(y)", [1.0, 1.0], 1.0, [0.5, 0.5], flat);
    has_curvatures("x.max(y)", [INF, INF], INF, [0.5, 0.5], flat);
    has_curvatures("x.max(y)", [0.0, -0.0], 0.0, [0.5, 0.5], flat);
}

#[test]
fn min_at_a_tie() {
    let flat = [[0.0; 2]; 2];
    has_curvatures("x.min(y)", [1.0, 1.0], 1.0, [0.5, 0.5], flat);
    has_curvatures("x.min(y)", [-INF, -INF], -INF, [0.5, 0.5], flat);
    has_curvatures("x.min(y)", [0.0, -0.0], 0.0, [0.5, 0.5], flat);
}

#[test]
fn max_and_min_of_one_variable_twice() {
    has_curvatures("x.max(x)", [3.0], 3.0, [1.0], [[0.0]]);
    has_curvatures("x.min(x)", [3.0], 3.0, [1.0], [[0.0]]);
}

#[test]
fn max_and_min_beside_nan() {
    for x in [1.0, -INF] {
        has_slopes("x.max(y)", [x, NAN], x, [1.0, 0.0]);
        has_slopes("x.max(y)", [NAN, x], x, [0.0, 1.0]);
        has_slopes("x.min(y)", [x, NAN], x, [1.0, 0.0]);
        has_slopes("x.min(y)", [NAN, x], x, [0.0, 1.0]);
    }
    has_slopes("x.max(y)", [NAN, NAN], NAN, [NAN, NAN]);
    has_slopes("x.min(y)", [NAN, NAN], NAN, [NAN, NAN]);
}

#[test]
fn clamp_at_its_bounds() {
    for (x, y, slope) in [(1.0, 1.0, 1.0), (-1.0, -1.0, 1.0), (0.5, 0.5, 1.0), (2.0, 1.0, 0.0), (-2.0, -1.0, 0.0)] {
        has_curvatures("x.clamp(-1.0, 1.0)", [x], y, [slope], [[0.0]]);
    }
    has_curvatures("x.clamp(1.0, 1.0)", [1.0], 1.0, [1.0], [[0.0]]);
}

// Steps.

#[test]
fn steps_are_flat() {
    for x in [0.0, 1.0, -1.0, 2.5, -2.5, 0.3] {
        has_curvatures("x.floor()", [x], x.floor(), [0.0], [[0.0]]);
        has_curvatures("x.ceil()", [x], x.ceil(), [0.0], [[0.0]]);
        has_curvatures("x.round()", [x], x.round(), [0.0], [[0.0]]);
        has_curvatures("x.trunc()", [x], x.trunc(), [0.0], [[0.0]]);
    }
    has_slopes("x.floor()", [NAN], NAN, [0.0]);
    has_slopes("x.trunc()", [INF], INF, [0.0]);
}

#[test]
fn halves_round_away_from_zero() {
    has_slopes("x.round()", [2.5], 3.0, [0.0]);
    has_slopes("x.round()", [-2.5], -3.0, [0.0]);
    has_slopes("x.round()", [0.49999999999999994], 0.0, [0.0]);
}

#[test]
fn signum_at_zero() {
    has_curvatures("x.signum()", [0.0], 1.0, [0.0], [[0.0]]);
    has_curvatures("x.signum()", [-0.0], -1.0, [0.0], [[0.0]]);
}

#[test]
fn fract_has_slope_one() {
    for x in [1.0, -2.5, 0.0] {
        has_curvatures("x.fract()", [x], x.fract(), [1.0], [[0.0]]);
    }
}

#[test]
fn rem_has_the_whole_quotient() {
    let flat = [[0.0; 2]; 2];
    has_curvatures("x % y", [7.5, 2.0], 1.5, [1.0, -3.0], flat);
    has_curvatures("x % y", [4.0, 2.0], 0.0, [1.0, -2.0], flat);
    has_curvatures("x % y", [-4.0, 2.0], -0.0, [1.0, 2.0], flat);
    has_curvatures("x % y", [1e10, 3.0], 1.0, [1.0, -3333333333.0], flat);
    has_slopes("x % y", [INF, 2.0], NAN, [NAN, NAN]);
    has_slopes("x % y", [1.0, 0.0], NAN, [NAN, NAN]);
}

#[test]
fn rem_of_one_and_a_tenth() {
    // The quotient that f64 rounds is 10.
    has_curvatures("x % y", [1.0, 0.1], 1.0 % 0.1, [1.0, -9.0], [[0.0; 2]; 2]);
    has_curvatures("1 % x", [0.1], 1.0 % 0.1, [-9.0], [[0.0]]);
}

// Ends of domains.

#[test]
fn sqrt_at_zero() {
    has_curvatures("x.sqrt()", [0.0], 0.0, [INF], [[-INF]]);
    has_slopes("x.sqrt()", [-0.0], -0.0, [INF]);
}

#[test]
fn cbrt_at_zero() {
    has_curvatures("x.cbrt()", [0.0], 0.0, [INF], [[-INF]]);
    has_curvatures("x.cbrt()", [-0.0], -0.0, [INF], [[INF]]);
}

#[test]
fn logarithms_at_zero() {
    has_curvatures("x.ln()", [0.0], -INF, [INF], [[-INF]]);
    has_curvatures("x.log2()", [0.0], -INF, [INF], [[-INF]]);
    has_curvatures("x.log10()", [0.0], -INF, [INF], [[-INF]]);
    has_curvatures("x.ln_1p()", [-1.0], -INF, [INF], [[-INF]]);
    has_slopes("x.ln()", [-0.0], -INF, [-INF]);
}

#[test]
fn asin_and_acos_at_one() {
    use std::f64::consts::{FRAC_PI_2, PI};
    has_curvatures("x.asin()", [1.0], FRAC_PI_2, [INF], [[INF]]);
    has_curvatures("x.asin()", [-1.0], -FRAC_PI_2, [INF], [[-INF]]);
    has_curvatures("x.acos()", [1.0], 0.0, [-INF], [[-INF]]);
    has_curvatures("x.acos()", [-1.0], PI, [-INF], [[INF]]);
}

#[test]
fn acosh_and_atanh_at_one() {
    has_curvatures("x.acosh()", [1.0], 0.0, [INF], [[-INF]]);
    has_curvatures("x.atanh()", [1.0], INF, [INF], [[INF]]);
    has_curvatures("x.atanh()", [-1.0], -INF, [INF], [[-INF]]);
}

#[test]
fn recip_and_division_at_zero() {
    has_curvatures("x.recip()", [0.0], INF, [-INF], [[INF]]);
    has_curvatures("x.recip()", [-0.0], -INF, [-INF], [[-INF]]);
    has_slopes("x / y", [1.0, -0.0], -INF, [-INF, -INF]);
    has_slopes("x / y", [0.0, 0.0], NAN, [INF, NAN]);
}

#[test]
fn gamma_functions_at_their_poles() {
    has_slopes("x.ln_gamma()", [-1.0], INF, [NAN]);
    has_slopes("x.digamma()", [0.0], -INF, [INF]);
}

#[test]
fn limits_at_infinity() {
    has_curvatures("x.sqrt()", [INF], INF, [0.0], [[0.0]]);
    has_curvatures("x.ln()", [INF], INF, [0.0], [[0.0]]);
    has_curvatures("x.tanh()", [INF], 1.0, [0.0], [[0.0]]);
    has_curvatures("x.sigmoid()", [-INF], 0.0, [0.0], [[0.0]]);
    has_curvatures("x.exp_m1()", [-INF], -1.0, [0.0], [[0.0]]);
    has_curvatures("x.atan()", [INF], std::f64::consts::FRAC_PI_2, [0.0], [[0.0]]);
    has_curvatures("x.asinh()", [INF], INF, [0.0], [[0.0]]);
    has_curvatures("x.acosh()", [INF], INF, [0.0], [[0.0]]);
}

#[test]
fn bell_curves_at_infinity() {
    for (x, erf, cdf) in [(INF, 1.0, 1.0), (-INF, -1.0, 0.0)] {
        has_curvatures("x.erf()", [x], erf, [0.0], [[0.0]]);
        has_curvatures("x.erfc()", [x], 1.0 - erf, [0.0], [[0.0]]);
        has_curvatures("x.norm_cdf()", [x], cdf, [0.0], [[0.0]]);
    }
}

// Outside the domain, and NaN.

#[test]
fn outside_the_domain() {
    let nan = [[NAN]];
    has_curvatures("x.sqrt()", [-1.0], NAN, [NAN], nan);
    has_curvatures("x.ln()", [-1.0], NAN, [NAN], nan);
    has_curvatures("x.log2()", [-1.0], NAN, [NAN], nan);
    has_curvatures("x.log10()", [-1.0], NAN, [NAN], nan);
    has_curvatures("x.ln_1p()", [-2.0], NAN, [NAN], nan);
    has_curvatures("x.asin()", [2.0], NAN, [NAN], nan);
    has_curvatures("x.acos()", [-2.0], NAN, [NAN], nan);
    has_curvatures("x.acosh()", [0.5], NAN, [NAN], nan);
    has_curvatures("x.acosh()", [-2.0], NAN, [NAN], nan);
    has_curvatures("x.atanh()", [2.0], NAN, [NAN], nan);
    has_curvatures("x.powf(0.5)", [-2.0], NAN, [NAN], nan);
    has_slopes("x.pow(y)", [-2.0, 0.5], NAN, [NAN, NAN]);
    has_curvatures("x.sin()", [INF], NAN, [NAN], nan);
    has_curvatures("x.cos()", [-INF], NAN, [NAN], nan);
    has_curvatures("x.tan()", [INF], NAN, [NAN], nan);
}

#[test]
fn nan_in_nan_out() {
    let nan = [[NAN]];
    has_curvatures("x.sqrt()", [NAN], NAN, [NAN], nan);
    has_curvatures("x.exp()", [NAN], NAN, [NAN], nan);
    has_curvatures("x.tanh()", [NAN], NAN, [NAN], nan);
    has_curvatures("x.softplus()", [NAN], NAN, [NAN], nan);
    has_curvatures("x.ln_gamma()", [NAN], NAN, [NAN], nan);
    has_slopes("x.hypot(y)", [NAN, 1.0], NAN, [NAN, NAN]);
    has_slopes("log_sum_exp([x, y])", [NAN, 0.0], NAN, [NAN, NAN]);
}

#[test]
fn kinks_at_nan() {
    has_slopes("x.relu()", [NAN], NAN, [NAN]);
    has_slopes("x.leaky_relu(0.5)", [NAN], NAN, [NAN]);
    has_slopes("x.abs()", [NAN], NAN, [NAN]);
    has_slopes("x.abs_sub(y)", [NAN, 1.0], NAN, [NAN, NAN]);
}

#[test]
fn hypot_of_infinity_and_nan() {
    has_slopes("x.hypot(y)", [INF, NAN], INF, [NAN, NAN]);
}

#[test]
fn zero_by_zero_is_nan() {
    has_slopes("x / x", [0.0], NAN, [NAN]);
    has_slopes("x.sin() / x", [0.0], NAN, [NAN]);
}

/// The slopes 1 of √x·√x, 1 of ∛x³ and −∞ of x·ln x are not found at 0.
#[test]
fn zero_times_infinity_in_a_chain() {
    for (text, value) in [
        ("x.sqrt() * x.sqrt()", 0.0),
        ("x.cbrt().powi(3)", 0.0),
        ("x.powi(4).sqrt()", 0.0),
        ("(-x.powi(-2)).exp()", 0.0),
        ("x * x.ln()", NAN),
    ] {
        for outcome in outcomes(&Formula(text), &[0.0]) {
            assert!(is_equal(outcome.value, value), "{text}: {}", outcome.value);
            let finite: Vec<f64> = outcome.gradients.concat().into_iter().filter(|slope| slope.is_finite()).collect();
            assert!(finite.iter().all(|&slope| slope == 0.0), "{text} in {}: {finite:?}", outcome.reading);
        }
    }
}

// Overflow and tails.

#[test]
fn overflow_is_infinite() {
    has_curvatures("x.exp()", [710.0], INF, [INF], [[INF]]);
    has_curvatures("x.exp2()", [1024.0], INF, [INF], [[INF]]);
    has_curvatures("x.sinh()", [711.0], INF, [INF], [[INF]]);
    has_curvatures("x.cosh()", [711.0], INF, [INF], [[INF]]);
    has_curvatures("x.cosh()", [-711.0], INF, [-INF], [[INF]]);
    has_curvatures("x.exp()", [-746.0], 0.0, [0.0], [[0.0]]);
}

#[test]
fn overflow_of_a_value_leaves_its_slopes() {
    let product = [[0.0, 1.0], [1.0, 0.0]];
    has_curvatures("x * y", [1e200, 1e200], INF, [1e200, 1e200], product);
    has_curvatures("x * y", [1e-200, 1e-200], 0.0, [1e-200, 1e-200], product);
    has_curvatures("x + y", [1e308, 1e308], INF, [1.0, 1.0], [[0.0; 2]; 2]);
}

#[test]
fn division_of_huge_and_tiny() {
    has_slopes("x / y", [1e250, 1e200], 1e250 / 1e200, [1e-200, -1e-150]);
    has_slopes("x / y", [1e-250, 1e-200], 1e-250 / 1e-200, [1e200, -1e150]);
}

#[test]
fn hypot_and_atan2_of_huge_and_tiny() {
    let (r, c) = (std::f64::consts::FRAC_1_SQRT_2, 3.5355339059327376e-201);
    has_curvatures("x.hypot(y)", [1e200, 1e200], 1e200_f64.hypot(1e200), [r, r], [[c, -c], [-c, c]]);
    has_slopes("x.hypot(y)", [1e-200, 1e-200], 1e-200_f64.hypot(1e-200), [r, r]);
    has_slopes("y.atan2(x)", [1e200, 1e200], std::f64::consts::FRAC_PI_4, [5e-201, -5e-201]);
    has_slopes("y.atan2(x)", [1e-200, 1e-200], std::f64::consts::FRAC_PI_4, [5e199, -5e199]);
}

#[test]
fn tails_keep_their_digits() {
    has_slopes("x.tanh()", [300.0], 1.0, [1.0601586212017243e-260]);
    has_curvatures("x.tanh()", [400.0], 1.0, [0.0], [[0.0]]);
    let e = 9.85967654375977e-305;
    has_curvatures("x.sigmoid()", [700.0], 1.0, [e], [[-e]]);
    has_curvatures("x.sigmoid()", [-700.0], e, [e], [[e]]);
    has_curvatures("x.exp_m1()", [-700.0], -1.0, [e], [[e]]);
    has_curvatures("x.log_sigmoid()", [700.0], -e, [e], [[-e]]);
    has_slopes("x.gelu()", [-30.0], -1.472014178144456e-196, [-4.416031690708495e-195]);
    has_slopes("x.erf()", [26.5], 1.0, [1.172614183000784e-305]);
}

#[test]
fn inverse_functions_near_one() {
    has_slopes("x.asin()", [0.99999999], 1.5706549054381862, [7071.067811777938]);
    has_slopes("x.acos()", [0.99999999], 0.00014142135671046477, [-7071.067811777938]);
    has_slopes("x.atanh()", [0.9999999], 8.40562139102231, [5000000.252631792]);
    // The value is std's, which has an error of 1e-14.
    has_slopes("x.acosh()", [1.000001], 1.000001_f64.acosh(), [707.1066044390042]);
    has_slopes("x.asinh()", [1e200], 461.2101657793691, [1e-200]);
}

// Powers.

#[test]
fn exponent_zero_is_a_constant() {
    for x in [0.0, -0.0, 3.0, INF, -INF, NAN] {
        has_curvatures("x.powi(0)", [x], 1.0, [0.0], [[0.0]]);
        has_curvatures("x.powf(0.0)", [x], 1.0, [0.0], [[0.0]]);
    }
}

#[test]
fn exponents_one_and_two_at_zero() {
    for zero in [0.0, -0.0] {
        has_curvatures("x.powi(1)", [zero], zero, [1.0], [[0.0]]);
        has_curvatures("x.powf(1.0)", [zero], zero, [1.0], [[0.0]]);
        has_curvatures("x.powi(2)", [zero], 0.0, [0.0], [[2.0]]);
        has_curvatures("x.powf(2.0)", [zero], 0.0, [0.0], [[2.0]]);
        has_curvatures("x.powi(3)", [zero], zero, [0.0], [[0.0]]);
    }
}

#[test]
fn powers_at_zero_to_the_third_order() {
    let thirds = [0.0, 0.0, 0.0, 6.0, 0.0];
    for (n, third) in thirds.into_iter().enumerate() {
        struct Whole(i32);
        impl Function for Whole {
            type Output = f64;

            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                x[0].powi(self.0)
            }
        }
        struct Constant(f64);
        impl Function for Constant {
            type Output = f64;

            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                x[0].powf(self.0)
            }
        }
        for (reading, got) in third_derivatives(&Whole(n as i32), &[0.0]) {
            assert_eq!(got, [third], "{reading}: powi({n})");
        }
        for (reading, got) in third_derivatives(&Constant(n as f64), &[0.0]) {
            assert_eq!(got, [third], "{reading}: powf({n})");
        }
    }
}

#[test]
fn negative_and_broken_exponents_at_zero() {
    has_curvatures("x.powi(-1)", [0.0], INF, [-INF], [[INF]]);
    has_slopes("x.powi(-1)", [-0.0], -INF, [-INF]);
    has_curvatures("x.powi(-2)", [0.0], INF, [-INF], [[INF]]);
    has_curvatures("x.powf(-0.5)", [0.0], INF, [-INF], [[INF]]);
    has_slopes("x.powf(0.5)", [0.0], 0.0, [INF]);
    has_curvatures("x.powf(1.5)", [0.0], 0.0, [0.0], [[INF]]);
    has_curvatures("x.powf(2.5)", [0.0], 0.0, [0.0], [[0.0]]);
}

#[test]
fn powi_with_the_extreme_exponents() {
    let (least, most) = (f64::from(i32::MIN), f64::from(i32::MAX));
    has_curvatures("x.powi(i32::MIN)", [1.0], 1.0, [least], [[least * (least - 1.0)]]);
    has_curvatures("x.powi(i32::MIN)", [-1.0], 1.0, [-least], [[least * (least - 1.0)]]);
    has_curvatures("x.powi(i32::MAX)", [1.0], 1.0, [most], [[most * (most - 1.0)]]);
    has_curvatures("x.powi(i32::MAX)", [-1.0], -1.0, [most], [[-most * (most - 1.0)]]);
    has_curvatures("x.powi(i32::MIN)", [2.0], 0.0, [0.0], [[0.0]]);
    has_slopes("x.powi(i32::MAX)", [2.0], INF, [INF]);
    has_curvatures("x.powi(i32::MAX)", [0.0], 0.0, [0.0], [[0.0]]);
    has_slopes("x.powi(i32::MIN)", [0.0], INF, [-INF]);
}

#[test]
fn negative_bases() {
    has_curvatures("x.powi(2)", [-2.0], 4.0, [-4.0], [[2.0]]);
    has_curvatures("x.powf(2.0)", [-2.0], 4.0, [-4.0], [[2.0]]);
    has_slopes("x.pow(y)", [-2.0, 2.0], 4.0, [-4.0, NAN]);
    has_slopes("x.pow(y)", [-2.0, 3.0], -8.0, [12.0, NAN]);
    has_slopes("x.pow(y)", [-2.0, 0.0], 1.0, [0.0, NAN]);
}

#[test]
fn zero_to_a_variable_power() {
    has_slopes("x.pow(y)", [0.0, 0.0], 1.0, [0.0, 0.0]);
    has_slopes("x.pow(y)", [0.0, 0.5], 0.0, [INF, 0.0]);
    has_slopes("x.pow(y)", [0.0, 1.0], 0.0, [1.0, 0.0]);
    has_slopes("x.pow(y)", [0.0, 2.0], 0.0, [0.0, 0.0]);
    has_slopes("x.pow(y)", [0.0, 3.0], 0.0, [0.0, 0.0]);
    has_slopes("x.pow(y)", [0.0, -1.0], INF, [-INF, -INF]);
}

// Angles.

#[test]
fn atan2_on_the_axes() {
    use std::f64::consts::{FRAC_PI_2, PI};
    let mixed = |c: f64| [[0.0, c], [c, 0.0]];
    has_curvatures("y.atan2(x)", [0.0, 1.0], 0.0, [1.0, 0.0], mixed(-1.0));
    has_curvatures("y.atan2(x)", [1.0, 0.0], FRAC_PI_2, [0.0, -1.0], mixed(1.0));
    has_curvatures("y.atan2(x)", [-1.0, 0.0], -FRAC_PI_2, [0.0, 1.0], mixed(1.0));
    has_curvatures("y.atan2(x)", [0.0, -1.0], PI, [-1.0, 0.0], mixed(-1.0));
    has_curvatures("y.atan2(x)", [-0.0, -1.0], -PI, [-1.0, 0.0], mixed(-1.0));
}

#[test]
fn atan2_at_the_origin() {
    has_slopes("y.atan2(x)", [0.0, 0.0], 0.0, [NAN, NAN]);
    has_slopes("y.atan2(x)", [-0.0, 0.0], -0.0, [NAN, NAN]);
}

#[test]
fn atan2_at_infinity() {
    has_slopes("y.atan2(x)", [INF, 1.0], std::f64::consts::FRAC_PI_2, [0.0, 0.0]);
}

// Activations and sums of exponentials.

#[test]
fn log_sum_exp_of_negative_infinities() {
    has_slopes("log_sum_exp([x, y])", [-INF, -INF], -INF, [0.5, 0.5]);
    has_slopes("log_sum_exp([x, y])", [-INF, 0.0], 0.0, [0.0, 1.0]);
    has_slopes("log_sum_exp([x, y])", [INF, -INF], INF, [1.0, 0.0]);
}

#[test]
fn activations_far_out() {
    for x in [800.0, INF] {
        has_curvatures("x.softplus()", [x], x, [1.0], [[0.0]]);
        has_curvatures("x.softplus()", [-x], 0.0, [0.0], [[0.0]]);
        has_curvatures("x.log_sigmoid()", [-x], -x, [1.0], [[0.0]]);
        has_curvatures("x.sigmoid()", [x], 1.0, [0.0], [[0.0]]);
        has_curvatures("x.sigmoid()", [-x], 0.0, [0.0], [[0.0]]);
        has_curvatures("x.relu()", [x], x, [1.0], [[0.0]]);
        has_curvatures("x.elu(0.5)", [-x], -0.5, [0.0], [[0.0]]);
    }
}

#[test]
fn silu_and_gelu_far_out() {
    for x in [800.0, INF] {
        has_curvatures("x.silu()", [x], x, [1.0], [[0.0]]);
        has_curvatures("x.silu()", [-x], -0.0, [0.0], [[0.0]]);
        has_curvatures("x.gelu()", [x], x, [1.0], [[0.0]]);
        has_curvatures("x.gelu()", [-x], -0.0, [0.0], [[0.0]]);
        has_curvatures("x.gelu_tanh()", [x], x, [1.0], [[0.0]]);
        has_curvatures("x.gelu_tanh()", [-x], -0.0, [0.0], [[0.0]]);
    }
}

#[test]
fn special_functions_to_fourteen_digits() {
    has_slopes("x.ln_gamma()", [1.0], 0.0, [-0.5772156649015329]);
    has_slopes("x.ln_gamma()", [2.0], 0.0, [0.42278433509846713]);
    has_slopes("x.norm_cdf()", [-37.0], 5.725571222524577e-300, [2.1200065515246056e-298]);
    has_slopes("x.erfc()", [26.0], 5.663192408856143e-296, [-2.9470349932662697e-294]);
    has_slopes("x.erf()", [10.0], 1.0, [4.197656231354417e-44]);
}

// Numbers without influence, and with it.

#[test]
fn a_variable_beside_an_infinite_slope() {
    has_slopes("x.sqrt() + y", [0.0, 1.0], 1.0, [INF, 1.0]);
}

#[test]
fn a_zero_tangent_beats_an_infinite_slope() {
    assert_eq!(jvp(|x| vec![x[0].sqrt()], &[0.0], &[0.0]), (vec![0.0], vec![0.0]));
    assert_eq!(jvp(|x| vec![x[0].ln() + x[1]], &[-1.0, 2.0], &[0.0, 1.0]).1, [1.0]);
    let lanes = Dual::new(0.0, [0.0, 1.0, 0.0]).cbrt();
    assert_eq!(lanes.partials, [0.0, INF, 0.0]);
    let nested = Dual::new(Dual::new(0.0, [0.0]), [Dual::constant(0.0)]).sqrt();
    assert_eq!((nested.primal.partials, nested.partials[0].primal, nested.partials[0].partials), ([0.0], 0.0, [0.0]));
}

#[test]
fn a_zero_adjoint_beats_an_infinite_slope() {
    let roots = |x: &[Var]| vec![x[0].sqrt(), x[1] * 2.0];
    assert_eq!(vjp(roots, &[0.0, 3.0], &[0.0, 1.0]), (vec![0.0, 6.0], vec![0.0, 2.0]));
    let tape = Tape::new();
    let x = tape.var(0.0);
    let (root, y) = (x.sqrt(), x + 1.0);
    assert_eq!((tape.backward(y)[x], tape.backward(y)[root], tape.backward(root)[x]), (1.0, 0.0, INF));
}

#[test]
fn a_zero_slope_beats_an_infinite_tangent() {
    has_slopes("x.sqrt().max(1)", [0.0], 1.0, [0.0]);
    has_slopes("x.sqrt().floor()", [0.0], 0.0, [0.0]);
    has_slopes("x.sqrt().powi(0)", [0.0], 1.0, [0.0]);
    has_slopes("x.sqrt() * 0", [0.0], 0.0, [0.0]);
    has_slopes("x.ln().relu()", [0.0], 0.0, [0.0]);
}

#[test]
fn a_zero_factor_beats_an_infinite_slope() {
    has_slopes("(x * 0.0 + y).sqrt()", [3.0, 0.0], 0.0, [0.0, INF]);
    fn by_mul_add<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].mul_add(S::zero(), x[1]).sqrt()
    }
    fn by_dot<S: Scalar<Real = f64>>(x: &[S]) -> S {
        dot(x, &[S::zero(), S::one()]).sqrt()
    }
    let at = [3.0, 0.0];
    let reverse = [gradient(by_mul_add, &at), gradient(by_dot, &at)];
    let forward = [gradient_forward(by_mul_add, &at), gradient_forward(by_dot, &at)];
    for outcome in [reverse, forward].concat() {
        assert_eq!(outcome, (0.0, vec![0.0, INF]));
    }
}

#[test]
fn a_zero_tangent_multiplied_before() {
    has_slopes("(0 * x).sqrt() + y", [3.0, 5.0], 5.0, [0.0, 1.0]);
}

#[test]
fn an_input_without_influence() {
    has_curvatures("x * x", [3.0, INF], 9.0, [6.0, 0.0], [[2.0, 0.0], [0.0, 0.0]]);
    has_curvatures("x * x", [3.0, NAN], 9.0, [6.0, 0.0], [[2.0, 0.0], [0.0, 0.0]]);
}

#[test]
fn constant_outputs() {
    has_curvatures("7.0", [3.0], 7.0, [0.0], [[0.0]]);
    has_curvatures("INF", [3.0, 4.0], INF, [0.0, 0.0], [[0.0; 2]; 2]);
}

#[test]
fn outputs_that_are_inputs() {
    has_curvatures("x", [3.0], 3.0, [1.0], [[0.0]]);
    has_curvatures("y", [3.0, NAN], NAN, [0.0, 1.0], [[0.0; 2]; 2]);
}

#[test]
fn exact_cancellation() {
    has_curvatures("x - x", [3.0], 0.0, [0.0], [[0.0]]);
    has_curvatures("x / x", [2.0], 1.0, [0.0], [[0.0]]);
}

// Branches.

#[test]
fn only_the_branch_taken_counts() {
    for x in [0.0, -1.0] {
        has_slopes("if x > 0 { x.sqrt() } else { 0 }", [x], 0.0, [0.0]);
    }
    has_slopes("if x > 0 { x.sqrt() } else { 0 }", [4.0], 2.0, [0.25]);
    has_slopes("if x < 0 { -x } else { x }", [0.0], 0.0, [1.0]);
}

#[test]
fn equality_is_a_branch_too() {
    has_slopes("if x == 0 { 0 } else { x }", [0.0], 0.0, [0.0]);
}

// Signed zeros.

#[test]
fn signed_zeros_are_kept() {
    has_slopes("-x", [0.0], -0.0, [-1.0]);
    has_slopes("x.sin()", [-0.0], -0.0, [1.0]);
    has_slopes("x.tanh()", [-0.0], -0.0, [1.0]);
    has_slopes("x.exp_m1()", [-0.0], -0.0, [1.0]);
    has_slopes("x.floor()", [-0.0], -0.0, [0.0]);
    has_slopes("x.ceil()", [-0.75], -0.0, [0.0]);
    has_curvatures("x.powi(3)", [-0.0], -0.0, [0.0], [[0.0]]);
}

// Values, nesting and repetition.

#[test]
fn values_equal_the_plain_functions() {
    macro_rules! all {
        ($($name:ident)*) => {
            $(for x in [0.3, 1.0, -0.0, -0.7, 1.5, 1e-300, 1e300, -INF, NAN] {
                let (text, plain) = (concat!("x.", stringify!($name), "()"), x.$name());
                for Outcome { reading, value, .. } in outcomes(&Formula(text), &[x]) {
                    let same = is_equal(value, plain) && has_sign_of(value, plain);
                    assert!(same, "{text} in {reading}: value {value:?} at {x:?}, not {plain:?}");
                }
            })*
        };
    }
    all!(recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin acos atan sinh cosh tanh asinh acosh);
    all!(atanh abs signum floor ceil round trunc fract);
}

#[test]
fn a_derivative_inside_a_derivative() {
    let curvature = |x: f64| derivative(|x| derivative(|x| x.sqrt() * x.abs(), x).1, x).1;
    approx::assert_relative_eq!(curvature(4.0), 0.375, max_relative = 1e-14);
    assert_eq!(derivative(|x| x * derivative(|y| lift(x) + y, lift(1.0)).1, 1.0), (1.0, 1.0));
    assert_eq!(derivative(|x| gradient(|y| y[0] * y[0] * y[0], &[x]).1[0], 2.0), (12.0, 12.0));
}

#[test]
fn twice_gives_the_same_bits() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0] * x[1]).sin() / x[2] + (x[1] - x[2]).tanh() + x[3].sqrt().max(x[0]) + log_sum_exp(x)
    }
    let x = [0.3, 1.7, -2.1, 0.0];
    let all = move || {
        let (y, reverse) = gradient(f, &x);
        let (_, forward) = gradient_forward(f, &x);
        let (_, _, curvatures) = hessian(f, &x);
        let numbers = [vec![y], reverse, forward, curvatures.into_entries()].concat();
        numbers.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
    };
    let first = all();
    let tape = Tape::new();
    let v = tape.vars(&x);
    let y = f(&v);
    let bits = || tape.backward(y).wrt(&v).into_iter().map(f64::to_bits).collect::<Vec<u64>>();
    assert_eq!(bits(), bits());
    assert_eq!(all(), first);
    assert_eq!(thread::spawn(all).join().expect("no panic"), first);
}

// The page.

/// Every row of a table names tests that exist, and every test here is on the page.
#[test]
fn every_row_names_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let page = read("docs/conventions.md");
    let mut named = Vec::new();
    let is_row = |line: &&str| line.starts_with('|') && !line.starts_with("| Convention |") && !line.starts_with("|--");
    for row in page.lines().filter(is_row) {
        let before = named.len();
        // [`test`](../file)
        for link in row.split("[`").skip(1) {
            let (test, rest) = link.split_once("`](../").unwrap_or_else(|| panic!("a link to a file: {link}"));
            let (file, _) = rest.split_once(')').expect("the end of the link");
            let exists = read(file).contains(&format!("#[test]\nfn {test}() {{"));
            assert!(exists, "there is no test {test} in {file}");
            named.push((file, test));
        }
        assert!(named.len() > before, "this row names no test: {row}");
    }
    for line in read("tests/numbers/conventions.rs").split("#[test]\nfn ").skip(1) {
        let (test, _) = line.split_once('(').expect("arguments");
        let is_named = test == "every_row_names_its_test" || named.contains(&("tests/numbers/conventions.rs", test));
        assert!(is_named, "no row of docs/conventions.md names {test}");
    }
}

// The functions.

#[expect(clippy::eq_op, reason = "what has no effect is tested too")]
fn formula<S: Scalar>(text: &str, x: &[S]) -> S {
    let real = <S::Real as Scalar>::from_f64;
    match (text, x) {
        ("x.abs()", &[x]) => x.abs(),
        ("x.abs() * x.abs()", &[x]) => x.abs() * x.abs(),
        ("x.relu()", &[x]) => x.relu(),
        ("x.leaky_relu(0.25)", &[x]) => x.leaky_relu(real(0.25)),
        ("x.leaky_relu(4.0)", &[x]) => x.leaky_relu(real(4.0)),
        ("x.leaky_relu(-0.5)", &[x]) => x.leaky_relu(real(-0.5)),
        ("x.elu(0.5)", &[x]) => x.elu(real(0.5)),
        ("x.elu(2.0)", &[x]) => x.elu(real(2.0)),
        ("x.hypot(y)", &[x, y]) => x.hypot(y),
        ("x.copysign(y)", &[x, y]) => x.copysign(y),
        ("x.abs_sub(y)", &[x, y]) => x.abs_sub(y),
        ("x.relu() - (-x).relu()", &[x]) => x.relu() - (-x).relu(),
        ("x.max(y)", &[x, y]) => x.max(y),
        ("x.min(y)", &[x, y]) => x.min(y),
        ("x.max(x)", &[x]) => x.max(x),
        ("x.min(x)", &[x]) => x.min(x),
        ("x.clamp(-1.0, 1.0)", &[x]) => x.clamp(real(-1.0), real(1.0)),
        ("x.clamp(1.0, 1.0)", &[x]) => x.clamp(real(1.0), real(1.0)),
        ("x.floor()", &[x]) => x.floor(),
        ("x.ceil()", &[x]) => x.ceil(),
        ("x.round()", &[x]) => x.round(),
        ("x.trunc()", &[x]) => x.trunc(),
        ("x.signum()", &[x]) => x.signum(),
        ("x.fract()", &[x]) => x.fract(),
        ("x % y", &[x, y]) => x % y,
        ("1 % x", &[x]) => S::one() % x,
        ("x.sqrt()", &[x]) => x.sqrt(),
        ("x.cbrt()", &[x]) => x.cbrt(),
        ("x.ln()", &[x]) => x.ln(),
        ("x.log2()", &[x]) => x.log2(),
        ("x.log10()", &[x]) => x.log10(),
        ("x.ln_1p()", &[x]) => x.ln_1p(),
        ("x.asin()", &[x]) => x.asin(),
        ("x.acos()", &[x]) => x.acos(),
        ("x.acosh()", &[x]) => x.acosh(),
        ("x.atanh()", &[x]) => x.atanh(),
        ("x.recip()", &[x]) => x.recip(),
        ("x / y", &[x, y]) => x / y,
        ("x.ln_gamma()", &[x]) => x.ln_gamma(),
        ("x.digamma()", &[x]) => x.digamma(),
        ("x.tanh()", &[x]) => x.tanh(),
        ("x.sigmoid()", &[x]) => x.sigmoid(),
        ("x.exp_m1()", &[x]) => x.exp_m1(),
        ("x.atan()", &[x]) => x.atan(),
        ("x.asinh()", &[x]) => x.asinh(),
        ("x.erf()", &[x]) => x.erf(),
        ("x.erfc()", &[x]) => x.erfc(),
        ("x.norm_cdf()", &[x]) => x.norm_cdf(),
        ("x.powf(0.5)", &[x]) => x.powf(real(0.5)),
        ("x.pow(y)", &[x, y]) => x.pow(y),
        ("x.sin()", &[x]) => x.sin(),
        ("x.cos()", &[x]) => x.cos(),
        ("x.tan()", &[x]) => x.tan(),
        ("x.exp()", &[x]) => x.exp(),
        ("x.softplus()", &[x]) => x.softplus(),
        ("log_sum_exp([x, y])", &[x, y]) => log_sum_exp(&[x, y]),
        ("x.leaky_relu(0.5)", &[x]) => x.leaky_relu(real(0.5)),
        ("x / x", &[x]) => x / x,
        ("x * x.ln()", &[x]) => x * x.ln(),
        ("x.sqrt() * x.sqrt()", &[x]) => x.sqrt() * x.sqrt(),
        ("x.cbrt().powi(3)", &[x]) => x.cbrt().powi(3),
        ("x.powi(4).sqrt()", &[x]) => x.powi(4).sqrt(),
        ("(-x.powi(-2)).exp()", &[x]) => (-x.powi(-2)).exp(),
        ("x.sin() / x", &[x]) => x.sin() / x,
        ("x.exp2()", &[x]) => x.exp2(),
        ("x.sinh()", &[x]) => x.sinh(),
        ("x.cosh()", &[x]) => x.cosh(),
        ("x * y", &[x, y]) => x * y,
        ("x + y", &[x, y]) => x + y,
        ("y.atan2(x)", &[y, x]) => y.atan2(x),
        ("x.log_sigmoid()", &[x]) => x.log_sigmoid(),
        ("x.gelu()", &[x]) => x.gelu(),
        ("x.powi(0)", &[x]) => x.powi(0),
        ("x.powf(0.0)", &[x]) => x.powf(real(0.0)),
        ("x.powi(1)", &[x]) => x.powi(1),
        ("x.powf(1.0)", &[x]) => x.powf(real(1.0)),
        ("x.powi(2)", &[x]) => x.powi(2),
        ("x.powf(2.0)", &[x]) => x.powf(real(2.0)),
        ("x.powi(3)", &[x]) => x.powi(3),
        ("x.powi(-1)", &[x]) => x.powi(-1),
        ("x.powi(-2)", &[x]) => x.powi(-2),
        ("x.powf(-0.5)", &[x]) => x.powf(real(-0.5)),
        ("x.powf(1.5)", &[x]) => x.powf(real(1.5)),
        ("x.powf(2.5)", &[x]) => x.powf(real(2.5)),
        ("x.powi(i32::MIN)", &[x]) => x.powi(i32::MIN),
        ("x.powi(i32::MAX)", &[x]) => x.powi(i32::MAX),
        ("x.silu()", &[x]) => x.silu(),
        ("x.gelu_tanh()", &[x]) => x.gelu_tanh(),
        ("x.sqrt() + y", &[x, y]) => x.sqrt() + y,
        ("x.sqrt().max(1)", &[x]) => x.sqrt().max(S::one()),
        ("x.sqrt().floor()", &[x]) => x.sqrt().floor(),
        ("x.sqrt().powi(0)", &[x]) => x.sqrt().powi(0),
        ("x.sqrt() * 0", &[x]) => x.sqrt() * S::zero(),
        ("x.ln().relu()", &[x]) => x.ln().relu(),
        ("(x * 0.0 + y).sqrt()", &[x, y]) => (x * real(0.0) + y).sqrt(),
        ("(0 * x).sqrt() + y", &[x, y]) => (S::zero() * x).sqrt() + y,
        ("x * x", &[x, _y]) => x * x,
        ("7.0", &[_x]) => S::from_f64(7.0),
        ("INF", &[_x, _y]) => S::from_f64(INF),
        ("x", &[x]) => x,
        ("y", &[_x, y]) => y,
        ("x - x", &[x]) => x - x,
        ("if x > 0 { x.sqrt() } else { 0 }", &[x]) => {
            if x > S::zero() {
                x.sqrt()
            } else {
                S::zero()
            }
        }
        ("if x < 0 { -x } else { x }", &[x]) => {
            if x < S::zero() {
                -x
            } else {
                x
            }
        }
        ("if x == 0 { 0 } else { x }", &[x]) => {
            if x == S::zero() {
                S::zero()
            } else {
                x
            }
        }
        ("-x", &[x]) => -x,
        _ => panic!("no formula {text} of {} arguments", x.len()),
    }
}
