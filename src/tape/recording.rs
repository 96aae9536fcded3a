//! The statements of one recording, and the walk back over them.

use super::var::{Place, Var};
use crate::Scalar;

/// A list of statements as three arrays: statement `i` has the entries
/// `ends[i - 1]..ends[i]` of `arguments` and `partials`, and its result is the
/// variable at position `i`. A short statement stores no constants and no partials
/// that are zero.
///
/// The arrays are kept filled beyond what is used, so that a short statement is
/// written without a branch on its partials: every entry is written, and only one
/// that counts moves on.
pub(crate) struct Recording<T> {
    partials: Vec<T>,
    arguments: Vec<u32>,
    ends: Vec<u32>,
    entries: usize,
    statements: usize,
}

impl<T> Recording<T> {
    pub(crate) const fn new() -> Self {
        Recording { partials: Vec::new(), arguments: Vec::new(), ends: Vec::new(), entries: 0, statements: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.statements
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        self.partials.capacity() * size_of::<T>()
            + (self.arguments.capacity() + self.ends.capacity()) * size_of::<u32>()
    }

    pub(crate) fn clear(&mut self) {
        self.entries = 0;
        self.statements = 0;
    }
}

impl<T: Scalar> Recording<T> {
    /// Records a statement with a few operands and returns its position.
    #[inline(always)]
    pub(crate) fn statement<const K: usize>(&mut self, operands: [(Place, T); K]) -> u32 {
        loop {
            let end = self.entries + K;
            let partials = self.partials.get_mut(self.entries..end).and_then(<[T]>::first_chunk_mut::<K>);
            let arguments = self.arguments.get_mut(self.entries..end).and_then(<[u32]>::first_chunk_mut::<K>);
            let (Some(partials), Some(arguments)) = (partials, arguments) else {
                self.grow(K);
                continue;
            };
            let mut kept = 0;
            for (place, partial) in operands {
                partials[kept] = partial;
                arguments[kept] = place.position();
                kept += usize::from(!place.is_nowhere() & !partial.is_identically_zero());
            }
            self.entries += kept;
            return self.finish();
        }
    }

    /// Stores operands of the next long statement: `variables`, none of them a
    /// constant, with their partials.
    #[inline(always)]
    pub(crate) fn operands(&mut self, variables: &[Var<T>], partials: impl Iterator<Item = T>) {
        let end = self.entries + variables.len();
        if end > self.partials.len() {
            self.grow(variables.len());
        }
        for (to, partial) in self.partials[self.entries..end].iter_mut().zip(partials) {
            *to = partial;
        }
        for (to, variable) in self.arguments[self.entries..end].iter_mut().zip(variables) {
            *to = variable.place().position();
        }
        self.entries = end;
    }

    /// Records a statement with the operands stored for it and returns its position.
    #[inline(always)]
    pub(crate) fn finish(&mut self) -> u32 {
        let position = self.statements;
        if position == self.ends.len() {
            self.grow(0);
        }
        self.ends[position] = self.entries as u32;
        self.statements = position + 1;
        position as u32
    }

    /// Makes room for a statement and `entries` of its entries.
    #[cold]
    fn grow(&mut self, entries: usize) {
        let larger =
            |needed: usize, present: usize| if needed > present { needed.max(2 * present).max(64) } else { present };
        let entries = limited(larger(self.entries + entries, self.partials.len()), self.entries + entries);
        self.partials.resize(entries, T::zero());
        self.arguments.resize(entries, 0);
        self.ends.resize(limited(larger(self.statements + 1, self.ends.len()), self.statements + 1), 0);
    }

    /// The adjoints of all statements up to the last seeded one, and a zero
    /// after them, in the memory of `adjoints`.
    ///
    /// The order of summation is that of the statements from the last to the
    /// first, and within one from the first argument to the last. An adjoint that
    /// is zero beats a partial that is not finite, and the other way round.
    pub(crate) fn sweep(&self, seeds: impl Iterator<Item = (Place, T)> + Clone, mut adjoints: Vec<T>) -> Vec<T> {
        let len = seeds.clone().map(|(place, _)| place.position() as usize + 1).max().unwrap_or(0);
        adjoints.clear();
        adjoints.resize(len + 1, T::zero());
        for (place, seed) in seeds {
            adjoints[place.position() as usize] += seed;
        }
        let mut end = if len > 0 { self.ends[len - 1] as usize } else { 0 };
        for position in (0..len).rev() {
            let start = if position > 0 { self.ends[position - 1] as usize } else { 0 };
            let adjoint = adjoints[position];
            if !adjoint.is_identically_zero() {
                let skips_zeros = !adjoint.is_finite_throughout();
                for (&argument, &partial) in self.arguments[start..end].iter().zip(&self.partials[start..end]) {
                    if !(skips_zeros && partial.is_identically_zero()) {
                        adjoints[argument as usize] += partial * adjoint;
                    }
                }
            }
            end = start;
        }
        adjoints
    }
}

/// A length of which u32 holds every position: `wanted` or, when the tape is nearly
/// full, less, but at least `needed`.
fn limited(wanted: usize, needed: usize) -> usize {
    const LIMIT: usize = u32::MAX as usize;
    assert!(
        needed <= LIMIT,
        "the tape is full: a recording holds at most {LIMIT} statements and arguments; differentiate in pieces and \
         clear the tape between them"
    );
    wanted.min(LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_checked() {
        let limit = u32::MAX as usize;
        assert_eq!(limited(100, 10), 100);
        assert_eq!(limited(2 * limit, limit), limit);
        let message = std::panic::catch_unwind(|| limited(2 * limit, limit + 1)).unwrap_err();
        assert_eq!(
            *message.downcast::<String>().unwrap(),
            "the tape is full: a recording holds at most 4294967295 statements and arguments; differentiate in \
             pieces and clear the tape between them"
        );
    }
}
