//! Every function of the list, in all modes and against differences.

use crate::{Dual, Function, Scalar, Tape, Var, check, function};

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
}

macro_rules! function_tests {
    (
        [] unary { $($(#[$doc:meta])* $name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($(#[$doc2:meta])* $name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
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
