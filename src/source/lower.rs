//! The operations of a derivative in operations that the code has.
//!
//! A power with a whole exponent becomes products, in the order of `powi`, which share squares with the code around it;
//! a reciprocal becomes 1/x. Derivatives are taken before, by the rules of the powers.

use num_traits::One;

use super::form::{Form, Node, Operation, Precision, Slot, on_form};
use super::load::Loaded;
use super::results::Part;
use super::rolled::rolled;
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
    pub(super) fn of(form: &Form, loaded: Loaded, mut parts: Vec<Part>) -> Self {
        let elements = parts.iter().flat_map(|part| part.elements.iter().copied());
        let questions = loaded.guards.iter().map(|(question, _)| question.place());
        let labelled = loaded.labels.iter().map(|(symbol, _)| symbol.place());
        let results: Vec<u32> = elements.chain(questions).chain(labelled).collect();
        let (form, places) = lowered::<true>(form, &results, Domain::All);
        let (form, places) = rolled(&form, &places);
        let mut places = places.into_iter();
        parts.iter_mut().flat_map(|part| &mut part.elements).for_each(|place| *place = places.next().expect("as many"));
        let mut place = || places.next().expect("as many");
        let guards = loaded.guards.iter().map(|&(_, answer)| (place(), answer)).collect();
        let mut names: Vec<(u32, String)> = loaded.labels.into_iter().map(|(_, label)| (place(), label)).collect();
        names.retain(|(place, _)| form.constant_at(*place).is_none());
        let lengths = [(Slot::X, loaded.inputs.len()), (Slot::P, loaded.parameters)];
        let arguments = lengths.into_iter().filter(|&(slot, length)| slot == Slot::X || length > 0).collect();
        Lowered { form, parts, guards, names, arguments }
    }
}

/// Returns a form with the results of `form`, in fewer kinds of operations, and their places in it. Without `LOOPS` the form
/// has none.
pub(super) fn lowered<const LOOPS: bool>(form: &Form, results: &[u32], domain: Domain) -> (Form, Vec<u32>) {
    rewritten::<LOOPS>(form, results, |_, node, arguments, _| match node.operation {
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
    })
}

/// Returns a form with the results and the loops of `form`, and the places of the results in it. `write` writes each
/// operation anew: it gets its place, itself, its arguments, and all that was written before, by its place.
pub(super) fn rewritten<const LOOPS: bool>(
    form: &Form,
    results: &[u32],
    write: impl Fn(u32, &Node, &[Symbol], &[Option<Symbol>]) -> Symbol,
) -> (Form, Vec<u32>) {
    let (needed, arrays) = form.needed_with_arrays(results.iter().copied());
    Form::written(form.plain, || {
        if LOOPS {
            on_form(|lower| lower.take_arrays_of(form));
        }
        let mut symbols: Vec<Option<Symbol>> = vec![None; form.len()];
        let steps = if LOOPS { form.steps() } else { &[] };
        let mut steps = steps.iter().filter(|(_, step)| step.is_needed(&arrays)).peekable();
        for place in 0..=form.len() {
            let before = on_form(|lower| lower.len());
            while let Some((_, step)) = steps.next_if(|(before, _)| *before as usize == place) {
                let to = |place: u32| match form.constant_at(place) {
                    Some(constant) => Symbol::constant(constant).place(),
                    None => symbols[place as usize].expect("loops stand after what they read").place(),
                };
                let step = step.clone().moved(to);
                on_form(|lower| lower.add_step_after(before, step));
            }
            if needed.get(place).is_some_and(|needed| *needed) {
                let node = form.node(place as u32);
                let argument = |&place: &u32| symbols[place as usize].expect("arguments stand before results");
                let arguments: Vec<Symbol> = node.arguments().iter().map(argument).collect();
                symbols[place] = Some(write(place as u32, &node, &arguments, &symbols));
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
