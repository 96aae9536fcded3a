//! The operations of a derivative in operations that the code has.
//!
//! A power with a whole exponent becomes products, in the order of `powi`, which share squares with the code around it;
//! a reciprocal becomes 1/x. Derivatives are taken before, by the rules of the powers.

use num_traits::One;

use super::form::{Form, Node, Operation, Precision, Slot, on_form};
use super::load::Loaded;
use super::results::Part;
use super::rolled::rolled;
use super::rows::{Derivative, Step};
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

/// A function or a kernel, in operations that the code has.
pub(super) struct Lowered {
    pub(super) form: Form,
    pub(super) parts: Vec<Part>,
    /// Questions, and the answers for which the code holds.
    pub(super) guards: Vec<(u32, bool)>,
    /// Names of operations.
    pub(super) names: Vec<(u32, String)>,
    /// The arguments, with their lengths.
    pub(super) arguments: Vec<(Slot, usize)>,
}

impl Lowered {
    /// Lowers a function with its results.
    pub(super) fn of(form: &Form, mut loaded: Loaded, mut parts: Vec<Part>) -> Self {
        let (form, places) = lowered::<true>(form, &loaded.results(&parts), Domain::All);
        let (form, places) = rolled(&form, &places);
        loaded.moved(&mut parts, places);
        let guards = loaded.guards.iter().map(|&(question, answer)| (question.place(), answer)).collect();
        let names = loaded.labels.into_iter().map(|(symbol, label)| (symbol.place(), label));
        let names = names.filter(|(place, _)| form.constant_at(*place).is_none()).collect();
        let lengths = [loaded.inputs.len(), loaded.parameters, loaded.along, loaded.weights];
        let lengths = [Slot::X, Slot::P, Slot::V, Slot::W].into_iter().zip(lengths);
        let arguments = lengths.filter(|&(slot, length)| slot == Slot::X || length > 0).collect();
        Lowered { form, parts, guards, names, arguments }
    }

    /// Returns these derivatives of a kernel, if it has them.
    pub(super) fn part(&self, derivative: Derivative) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == derivative.name())
    }
}

/// Returns a form with the results of `form`, in fewer kinds of operations, and their places in it. Without `LOOPS` the form
/// has none.
pub(super) fn lowered<const LOOPS: bool>(form: &Form, results: &[u32], domain: Domain) -> (Form, Vec<u32>) {
    rewritten::<LOOPS>(form, results, |_, node: &Node, arguments: &[Symbol], _: &[Option<Symbol>]| {
        match node.operation {
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
                    Precision::Single if !(0..=2).contains(&exponent) => Symbol::of(node.operation, arguments),
                    _ => power(arguments[0], exponent),
                }
            }
            operation => Symbol::of(operation, arguments),
        }
    })
}

/// Writes a form anew.
pub(super) trait Rewrite {
    /// Writes an operation. It gets its place, itself, its arguments, and all that was written before, by its place.
    fn write(&mut self, place: u32, node: &Node, arguments: &[Symbol], written: &[Option<Symbol>]) -> Symbol;

    /// Adds a loop after as many nodes.
    fn add(&mut self, before: usize, step: Step) {
        on_form(|form| form.add_step_after(before, step));
    }
}

impl<F: Fn(u32, &Node, &[Symbol], &[Option<Symbol>]) -> Symbol> Rewrite for F {
    fn write(&mut self, place: u32, node: &Node, arguments: &[Symbol], written: &[Option<Symbol>]) -> Symbol {
        self(place, node, arguments, written)
    }
}

/// Returns a form with the results and the loops of `form`, and the places of the results in it.
pub(super) fn rewritten<const LOOPS: bool>(
    form: &Form,
    results: &[u32],
    mut rewrite: impl Rewrite,
) -> (Form, Vec<u32>) {
    let (needed, arrays) = form.needed_with_arrays::<LOOPS>(results.iter().copied());
    Form::written(form.plain, || {
        if LOOPS {
            on_form(|other| other.continue_from(form));
        }
        let mut symbols: Vec<Option<Symbol>> = vec![None; form.len()];
        let mut steps = form.steps().iter().filter(|(_, step)| step.is_needed(&arrays)).peekable();
        for place in 0..=form.len() {
            let before = on_form(|other| other.len());
            while LOOPS && let Some((_, step)) = steps.next_if(|(before, _)| *before as usize == place) {
                let to = |place: u32| match form.constant_at(place) {
                    Some(constant) => Symbol::constant(constant).place(),
                    None => symbols[place as usize].expect("loops stand after what they read").place(),
                };
                rewrite.add(before, step.clone().moved(to));
            }
            if needed.get(place).is_some_and(|needed| *needed) {
                let node = form.node(place as u32);
                let argument = |&place: &u32| symbols[place as usize].expect("arguments stand before results");
                let arguments: Vec<Symbol> = node.arguments().iter().map(argument).collect();
                symbols[place] = Some(rewrite.write(place as u32, &node, &arguments, &symbols));
            }
        }
        results.iter().map(|&place| symbols[place as usize].expect("results are needed").place()).collect()
    })
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
