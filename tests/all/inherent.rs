//! Concrete code with the traits of other crates in scope: inherent methods keep every call unambiguous.

use dualtape::{Dual, Scalar, Tape, Taylor, Var};
use num_traits::{Float, FloatConst, MulAdd, Pow, Signed, ToPrimitive, Zero};

/// The same body for each type: no path, no turbofish.
macro_rules! wave {
    ($x:expr) => {{
        let x = $x;
        let y = x.sin().mul_add(x.exp(), x.powi(2)) + x.abs().sqrt().ln();
        (y.max(x).hypot(x) + x.signum() * x.tanh() - x.recip() + x.floor() + x.abs_sub(y) + x.sin_cos().1).value()
    }};
}

#[test]
fn calls_are_unambiguous_beside_the_traits_of_num_traits() {
    let tape = Tape::new();
    let x: Dual = Dual::variable(0.7);
    let expected = wave!(x);
    assert_eq!(wave!(tape.var(0.7)), expected);
    assert_eq!(wave!(Taylor::<f64, 2>::variable(0.7)), expected);
    assert_eq!(wave!(Var::constant(x)), expected);
    assert!(x.to_f64() == Some(0.7) && !x.is_zero() && x.is_positive() && Dual::<f64>::PI() > x);
    assert_eq!(MulAdd::mul_add(x, x, x).value(), Pow::pow(x, 2).value() + 0.7);
    assert!(Scalar::is_finite_throughout(x) && Float::is_finite(x));
}

#[cfg(feature = "nalgebra")]
#[test]
fn calls_are_unambiguous_beside_the_traits_of_nalgebra() {
    use nalgebra::{ComplexField, RealField, SimdComplexField, SimdRealField, SimdValue};

    let tape = Tape::new();
    let x: Dual = Dual::variable(0.7);
    let expected = wave!(x);
    assert_eq!(wave!(tape.var(0.7)), expected);
    assert_eq!(wave!(Taylor::<f64, 2>::variable(0.7)), expected);
    assert_eq!(wave!(Var::constant(x)), expected);
    assert!(x.is_finite() && x.clamp(0.0, 1.0) == x && x.atan2(1.0).copysign(-1.0) < 0.0 && x.is_sign_positive());
    assert_eq!(
        Dual::<f64>::from_real(0.7) + Dual::<f64>::pi() + Dual::<f64>::e(),
        0.7 + std::f64::consts::PI + std::f64::consts::E
    );
    // Methods that only the traits of nalgebra have are called by name.
    let pi: Dual = SimdRealField::simd_pi();
    assert_eq!(x.modulus().simd_sqrt().extract(0).real() + pi, x.sqrt() + Dual::<f64>::two_pi() * 0.5);
}
