//! The chain rule on a form: one operation, and the two sweeps.
//!
//! The sweeps follow the reverse sweep of a tape and the arithmetic of dual numbers, product by product, so that the
//! generated code has their bits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use num_traits::{One, Zero};

use super::decide::in_all_ways;
use super::form::{Node, Operation, Slot, on_form};
use super::rows::{Calls, Column, Derivative, Step, Sums, Term, column};
use super::symbol::Symbol;
use crate::scalar::slope::Slope;
use crate::scalar::{rules, zero};

/// How far rules go for slopes that no number holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slopes {
    /// A slope is one number: ∞ or 0 where it does not fit.
    Plain,
    /// A slope that does not fit is two factors.
    Wide,
}

/// The direction of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Forward,
    Reverse,
}

/// One step of the chain rule: a derivative times the slopes with respect to some arguments.
pub(super) struct Chain<'a> {
    /// The arguments, by their positions.
    positions: &'a [usize],
    derivative: Symbol,
    way: Way,
    slopes: Slopes,
    /// The sum of the slopes so far, of an argument that stands twice.
    sum: Option<Symbol>,
    result: Option<Symbol>,
}

impl Chain<'_> {
    /// Takes the slope with respect to the argument at a position, if it is asked for.
    pub(super) fn offer(&mut self, position: usize, slope: impl Slope<Symbol>) {
        if !self.positions.contains(&position) {
            return;
        }
        let number = slope.number();
        let number = self.sum.map_or(number, |sum| sum + number);
        self.sum = Some(number);
        let factors = if self.slopes == Slopes::Wide && self.positions.len() == 1 { slope.factors() } else { None };
        self.result = Some(match (factors, self.way) {
            (None, _) => zero::product(number, self.derivative),
            (Some([first, second]), Way::Reverse) => zero::product(first, zero::product(second, self.derivative)),
            (Some([first, second]), Way::Forward) => zero::product(second, zero::product(first, self.derivative)),
        });
    }

    /// Offers all slopes of an operation.
    fn follow(&mut self, operation: Operation, x: &[Symbol]) {
        let one = Symbol::one();
        match operation {
            Operation::Negative => self.offer(0, -one),
            Operation::Sum => {
                self.offer(0, one);
                self.offer(1, one);
            }
            Operation::Difference => {
                self.offer(0, one);
                self.offer(1, -one);
            }
            Operation::Product | Operation::Chained => {
                let (_, by_a, by_b) = rules::mul(x[0], x[1]);
                self.offer(0, by_a);
                self.offer(1, by_b);
            }
            Operation::Quotient => {
                let (_, by_a, by_b) = rules::div(x[0], x[1]);
                self.offer(0, by_a);
                self.offer(1, by_b);
            }
            Operation::Remainder => {
                let (_, by_a, by_b) = rules::rem(x[0], x[1]);
                self.offer(0, by_a);
                self.offer(1, by_b);
            }
            Operation::MulAdd => {
                let (_, by_a, by_b, by_c) = rules::mul_add(x[0], x[1], x[2]);
                self.offer(0, by_a);
                self.offer(1, by_b);
                self.offer(2, by_c);
            }
            Operation::Function(function) => Symbol::offer_slopes(&function, x, self),
            Operation::Select => {
                self.offer(1, Symbol::select(x[0], one, Symbol::zero()));
                self.offer(2, Symbol::select(x[0], Symbol::zero(), one));
            }
            Operation::Total(_) => unreachable!("sums become loops after all sweeps"),
            Operation::Input(..)
            | Operation::Constant(_)
            | Operation::Plain
            | Operation::Question(_)
            | Operation::Answer(_) => {}
        }
    }
}

/// Returns the derivative times the slope of an operation with respect to the arguments at these positions.
fn chained(node: &Node, positions: &[usize], derivative: Symbol, way: Way, slopes: Slopes) -> Option<Symbol> {
    let arguments: Vec<Symbol> = node.arguments().iter().map(|&place| Symbol::at(place)).collect();
    let result = in_all_ways(&|| {
        let mut chain = Chain { positions, derivative, way, slopes, sum: None, result: None };
        chain.follow(node.operation, &arguments);
        chain.result.unwrap_or_else(Symbol::zero)
    });
    (!result.is_zero()).then_some(result)
}

