//! The intermediate form: operations in order, each made once.
//!
//! A form is written by asking for operations, and simplifies while it is written. An operation on constants is computed,
//! one that is there already is used again, and one that changes nothing, as a product with 1, is left out. No
//! simplification changes a bit of a result, but for the sign of a NaN. A product with 0 stays, because 0·∞ is NaN; only
//! a [chained product](Operation::Chained), which follows the rule "a zero beats an infinity", is 0.

use std::cell::RefCell;
use std::collections::HashMap;

use super::elementary::{ByName, Elementary, Parameter};
use super::rows::{Calls, Column, Step, Sums};
use super::symbol::Symbol;
use crate::graph::questions::Asked;
use crate::scalar::{Real, Scalar, zero};

/// The precision of the plain numbers of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// `f64`
    Double,
    /// `f32`
    Single,
}

/// The plain numbers of the function. A program that has functions of `f64` only has no code for `f32`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    pub(super) precision: Precision,
    result_of: fn(Operation, [f64; 3]) -> Option<Computed>,
}

impl Plain {
    pub(super) const DOUBLE: Plain = Plain { precision: Precision::Double, result_of: result_of::<f64> };
    pub(super) const SINGLE: Plain = Plain { precision: Precision::Single, result_of: result_of::<f32> };
}

/// The arguments of the generated function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Slot {
    /// The point.
    X,
    /// The parameters, with respect to which nothing is differentiated.
    P,
    /// The direction of a forward derivative.
    V,
    /// The weights of the outputs in a reverse derivative.
    W,
    /// An array that a loop writes, by its number.
    Local(u32),
}

/// An operation of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    /// An element of an argument of the generated function, or of an array that a loop writes.
    Input(Slot, u32),
    /// A number, by its bits as an `f64`.
    Constant(u64),
    /// −a
    Negative,
    /// a + b
    Sum,
    /// a − b
    Difference,
    /// a·b
    Product,
    /// a·b of a slope and a derivative, 0 where either is 0.
    Chained,
    /// a/b
    Quotient,
    /// a % b
    Remainder,
    /// a·b + c with one rounding
    MulAdd,
    /// The plain number of a, which is a without derivatives.
    Plain,
    /// An elementary function of one or two numbers.
    Function(Elementary),
    /// A question about two numbers.
    Question(Asked),
    /// A question whose answer is known.
    Answer(bool),
    /// b where a holds, and else c
    Select,
    /// a and elements of an array, added one after the other.
    Total(Run),
}

/// Elements of an array at regular distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) slot: Slot,
    pub(super) first: u32,
    pub(super) step: i32,
    pub(super) count: u32,
}

/// An operation and its arguments. Arguments that it does not have are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) operation: Operation,
    places: [u32; 3],
}

impl Node {
    /// Returns the places of the arguments.
    pub(super) fn arguments(&self) -> &[u32] {
        let count = match self.operation {
            Operation::Input(..) | Operation::Constant(_) | Operation::Answer(_) => 0,
            Operation::Negative | Operation::Plain | Operation::Total(_) => 1,
            Operation::Function(function) => function.arity(),
            Operation::Question(Asked::Class(_)) => 1,
            Operation::Question(Asked::Relation(_))
            | Operation::Sum
            | Operation::Difference
            | Operation::Product
            | Operation::Chained
            | Operation::Quotient
            | Operation::Remainder => 2,
            Operation::MulAdd | Operation::Select => 3,
        };
        &self.places[..count]
    }
}

/// The operations in order; arguments stand before results.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) plain: Plain,
    nodes: Vec<Node>,
    known: HashMap<Node, u32>,
    /// The number of operations that were asked for.
    asked: usize,
    /// The answers that rules have been given to their questions: see `decide`.
    pub(super) path: Option<Vec<(u32, bool)>>,
    /// Whether operations that change nothing are kept. A sweep adds the derivatives of the function's own numbers in the
    /// order of its operations, all of which it has to see.
    pub(super) keeps_operations: bool,
    /// A plain number that a rule wanted to read.
    pub(super) is_unreadable: bool,
    /// The lengths of the arrays that loops write.
    arrays: Vec<usize>,
    /// The loops, each with the number of nodes before it. It reads no later ones, but for constants, and no earlier ones
    /// read its arrays.
    steps: Vec<(u32, Step)>,
}

thread_local! {
    static CURRENT: RefCell<Option<Form>> = const { RefCell::new(None) };
}

