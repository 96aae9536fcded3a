//! `dualtape::complex`: the values of num-complex, with the derivatives of analytic functions.

use dualtape::complex;
use dualtape::{Dual, LANES, Var, derivative, gradient, hessian, jacobian, jacobian_reverse};
use num_complex::Complex;
use num_traits::Float;

type C<S> = Complex<S>;

/// A function in two readings and its plain form, and the derivative in two.
struct Analytic {
    name: &'static str,
    plain: fn(C<f64>) -> C<f64>,
    lanes: fn(C<Dual<f64, LANES>>) -> C<Dual<f64, LANES>>,
    recorded: fn(C<Var>) -> C<Var>,
    nested: fn(C<Dual<Dual>>) -> C<Dual<Dual>>,
    slope: fn(C<f64>) -> C<f64>,
    slope_of_dual: fn(C<Dual>) -> C<Dual>,
}

macro_rules! analytic {
    ($name:literal |$w:ident| $plain:expr, |$z:ident| $function:expr, |$x:ident| $slope:expr) => {
        Analytic {
            name: $name,
            plain: |$w| $plain,
            lanes: |$z| $function,
            recorded: |$z| $function,
            nested: |$z| $function,
            slope: |$x| $slope,
            slope_of_dual: |$x| $slope,
        }
    };
}

#[track_caller]
fn assert_near(what: (&str, [f64; 2]), found: &[f64], expected: &[f64]) {
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, x| scale.max(x.abs()));
    for (x, y) in found.iter().zip(expected) {
        assert!(x == y || (x - y).abs() <= 1e-13 * scale, "{what:?}: found {found:?}, expected {expected:?}");
    }
}

#[test]
#[expect(clippy::useless_conversion, reason = "the derivatives are evaluated at dual numbers and at plain ones")]
fn functions_have_the_values_of_num_complex_and_analytic_derivatives() {
    let functions = [
        analytic!("sqrt" | z | z.sqrt(), |z| complex::sqrt(z), |z| complex::powf(z, -0.5).unscale(2.0.into())),
        analytic!("exp" | z | z.exp(), |z| complex::exp(z), |z| z.exp()),
        analytic!("ln" | z | z.ln(), |z| complex::ln(z), |z| z.inv()),
        analytic!("sin" | z | z.sin(), |z| complex::sin(z), |z| z.cos()),
        analytic!("cos" | z | z.cos(), |z| complex::cos(z), |z| -z.sin()),
        analytic!("tan" | z | z.tan(), |z| complex::tan(z), |z| z.cos().powi(-2)),
        analytic!("sinh" | z | z.sinh(), |z| complex::sinh(z), |z| z.cosh()),
        analytic!("cosh" | z | z.cosh(), |z| complex::cosh(z), |z| z.sinh()),
        analytic!("tanh" | z | z.tanh(), |z| complex::tanh(z), |z| z.cosh().powi(-2)),
        analytic!("recip" | z | complex::recip(z), |z| complex::recip(z), |z| -z.inv().powi(2)),
        analytic!("powf" | z | z.powf(2.5), |z| complex::powf(z, 2.5), |z| z.powf(1.5.into()).scale(2.5.into())),
        analytic!("powf 3" | z | z.powf(3.0), |z| complex::powf(z, 3.0), |z| z.powi(2).scale(3.0.into())),
    ];
    let points = [
        [4.0, 0.0],
        [4.0, -0.0],
        [0.25, 0.0],
        [0.0, 2.0],
        [-0.0, 0.5],
        [0.3, -0.7],
        [-2.0, 0.5],
        [-4.0, 0.0],
        [-4.0, -0.0],
        [1.3, 2.9],
    ];
    for f in functions {
        for at in points {
            let what = (f.name, at);
            let z = Complex::new(at[0], at[1]);
            let (value, slope) = ((f.plain)(z), (f.slope)(z));
            let right = [slope.re, -slope.im, slope.im, slope.re];
            let (y, forward) = jacobian(|x| as_array((f.lanes)(Complex::new(x[0], x[1]))), &at);
            let (same, reverse) = jacobian_reverse(|x| as_array((f.recorded)(Complex::new(x[0], x[1]))), &at);
            assert_eq!((Complex::new(y[0], y[1]), y), (value, same), "{what:?}");
            assert_near(what, forward.as_slice(), &right);
            assert_near(what, reverse.as_slice(), &right);

            // The second derivative along the real axis is the derivative of the slope.
            let along = |t: Dual| as_array((f.slope_of_dual)(Complex::new(t, at[1].into())));
            let twice = |t: Dual<Dual>| as_array((f.nested)(Complex::new(t, Dual::constant(at[1].into()))));
            let expected = [0, 1].map(|part| derivative(|t| along(t)[part], at[0]).1);
            let found = [0, 1].map(|part| derivative(|t| derivative(|t| twice(t)[part], t).1, at[0]).1);
            assert_near(what, &found, &expected);
        }
    }
}

