//! Statements of several results.

use std::ops::Range;

use super::elements::Elements;
use super::layers::Layers;
use super::recording::{NONE, within_limit};
use super::var::Var;
use crate::memory::kept::give_back_empty;
use crate::memory::pool::Scratch;
use crate::scalar::Scalar;

/// The blocks of a recording in order. The results of a block stand at consecutive positions (I2): they are independent
/// variables, or come from one operation and are differentiated together.
pub(super) struct Blocks<T: 'static> {
    statements: Vec<BlockStatement<T>>,
    /// The kernels that [`Source::Elements`] refers to.
    pub(super) elements: Elements<T>,
    /// The layers that [`Source::Layer`] refers to.
    pub(super) layers: Layers<T>,
    /// The positions of operands that are no run.
    listed: Vec<u32>,
}

pub(super) struct BlockStatement<T> {
    results: Range<usize>,
    /// The number of nodes recorded before.
    nodes_before: usize,
    source: Source<T>,
}

/// The origin of the results of a block.
pub(super) enum Source<T> {
    /// None: they are independent variables.
    Nothing,
    /// The kernel with this number, at the elements of slices.
    Elements(u32),
    /// The dense layer with this number.
    Layer(u32),
    /// A custom [block](crate::Block).
    Operation(Box<Operation<PullBack<T>>>),
}

/// An operation on a list of operands.
pub(super) struct Operation<F: ?Sized> {
    pub(super) operand: Operand,
    /// The memory that the pull-back holds, in bytes.
    pub(super) bytes: usize,
    pub(super) pull_back: F,
}

/// Takes the adjoints of all results, and adds to the adjoints of the operands.
pub(super) type PullBack<T> = dyn Fn(&[T], &mut [T]);

/// A list of operands.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Constants,
    /// Variables at consecutive positions.
    Run {
        first: u32,
        len: u32,
    },
    /// `len` positions in the list, from `start` on. A constant has the position [`NONE`].
    Listed {
        start: u32,
        len: u32,
    },
}

impl Operand {
    /// Returns the positions, if they are consecutive.
    pub(super) fn run(self) -> Option<Range<usize>> {
        match self {
            Operand::Constants => Some(0..0),
            Operand::Run { first, len } => Some(first as usize..(first + len) as usize),
            Operand::Listed { .. } => None,
        }
    }

    /// Returns the positions that are listed in `all`.
    pub(super) fn listed(self, all: &[u32]) -> &[u32] {
        match self {
            Operand::Listed { start, len } => &all[start as usize..][..len as usize],
            _ => &[],
        }
    }

    /// Returns the position of each, or `None` for a constant among variables.
    pub(super) fn positions(self, all: &[u32]) -> impl ExactSizeIterator<Item = Option<usize>> {
        let listed = self.listed(all);
        let run = self.run().unwrap_or(0..listed.len());
        run.enumerate().map(move |(i, position)| match listed.get(i) {
            Some(&listed) => (listed != NONE).then_some(listed as usize),
            None => Some(position),
        })
    }
}

impl<T> BlockStatement<T> {
    pub(super) fn results(&self) -> Range<usize> {
        self.results.clone()
    }

    pub(super) fn nodes_before(&self) -> usize {
        self.nodes_before
    }

    /// Returns whether the results are independent variables.
    pub(super) fn is_independent(&self) -> bool {
        matches!(self.source, Source::Nothing)
    }
}

impl<T> Blocks<T> {
    pub(super) const fn new() -> Self {
        Blocks { statements: Vec::new(), elements: Elements::new(), layers: Layers::new(), listed: Vec::new() }
    }

    pub(super) fn push(&mut self, results: Range<usize>, nodes_before: usize, source: Source<T>) {
        self.statements.push(BlockStatement { results, nodes_before, source });
    }

    /// Forgets all but the first `len` blocks, which are independent variables.
    pub(super) fn rewind(&mut self, len: usize) {
        self.statements.truncate(len);
        self.elements.clear();
        self.layers.clear();
        self.listed.clear();
    }

    /// Gives back the memory of what has no elements.
    pub(super) fn give_back(&mut self) {
        give_back_empty(&mut self.statements);
        self.elements.give_back();
        self.layers.give_back();
        give_back_empty(&mut self.listed);
    }

    pub(super) fn last(&self) -> Option<&BlockStatement<T>> {
        self.statements.last()
    }

    /// Returns the blocks that start before a position.
    pub(super) fn before(&self, position: usize) -> &[BlockStatement<T>] {
        &self.statements[..self.statements.partition_point(|block| block.results.start < position)]
    }

    /// Returns whether a reverse sweep calls pull-backs of the user, which may record on tapes of their own.
    pub(super) fn have_pull_backs(&self) -> bool {
        self.statements.iter().any(|block| matches!(block.source, Source::Operation(_)))
    }

