//! Code that was written for num-traits and approx, without this crate in mind.

use approx::{AbsDiffEq, RelativeEq, UlpsEq, assert_abs_diff_eq, assert_relative_eq, assert_ulps_eq};
use dualtape::{Dual, Scalar, Tape, Var, derivative, gradient, hessian};
use num_traits::{
    Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, MulAddAssign, Num, NumAssign, NumAssignOps, NumCast, Pow,
    Signed, ToPrimitive,
};

/// A foreign function over `Float`: the natural logarithm of the gamma function by Stirling's series, with a branch,
/// constants and a loop.
fn stirling<F: Float + FloatConst>(x: F) -> F {
    let half = F::from(0.5).unwrap();
    let mut shift = F::zero();
    let mut z = x;
    while z < F::from(10).unwrap() {
        shift = shift + z.ln();
        z = z + F::one();
    }
    (z - half) * z.ln() - z + half * F::TAU().ln() + (F::from(12).unwrap() * z).recip()
        - (F::from(360).unwrap() * z.powi(3)).recip()
        - shift
}

/// A foreign distance over `Num` and references, with assigning operators.
fn squares<T: Num + NumAssign + Copy>(xs: &[T]) -> T {
    let mut total = T::zero();
    for &x in xs {
        total += x * x;
    }
    total
}

#[test]
fn a_function_over_float_is_differentiated_in_both_modes() {
    let (y, forward) = derivative(stirling, 4.3);
    let (z, reverse) = gradient(|x| stirling(x[0]), &[4.3]);
    assert_eq!((y, z), (stirling(4.3), stirling(4.3)));
    assert_relative_eq!(forward, Scalar::digamma(4.3), max_relative = 1e-7);
    assert_relative_eq!(forward, reverse[0], max_relative = 1e-14);
    let (_, _, h) = hessian(|x| stirling(x[0]), &[4.3]);
    assert_relative_eq!(h[0][0], Scalar::polygamma(4.3, 1), max_relative = 1e-6);
    assert_eq!(gradient(squares, &[1.0, -2.0]), (5.0, vec![2.0, -4.0]));
}

/// Calls every method of the foreign traits, for one type.
fn is_a_number<S>(two: S, three: S)
where
    S: Scalar<Real = f64>
        + Float
        + FloatConst
        + Signed
        + Bounded
        + NumAssignOps
        + FromPrimitive
        + ToPrimitive
        + NumCast,
    S: Inv<Output = S> + Pow<S, Output = S> + Pow<f64, Output = S> + Pow<i32, Output = S> + MulAdd<Output = S>,
    S: MulAddAssign + AbsDiffEq<Epsilon = S> + RelativeEq + UlpsEq + std::fmt::Debug,
{
    let number = |x: f64| <S as NumCast>::from(x).unwrap();
    let same = |x: S, y: f64| assert_eq!(x.value().to_bits(), y.to_bits());
    same(S::zero() + S::one(), 1.0);
    assert!(S::zero().is_zero() && !two.is_zero());
    assert_eq!((two.to_f64(), three.to_i64(), three.to_u64()), (Some(2.0), Some(3), Some(3)));
    same(S::from_i64(-4).unwrap(), -4.0);
    same(S::from_u64(4).unwrap(), 4.0);
    same(<S as FromPrimitive>::from_f64(0.1).unwrap(), 0.1);
    same(S::from_str_radix("-1.5", 10).ok().unwrap(), -1.5);
    same(<S as Bounded>::max_value(), f64::MAX);
    same(<S as Float>::min_value(), f64::MIN);
    same(S::PI(), std::f64::consts::PI);
    same(S::SQRT_2(), std::f64::consts::SQRT_2);
    same(two.inv(), 0.5);
    same(Pow::pow(two, three), 8.0);
    same(Pow::pow(two, 0.5), 2.0_f64.powf(0.5));
    same(Pow::pow(two, 3), 8.0);
    same(Float::powf(two, three), 8.0);
    same(MulAdd::mul_add(two, three, three), 9.0);
    let mut x = two;
    x.mul_add_assign(three, two);
    same(x, 8.0);
    same(Signed::abs(&-two), 2.0);
    same(Signed::signum(&-two), -1.0);
    same(Signed::abs_sub(&three, &two), 1.0);
    assert!(three.is_positive() && (-three).is_negative());
    same(Float::clamp(three, S::zero(), two), 2.0);
    same(Float::clamp(-three, S::zero(), two), 0.0);
    same(Float::clamp(two, S::zero(), three), 2.0);
    same(Float::to_degrees(three), 3.0_f64.to_degrees());
    same(Float::to_radians(three), 3.0_f64.to_radians());
    same(Float::epsilon(), f64::EPSILON);
    same(Float::min_positive_value(), f64::MIN_POSITIVE);
    same(Float::neg_zero(), -0.0);
    assert!(Float::is_nan(S::nan()) && Float::is_infinite(S::infinity()) && Float::is_sign_negative(S::neg_infinity()));
    assert!(Float::is_finite(two) && two.is_normal() && Float::is_sign_positive(two) && number(1e-310).is_subnormal());
    assert_eq!(two.classify(), std::num::FpCategory::Normal);
    assert_eq!(three.integer_decode(), 3.0_f64.integer_decode());
    let (sin, cos) = Float::sin_cos(three);
    same(sin, 3.0_f64.sin());
    same(cos, 3.0_f64.cos());
    same(Float::hypot(three, number(4.0)), 5.0);
    same(Float::log(number(8.0), two), 8.0_f64.log(2.0));
    same(Float::copysign(two, -three), -2.0);
    assert_abs_diff_eq!(two, two + 1e-17);
    assert_relative_eq!(three, three * (1.0 + 1e-15), max_relative = number(1e-14));
    assert_ulps_eq!(three, number(3.0_f64.next_up()), max_ulps = 2);
    assert!(
        !two.abs_diff_eq(&three, number(0.5))
            && !two.relative_eq(&three, S::zero(), number(0.1))
            && !two.ulps_eq(&three, S::zero(), 4)
    );
    assert!(two < three && two < 3.0 && two == 2.0 && two != three);
}

#[test]
fn every_scalar_is_a_number() {
    let tape = Tape::new();
    is_a_number::<Dual<f64, 1>>(Dual::variable(2.0), Dual::constant(3.0));
    is_a_number(Dual::new(2.0, [1.0, 0.0]), Dual::new(3.0, [0.0, 1.0]));
    is_a_number(tape.var(2.0), tape.var(3.0));
    is_a_number(Dual::new(tape.var(2.0), [Var::constant(1.0)]), Dual::new(tape.var(3.0), [tape.var(0.5)]));
    let nested = Tape::new();
    is_a_number(nested.var(Dual::new(2.0, [1.0, 0.0])), nested.var(Dual::new(3.0, [0.0, 1.0])));
}

#[test]
fn a_bound_that_is_reached_passes_its_derivative_on() {
    let (_, g) = gradient(|x| Float::clamp(x[0], x[1], x[2]), &[5.0, 0.0, 2.0]);
    assert_eq!(g, [0.0, 0.0, 1.0]);
}

#[test]
fn approximate_equality_follows_the_value() {
    assert_relative_eq!(Dual::new(1.0, [5.0]), Dual::new(1.0, [-5.0]));
}
