//! Which inputs an output depends on: reachability over the statements.

use std::collections::BinaryHeap;

use super::recording::Recording;
use super::{Tape, Var};
use crate::scalar::Scalar;

impl<T: Scalar> Tape<T> {
    /// Returns for each output the indices of the inputs it depends on, in ascending order. The inputs are the first
    /// `inputs` variables of this recording.
    ///
    /// Outputs are traced 64 at a time, with a bit for each. The work is proportional to the statements they reach, and
    /// the memory is one word for a statement.
    pub(crate) fn dependencies(&self, inputs: usize, outputs: &[Var<T>]) -> Vec<Vec<usize>> {
        self.inspect(|recording| {
            let mut trace = Trace { reached_by: vec![0; recording.len()], open: BinaryHeap::new() };
            let blocks = outputs.chunks(u64::BITS as usize);
            blocks.flat_map(|outputs| trace.block(recording, inputs, outputs)).collect()
        })
    }
}

/// A search in reverse from some outputs.
struct Trace {
    /// For every result a bit for each output that depends on it.
    reached_by: Vec<u64>,
    /// The results that are reached and not yet visited, the last one on top. By I1 all outputs that depend on the top
    /// one are known.
    open: BinaryHeap<usize>,
}

impl Trace {
    fn block<T: Scalar>(&mut self, recording: &Recording<T>, inputs: usize, outputs: &[Var<T>]) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); outputs.len()];
        for (bit, y) in outputs.iter().enumerate().filter(|(_, y)| !y.is_constant()) {
            self.reach(y.place().position() as usize, 1 << bit);
        }
        while let Some(position) = self.open.pop() {
            let by = std::mem::take(&mut self.reached_by[position]);
            if position < inputs {
                let dependent = rows.iter_mut().enumerate().filter(|(bit, _)| by >> bit & 1 == 1);
                dependent.for_each(|(_, row)| row.push(position));
            } else {
                recording.for_each_argument(position, |argument| self.reach(argument, by));
            }
        }
        rows.iter_mut().for_each(|row| row.reverse());
        rows
    }

    fn reach(&mut self, position: usize, by: u64) {
        if self.reached_by[position] == 0 {
            self.open.push(position);
        }
        self.reached_by[position] |= by;
    }
}
