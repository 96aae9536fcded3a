//! Statements of several results.

use std::borrow::Cow;
use std::ops::Range;

use super::elements::Elements;
use super::recording::NONE;
use crate::Scalar;

/// Results at consecutive positions: independent variables, or the results of one operation, which
/// are differentiated together.
pub(super) struct BlockStatement<T> {
    results: Range<usize>,
    /// The number of nodes recorded before.
    nodes_before: usize,
    source: Source<T>,
}

/// What the results of a block come from.
pub(super) enum Source<T> {
    /// They are independent variables.
    Nothing,
    /// They are those of the kernel with this number at the elements of slices.
    Elements(u32),
    Operation(Box<Operation<PullBack<T>>>),
}

/// An operation on two lists of operands.
pub(super) struct Operation<F: ?Sized> {
    pub(super) operands: [Operand; 2],
    /// The memory that the pull-back holds, in bytes.
    pub(super) bytes: usize,
    pub(super) pull_back: F,
}

/// Adds the adjoints of two lists of operands, from those of all results. The slice of a list
/// of constants is empty.
pub(super) type PullBack<T> = dyn Fn(&[T], [&mut [T]; 2]);

/// A list of operands by their positions.
pub(super) enum Operand {
    Constants,
    /// Variables recorded one after the other.
    Run(Range<usize>),
    /// Constants among them are at [`NONE`].
    Listed(Vec<u32>),
}

impl Operand {
    /// The positions, if they follow one another.
    fn run(&self) -> Option<Range<usize>> {
        match self {
            Operand::Constants => Some(0..0),
            Operand::Run(run) => Some(run.clone()),
            Operand::Listed(_) => None,
        }
    }

    /// The position of each, or nothing for a constant among variables.
    fn positions(&self) -> impl ExactSizeIterator<Item = Option<usize>> {
        let (first, listed): (usize, &[u32]) = match self {
            Operand::Constants => (0, &[]),
            Operand::Run(run) => (run.start, &[]),
            Operand::Listed(listed) => (0, listed),
        };
        let len = self.run().map_or(listed.len(), |run| run.len());
        (0..len).map(move |i| match listed.get(i) {
            Some(&position) => (position != NONE).then_some(position as usize),
            None => Some(first + i),
        })
    }
}

impl<T> BlockStatement<T> {
    pub(super) fn new(results: Range<usize>, nodes_before: usize, source: Source<T>) -> Self {
        BlockStatement { results, nodes_before, source }
    }

    pub(super) fn results(&self) -> Range<usize> {
        self.results.clone()
    }

    pub(super) fn nodes_before(&self) -> usize {
        self.nodes_before
    }

    pub(super) fn has_pull_back(&self) -> bool {
        matches!(self.source, Source::Operation(_))
    }

    pub(super) fn bytes_of_operation(&self) -> usize {
        if let Source::Operation(operation) = &self.source { operation.bytes } else { 0 }
    }
}

impl<T: Scalar> BlockStatement<T> {
    /// Calls `visit` with the position of every argument of the result at a position.
    pub(super) fn for_each_argument(&self, position: usize, elements: &Elements<T>, visit: impl FnMut(usize)) {
        match &self.source {
            Source::Nothing => {}
            &Source::Elements(kernel) => elements.for_each_argument(kernel, position - self.results.start, visit),
            Source::Operation(operation) => {
                operation.operands.iter().flat_map(Operand::positions).flatten().for_each(visit);
            }
        }
    }

    /// Carries the adjoints of the results on to the operands.
    pub(super) fn sweep<const L: usize>(&self, adjoints: &mut [[T; L]], elements: &Elements<T>) {
        let (before, results) = adjoints.split_at_mut(self.results.start);
        let results = &results[..self.results.len()];
        match &self.source {
            Source::Nothing => {}
            &Source::Elements(kernel) => elements.sweep(kernel, results, before),
            Source::Operation(operation) => operation.sweep(results, before),
        }
    }
}

impl<T: Scalar> Operation<PullBack<T>> {
    /// Carries the adjoints of the results on to the operands, lane by lane.
    fn sweep<const L: usize>(&self, results: &[[T; L]], before: &mut [[T; L]]) {
        let ([x, y], pull_back) = (&self.operands, &self.pull_back);
        for lane in 0..L {
            let of_results = match L {
                1 => Cow::Borrowed(results.as_flattened()),
                _ => results.iter().map(|lanes| lanes[lane]).collect(),
            };
            if of_results.iter().all(|adjoint| adjoint.is_identically_zero()) {
                continue;
            }
            if L == 1
                && let (Some(x), Some(y)) = (x.run(), y.run())
                && let Ok(sums) = before.get_disjoint_mut([x, y])
            {
                pull_back(&of_results, sums.map(|sums| sums.as_flattened_mut()));
                continue;
            }
            let mut sums = [x, y].map(|operand| vec![T::zero(); operand.positions().len()]);
            pull_back(&of_results, sums.each_mut().map(|sums| &mut sums[..]));
            for (operand, sums) in [x, y].into_iter().zip(sums) {
                for (position, sum) in operand.positions().zip(sums) {
                    if let Some(position) = position {
                        before[position][lane] += sum;
                    }
                }
            }
        }
    }
}