    /// Returns the memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.statements[..])
            + self.bytes_of_operations()
            + self.elements.bytes()
            + self.layers.bytes()
            + size_of_val(&self.listed[..])
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.statements.capacity() * size_of::<BlockStatement<T>>()
            + self.bytes_of_operations()
            + self.elements.capacity_bytes()
            + self.layers.capacity_bytes()
            + self.listed.capacity() * size_of::<u32>()
    }

    fn bytes_of_operations(&self) -> usize {
        let bytes = |block: &BlockStatement<T>| match &block.source {
            Source::Operation(operation) => operation.bytes,
            _ => 0,
        };
        self.statements.iter().map(bytes).sum()
    }
}

impl<T: Scalar> Blocks<T> {
    /// Returns variables as operands: a run, or else listed.
    pub(super) fn operand(&mut self, variables: &[Var<T>], are_run: bool) -> Operand {
        let len = within_limit(variables.len());
        if are_run {
            return Operand::Run { first: variables[0].place().position(), len };
        }
        let start = within_limit(self.listed.len());
        self.listed.extend(variables.iter().map(|x| x.place().position()));
        Operand::Listed { start, len }
    }

    /// Calls `visit` with the position of every argument of the result at `position`, which `block` holds.
    pub(super) fn for_each_argument(&self, block: &BlockStatement<T>, position: usize, mut visit: impl FnMut(usize)) {
        match &block.source {
            Source::Nothing => {}
            &Source::Elements(kernel) => {
                self.elements.for_each_argument(kernel, position - block.results.start, &self.listed, visit);
            }
            &Source::Layer(layer) => {
                let operands = self.layers.operands(layer);
                operands.iter().flat_map(|operand| operand.positions(&self.listed)).flatten().for_each(visit);
            }
            Source::Operation(operation) => {
                operation.operand.positions(&self.listed).flatten().for_each(&mut visit);
            }
        }
    }

    /// Carries the adjoints of the results of a block on to its operands, which stand before it (I1).
    pub(super) fn sweep<const L: usize>(&self, block: &BlockStatement<T>, adjoints: &mut [[T; L]]) {
        let (before, results) = adjoints.split_at_mut(block.results.start);
        let results = &results[..block.results.len()];
        match &block.source {
            Source::Nothing => {}
            &Source::Elements(kernel) => self.elements.sweep(kernel, results, before, &self.listed),
            &Source::Layer(layer) => {
                let pull_back = |results: &[T], sums: [&mut [T]; 2]| self.layers.pull_back(layer, results, sums);
                carry(results, before, self.layers.operands(layer), &self.listed, pull_back);
            }
            Source::Operation(operation) => {
                let pull_back = |results: &[T], [sums]: [&mut [T]; 1]| (operation.pull_back)(results, sums);
                carry(results, before, [operation.operand], &self.listed, pull_back);
            }
        }
    }
}

/// Carries the adjoints of results on to lists of operands by a pull-back, lane by lane. The pull-back gets an empty
/// slice for a list of constants.
fn carry<T: Scalar, const L: usize, const K: usize>(
    results: &[[T; L]],
    before: &mut [[T; L]],
    operands: [Operand; K],
    listed: &[u32],
    pull_back: impl Fn(&[T], [&mut [T]; K]),
) {
    let runs = operands.map(Operand::run);
    let runs = runs.iter().all(Option::is_some).then(|| runs.map(Option::unwrap_or_default));
    for lane in 0..L {
        if results.iter().all(|lanes| lanes[lane].is_identically_zero()) {
            continue;
        }
        if const { L == 1 }
            && let Some(runs) = &runs
            && let Ok(sums) = before.get_disjoint_mut(runs.clone())
        {
            pull_back(results.as_flattened(), sums.map(|sums| sums.as_flattened_mut()));
            continue;
        }
        let mut sums = operands.map(|operand| Scratch::filled(T::zero(), operand.positions(listed).len()));
        pull_back(&numbers_of(results, lane), sums.each_mut().map(|sums| &mut sums[..]));
        for (operand, sums) in operands.into_iter().zip(&sums) {
            add_to_operand(before, lane, operand.positions(listed), sums);
        }
    }
}

fn numbers_of<T: Scalar, const L: usize>(lanes: &[[T; L]], lane: usize) -> Scratch<T> {
    Scratch::of(lanes.iter().map(|lanes| lanes[lane]))
}

fn add_to_operand<T: Scalar, const L: usize>(
    before: &mut [[T; L]],
    lane: usize,
    positions: impl Iterator<Item = Option<usize>>,
    sums: &[T],
) {
    for (position, &sum) in positions.zip(sums) {
        if let Some(position) = position {
            before[position][lane] += sum;
        }
    }
}