fn add(sum: &mut Option<Symbol>, term: Symbol) {
    *sum = Some(sum.map_or(term, |sum| sum + term));
}

/// Sweeps in reverse: returns the derivatives of `Σ weight·output` with respect to the inputs. Without `LOOPS` the form has
/// none.
pub(super) fn sweep_in_reverse<const LOOPS: bool>(
    outputs: &[(Symbol, Symbol)],
    inputs: &[Symbol],
    slopes: Slopes,
) -> Vec<Symbol> {
    let places: Vec<u32> = inputs.iter().map(|x| x.place()).collect();
    let depends = on_form(|form| form.depending_on(&places));
    let mut adjoints: Vec<Option<Symbol>> = vec![None; depends.len()];
    for (output, weight) in outputs {
        add(&mut adjoints[output.place() as usize], *weight);
    }
    let mut loops = if LOOPS { on_form(|form| form.steps().to_vec()) } else { Vec::new() };
    for place in (0..depends.len()).rev() {
        while LOOPS && let Some((_, step)) = loops.pop_if(|(before, _)| *before as usize > place) {
            if let Step::Calls(calls) = step
                && !calls.inputs.is_empty()
            {
                sweep_rows(&calls, inputs.len(), &mut adjoints);
            }
        }
        let Some(adjoint) = adjoints[place].filter(|_| depends[place]) else { continue };
        let node = on_form(|form| form.node(place as u32));
        for (position, &argument) in node.arguments().iter().enumerate() {
            let is_first = !node.arguments()[..position].contains(&argument);
            if !is_first || !depends[argument as usize] {
                continue;
            }
            let positions: Vec<usize> =
                (position..node.arguments().len()).filter(|&other| node.arguments()[other] == argument).collect();
            if let Some(term) = chained(&node, &positions, adjoint, Way::Reverse, slopes) {
                add(&mut adjoints[argument as usize], term);
            }
        }
    }
    places.iter().map(|&place| adjoints[place as usize].unwrap_or_else(Symbol::zero)).collect()
}

/// Sweeps through the calls of a kernel: adds the derivatives with respect to their inputs, in a loop.
fn sweep_rows(calls: &Calls, inputs: usize, adjoints: &mut [Option<Symbol>]) {
    let of_rows = |adjoints: &[Option<Symbol>], output: u32| {
        let elements = on_form(|form| form.elements(Slot::Local(output), calls.rows));
        let own: Vec<Option<Symbol>> = elements.iter().map(|&element| adjoints[element as usize]).collect();
        own.iter().any(Option::is_some).then(|| {
            let places: Vec<u32> = own.into_iter().map(|own| own.unwrap_or_else(Symbol::zero).place()).collect();
            column(&places)
        })
    };
    let of_outputs: Vec<Option<Column>> = calls.outputs.iter().map(|&output| of_rows(adjoints, output)).collect();
    if of_outputs.iter().all(Option::is_none) {
        return;
    }
    let mut read: BTreeMap<Slot, BTreeSet<u32>> = BTreeMap::new();
    for column in &calls.inputs {
        let Column::Of(slot, indices) = column else { unreachable!("inputs are elements of arrays") };
        read.entry(*slot).or_default().extend(indices);
    }
    let mut sums = Vec::new();
    let mut changed = Vec::new();
    let mut array_of: BTreeMap<Slot, u32> = BTreeMap::new();
    for (&slot, indices) in &read {
        let length = if let Slot::Local(array) = slot { on_form(|form| form.length_of(array)) } else { inputs };
        let numbers = on_form(|form| form.numbers_in(slot, length));
        let before = numbers.iter().map(|&place| adjoints[place as usize].unwrap_or_else(Symbol::zero));
        let before: Vec<Symbol> = before.collect();
        let array = on_form(|form| form.new_array(length));
        sums.push((array, before.iter().map(|symbol| symbol.place()).collect()));
        array_of.insert(slot, array);
        changed.push((array, numbers, indices));
    }
    let term = |output: usize, input: usize| {
        let Column::Of(slot, indices) = &calls.inputs[input] else { unreachable!("inputs are elements of arrays") };
        let slope = (Derivative::Slopes, output * calls.inputs.len() + input, of_outputs[output].clone()?);
        Some(Term { array: array_of[slot], indices: indices.clone(), products: vec![slope] })
    };
    // The order of a tape: a map is swept input by input, and single calls from the last output to the first.
    let (outputs, inputs) = (0..calls.outputs.len(), 0..calls.inputs.len());
    let terms = if calls.is_map {
        inputs.flat_map(|input| outputs.clone().filter_map(move |output| term(output, input))).collect()
    } else {
        outputs.rev().flat_map(|output| inputs.clone().filter_map(move |input| term(output, input))).collect()
    };
    let are_apart = calls.is_map && !calls.are_inputs_distinct();
    let sums = Sums { name: "slopes", calls: calls.outputs[0], terms, are_apart, shape: None, sums };
    on_form(|form| form.add_sums(sums));
    for (array, numbers, indices) in changed {
        let after = on_form(|form| form.elements(Slot::Local(array), numbers.len()));
        for (index, (&number, after)) in numbers.iter().zip(after).enumerate() {
            let adjoint = &mut adjoints[number as usize];
            if adjoint.is_none() || indices.contains(&(index as u32)) {
                *adjoint = Some(Symbol::at(after));
            }
        }
    }
}

