//! Long sums of array elements as loops.

use super::form::{Form, Node, Operation, Run, Slot};
use super::lower::rewritten;
use super::symbol::Symbol;

/// The fewest elements that are added in a loop.
const FEWEST: u32 = 8;

/// A sum so far: a number, and elements that were added to it one after the other.
#[derive(Clone, Copy)]
struct Sum {
    start: u32,
    run: Run,
}

/// Returns a form in which long sums of elements at regular distances are one operation, and the places of the results.
/// The order of the additions stays.
pub(super) fn rolled(form: &Form, results: &[u32]) -> (Form, Vec<u32>) {
    let mut uses = vec![0; form.len()];
    let needed = form.needed_by::<true>(results.iter().copied());
    let of_steps = form.steps().iter().flat_map(|(_, step)| step.places());
    let of_nodes = (0..form.len() as u32).filter(|&place| needed[place as usize]);
    let of_nodes = of_nodes.flat_map(|place| form.node(place).arguments().to_vec());
    of_nodes.chain(of_steps).chain(results.iter().copied()).for_each(|place| uses[place as usize] += 1);

    let mut sums: Vec<Option<Sum>> = vec![None; form.len()];
    let mut goes_on = vec![false; form.len()];
    for place in (0..form.len() as u32).filter(|&place| needed[place as usize]) {
        let Some((before, slot, index)) = addition(form, &form.node(place)) else { continue };
        let longer = sums[before as usize].filter(|_| uses[before as usize] == 1).and_then(|sum| sum.with(slot, index));
        goes_on[before as usize] = longer.is_some();
        let run = Run { slot, first: index, step: 0, count: 1 };
        sums[place as usize] = Some(longer.unwrap_or(Sum { start: before, run }));
    }
    rewritten::<true>(form, results, |place, node: &Node, arguments: &[Symbol], written: &[Option<Symbol>]| match sums
        [place as usize]
        .filter(|sum| sum.run.count >= FEWEST && !goes_on[place as usize])
    {
        None => Symbol::of(node.operation, arguments),
        Some(sum) => {
            let start = written[sum.start as usize].expect("arguments stand before results");
            Symbol::of(Operation::Total(sum.run), &[start])
        }
    })
}

/// Returns the parts of an addition of an element: the other operand, the array and the index.
fn addition(form: &Form, node: &Node) -> Option<(u32, Slot, u32)> {
    let &[a, b] = node.arguments() else { return None };
    let of = |other: u32, element: u32| form.element_at(element).map(|(slot, index)| (other, slot, index));
    if node.operation == Operation::Sum { of(a, b).or_else(|| of(b, a)) } else { None }
}

impl Sum {
    /// Returns the sum with one element more, if it is the next.
    fn with(self, slot: Slot, index: u32) -> Option<Sum> {
        let Run { first, step, count, .. } = self.run;
        let distance = i64::from(index) - i64::from(first);
        let step = if count == 1 { i32::try_from(distance).ok()? } else { step };
        let is_next = slot == self.run.slot && step != 0 && distance == i64::from(step) * i64::from(count);
        is_next.then_some(Sum { run: Run { step, count: count + 1, ..self.run }, ..self })
    }
}
