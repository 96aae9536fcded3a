//! A sparse matrix by its products with few directions.

use std::fmt;
use std::sync::Arc;

use super::coloring::Coloring;
use super::{Csr, Sparsity};
use crate::forward::Dual;
use crate::scalar::Scalar;

/// The structure of a matrix J before its entries: where they are, and the directions whose
/// products with J (or with Jᵀ, when its rows are compressed) hold them all: one of zeros and ones for every color.
#[derive(Clone)]
pub(super) struct Compressed {
    pub(super) sparsity: Arc<Sparsity>,
    pub(super) summed: Summed,
    coloring: Coloring,
    /// For every entry the element of the products that it is: its row, and the color.
    sources: Vec<(usize, usize)>,
    /// What tells the sparsity from others.
    fingerprint: u64,
}

/// The terms that the products sum.
#[derive(Clone, Copy)]
pub(super) enum Summed {
    Columns,
    Rows,
}

impl Compressed {
    pub(super) fn by_columns(sparsity: Sparsity, coloring: Coloring, fingerprint: u64) -> Self {
        let sources = sparsity.entries().map(|(i, j)| (i, coloring.color_of(j))).collect();
        Compressed { sparsity: Arc::new(sparsity), summed: Summed::Columns, coloring, sources, fingerprint }
    }

    pub(super) fn by_rows(sparsity: Sparsity, coloring: Coloring, fingerprint: u64) -> Self {
        let sources = sparsity.entries().map(|(i, j)| (j, coloring.color_of(i))).collect();
        Compressed { sparsity: Arc::new(sparsity), summed: Summed::Rows, coloring, sources, fingerprint }
    }

    /// By symmetry, from the column of the one or of the other half.
    pub(super) fn by_symmetry(
        sparsity: Sparsity,
        (coloring, sources): (Coloring, Vec<(usize, usize)>),
        fingerprint: u64,
    ) -> Self {
        Compressed { sparsity: Arc::new(sparsity), summed: Summed::Columns, coloring, sources, fingerprint }
    }

    pub(super) fn colors(&self) -> usize {
        self.coloring.count
    }

    /// Element k of the N directions from number `start` on.
    pub(super) fn directions<T: Scalar, const N: usize>(&self, start: usize, k: usize) -> [T; N] {
        let color = self.coloring.colors[k];
        std::array::from_fn(|lane| if color == Some(start + lane) { T::one() } else { T::zero() })
    }

    /// The point, with these directions.
    pub(super) fn seeded<T: Scalar, const N: usize>(&self, start: usize, x: &[T]) -> Vec<Dual<T, N>> {
        x.iter().enumerate().map(|(j, &x)| Dual::new(x, self.directions(start, j))).collect()
    }

    /// The matrix, from the rows of its products with the N directions from a number on. Without colors the products are
    /// asked for once, as the value is wanted too.
    pub(super) fn recover<T: Scalar, const N: usize>(&self, mut products: impl FnMut(usize) -> Vec<[T; N]>) -> Csr<T> {
        let mut values = vec![T::zero(); self.sources.len()];
        for start in (0..self.colors().max(1)).step_by(N) {
            let products = products(start);
            for (value, &(row, color)) in values.iter_mut().zip(&self.sources) {
                if let Some(&element) = products[row].get(color.wrapping_sub(start)) {
                    *value = element;
                }
            }
        }
        Csr::new(self.sparsity.clone(), values)
    }

    /// Panics when the function has an entry at a point that the sparsity does not.
    #[track_caller]
    pub(super) fn assert_fits(&self, of: &str, fingerprint: u64, found: impl FnOnce() -> Sparsity) {
        if fingerprint != self.fingerprint {
            self.assert_covers(of, &found());
        }
    }

    /// Panics when a sparsity has an entry that this one does not.
    #[cold]
    #[track_caller]
    fn assert_covers(&self, of: &str, found: &Sparsity) {
        if let Some((i, j)) = found.entries().find(|&(i, j)| !self.sparsity.has(i, j)) {
            panic!(
                "{of}: there is an entry at row {i} and column {j} here, which is not in the sparsity, as the function \
                 takes another branch at this point than where the sparsity was found; find it again here with \
                 `{of}::new`"
            );
        }
    }

    #[track_caller]
    pub(super) fn assert_inputs(&self, of: &str, inputs: usize) {
        let (_, width) = self.sparsity.shape();
        assert_eq!(
            width, inputs,
            "{of}: the sparsity has {width} inputs and x has {inputs} elements; find it again with `{of}::new`"
        );
    }

    #[track_caller]
    pub(super) fn assert_outputs(&self, of: &str, outputs: usize) {
        let (height, _) = self.sparsity.shape();
        assert_eq!(
            height, outputs,
            "{of}: the sparsity has {height} outputs and f(x) has {outputs}; find it again with `{of}::new`"
        );
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.sparsity.len();
        let shape = self.sparsity.shape();
        f.debug_struct(name).field("shape", &shape).field("entries", &entries).field("colors", &self.colors()).finish()
    }
}
