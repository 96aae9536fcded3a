//! The programs of a first hour compile, in generic code and in concrete code.

use approx::assert_relative_eq;
use dualtape::{
    Dual, Function, Parametric, Scalar, Tape, Taylor, Var, check, derivative, function, gradient, implicit, jacobian,
    jacobian_forward, jacobian_reverse, jvp, vjp,
};

use crate::support::refusals::message;

/// The polar coordinates of a point, as generic code returns them.
fn polar<S: Scalar>(x: &[S]) -> [S; 2] {
    [x[0].hypot(x[1]), x[1].atan2(x[0])]
}

fn squares<S: Scalar>(x: &[S]) -> Vec<S> {
    x.iter().map(|x| x.powi(2)).collect()
}

#[test]
fn functions_of_several_outputs_return_arrays_vectors_or_tuples() {
    let x = [0.0, 2.0];
    let (y, j) = jacobian(polar, &x);
    assert_eq!(y, polar(&x));
    assert_eq!(jacobian_forward(polar, &x), (y.clone(), j.clone()));
    assert_eq!(jacobian_reverse(polar, &x), (y.clone(), j.clone()));
    assert_eq!(jvp(polar, &x, &[1.0, 0.0]), (y.clone(), vec![0.0, -0.5]));
    assert_eq!(vjp(polar, &x, &[1.0, 0.0]), (y, j[0].to_vec()));

    let expected = jacobian(squares, &x);
    assert_eq!(jacobian(|x| [x[0] * x[0], x[1] * x[1]], &x), expected);
    assert_eq!(jacobian(|x| vec![x[0] * x[0], x[1] * x[1]], &x), expected);
    assert_eq!(jacobian(|x| (x[0] * x[0], x[1] * x[1]), &x), expected);
    assert_eq!(jacobian_reverse(|x| (x[0] * x[0], x[1] * x[1]), &x), expected);
    assert_eq!(jvp(|x| (x[0] * x[0], x[1], x[0]), &x, &[1.0, 3.0]).1, [0.0, 3.0, 1.0]);
    assert_eq!(vjp(|x| (x[0] * x[1],), &x, &[3.0]).1, [6.0, 0.0]);
    assert_eq!(jacobian_reverse(|x| x.iter().map(|x| x * x).collect::<Vec<_>>(), &x), expected);
    assert_eq!(jvp(|x| x.iter().map(|&x| x * x).collect::<Vec<_>>(), &x, &[1.0, 1.0]).1, [0.0, 4.0]);
    assert_eq!(vjp(|x| [x[0] * x[1]], &x, &[3.0]).1, [6.0, 0.0]);
}

#[test]
fn matrices_are_indexed_by_pairs_and_taken_apart() {
    let (_, mut j) = jacobian(|x| [x[0] * x[1], x[0], x[1]], &[2.0, 3.0]);
    assert_eq!(j[(0, 1)], j[0][1]);
    j[(2, 1)] += 4.0;
    assert_eq!(j.as_slice(), [3.0, 2.0, 1.0, 0.0, 0.0, 5.0]);
    assert_eq!(
        message(|| j[(2, 2)]),
        "entry (2, 2) of a matrix of 3 rows and 2 columns: rows and columns are numbered from 0"
    );
    assert_eq!(message(|| j[3][0]), "row 3 of a matrix of 3 rows and 2 columns: rows are numbered from 0");
    assert_eq!(Vec::<Vec<f64>>::from(j), [[3.0, 2.0], [1.0, 0.0], [0.0, 5.0]]);

    let (_, no_inputs) = jacobian(|_| [Dual::constant(1.0); 2], &[]);
    assert_eq!(Vec::<Vec<f64>>::from(no_inputs), [[0.0; 0]; 2]);
}

/// Prints a number as generic code does.
fn printed<S: Scalar>(x: S) -> String {
    format!("{x} {x:.3} {x:8.2} {x:e} {x:.1e}")
}

#[test]
fn numbers_print_in_the_given_format() {
    let tape = Tape::new();
    assert_eq!(printed(tape.var(12.5)), printed(12.5));
    assert_eq!(printed(tape.var(12.5) * 1.0), printed(12.5));
    assert_eq!(format!("{:?} {:?}", tape.var(3.0), Var::constant(3.0)), "3.0 (variable 3) 3.0");
    assert_eq!(format!("{:?}", Var::<Var>::constant(tape.var(3.0))), "3.0 (variable 4)");

    let x: Dual = Dual::variable(12.5);
    assert_eq!(format!("{x:.2} {x:e} {:.1e}", -x), "12.50 + 1.00ε 1.25e1 + 1e0ε -1.2e1 - 1.0e0ε");
    assert_eq!(format!("{:e}", Dual::new(1.5, [20.0, -3.0])), "1.5e0 + [2e1, -3e0]ε");
    assert_eq!(format!("{:.0e}", Taylor::<f64, 2>::variable(20.0).powi(2)), "4e2 + 4e1t + 1e0t²");
    assert_eq!(format!("{:e}", Dual::<_, 1>::variable(x)), "(1.25e1 + 1e0ε) + (1e0 + 0e0ε)ε");
}