/// Lends the form that is written on this thread.
pub(super) fn on_form<Out>(act: impl FnOnce(&mut Form) -> Out) -> Out {
    CURRENT.with_borrow_mut(|form| act(form.as_mut().expect("symbols live while a form is written")))
}

impl Form {
    /// Returns the form that `write` writes with [symbols](Symbol), and its result.
    pub(super) fn written<Out>(plain: Plain, write: impl FnOnce() -> Out) -> (Form, Out) {
        let form = Form {
            plain,
            nodes: Vec::new(),
            known: HashMap::new(),
            asked: 0,
            path: None,
            keeps_operations: false,
            is_unreadable: false,
            arrays: Vec::new(),
            steps: Vec::new(),
        };
        form.continued(write)
    }

    /// Returns the form with what `write` adds to it, and its result.
    pub(super) fn continued<Out>(self, write: impl FnOnce() -> Out) -> (Form, Out) {
        let outer = CURRENT.replace(Some(self));
        let out = write();
        (CURRENT.replace(outer).expect("the form is still there"), out)
    }

    /// Returns the number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the number of operations that were asked for, before simplification.
    pub(super) fn asked(&self) -> usize {
        self.asked
    }

    pub(super) fn node(&self, place: u32) -> Node {
        self.nodes[place as usize]
    }