/// Sweeps forward: returns the derivatives of the outputs along a direction of the inputs.
pub(super) fn sweep_forward(inputs: &[(Symbol, Symbol)], outputs: &[Symbol], slopes: Slopes) -> Vec<Symbol> {
    sweep_forward_from(inputs, outputs, &HashMap::new(), slopes)
}

/// Sweeps forward, with the derivatives of some numbers as those of others, `before`.
pub(super) fn sweep_forward_from(
    inputs: &[(Symbol, Symbol)],
    outputs: &[Symbol],
    before: &HashMap<u32, u32>,
    slopes: Slopes,
) -> Vec<Symbol> {
    let needed = on_form(|form| form.needed_by::<true>(outputs.iter().map(|y| y.place())));
    let mut tangents: Vec<Option<Symbol>> = vec![None; needed.len()];
    for (input, along) in inputs {
        tangents[input.place() as usize] = Some(*along).filter(|along| !along.is_zero());
    }
    for place in (0..needed.len()).filter(|&place| needed[place]) {
        let tangent = match before.get(&(place as u32)) {
            Some(&before) => tangents[before as usize],
            None => tangent_of(place as u32, |argument| tangents[argument as usize], slopes),
        };
        tangents[place] = tangent.or(tangents[place]);
    }
    outputs.iter().map(|y| tangents[y.place() as usize].unwrap_or_else(Symbol::zero)).collect()
}

/// Returns the derivative of an operation along a direction, from those of its arguments.
pub(super) fn tangent_of(place: u32, of: impl Fn(u32) -> Option<Symbol>, slopes: Slopes) -> Option<Symbol> {
    let node = on_form(|form| form.node(place));
    if let (Operation::Select, &[question, holds, fails]) = (node.operation, node.arguments()) {
        let sides = [holds, fails].map(of);
        if sides.iter().all(Option::is_none) {
            return None;
        }
        let [holds, fails] = sides.map(|tangent| tangent.unwrap_or_else(Symbol::zero));
        return Some(Symbol::select(Symbol::at(question), holds, fails));
    }
    let mut sum = None;
    for (position, &argument) in node.arguments().iter().enumerate() {
        let term = of(argument).and_then(|tangent| chained(&node, &[position], tangent, Way::Forward, slopes));
        term.into_iter().for_each(|term| add(&mut sum, term));
    }
    sum
}
