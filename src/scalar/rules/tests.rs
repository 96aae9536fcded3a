//! Every function of the list, in all modes, against differences and, to the fifth order, by nesting.

use crate::forward::Dual;
use crate::function;
use crate::reverse::{Tape, Var};
use crate::scalar::Scalar;
use crate::scalar::function::Function;
use crate::series::Taylor;
use crate::tools::check::check;

const POINTS: usize = 9;

/// Points from one end of a domain to the other.
fn points((low, high): (f64, f64)) -> impl Iterator<Item = f64> {
    (0..POINTS).map(move |i| low + (high - low) * i as f64 / (POINTS - 1) as f64)
}

/// Checks derivatives at a point, and that every nesting has the plain value.
fn check_at(f: &impl Function<Output = f64>, x: &[f64]) {
    check(f, x).assert_agreement();
    let plain = f.eval(x).to_bits();
    let nested: Vec<Dual<Dual<f64, 2>>> = x.iter().map(|&x| Dual::variable(Dual::seeded(x, 1))).collect();
    assert_eq!(f.eval(&nested).value().to_bits(), plain);
    let tape = Tape::new();
    let mixed: Vec<Dual<Var>> = x.iter().map(|&x| Dual::variable(tape.var(x))).collect();
    assert_eq!(f.eval(&mixed).value().to_bits(), plain);
    let series: Vec<Taylor<Var, 3>> = x.iter().map(|&x| Taylor::variable(tape.var(x))).collect();
    assert_eq!(f.eval(&series).value().to_bits(), plain);
    check_series_at(f, x);
    check_beside_infinity(f, x);
}

/// An infinite derivative in one lane leaves the other lane as it is.
fn check_beside_infinity(f: &impl Function<Output = f64>, x: &[f64]) {
    let other_lane = |beside: f64| {
        let directions = [1.0, -0.7, 0.4].into_iter().cycle();
        let inside = x.iter().zip(directions).map(|(&x, d)| Dual::<f64, 2>::new(x, [beside, d]));
        let y = f.eval(&inside.map(Dual::variable).collect::<Vec<Dual<Dual<f64, 2>>>>());
        [y.primal.partials[1], y.partials[0].primal, y.partials[0].partials[1]]
    };
    for infinity in [f64::INFINITY, f64::NEG_INFINITY] {
        for (beside, wanted) in other_lane(infinity).into_iter().zip(other_lane(0.0)) {
            let difference = (beside - wanted).abs();
            assert!(difference <= 1e-13 * wanted.abs().max(1.0), "{beside} at {x:?}, {wanted} without an infinity");
        }
    }
}

/// The series of a function along a curve against nested dual numbers.
fn check_series_at(f: &impl Function<Output = f64>, x: &[f64]) {
    type Third<T> = Dual<Dual<Dual<T>>>;
    fn curve<S: Scalar<Real = f64>>(x: &[f64], t: S) -> Vec<S> {
        x.iter().zip([1.0, -0.7, 0.4].iter().cycle()).map(|(&x, &d)| t * (t * (0.3 - d) + d) + x).collect()
    }
    /// The derivatives of order 0, 1, 2 and 3.
    fn derivatives<T: Scalar>(y: Third<T>) -> [T; 4] {
        let slope = y.partials[0];
        [y.primal.primal.primal, slope.primal.primal, slope.partials[0].primal, slope.partials[0].partials[0]]
    }
    let nested_variable = Dual::variable(Dual::variable(Dual::variable(Dual::variable(Dual::<f64>::variable(0.0)))));
    let nested = derivatives(f.eval(&curve(x, nested_variable)));
    let last = nested[3];
    let wanted = [
        nested[0].primal.primal,
        nested[1].primal.primal,
        nested[2].primal.primal,
        last.primal.primal,
        last.partials[0].primal,
        last.partials[0].partials[0],
    ];
    let series: Taylor<f64, 5> = f.eval(&curve(x, Taylor::variable(0.0)));
    for (k, (got, wanted)) in series.derivatives().zip(wanted).enumerate() {
        let difference = (got - wanted).abs();
        assert!(
            difference <= 1e-12 * wanted.abs().max(1.0),
            "derivative {k} at {x:?}: {got} in a series, {wanted} nested"
        );
    }
}

macro_rules! function_tests {
    (
        [] unary { $($name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(
            #[test]
            fn $name() {
                fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
                    x[0].$name($($sample),*)
                }
                points($domain).for_each(|x| check_at(&function!(f), &[x]));
            }
        )*
        $(
            #[test]
            fn $name2() {
                fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
                    x[0].$name2(x[1])
                }
                // Other points for the second argument keep both off ties.
                let second = points($domain2).map(|y| y * 1.01);
                points($domain2).zip(second.collect::<Vec<_>>().into_iter().rev()).for_each(|(x, y)| {
                    check_at(&function!(f), &[x, y]);
                });
            }
        )*
    };
}
elementary_functions!(function_tests);

#[test]
fn arithmetic() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].mul_add(x[1], x[2]) / x[1] + x[0] % x[1] - x[2] * x[0]
    }
    check_at(&function!(f), &[5.3, 1.7, -2.2]);
}

#[test]
fn slices() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let shares = crate::softmax(x);
        crate::dot(&shares, x) + crate::log_sum_exp(x) * crate::sum(x) + crate::log_softmax(x)[1]
    }
    for n in [2, 3, 7, 8, 9, 20] {
        let x: Vec<f64> = (0..n).map(|i| f64::from(i).sin() * 2.0).collect();
        check_at(&function!(f), &x);
    }
}
