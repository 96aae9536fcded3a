//! The operations of a derivative in operations that the code has.
//!
//! A power with a whole exponent becomes products, in the order of `powi`, which share squares with the code around it;
//! a reciprocal becomes 1/x. Derivatives are taken before, by the rules of the powers.

use num_traits::One;

use super::form::{Form, Operation, Precision};
use super::symbol::Symbol;
use crate::graph::questions::{Asked, Class};
use crate::scalar::Scalar;

/// The numbers for which a form holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// All numbers.
    All,
    /// Numbers that are neither infinite nor NaN nor subnormal. What rules do about others is left out.
    Ordinary,
}

/// Returns a form with the results of `form`, in fewer kinds of operations, and their places in it.
pub(super) fn lowered(form: &Form, results: &[u32], domain: Domain) -> (Form, Vec<u32>) {
    let needed = form.needed_by(results.iter().copied());
    let (lower, places) = Form::written(form.plain, || {
        let mut symbols: Vec<Option<Symbol>> = vec![None; form.len()];
        for place in (0..form.len()).filter(|&place| needed[place]) {
            let node = form.node(place as u32);
            let argument = |&place: &u32| symbols[place as usize].expect("arguments stand before results");
            let arguments: Vec<Symbol> = node.arguments().iter().map(argument).collect();
            symbols[place] = Some(match node.operation {
                Operation::Constant(bits) => Symbol::constant(f64::from_bits(bits)),
                Operation::Plain => arguments[0],
                Operation::Question(Asked::Class(class)) if domain == Domain::Ordinary && class != Class::Negative => {
                    Symbol::answer(matches!(class, Class::Finite | Class::Normal))
                }
                Operation::Product | Operation::Chained
                    if domain == Domain::Ordinary && arguments.iter().any(|x| x.known().is_some_and(f64::is_nan)) =>
                {
                    Symbol::constant(0.0)
                }
                Operation::Function(function) if function.name == "recip" => Symbol::one() / arguments[0],
                Operation::Function(function) if function.name == "powi" => {
                    let exponent = function.parameters().next().expect("it was noted") as i32;
                    // Higher powers of f32 are computed in f64.
                    match form.plain.precision {
                        Precision::Single if !(0..=2).contains(&exponent) => Symbol::of(node.operation, &arguments),
                        _ => power(arguments[0], exponent),
                    }
                }
                operation => Symbol::of(operation, &arguments),
            });
        }
        results.iter().map(|&place| symbols[place as usize].expect("results are needed").place()).collect()
    });
    (lower, places)
}

/// xⁿ by repeated squaring, operation by operation as the plain `powi` in `scalar/special.rs`.
fn power(x: Symbol, n: i32) -> Symbol {
    let (mut power, mut square, mut bits) = (Symbol::one(), x, n.unsigned_abs());
    while bits > 0 {
        if bits & 1 == 1 {
            power *= square;
        }
        bits >>= 1;
        if bits > 0 {
            square *= square;
        }
    }
    if n >= 0 {
        return power;
    }
    let inverse = Symbol::one() / power;
    let is_normal = Symbol::of(Operation::Question(Asked::Class(Class::Normal)), &[inverse]);
    Symbol::select(is_normal, inverse, x.powf(Symbol::constant(n.into())))
}