fn as_array<S>(z: Complex<S>) -> [S; 2] {
    [z.re, z.im]
}

#[test]
fn whole_powers_are_right_at_zero() {
    let real_part = |x: &[Var<Dual<f64, LANES>>]| complex::powf(Complex::new(x[0], x[1]), 2.0).re;
    let (y, g, h) = hessian(real_part, &[0.0, 0.0]);
    assert_eq!((y, g, h.as_slice()), (0.0, vec![0.0, 0.0], &[2.0, 0.0, 0.0, -2.0][..]));
    let constant = |x: &[Var]| complex::powf(Complex::new(x[0], x[1]), 0.0).re;
    assert_eq!(gradient(constant, &[0.0, 0.0]), (1.0, vec![0.0, 0.0]));
}

/// The rows of the table in `docs/works_with.md`: num-complex loses the derivative at 0 and at ±1.
#[test]
fn functions_of_num_complex_itself_lose_derivatives_at_their_branch_points() {
    macro_rules! jacobians {
        ($at:expr, |$z:ident| $w:expr) => {
            [
                jacobian(
                    |x: &[Dual<f64, LANES>]| {
                        let $z = Complex::new(x[0], x[1]);
                        as_array($w)
                    },
                    &$at,
                )
                .1
                .into_entries(),
                jacobian_reverse(
                    |x: &[Var]| {
                        let $z = Complex::new(x[0], x[1]);
                        as_array($w)
                    },
                    &$at,
                )
                .1
                .into_entries(),
            ]
        };
    }
    let (zero, one) = ([0.0, 0.0], [1.0, 0.0]);
    let (lost, identity) = ([0.0; 4], [1.0, 0.0, 0.0, 1.0]);
    for found in [
        jacobians!(zero, |z| z.powf(1.0.into())),
        jacobians!(zero, |z| z.powc(Complex::new(1.0.into(), 0.0.into()))),
        jacobians!(zero, |z| z.sqrt() * z.sqrt()),
        jacobians!(zero, |z| z.cbrt() * z.cbrt() * z.cbrt()),
        jacobians!(zero, |z| z.ln().exp()),
        jacobians!(zero, |z| Complex::from_polar(z.to_polar().0, z.to_polar().1)),
        jacobians!(zero, |z| z.sqrt()),
    ] {
        assert_eq!(found, [lost; 2]);
    }
    for found in [jacobians!(one, |z| z.asin()), jacobians!(one, |z| z.acosh()), jacobians!(one, |z| z.atanh())] {
        assert!(found.iter().flatten().all(|slope| slope.is_finite()), "{found:?}");
    }
    assert_eq!(jacobians!(zero, |z| complex::powf(z, 1.0)), [identity; 2]);
    assert_eq!(jacobians!(zero, |z| complex::powc(z, Complex::new(1.0.into(), 0.0.into()))), [identity; 2]);
    assert!(jacobians!(zero, |z| complex::sqrt(z)).iter().flatten().all(|slope| slope.is_nan()));
}

#[test]
fn a_power_is_differentiated_with_respect_to_base_and_exponent() {
    let at = [1.2, -0.4, 0.7, 0.9];
    let power = |x: &[Dual<f64, LANES>]| as_array(complex::powc(Complex::new(x[0], x[1]), Complex::new(x[2], x[3])));
    let (y, j) = jacobian(power, &at);
    let (z, w) = (Complex::new(at[0], at[1]), Complex::new(at[2], at[3]));
    let (by_z, by_w) = (w * z.powc(w - 1.0), z.powc(w) * z.ln());
    assert_eq!(Complex::new(y[0], y[1]), z.powc(w));
    let right = [by_z.re, -by_z.im, by_w.re, -by_w.im, by_z.im, by_z.re, by_w.im, by_w.re];
    assert_near(("powc", [at[0], at[1]]), j.as_slice(), &right);
    // At base 0 with a positive exponent.
    let (y, j) = jacobian(power, &[0.0, 0.0, 2.0, 0.0]);
    assert_eq!((y, &j[0][2..]), (vec![0.0, 0.0], &[0.0, 0.0][..]));
}

#[test]
fn modulus_angle_and_reciprocal_do_not_overflow() {
    let at = [3e200, 4e200];
    let (y, j) = jacobian(|x| [complex::abs(Complex::new(x[0], x[1])), complex::arg(Complex::new(x[0], x[1]))], &at);
    assert_near(("abs and arg", at), &y, &[3e200.hypot(4e200), 4.0.atan2(3.0)]);
    assert_near(("abs and arg", at), j.as_slice(), &[0.6, 0.8, -1.6e-201, 1.2e-201]);
    let (y, j) = jacobian(|x| as_array(complex::ln(Complex::new(x[0], x[1]))), &at);
    assert_near(("ln", at), &y, &[5e200.ln(), 4.0.atan2(3.0)]);
    assert_near(("ln", at), j.as_slice(), &[1.2e-201, 1.6e-201, -1.6e-201, 1.2e-201]);
}