#[test]
fn the_default_number_is_the_constant_zero() {
    #[derive(Default)]
    struct State<S> {
        position: S,
        velocity: S,
    }

    fn is_zero<S: Scalar>() -> bool {
        let state = State::<S>::default();
        state.position.is_identically_zero() && state.velocity.is_identically_zero()
    }
    assert!(is_zero::<f64>() && is_zero::<f32>() && is_zero::<Dual>() && is_zero::<Dual<f64, 3>>());
    assert!(is_zero::<Var>() && is_zero::<Var<Dual>>() && is_zero::<Taylor<f64, 2>>());
}

/// The angle between two directions in degrees, from 0 to 360; NaN and infinities give 0.
fn turn<S: Scalar<Real = f64>>(from: S, to: S) -> S {
    let difference = (to - from).to_radians().rem_euclid(S::tau());
    if difference.is_nan() || difference.is_infinite() { S::zero() } else { difference.to_degrees() }
}

#[test]
fn the_methods_of_f64_are_there() {
    assert_relative_eq!(turn(350.0, 20.0), 30.0, max_relative = 1e-14);
    assert_eq!(turn(0.0, f64::INFINITY), 0.0);
    let (y, g) = gradient(|x| turn(x[0], x[1]), &[350.0, 20.0]);
    assert_eq!(y, turn(350.0, 20.0));
    assert_relative_eq!(g[..], [-1.0, 1.0]);

    for (x, y) in [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (-0.0, 1.0), (1.0, f64::INFINITY)] {
        let (a, b): (Dual, Dual) = (Dual::variable(x), Dual::constant(y));
        assert_eq!(a.rem_euclid(b).value().to_bits(), f64::rem_euclid(x, y).to_bits());
        assert_eq!(a.div_euclid(b).value().to_bits(), f64::div_euclid(x, y).to_bits());
        assert_eq!(a.to_radians().value().to_bits(), x.to_radians().to_bits());
        assert_eq!(a.to_degrees().value().to_bits(), x.to_degrees().to_bits());
        assert_eq!((a.is_sign_positive(), a.is_sign_negative()), (x.is_sign_positive(), x.is_sign_negative()));
        assert!(a.is_finite() && !a.is_nan() && !a.is_infinite());
    }
    let x: Dual<f32> = Dual::variable(1.7);
    assert_eq!((x.to_radians().value(), x.to_degrees().value()), (1.7_f32.to_radians(), 1.7_f32.to_degrees()));
    assert_eq!((Var::<f32>::pi().value(), f64::e()), (std::f32::consts::PI, std::f64::consts::E));

    let mut numbers = [3.0, f64::NAN, 1.0, -0.0, 0.0].map(Dual::<f64>::variable);
    numbers.sort_by(Dual::total_cmp);
    assert_eq!(format!("{:?}", numbers.map(|x| x.value())), "[-0.0, 0.0, 1.0, 3.0, NaN]");
}

#[test]
fn the_methods_of_f64_are_unambiguous_beside_those_of_num_traits() {
    use num_traits::{Float, FloatConst};

    fn generic<S: Scalar<Real = f64>>(x: S) -> bool {
        x.is_finite() && x.value().is_finite() && !x.rem_euclid(x).is_sign_negative() && S::pi() > S::e()
    }
    fn foreign<F: Float + FloatConst>(x: F) -> F {
        x.to_radians() + F::PI()
    }
    let x: Dual = Dual::variable(90.0);
    assert!(generic(x) && x.is_finite() && x.rem_euclid(x) == 0.0);
    assert_eq!(foreign(x), x.to_radians() + Dual::pi());
}

/// A function of two numbers at every pair of operands that generic code has.
fn with_plain_numbers<S: Scalar<Real = f64>>(x: S) -> S {
    let k = 1.5;
    let angle = x.atan2(1.0) + x.hypot(k) + x.rem_euclid(std::f64::consts::TAU) + x.div_euclid(2.0);
    let bounded = x.max(0.0).min(3.0) + x.clamp(0.0, 3.0) + x.abs_sub(1.0) + x.copysign(-1.0);
    angle + bounded + x.pow(2.5) + x.log(10.0)
}

