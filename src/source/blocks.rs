//! The blocks of generated code: which operation is computed where.
//!
//! An operation that only one side of an `if` needs is computed there. So a rule costs what its branch costs, as it does
//! in the crate.

use super::form::{Form, Operation};

/// The body of the function, which is the block around all.
pub(super) const BODY: usize = 0;

/// The blocks of a form, with the operations that are needed.
pub(super) struct Blocks {
    /// The block around each block, and its depth.
    outer: Vec<(usize, usize)>,
    /// The block of each operation that is needed.
    of: Vec<Option<usize>>,
    /// The two blocks of each choice.
    sides: Vec<Option<[usize; 2]>>,
    /// The number of places where the result of an operation is written.
    uses: Vec<usize>,
}

impl Blocks {
    /// Places the operations that these results need.
    pub(super) fn of(form: &Form, results: &[u32]) -> Self {
        let count = form.len();
        let mut blocks =
            Blocks { outer: vec![(BODY, 0)], of: vec![None; count], sides: vec![None; count], uses: vec![0; count] };
        results.iter().for_each(|&place| blocks.place_use(place, BODY));
        for place in (0..count).rev() {
            let Some(own) = blocks.of[place] else { continue };
            let node = form.node(place as u32);
            match (node.operation, node.arguments()) {
                (Operation::Select, &[question, holds, fails]) => {
                    let sides = [(); 2].map(|()| {
                        blocks.outer.push((own, blocks.outer[own].1 + 1));
                        blocks.outer.len() - 1
                    });
                    blocks.sides[place] = Some(sides);
                    blocks.place_use(question, own);
                    blocks.place_use(holds, sides[0]);
                    blocks.place_use(fails, sides[1]);
                }
                (_, arguments) => arguments.iter().for_each(|&argument| blocks.place_use(argument, own)),
            }
        }
        blocks
    }

    /// Moves an operation out to a block in which this use sees it.
    fn place_use(&mut self, place: u32, block: usize) {
        self.uses[place as usize] += 1;
        let place = &mut self.of[place as usize];
        let (mut a, mut b) = (place.unwrap_or(block), block);
        while a != b {
            let deeper = if self.outer[a].1 >= self.outer[b].1 { &mut a } else { &mut b };
            *deeper = self.outer[*deeper].0;
        }
        *place = Some(a);
    }

    /// Returns the block of an operation, or `None` if nobody needs it.
    pub(super) fn of_operation(&self, place: u32) -> Option<usize> {
        self.of[place as usize]
    }

    /// Returns the blocks where a choice is yes, and no.
    pub(super) fn sides_of(&self, place: u32) -> Option<[usize; 2]> {
        self.sides[place as usize]
    }

    /// Returns the number of places where the result of an operation is written.
    pub(super) fn uses_of(&self, place: u32) -> usize {
        self.uses[place as usize]
    }

    /// Returns the operations of each block, in order.
    pub(super) fn listed(&self) -> Vec<Vec<u32>> {
        let mut listed = vec![Vec::new(); self.outer.len()];
        for (place, block) in (0..).zip(&self.of) {
            if let Some(block) = block {
                listed[*block].push(place);
            }
        }
        listed
    }
}
