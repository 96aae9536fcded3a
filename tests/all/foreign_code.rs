//! Foreign code that casts numbers, and that branches at zero.

use dualtape::{Dual, LANES, Tape, Taylor, Var, derivative, gradient, hessian, jacobian, taylor};
use num_complex::Complex;
use num_traits::{Float, NumCast, ToPrimitive, Zero};

/// Squares with a cast of the result, as code that is generic in its input and output does.
fn squared<F: Float>(x: F) -> F {
    F::from(x * x).unwrap()
        + F::from(3).unwrap() * F::from(0.5_f32).unwrap()
        + F::from(x.to_f64().unwrap()).unwrap() * F::zero()
}

fn generic_cast<A: ToPrimitive, B: NumCast>(x: A) -> Option<B> {
    B::from(x)
}

#[test]
fn a_cast_to_the_same_type_keeps_the_derivatives() {
    assert_eq!(derivative(squared, 3.0), (10.5, 6.0));
    assert_eq!(gradient(|x| squared(x[0]), &[3.0]), (10.5, vec![6.0]));
    assert_eq!(hessian(|x| squared(x[0]), &[3.0]).2[0], [2.0]);
    assert_eq!(derivative(|x| derivative(squared, x).1, 3.0), (6.0, 2.0));
    assert_eq!(gradient(|x| gradient(|x| squared(x[0]), x).1[0], &[3.0]).1, [2.0]);
    assert_eq!(taylor::<f64, 3>(squared, 3.0).derivatives().collect::<Vec<_>>(), [10.5, 6.0, 2.0, 0.0]);
    assert_eq!(derivative(squared, 3.0_f32), (10.5, 6.0));
    assert_eq!(derivative(|x| num_traits::cast::<Dual, Dual>(x).unwrap() * x, 3.0), (9.0, 6.0));
}

#[test]
fn a_cast_from_the_scalar_inside_lifts_it() {
    let x = Dual::new(3.0, [5.0]);
    let lifted: Dual<Dual> = generic_cast(x).unwrap();
    assert_eq!((lifted.primal.partials, lifted.partials[0].primal), ([5.0], 0.0));
    let lifted: Var<Dual> = generic_cast(x).unwrap();
    assert_eq!(lifted.primal().partials, [5.0]);
}

#[test]
fn a_cast_between_types_that_would_lose_the_derivatives_is_refused() {
    let tape = Tape::new();
    let (dual, variable) = (Dual::variable(3.0), tape.var(3.0));
    assert!(generic_cast::<Var, Dual>(variable).is_none());
    assert!(generic_cast::<Dual, Var>(dual).is_none());
    assert!(generic_cast::<Dual, Taylor<f64, 2>>(dual).is_none());
    assert!(generic_cast::<Dual<f64, 2>, Dual>(Dual::seeded(3.0, 1)).is_none());
    assert_eq!(generic_cast::<f64, Dual>(3.0).unwrap().primal, 3.0);
    // A plain number asks for the value, which has no derivative.
    assert_eq!(generic_cast::<Dual, f64>(dual), Some(3.0));
    // A cast takes the number that it reads, so the next one finds none.
    assert!(generic_cast::<Var, Dual>(variable).is_none());
    assert_eq!(generic_cast::<i32, Dual>(7).unwrap().partials, [0.0]);
}

/// A number computed from a scalar has its value, but is not that scalar.
#[test]
fn a_cast_of_a_number_computed_from_values_is_refused() {
    struct Computed<T, const K: usize>([T; K], fn([f64; K]) -> f64);

    impl<T: ToPrimitive + Copy, const K: usize> ToPrimitive for Computed<T, K> {
        fn to_i64(&self) -> Option<i64> {
            self.to_f64()?.to_i64()
        }
        fn to_u64(&self) -> Option<u64> {
            self.to_f64()?.to_u64()
        }
        fn to_f64(&self) -> Option<f64> {
            Some((self.1)(self.0.map(|x| x.to_f64().unwrap())))
        }
    }

    let x = Dual::variable(2.0);
    assert_eq!(generic_cast::<_, Dual>(Computed([x], |[x]| x)).unwrap().partials, [1.0]);
    assert!(generic_cast::<_, Dual>(Computed([x], |[x]| 2.0 * x)).is_none());
    assert!(generic_cast::<_, Dual>(Computed([x, x], |[x, y]| x + y)).is_none());
    assert!(generic_cast::<_, Dual>(Computed([x, Dual::constant(2.0)], |[x, y]| 0.5 * (x + y))).is_none());
    // Another cast inside, and one that ended in a panic, change nothing.
    let cast_inside = |[x]: [f64; 1]| x + generic_cast::<_, Dual>(Dual::variable(0.0)).unwrap().primal;
    assert_eq!(generic_cast::<_, Dual>(Computed([x], cast_inside)).unwrap().partials, [1.0]);
    assert!(std::panic::catch_unwind(|| generic_cast::<_, Dual>(Computed([x], |_| panic!()))).is_err());
    assert_eq!(x.to_f64(), Some(2.0));
    assert_eq!(generic_cast::<_, Dual>(2.0).unwrap().partials, [0.0]);
    let nan = generic_cast::<_, Dual>(Dual::variable(f64::NAN)).unwrap();
    assert!(nan.primal.is_nan() && nan.partials == [1.0]);
}

