//! The operands of long statements.

use std::ops::Range;

use super::recording::{NONE, within_limit};
use super::var::Var;
use crate::memory::kept::{give_back_empty, reserve};
use crate::scalar::Scalar;

/// The operands of long statements, one statement after the other, each in runs.
///
/// Many slices hold variables at consecutive positions, as the parameters of a model. Only their first position is stored,
/// and the sweep takes a slice of the adjoints.
pub(super) struct Operands<T> {
    partials: Vec<T>,
    /// The positions of operands that are not consecutive.
    positions: Vec<u32>,
    runs: Vec<Run>,
    /// Where the runs of each statement end.
    ends: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Run {
    /// Where the partials end.
    partials: u32,
    places: Places,
}

#[derive(Clone, Copy)]
enum Places {
    /// Consecutive, from `first` on.
    Run { first: u32 },
    /// In `positions`, from `start` on.
    Listed { start: u32 },
}

/// Arguments of a statement by their positions. A constant has the position [`NONE`].
pub(super) enum Arguments<'a> {
    Run(Range<usize>),
    Listed(&'a [u32]),
}

impl Arguments<'_> {
    /// Returns the position of each, or `None` for a constant.
    pub(super) fn positions(&self) -> impl Iterator<Item = Option<usize>> {
        let (run, listed) = match self {
            Arguments::Run(run) => (run.clone(), &[][..]),
            &Arguments::Listed(listed) => (0..0, listed),
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

    /// The number of operands.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.partials.len()
    }

    /// Gives back the memory of what has no elements.
    pub(super) fn give_back(&mut self) {
        give_back_empty(&mut self.partials);
        give_back_empty(&mut self.positions);
        give_back_empty(&mut self.runs);
        give_back_empty(&mut self.ends);
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
    /// Makes room for operands of the next statement, before any is stored.
    #[inline(always)]
    #[track_caller]
    pub(super) fn make_room(&mut self, operands: usize) {
        reserve(&mut self.partials, operands, "the operands of a sum or product over slices");
    }

    /// Stores operands of the next statement with their partials.
    #[inline(always)]
    pub(super) fn push(&mut self, variables: &[Var<T>], are_run: bool, partials: impl Iterator<Item = T>) {
        self.partials.extend(partials.take(variables.len()));
        let places = self.places(variables, are_run);
        self.runs.push(Run { partials: within_limit(self.partials.len()), places });
    }

    /// Stores statements of the same operands, each with a row of partials. Returns the number of the first.
    #[inline(always)]
    pub(super) fn push_rows<'a>(
        &mut self,
        variables: &[Var<T>],
        are_run: bool,
        rows: impl Iterator<Item = &'a [T]>,
    ) -> u32 {
        let places = self.places(variables, are_run);
        let first = self.ends.len() as u32;
        for row in rows {
            self.partials.extend_from_slice(row);
            self.runs.push(Run { partials: within_limit(self.partials.len()), places });
            self.finish();
        }
        first
    }

    #[inline(always)]
    fn places(&mut self, variables: &[Var<T>], are_run: bool) -> Places {
        if are_run {
            return Places::Run { first: variables[0].place().position() };
        }
        let start = self.positions.len() as u32;
        self.positions.extend(variables.iter().map(|x| x.place().position()));
        Places::Listed { start }
    }

    /// Ends a statement and returns its number.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> u32 {
        self.ends.push(self.runs.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// Returns the arguments of a statement and their partials, run by run.
    #[inline(always)]
    pub(super) fn of(&self, statement: u32) -> impl Iterator<Item = (Arguments<'_>, &[T])> {
        let before = |ends: &[u32], i: usize| if i > 0 { ends[i - 1] as usize } else { 0 };
        let runs = before(&self.ends, statement as usize)..self.ends[statement as usize] as usize;
        let start = runs.start.checked_sub(1).map_or(0, |i| self.runs[i].partials);
        self.runs[runs].iter().scan(start as usize, |start, run| {
            let partials = &self.partials[*start..run.partials as usize];
            *start = run.partials as usize;
            let len = partials.len();
            let arguments = match run.places {
                Places::Run { first } => Arguments::Run(first as usize..first as usize + len),
                Places::Listed { start } => Arguments::Listed(&self.positions[start as usize..][..len]),
            };
            Some((arguments, partials))
        })
    }
}
