//! A sparse matrix by its products with few directions.

use std::fmt;
use std::sync::Arc;

use super::coloring::Coloring;
use super::{Csr, Sparsity};
use crate::forward::Dual;
use crate::scalar::{Real, Scalar};

/// The sparsity of a matrix J, known before its entries, and the directions whose products with J (or with Jᵀ, when its
/// rows are compressed) hold all entries.
///
/// There is a direction of zeros and ones for every color, and then the *probe*, which has
/// random elements: when J by its entries has another product with it, there may be entries
/// elsewhere.
#[derive(Clone)]
pub(super) struct Compressed<R> {
    pub(super) sparsity: Arc<Sparsity>,
    pub(super) summed: Summed,
    coloring: Coloring,
    /// For every entry the element of the products that it is: its row, and the color.
    sources: Vec<(usize, usize)>,
    probe: Vec<R>,
}

/// The terms that the products sum.
#[derive(Clone, Copy)]
pub(super) enum Summed {
    Columns,
    Rows,
}

/// A matrix from its products.
pub(super) struct Recovered<T> {
    pub(super) matrix: Csr<T>,
    /// Whether its own product with the probe is the one found, to 4096 units of rounding.
    pub(super) is_confirmed: bool,
}

/// The k-th number of a fixed sequence between 1 and 2 without a pattern (SplitMix64: Steele, Lea & Flood 2014).
fn noise(k: u64) -> f64 {
    let mut bits = (k + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    1.0 + (bits >> 12) as f64 / (1_u64 << 52) as f64
}

impl<R: Real> Compressed<R> {
    pub(super) fn by_columns(sparsity: Sparsity, coloring: Coloring) -> Self {
        let sources = sparsity.entries().map(|(i, j)| (i, coloring.color_of(j))).collect();
        Compressed::new(sparsity, Summed::Columns, coloring, sources)
    }

    pub(super) fn by_rows(sparsity: Sparsity, coloring: Coloring) -> Self {
        let sources = sparsity.entries().map(|(i, j)| (j, coloring.color_of(i))).collect();
        Compressed::new(sparsity, Summed::Rows, coloring, sources)
    }

    pub(super) fn new(sparsity: Sparsity, summed: Summed, coloring: Coloring, sources: Vec<(usize, usize)>) -> Self {
        let probe = (0..coloring.colors.len() as u64).map(|k| R::from_f64(noise(k))).collect();
        Compressed { sparsity: Arc::new(sparsity), summed, coloring, sources, probe }
    }

    pub(super) fn colors(&self) -> usize {
        self.coloring.count
    }

    /// Element k of the N directions from number `start` on.
    pub(super) fn directions<T: Scalar<Real = R>, const N: usize>(&self, start: usize, k: usize) -> [T; N] {
        let color = self.coloring.colors[k];
        std::array::from_fn(|lane| match start + lane {
            number if number == self.colors() => T::from_real(self.probe[k]),
            number if color == Some(number) => T::one(),
            _ => T::zero(),
        })
    }

    /// The point, with these directions.
    pub(super) fn seeded<T: Scalar<Real = R>, const N: usize>(&self, start: usize, x: &[T]) -> Vec<Dual<T, N>> {
        x.iter().enumerate().map(|(j, &x)| Dual::new(x, self.directions(start, j))).collect()
    }

    /// The matrix, from the rows of its products with the N directions from a number on.
    pub(super) fn recover<T: Scalar<Real = R>, const N: usize>(
        &self,
        mut products: impl FnMut(usize) -> Vec<[T; N]>,
    ) -> Recovered<T> {
        let mut values = vec![T::zero(); self.sources.len()];
        let mut is_confirmed = false;
        for start in (0..=self.colors()).step_by(N) {
            let products = products(start);
            for (value, &(row, color)) in values.iter_mut().zip(&self.sources) {
                if let Some(&element) = products[row].get(color.wrapping_sub(start)) {
                    *value = element;
                }
            }
            if self.colors() < start + N {
                is_confirmed = self.confirms(&values, products.iter().map(|row| row[self.colors() - start]));
            }
        }
        Recovered { matrix: Csr::new(self.sparsity.clone(), values), is_confirmed }
    }

    /// Whether the product of the entries with the probe is `wanted`.
    fn confirms<T: Scalar<Real = R>>(&self, values: &[T], wanted: impl ExactSizeIterator<Item = T>) -> bool {
        let mut found = vec![(T::zero(), R::zero()); wanted.len()];
        for ((i, j), &value) in self.sparsity.entries().zip(values) {
            let (row, k) = match self.summed {
                Summed::Columns => (i, j),
                Summed::Rows => (j, i),
            };
            let (sum, size) = &mut found[row];
            *sum += value * self.probe[k];
            *size += value.magnitude() * self.probe[k];
        }
        let units = R::from_f64(4096.0) * R::epsilon();
        wanted.zip(found).all(|(wanted, (sum, size))| (wanted - sum).magnitude() <= units * size)
    }

    /// Panics when a sparsity has an entry that this one does not.
    #[cold]
    #[track_caller]
    pub(super) fn assert_covers(&self, of: &str, found: &Sparsity) {
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
