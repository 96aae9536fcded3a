//! Derivatives along a direction, of forms with loops.
//!
//! The form is written anew, with the derivative of each number behind it. So a loop finds the direction of all that it
//! reads, and its kernel computes both.

use std::collections::{BTreeSet, HashMap};

use num_traits::Zero;

use super::chain::{Slopes, tangent_of};
use super::form::{Form, Node, Operation, Slot, on_form};
use super::load::Loaded;
use super::lower::{Rewrite, rewritten};
use super::results::{Part, places};
use super::rows::{Calls, Column, Derivative, Step, Sums, Term};
use super::symbol::Symbol;

/// Returns the form with the derivative of the last part along the direction, which becomes a part of this name.
pub(super) fn along(
    form: &Form,
    loaded: &mut Loaded,
    parts: &mut Vec<Part>,
    name: &'static str,
    slopes: Slopes,
) -> Form {
    let mut sweep = Along { slopes, tangents: HashMap::new(), arrays: HashMap::new() };
    let (mut form, places) = rewritten::<true>(form, &loaded.results(parts), &mut sweep);
    loaded.moved(parts, places);
    loaded.along = loaded.inputs.len();
    let last = parts.last().expect("the value is one");
    let zero = form.constant(0.0);
    let tangent = |place: &u32| sweep.tangents.get(place).map_or(zero, |tangent| tangent.place());
    let elements = last.elements.iter().map(tangent).collect();
    parts.push(Part { name, shape: last.shape.clone(), elements });

    let needed = form.needed_with_arrays::<true>(loaded.results(parts)).1;
    let mut asked = vec![BTreeSet::new(); loaded.kernels.len()];
    form.calls().for_each(|calls| asked[calls.kernel] = asked_of(&form, calls, &needed));
    form.calls_mut().filter(|calls| asked[calls.kernel].is_empty()).for_each(|calls| calls.along.clear());
    loaded.differentiate_kernels(|kernel| std::mem::take(&mut asked[kernel]), slopes);
    form
}

/// Returns the derivatives along the direction that the program needs of calls.
fn asked_of(form: &Form, calls: &Calls, needed: &[bool]) -> BTreeSet<Derivative> {
    let is_needed = |array: &u32| needed[*array as usize];
    let of_outputs = calls.tangents.iter().any(is_needed).then_some(Derivative::Tangent);
    let sums = form.sums_of(calls).filter(|sums| sums.sums.iter().any(|(array, _)| is_needed(array)));
    let products = sums.flat_map(|sums| &sums.terms).flat_map(|term| &term.products);
    let of_slopes = products.map(|(derivative, ..)| *derivative);
    of_slopes.filter(|derivative| *derivative == Derivative::SlopesAlong).chain(of_outputs).collect()
}

struct Along {
    slopes: Slopes,
    /// The derivatives of numbers, by their places.
    tangents: HashMap<u32, Symbol>,
    /// The array of the derivatives of each array.
    arrays: HashMap<u32, u32>,
}

impl Rewrite for &mut Along {
    fn write(&mut self, _: u32, node: &Node, arguments: &[Symbol], _: &[Option<Symbol>]) -> Symbol {
        let place = on_form(|form| form.insert(node.operation, &places(arguments)));
        let tangent = match node.operation {
            Operation::Input(slot, index) => self.slot(slot).map(|slot| Symbol::of(Operation::Input(slot, index), &[])),
            _ => tangent_of(place, |argument| self.tangents.get(&argument).copied(), self.slopes),
        };
        self.tangents.extend(tangent.map(|tangent| (place, tangent)));
        Symbol::at(place)
    }

    fn add(&mut self, before: usize, mut step: Step) {
        let tangent = match &mut step {
            Step::Array { array, elements } => self.of_elements(*array, elements),
            Step::Calls(calls) => {
                self.differentiate(calls);
                None
            }
            Step::Sums(sums) => self.of_sums(sums),
        };
        on_form(|form| {
            form.add_step_after(before, step);
            tangent.into_iter().for_each(|tangent| form.add_step_after(before, tangent));
        });
    }
}