    /// Returns the number at a place, if it is a constant.
    pub(super) fn constant_at(&self, place: u32) -> Option<f64> {
        match self.node(place).operation {
            Operation::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// Returns, for each node, whether one of these depends on it.
    pub(super) fn needed_by<const LOOPS: bool>(&self, results: impl IntoIterator<Item = u32>) -> Vec<bool> {
        self.needed_with_arrays::<LOOPS>(results).0
    }

    /// Returns, for each node and for each array that a loop writes, whether one of these depends on it. Without `LOOPS` the
    /// form has none.
    pub(super) fn needed_with_arrays<const LOOPS: bool>(
        &self,
        results: impl IntoIterator<Item = u32>,
    ) -> (Vec<bool>, Vec<bool>) {
        let (mut needed, mut arrays) = (vec![false; self.nodes.len()], vec![false; self.arrays.len()]);
        results.into_iter().for_each(|place| needed[place as usize] = true);
        let mut steps = self.steps.iter().rev().peekable();
        for place in (0..=self.nodes.len()).rev() {
            if needed.get(place).is_some_and(|needed| *needed) {
                let node = &self.nodes[place];
                node.arguments().iter().for_each(|&argument| needed[argument as usize] = true);
                if let Operation::Input(Slot::Local(array), _)
                | Operation::Total(Run { slot: Slot::Local(array), .. }) = node.operation
                {
                    arrays[array as usize] = true;
                }
            }
            while LOOPS && let Some((_, step)) = steps.next_if(|(before, _)| *before as usize == place) {
                if step.is_needed(&arrays) {
                    step.places().into_iter().for_each(|place| needed[place as usize] = true);
                    for slot in step.slots() {
                        if let Slot::Local(array) = slot {
                            arrays[array as usize] = true;
                        }
                    }
                }
            }
        }
        (needed, arrays)
    }

    /// Returns the loops, each with the number of nodes before it.
    pub(super) fn steps(&self) -> &[(u32, Step)] {
        &self.steps
    }

    /// Adds a loop after the nodes so far.
    pub(super) fn add_step(&mut self, step: Step) {
        self.add_step_after(self.len(), step);
    }

    /// Adds a loop after as many nodes, behind all other loops.
    pub(super) fn add_step_after(&mut self, before: usize, step: Step) {
        self.steps.push((before as u32, step));
    }

    /// Adds the sweep through calls: beside them if all that it reads is there, and else after the nodes so far.
    pub(super) fn add_sums(&mut self, sums: Sums) {
        let is_calls = |(_, step): &(u32, Step)| matches!(step, Step::Calls(calls) if calls.outputs[0] == sums.calls);
        let calls = self.steps.iter().position(is_calls).expect("calls stand before their sums");
        let before = self.steps[calls].0;
        let step = Step::Sums(sums);
        let is_argument = |slot: Slot| !matches!(slot, Slot::Local(_));
        let is_there = |&place: &u32| place < before || self.constant_at(place).is_some();
        if step.columns().into_iter().filter_map(Column::slot).all(is_argument) && step.places().iter().all(is_there) {
            self.steps.insert(calls + 1, (before, step));
        } else {
            self.add_step(step);
        }
    }

    /// Takes the arrays of another form, which is written anew, and its count of operations.
    pub(super) fn continue_from(&mut self, other: &Form) {
        self.arrays.clone_from(&other.arrays);
        self.asked = other.asked;
        self.is_unreadable = other.is_unreadable;
    }

    /// Returns the number of the next array that a loop writes.
    pub(super) fn next_array(&self) -> u32 {
        self.arrays.len() as u32
    }

    /// Makes an array that a loop writes.
    pub(super) fn new_array(&mut self, length: usize) -> u32 {
        self.arrays.push(length);
        self.next_array() - 1
    }

    /// Returns the array and the index, if this is an element of one.
    pub(super) fn element_at(&self, place: u32) -> Option<(Slot, u32)> {
        match self.node(place).operation {
            Operation::Input(slot, index) => Some((slot, index)),
            _ => None,
        }
    }

    /// Returns the sums that stand beside calls.
    pub(super) fn sums_beside(&self, calls: &Calls) -> impl Iterator<Item = &Sums> {
        let output = calls.outputs[0];
        let is_own = move |(_, step): &&(u32, Step)| matches!(step, Step::Calls(own) if own.outputs[0] == output);
        let mut steps = self.steps.iter();
        let own = steps.find(is_own).map(|(before, _)| *before);
        steps.map_while(move |(before, step)| match step {
            Step::Sums(sums) if Some(*before) == own && sums.calls == output => Some(sums),
            _ => None,
        })
    }

    /// Returns the calls of kernels.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Calls> {
        self.steps.iter().filter_map(|(_, step)| if let Step::Calls(calls) = step { Some(calls) } else { None })
    }

    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Calls> {
        self.steps.iter_mut().filter_map(|(_, step)| if let Step::Calls(calls) = step { Some(calls) } else { None })
    }

    /// Returns all sums of derivatives of calls.
    pub(super) fn sums_of(&self, calls: &Calls) -> impl Iterator<Item = &Sums> {
        let output = calls.outputs[0];
        self.steps.iter().filter_map(move |(_, step)| match step {
            Step::Sums(sums) if sums.calls == output => Some(sums),
            _ => None,
        })
    }

    /// Returns the number of loops before a node.
    pub(super) fn steps_before(&self, place: u32) -> usize {
        self.steps.partition_point(|(before, _)| *before <= place)
    }

    /// Returns the length of an array that a loop writes.
    pub(super) fn length_of(&self, array: u32) -> usize {
        self.arrays[array as usize]
    }

    /// Returns the elements of an array of this length.
    pub(super) fn elements(&mut self, slot: Slot, length: usize) -> Vec<u32> {
        (0..length as u32).map(|index| self.insert(Operation::Input(slot, index), &[])).collect()
    }

    /// Returns the numbers in an array: those that were put there, or its elements.
    pub(super) fn numbers_in(&mut self, slot: Slot, length: usize) -> Vec<u32> {
        let put = self.steps.iter().find_map(|(_, step)| match step {
            Step::Array { array, elements } if Slot::Local(*array) == slot => Some(elements.clone()),
            _ => None,
        });
        put.unwrap_or_else(|| self.elements(slot, length))
    }

    /// Returns the places of the numbers of a column.
    pub(super) fn numbers_of(&mut self, column: &Column) -> Vec<u32> {
        match *column {
            Column::Same(place) => vec![place],
            Column::Of(slot, ref indices) => {
                let length = indices.iter().max().map_or(0, |&last| last as usize + 1);
                let numbers = self.numbers_in(slot, length);
                indices.iter().map(|&index| numbers[index as usize]).collect()
            }
        }
    }

    /// Returns, for each node, whether it depends on one of these in a way that a derivative follows.
    pub(super) fn depending_on(&self, inputs: &[u32]) -> Vec<bool> {
        let mut depends = vec![false; self.nodes.len()];
        inputs.iter().for_each(|&place| depends[place as usize] = true);
        let mut differentiated = vec![false; self.arrays.len()];
        for (_, step) in &self.steps {
            if let Step::Calls(calls) = step
                && !calls.inputs.is_empty()
            {
                calls.outputs.iter().for_each(|&output| differentiated[output as usize] = true);
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            if let Operation::Input(Slot::Local(array), _) = node.operation {
                depends[place] = differentiated[array as usize];
            }
            depends[place] |= !matches!(node.operation, Operation::Question(_) | Operation::Plain)
                && node.arguments().iter().any(|&argument| depends[argument as usize]);
        }
        depends
    }

    pub(super) fn constant(&mut self, x: f64) -> u32 {
        // One NaN stands for all.
        let x = if x.is_nan() { f64::NAN } else { x };
        self.insert(Operation::Constant(x.to_bits()), &[])
    }

    fn answer(&mut self, answer: bool) -> u32 {
        self.insert(Operation::Answer(answer), &[])
    }

    /// Asks for an operation, and returns its place.
    pub(super) fn ask(&mut self, operation: Operation, arguments: &[u32]) -> u32 {
        self.asked += usize::from(!matches!(operation, Operation::Input(..)));
        self.simplified(operation, arguments).unwrap_or_else(|| self.insert(operation, arguments))
    }

    /// Returns the place of an operation, as it is.
    pub(super) fn insert(&mut self, operation: Operation, arguments: &[u32]) -> u32 {
        let mut places = [0; 3];
        places[..arguments.len()].copy_from_slice(arguments);
        if matches!(operation, Operation::Sum | Operation::Product) && places[0] > places[1] {
            places.swap(0, 1);
        }
        let node = Node { operation, places };
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        })
    }

