//! The operands of statements with many of them.

use std::ops::Range;

use super::recording::{NONE, within_limit};
use super::var::Var;
use crate::Scalar;

/// The operands of long statements, one statement after the other, each in runs.
///
/// Slices of variables were mostly recorded one after the other, as the parameters of a
/// model are. Such a run needs no positions but the first, and is walked back over as the
/// slice that it is.
pub(super) struct Operands<T> {
    partials: Vec<T>,
    /// The positions of the operands that are no run.
    positions: Vec<u32>,
    runs: Vec<Run>,
    /// Where the runs of each statement end.
    ends: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Run {
    /// The position of the first operand, or [`NONE`] when the positions are listed.
    first: u32,
    /// Where the partials, and the listed positions, end.
    partials: u32,
    positions: u32,
}

/// Some arguments of a statement by their positions. Constants are at [`NONE`].
pub(super) enum Arguments<'a> {
    Run(Range<usize>),
    Listed(&'a [u32]),
}

impl Arguments<'_> {
    /// The position of each, or nothing for a constant.
    pub(super) fn positions(&self) -> impl Iterator<Item = Option<usize>> {
        let (run, listed) = match self {
            Arguments::Run(run) => (run.clone(), &[][..]),
            Arguments::Listed(listed) => (0..0, *listed),
        };
        run.map(Some).chain(listed.iter().map(|&position| (position != NONE).then_some(position as usize)))
    }
}

impl<T> Operands<T> {
    pub(super) const fn new() -> Self {
        Operands { partials: Vec::new(), positions: Vec::new(), runs: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.partials.clear();
        self.positions.clear();
        self.runs.clear();
        self.ends.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.partials[..]) + size_of_val(&self.positions[..]) + size_of_val(&self.runs[..])
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.partials.capacity() * size_of::<T>()
            + (self.positions.capacity() + self.ends.capacity()) * size_of::<u32>()
            + self.runs.capacity() * size_of::<Run>()
    }
}

impl<T: Scalar> Operands<T> {
    /// Stores operands of the next statement with their partials.
    #[inline(always)]
    pub(super) fn push(&mut self, variables: &[Var<T>], are_run: bool, partials: impl Iterator<Item = T>) {
        self.partials.extend(partials.take(variables.len()));
        if !are_run {
            self.positions.extend(variables.iter().map(|x| x.place().position()));
        }
        self.runs.push(Run {
            first: if are_run { variables[0].place().position() } else { NONE },
            partials: within_limit(self.partials.len()),
            positions: self.positions.len() as u32,
        });
    }

    /// Ends a statement and returns its number.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> u32 {
        self.ends.push(self.runs.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// The arguments of a statement and their partials, run by run.
    #[inline(always)]
    pub(super) fn of(&self, statement: u32) -> impl Iterator<Item = (Arguments<'_>, &[T])> {
        let before = |ends: &[u32], i: usize| if i > 0 { ends[i - 1] as usize } else { 0 };
        let runs = before(&self.ends, statement as usize)..self.ends[statement as usize] as usize;
        let last = runs.start.checked_sub(1).map_or((0, 0), |i| (self.runs[i].partials, self.runs[i].positions));
        self.runs[runs].iter().scan(last, |(partials, positions), run| {
            let of_run = &self.partials[*partials as usize..run.partials as usize];
            let arguments = if run.first == NONE {
                Arguments::Listed(&self.positions[*positions as usize..run.positions as usize])
            } else {
                Arguments::Run(run.first as usize..run.first as usize + of_run.len())
            };
            (*partials, *positions) = (run.partials, run.positions);
            Some((arguments, of_run))
        })
    }
}
