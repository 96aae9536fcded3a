//! The blocks of generated code: which operation is computed where.
//!
//! Choices by one question are one `if`, with several values. An operation that only one side of an `if` needs is
//! computed there. So a rule costs what its branch costs, as it does in the crate.

use std::collections::HashMap;

use super::form::{Form, Operation};

/// The body of the function, which is the block around all.
pub(super) const BODY: usize = 0;

/// The most values of one `if`.
const MOST_VALUES: usize = 8;

/// The blocks of a form, with the operations that are needed.
pub(super) struct Blocks {
    /// Single operations and choices by one question, in the order of computation.
    units: Vec<Vec<u32>>,
    /// The unit of each operation that is needed.
    unit_of: Vec<Option<usize>>,
    /// The block of each unit.
    block_of: Vec<usize>,
    /// The two blocks of each unit of choices.
    sides_of: Vec<Option<[usize; 2]>>,
    /// The block around each block, and its depth.
    outer: Vec<(usize, usize)>,
    /// The number of places where the result of an operation is written.
    uses: Vec<usize>,
}

impl Blocks {
    /// Places the operations that these results need. Choices with a name of their own stand alone.
    pub(super) fn of(form: &Form, results: &[u32], is_named: impl Fn(u32) -> bool) -> Self {
        let needed = form.needed_by::<true>(results.iter().copied());
        let (units, unit_of) = units_of(form, &needed, is_named);
        let count = units.len();
        let mut blocks = Blocks {
            units,
            unit_of,
            block_of: vec![BODY; count],
            sides_of: vec![None; count],
            outer: vec![(BODY, 0)],
            uses: vec![0; form.len()],
        };
        let mut is_placed = vec![false; count];
        for &result in results {
            blocks.place_use(result, BODY, &mut is_placed);
        }
        for unit in (0..count).rev() {
            let own = blocks.block_of[unit];
            let members = blocks.units[unit].clone();
            let first = form.node(members[0]);
            if first.operation != Operation::Select {
                first.arguments().iter().for_each(|&argument| blocks.place_use(argument, own, &mut is_placed));
                continue;
            }
            let sides = [(); 2].map(|()| {
                blocks.outer.push((own, blocks.outer[own].1 + 1));
                blocks.outer.len() - 1
            });
            blocks.sides_of[unit] = Some(sides);
            blocks.place_use(first.arguments()[0], own, &mut is_placed);
            for member in members {
                for (side, &value) in sides.iter().zip(&form.node(member).arguments()[1..]) {
                    blocks.place_use(value, *side, &mut is_placed);
                }
            }
        }
        blocks
    }

    /// Moves an operation out to a block in which this use sees it.
    fn place_use(&mut self, place: u32, block: usize, is_placed: &mut [bool]) {
        self.uses[place as usize] += 1;
        let unit = self.unit_of[place as usize].expect("it is needed");
        let mut a = if std::mem::replace(&mut is_placed[unit], true) { self.block_of[unit] } else { block };
        let mut b = block;
        while a != b {
            let deeper = if self.outer[a].1 >= self.outer[b].1 { &mut a } else { &mut b };
            *deeper = self.outer[*deeper].0;
        }
        self.block_of[unit] = a;
    }

    /// Returns single operations, and choices by one question, in the order of computation.
    pub(super) fn units(&self) -> &[Vec<u32>] {
        &self.units
    }

    /// Returns the unit of an operation, or `None` if nobody needs it.
    pub(super) fn unit_of(&self, place: u32) -> Option<usize> {
        self.unit_of[place as usize]
    }

    /// Returns the blocks where the question of a unit is answered with yes, and with no.
    pub(super) fn sides_of(&self, unit: usize) -> Option<[usize; 2]> {
        self.sides_of[unit]
    }

    /// Returns the number of places where the result of an operation is written.
    pub(super) fn uses_of(&self, place: u32) -> usize {
        self.uses[place as usize]
    }

    /// Returns the units of each block, in order.
    pub(super) fn listed(&self) -> Vec<Vec<usize>> {
        let mut listed = vec![Vec::new(); self.outer.len()];
        self.block_of.iter().enumerate().for_each(|(unit, &block)| listed[block].push(unit));
        listed
    }
}

/// Returns the units in the order of computation, and the unit of each operation that is needed.
fn units_of(form: &Form, needed: &[bool], is_named: impl Fn(u32) -> bool) -> (Vec<Vec<u32>>, Vec<Option<usize>>) {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut group_of: Vec<usize> = vec![usize::MAX; form.len()];
    // The last group by each question, between two loops.
    let mut by_question: HashMap<(u32, usize), usize> = HashMap::new();
    for place in (0..form.len() as u32).filter(|&place| needed[place as usize]) {
        let node = form.node(place);
        if node.operation == Operation::Select && !is_named(place) {
            let question = (node.arguments()[0], form.steps_before(place));
            if let Some(&group) = by_question.get(&question)
                && groups[group].len() < MOST_VALUES
                && !depends_on(form, place, group, &groups, &group_of)
            {
                groups[group].push(place);
                group_of[place as usize] = group;
                continue;
            }
            by_question.insert(question, groups.len());
        }
        group_of[place as usize] = groups.len();
        groups.push(vec![place]);
    }
    in_order(form, groups, &group_of)
}

/// Returns whether an operation depends on a group.
fn depends_on(form: &Form, place: u32, target: usize, groups: &[Vec<u32>], group_of: &[usize]) -> bool {
    let mut is_seen = vec![false; groups.len()];
    let mut open = vec![place];
    while let Some(place) = open.pop() {
        for &argument in form.node(place).arguments() {
            let group = group_of[argument as usize];
            if group == target {
                return true;
            }
            if !std::mem::replace(&mut is_seen[group], true) {
                open.extend(&groups[group]);
            }
        }
    }
    false
}

/// Returns the groups in an order in which arguments stand before results, and the group of each operation in it.
fn in_order(form: &Form, groups: Vec<Vec<u32>>, group_of: &[usize]) -> (Vec<Vec<u32>>, Vec<Option<usize>>) {
    let mut order: Vec<usize> = Vec::new();
    // A group is opened, then its arguments are, and then it is closed.
    let mut is_open = vec![false; groups.len()];
    let mut is_closed = vec![false; groups.len()];
    for first in 0..groups.len() {
        let mut stack = vec![first];
        while let Some(&group) = stack.last() {
            if std::mem::replace(&mut is_open[group], true) {
                stack.pop();
                if !std::mem::replace(&mut is_closed[group], true) {
                    order.push(group);
                }
                continue;
            }
            let arguments = groups[group].iter().flat_map(|&place| form.node(place).arguments().to_vec());
            let open: Vec<usize> =
                arguments.map(|argument| group_of[argument as usize]).filter(|&other| !is_open[other]).collect();
            stack.extend(open.into_iter().rev());
        }
    }
    let mut unit_of = vec![None; form.len()];
    let mut groups: Vec<Option<Vec<u32>>> = groups.into_iter().map(Some).collect();
    let ordered = order.into_iter().enumerate().map(|(unit, group)| {
        let members = groups[group].take().expect("each group comes once");
        members.iter().for_each(|&place| unit_of[place as usize] = Some(unit));
        members
    });
    (ordered.collect(), unit_of)
}