    /// Returns the place of a simpler operation with the same result.
    fn simplified(&mut self, operation: Operation, arguments: &[u32]) -> Option<u32> {
        if let Some(known) = self.computed(operation, arguments) {
            return Some(known);
        }
        if self.keeps_operations {
            return None;
        }
        match (operation, arguments) {
            (Operation::Select, &[question, holds, fails]) => match self.node(question).operation {
                Operation::Answer(answer) => Some(if answer { holds } else { fails }),
                _ => (holds == fails).then_some(holds),
            },
            (Operation::Negative, &[a]) => self.negated(a),
            (Operation::Plain, &[a]) => (self.node(a).operation == Operation::Plain).then_some(a),
            (Operation::Sum, &[a, b]) => self.sum(a, b).or_else(|| self.sum(b, a)),
            (Operation::Difference, &[a, b]) => match (self.negated(b), self.constant_at(b)) {
                (Some(negated), _) => Some(self.ask_again(Operation::Sum, &[a, negated])),
                (_, Some(0.0)) if !self.is_minus_zero(b) => Some(a),
                _ => None,
            },
            (Operation::Quotient, &[a, b]) => match (self.constant_at(b), self.negated(a), self.negated(b)) {
                (Some(1.0), ..) => Some(a),
                (Some(-1.0), ..) => Some(self.ask_again(Operation::Negative, &[a])),
                (_, Some(a), Some(b)) => Some(self.ask_again(Operation::Quotient, &[a, b])),
                (_, Some(a), None) => Some(self.minus(Operation::Quotient, a, b)),
                (_, None, Some(b)) => Some(self.minus(Operation::Quotient, a, b)),
                _ => None,
            },
            (Operation::Product, &[a, b]) => self.product(operation, a, b).or_else(|| self.product(operation, b, a)),
            (Operation::Chained, &[a, b]) => {
                let simpler = self.product(operation, a, b).or_else(|| self.product(operation, b, a));
                simpler.or_else(|| self.chosen(a, b))
            }
            _ => None,
        }
    }

    /// Asks for an operation in the place of one that was counted.
    fn ask_again(&mut self, operation: Operation, arguments: &[u32]) -> u32 {
        self.asked -= 1;
        self.ask(operation, arguments)
    }

    /// Returns −(a ∘ b).
    fn minus(&mut self, operation: Operation, a: u32, b: u32) -> u32 {
        let result = self.ask_again(operation, &[a, b]);
        self.simplified(Operation::Negative, &[result]).unwrap_or_else(|| self.insert(Operation::Negative, &[result]))
    }

    fn is_minus_zero(&self, place: u32) -> bool {
        self.constant_at(place).is_some_and(|x| x == 0.0 && x.is_sign_negative())
    }

    /// Returns the a of −a.
    fn negated(&self, place: u32) -> Option<u32> {
        let node = self.node(place);
        (node.operation == Operation::Negative).then_some(node.places[0])
    }

    fn sum(&mut self, a: u32, b: u32) -> Option<u32> {
        match self.negated(b) {
            Some(negated) => Some(self.ask_again(Operation::Difference, &[a, negated])),
            // 0 is not left out: −0 + 0 is 0.
            None => self.is_minus_zero(b).then_some(a),
        }
    }