fn with_scalars<S: Scalar<Real = f64>>(x: S) -> S {
    let c = S::from_f64;
    let angle = x.atan2(c(1.0)) + x.hypot(c(1.5)) + x.rem_euclid(S::tau()) + x.div_euclid(c(2.0));
    let bounded = x.max(c(0.0)).min(c(3.0)) + x.clamp(0.0, 3.0) + x.abs_sub(c(1.0)) + x.copysign(c(-1.0));
    angle + bounded + x.pow(c(2.5)) + x.log(c(10.0))
}

/// Code that is generic in the precision too.
fn positive_part<S: Scalar>(x: S, floor: S::Real) -> S {
    x.max(S::zero()).max(floor)
}

#[test]
fn functions_of_two_numbers_take_plain_numbers() {
    assert_eq!(with_plain_numbers(2.2), with_scalars(2.2));
    assert_eq!(derivative(with_plain_numbers, 2.2), derivative(with_scalars, 2.2));
    assert_eq!(gradient(|x| with_plain_numbers(x[0]), &[2.2]), gradient(|x| with_scalars(x[0]), &[2.2]));
    let second = |f: fn(Dual<Dual>) -> Dual<Dual>| derivative(|x| derivative(f, x).1, 2.2);
    assert_eq!(second(with_plain_numbers), second(with_scalars));
    let (series, expected) = (Taylor::<f64, 3>::variable(2.2), Taylor::<f64, 3>::variable(2.2));
    assert_eq!(with_plain_numbers(series).to_string(), with_scalars(expected).to_string());

    assert_eq!(positive_part(-1.0_f32, 0.5), 0.5);
    assert_eq!(derivative(|x| positive_part(x, 0.5), 1.0_f32), (1.0, 1.0));
}

#[test]
fn literals_are_operands_of_concrete_numbers() {
    let f = |x: &[Var]| 1.0 / (1.0 + (-x[0]).exp()) + x[1].max(0.0).hypot(1.0).atan2(x[0]).rem_euclid(0.5);
    assert!(gradient(f, &[1.0, 2.0]).0.is_finite());
    assert_eq!(derivative(|x| (2.0 * x).max(x).min(9.0), 3.0), (6.0, 2.0));
    assert_eq!(derivative(|x| derivative(|x| x.max(0.0) * x, x).1, 3.0), (6.0, 2.0));

    let largest = |x: &[Var]| x.iter().copied().reduce(Var::max).expect("there are elements");
    assert_eq!(gradient(largest, &[1.0, 5.0, 2.0]), (5.0, vec![0.0, 1.0, 0.0]));
    fn from_zero<S: Scalar>(x: &[S]) -> S {
        x.iter().copied().fold(S::zero(), S::max) + x.iter().copied().fold(S::zero(), Scalar::min)
    }
    assert_eq!(gradient(from_zero, &[1.0, -5.0]), (-4.0, vec![1.0, 1.0]));
}

#[test]
fn functions_capture_numbers_and_slices() {
    let (k, offset) = (3.0, [0.5, 0.25]);
    let data = vec![1.0, 2.0];
    let residuals = function!([k: f64, data: &[f64], offset: [f64; 2]] |x: &[S]| -> Vec<S> {
        data.iter().zip(offset).map(|(&t, offset)| (x[0] * t).exp() * k - x[1] + offset).collect()
    });
    check(&residuals, &[0.3, 1.0]).assert_agreement();
    let (y, j) = residuals.jacobian(&[0.0, 1.0]);
    assert_eq!((y, j.as_slice()), (vec![2.5, 2.25], &[3.0, -1.0, 6.0, -1.0][..]));

    let product = function!([k: f64] |[x, y]: [S; 2]| -> S { x * y * k });
    assert_eq!(product.gradient(&[1.0, 2.0]), (6.0, vec![6.0, 3.0]));
    assert_eq!(product.hessian(&[1.0, 2.0]).2[(0, 1)], 3.0);
    let rotated = function!(|[x, y]: [S; 2]| -> [S; 2] { [-y, x] });
    assert_eq!(rotated.eval(&[1.0, 2.0]), [-2.0, 1.0]);
    let square = function!(f32, |x: S| -> S { x * x });
    assert_eq!(square.gradient(&[3.0_f32]), (9.0, vec![6.0]));

    let target = &data;
    let misfit = function!([target: &Vec<f64>,] |x: &[S], p: &[S]| -> S {
        x.iter().zip(target).map(|(&x, &t)| (x - t).powi(2)).sum::<S>() * p[0]
    });
    assert_eq!(misfit.eval(&[2.0, 4.0], &[0.5]), 2.5);
    let p = [Dual::<f64>::variable(0.5)];
    assert_eq!(implicit::argmin(&misfit, &[1.0, 2.0], &p).iter().map(|x| x.partials).collect::<Vec<_>>(), [[0.0]; 2]);
}