impl Along {
    /// Returns the array of the derivatives of the elements of an array.
    fn slot(&self, slot: Slot) -> Option<Slot> {
        match slot {
            Slot::X => Some(Slot::V),
            Slot::Local(array) => self.arrays.get(&array).map(|&array| Slot::Local(array)),
            _ => None,
        }
    }

    fn column(&self, column: &Column) -> Option<Column> {
        match column {
            Column::Same(place) => self.tangents.get(place).map(|tangent| Column::Same(tangent.place())),
            Column::Of(slot, indices) => self.slot(*slot).map(|slot| Column::Of(slot, indices.clone())),
        }
    }

    /// Returns the derivatives of numbers, if there are any.
    fn of_numbers(&self, numbers: &[u32]) -> Option<Vec<u32>> {
        let zero = Symbol::zero();
        let tangents: Vec<Option<&Symbol>> = numbers.iter().map(|place| self.tangents.get(place)).collect();
        let is_any = tangents.iter().any(Option::is_some);
        is_any.then(|| tangents.into_iter().map(|tangent| tangent.unwrap_or(&zero).place()).collect())
    }

    /// Makes the array of the derivatives of an array.
    fn new_array(&mut self, of: u32, length: usize) -> u32 {
        let array = on_form(|form| form.new_array(length));
        self.arrays.insert(of, array);
        array
    }

    fn of_elements(&mut self, array: u32, elements: &[u32]) -> Option<Step> {
        let elements = self.of_numbers(elements)?;
        Some(Step::Array { array: self.new_array(array, elements.len()), elements })
    }

    fn differentiate(&mut self, calls: &mut Calls) {
        let along: Vec<Option<Column>> = calls.inputs.iter().map(|column| self.column(column)).collect();
        if along.iter().all(Option::is_none) {
            return;
        }
        let zero = Column::Same(Symbol::zero().place());
        calls.along = along.into_iter().map(|column| column.unwrap_or_else(|| zero.clone())).collect();
        calls.tangents = calls.outputs.iter().map(|&output| self.new_array(output, calls.rows)).collect();
    }

    fn of_sums(&mut self, sums: &Sums) -> Option<Step> {
        let has_direction = self.arrays.contains_key(&sums.calls);
        let products = |term: &Term| -> Vec<(Derivative, usize, Column)> {
            let of_product = |(derivative, number, factor): &(Derivative, usize, Column)| {
                let of_factor = self.column(factor).map(|factor| (*derivative, *number, factor));
                let of_slope = has_direction.then(|| (Derivative::SlopesAlong, *number, factor.clone()));
                of_factor.into_iter().chain(of_slope)
            };
            term.products.iter().flat_map(of_product).collect()
        };
        let terms: Vec<(&Term, _)> = sums.terms.iter().map(|term| (term, products(term))).collect();
        let terms: Vec<(&Term, _)> = terms.into_iter().filter(|(_, products)| !products.is_empty()).collect();
        let before: Vec<_> =
            sums.sums.iter().map(|(array, before)| (*array, self.of_numbers(before), before.len())).collect();
        if terms.is_empty() && before.iter().all(|(_, before, _)| before.is_none()) {
            return None;
        }
        let zero = Symbol::zero().place();
        let own = before.into_iter().map(|(array, before, length)| {
            (self.new_array(array, length), before.unwrap_or_else(|| vec![zero; length]))
        });
        let own = own.collect();
        let term = |(term, products): (&Term, _)| Term {
            array: self.arrays[&term.array],
            indices: term.indices.clone(),
            products,
        };
        let terms = terms.into_iter().map(term).collect();
        Some(Step::Sums(Sums { name: "slopes_v", terms, sums: own, shape: None, ..*sums }))
    }
}