    fn product(&mut self, operation: Operation, a: u32, b: u32) -> Option<u32> {
        let is_chained = operation == Operation::Chained;
        match self.constant_at(a) {
            Some(1.0) => return Some(b),
            Some(-1.0) => return Some(self.ask_again(Operation::Negative, &[b])),
            Some(0.0) if is_chained => return Some(self.constant(0.0)),
            // Neither an infinity nor a zero: the rule has nothing to say.
            Some(x) if is_chained && x.is_finite() => return Some(self.ask_again(Operation::Product, &[a, b])),
            // A sign outside meets the sign of a sum.
            Some(x) if x.is_finite() && x < 0.0 => {
                let positive = self.constant(-x);
                return Some(self.minus(operation, positive, b));
            }
            _ => {}
        }
        if let Some(a) = self.negated(a) {
            return Some(self.minus(operation, a, b));
        }
        None
    }

    /// Returns the chained product with a slope that is one of several constants as a choice of products: most of these
    /// are 0, or the derivative itself.
    fn chosen(&mut self, slope: u32, derivative: u32) -> Option<u32> {
        if !self.is_choice_of_constants(slope) {
            return None;
        }
        let [question, holds, fails] = self.node(slope).places;
        let [holds, fails] = [holds, fails].map(|slope| self.ask_again(Operation::Chained, &[slope, derivative]));
        Some(self.ask_again(Operation::Select, &[question, holds, fails]))
    }

    /// Returns whether this is a constant slope that depends on a question, as the slope of `abs` does.
    fn is_choice_of_constants(&self, place: u32) -> bool {
        let node = self.node(place);
        let is_plain = |place: u32| self.constant_at(place).is_some() || self.is_choice_of_constants(place);
        node.operation == Operation::Select && node.places[1..].iter().all(|&place| is_plain(place))
    }

    /// Returns the result of an operation on constants.
    fn computed(&mut self, operation: Operation, arguments: &[u32]) -> Option<u32> {
        let mut numbers = [0.0; 3];
        for (number, &place) in numbers.iter_mut().zip(arguments) {
            *number = self.constant_at(place)?;
        }
        if arguments.is_empty() {
            return None;
        }
        Some(match (self.plain.result_of)(operation, numbers)? {
            Computed::Number(x) => self.constant(x),
            Computed::Answer(answer) => self.answer(answer),
        })
    }
}

/// The result of an operation on constants.
enum Computed {
    Number(f64),
    Answer(bool),
}

/// Computes an operation as the plain reading does.
fn result_of<R: Real + Parameter>(operation: Operation, numbers: [f64; 3]) -> Option<Computed> {
    let [a, b, c] = numbers.map(R::of);
    let result = match operation {
        Operation::Negative => -a,
        Operation::Plain => a,
        Operation::Sum => a + b,
        Operation::Difference => a - b,
        Operation::Product => a * b,
        Operation::Chained => zero::product(a, b),
        Operation::Quotient => a / b,
        Operation::Remainder => a % b,
        Operation::MulAdd => Scalar::mul_add(a, b, c),
        Operation::Function(function) => R::by_name(function.name, function.parameters(), &[a, b])?,
        Operation::Question(Asked::Relation(relation)) => return Some(Computed::Answer(relation.holds(a, b))),
        Operation::Question(Asked::Class(class)) => return Some(Computed::Answer(class.has(a))),
        Operation::Input(..)
        | Operation::Constant(_)
        | Operation::Answer(_)
        | Operation::Select
        | Operation::Total(_) => return None,
    };
    Some(Computed::Number(result.number()))
}

impl Symbol {
    /// Asks for an operation on symbols in the form that is written.
    pub(super) fn of(operation: Operation, arguments: &[Symbol]) -> Symbol {
        let mut places = [0; 3];
        places.iter_mut().zip(arguments).for_each(|(place, symbol)| *place = symbol.place());
        Symbol::at(on_form(|form| form.ask(operation, &places[..arguments.len()])))
    }

    /// Returns a question whose answer is known.
    pub(super) fn answer(answer: bool) -> Symbol {
        Symbol::at(on_form(|form| form.answer(answer)))
    }

    /// Returns `holds` where the answer to the question is yes, and else `fails`.
    pub(super) fn select(question: Symbol, holds: Symbol, fails: Symbol) -> Symbol {
        Symbol::of(Operation::Select, &[question, holds, fails])
    }
}