#[test]
fn only_a_constant_is_zero() {
    assert!(Dual::<f64>::constant(0.0).is_zero() && Dual::<f64>::zero().is_zero());
    assert!(!Dual::variable(0.0).is_zero());
    assert!(Var::constant(0.0).is_zero() && !Tape::new().var(0.0).is_zero());
    assert!(Taylor::<f64, 2>::constant(0.0).is_zero() && !Taylor::<f64, 2>::variable(0.0).is_zero());
    assert!(!Dual::<Dual>::constant(Dual::variable(0.0)).is_zero());
}

/// An analytic function and its derivative.
type Analytic =
    (&'static str, fn(Complex<Dual<f64, LANES>>) -> Complex<Dual<f64, LANES>>, fn(Complex<f64>) -> Complex<f64>);

#[test]
fn functions_of_complex_numbers_have_their_derivatives_on_the_axes_too() {
    let functions: [Analytic; 17] = [
        ("sqrt", |z| z.sqrt(), |z| (z.sqrt() * 2.0).inv()),
        ("cbrt", |z| z.cbrt(), |z| (z.cbrt().powi(2) * 3.0).inv()),
        ("exp", |z| z.exp(), |z| z.exp()),
        ("ln", |z| z.ln(), |z| z.inv()),
        ("log10", |z| z.log10(), |z| (z * std::f64::consts::LN_10).inv()),
        ("sin", |z| z.sin(), |z| z.cos()),
        ("cos", |z| z.cos(), |z| -z.sin()),
        ("tan", |z| z.tan(), |z| z.cos().powi(2).inv()),
        ("sinh", |z| z.sinh(), |z| z.cosh()),
        ("tanh", |z| z.tanh(), |z| z.cosh().powi(2).inv()),
        ("atan", |z| z.atan(), |z| (z * z + 1.0).inv()),
        ("asinh", |z| z.asinh(), |z| (z * z + 1.0).sqrt().inv()),
        ("inv", |z| z.inv(), |z| -(z * z).inv()),
        ("square", |z| z * z, |z| z * 2.0),
        ("powi", |z| z.powi(3), |z| z.powi(2) * 3.0),
        ("powf", |z| z.powf(2.5.into()), |z| z.powf(1.5) * 2.5),
        (
            "quotient",
            |z| z / (z + Complex::new(2.0.into(), 1.0.into())),
            |z| {
                let below = z + Complex::new(2.0, 1.0);
                Complex::new(2.0, 1.0) / (below * below)
            },
        ),
    ];
    let points =
        [[4.0, 0.0], [4.0, -0.0], [0.25, 0.0], [0.0, 2.0], [-0.0, 0.5], [0.3, -0.7], [-2.0, 0.5], [-0.5, -3.0]];
    for (name, f, slope) in functions {
        for at in points {
            let parts = |x: &[Dual<f64, LANES>]| {
                let w = f(Complex::new(x[0], x[1]));
                vec![w.re, w.im]
            };
            let (_, j) = jacobian(parts, &at);
            let expected = slope(Complex::new(at[0], at[1]));
            let right = [[expected.re, -expected.im], [expected.im, expected.re]];
            for (row, right) in j.rows().zip(right) {
                for (found, right) in row.iter().zip(right) {
                    assert!(
                        (found - right).abs() <= 1e-13 * expected.norm().max(1.0),
                        "{name} at {at:?}: {j:?}, {expected}"
                    );
                }
            }
        }
    }
}
