//! Products of matrices, in tiles whose sums fit into registers.

use crate::scalar::Scalar;

/// A matrix row by row.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, S> {
    pub(crate) numbers: &'a [S],
    pub(crate) width: usize,
}

impl<'a, S> Rows<'a, S> {
    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [S] {
        &self.numbers[i * self.width..][..self.width]
    }
}

/// A factor of a product of matrices, as a list of vectors.
pub(crate) trait Factor<S>: Copy {
    /// Returns a function from k to the k-th elements of `I` vectors of length `n`, from the vector `first` on. The
    /// caller counts k up from 0.
    fn tile<const I: usize>(self, first: usize, n: usize) -> impl FnMut(usize) -> [S; I];

    /// Returns the k-th element of one vector.
    fn element(self, vector: usize, k: usize) -> S;
}

/// The vectors are the rows.
#[derive(Clone, Copy)]
pub(crate) struct AcrossRows<'a, S>(pub(crate) Rows<'a, S>);

impl<S: Scalar> Factor<S> for AcrossRows<'_, S> {
    #[inline(always)]
    fn tile<const I: usize>(self, first: usize, n: usize) -> impl FnMut(usize) -> [S; I] {
        let mut rows = [&self.0.numbers[..0]; I];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &self.0.row(first + i)[..n];
        }
        #[inline(always)]
        move |k| {
            let mut elements = [S::zero(); I];
            for (element, row) in elements.iter_mut().zip(&rows) {
                *element = row[k];
            }
            elements
        }
    }

    #[inline(always)]
    fn element(self, vector: usize, k: usize) -> S {
        self.0.row(vector)[k]
    }
}

/// The vectors are the columns.
#[derive(Clone, Copy)]
pub(crate) struct DownRows<'a, S>(pub(crate) Rows<'a, S>);

impl<S: Scalar> Factor<S> for DownRows<'_, S> {
    #[inline(always)]
    fn tile<const I: usize>(self, first: usize, _: usize) -> impl FnMut(usize) -> [S; I] {
        let mut rows = self.0.numbers.chunks_exact(self.0.width);
        #[inline(always)]
        move |_| {
            let row = rows.next().expect("n rows");
            *row[first..].first_chunk().expect("I columns")
        }
    }

    #[inline(always)]
    fn element(self, vector: usize, k: usize) -> S {
        self.0.row(k)[vector]
    }
}

/// Repeats the body for each row of a tile, written out.
///
/// NOTE(perf): of a loop LLVM may, with link-time optimization, make vectors down the columns, which it has to gather.
macro_rules! for_rows {
    ($i:ident in $($row:literal)* => $body:expr) => {
        $({ let $i: usize = $row; $body })*
    };
}

/// The products of `m` vectors with `p` vectors of `n` elements, to be added to `m` × `p` sums, element by element.
#[derive(Clone, Copy)]
pub(crate) struct Products<'a, S, A, B> {
    pub(crate) sizes: [usize; 3],
    pub(crate) left: A,
    pub(crate) right: B,
    /// The start of each row of sums; without it the sums start from their present values.
    pub(crate) start: Option<&'a [S]>,
    /// The number of sums in a row.
    pub(crate) stride: usize,
}

/// Whether tiles of eight columns fit into registers: not where every number takes one.
const EIGHT_COLUMNS: bool = cfg!(any(not(target_family = "wasm"), target_feature = "simd128"));

impl<S: Scalar, A: Factor<S>, B: Factor<S>> Products<'_, S, A, B> {
    /// Adds the products to the sums, in tiles whose sums fit into registers.
    // Inlined for the stack: without optimization the nested readings take 3 MB of it otherwise, and 1 MB so. On WebAssembly it
    // is compiled once, for the size.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn add_to(self, sums: &mut [S]) {
        let [m, n, p] = self.sizes;
        if const { S::ORDER > 0 } {
            // A number with derivatives fills the registers by itself.
            for i in 0..m {
                for (j, sum) in sums[i * self.stride..][..p].iter_mut().enumerate() {
                    *sum = self.start.map_or(*sum, |start| start[j]);
                    (0..n).for_each(|k| *sum += self.left.element(i, k) * self.right.element(j, k));
                }
            }
            return;
        }
        // Eight rows are sixty-four sums, and as many numbers again for the factors.
        #[cfg(feature = "simd")]
        dualtape_simd::vectorized(
            #[inline(always)]
            |vectors| self.add_in_tiles(sums, vectors == dualtape_simd::Vectors::Avx512),
        );
        #[cfg(not(feature = "simd"))]
        self.add_in_tiles(sums, false);
    }

    /// Adds in tiles of eight rows (if the registers hold as many sums), of four, and of one.
    #[inline(always)]
    fn add_in_tiles(self, sums: &mut [S], eight: bool) {
        let [m, ..] = self.sizes;
        let (in_eights, in_fours) = (if eight { m - m % 8 } else { 0 }, m - m % 4);
        for i in (0..in_eights).step_by(8) {
            self.add_rows::<8>(sums, i);
        }
        for i in (in_eights..in_fours).step_by(4) {
            self.add_rows::<4>(sums, i);
        }
        for i in in_fours..m {
            self.add_rows::<1>(sums, i);
        }
    }

    /// Adds to `I` rows from the row `i` on, in tiles of eight columns, of four, and of one.
    #[inline(always)]
    fn add_rows<const I: usize>(self, sums: &mut [S], i: usize) {
        let [_, _, p] = self.sizes;
        let (in_eights, in_fours) = (if EIGHT_COLUMNS { p - p % 8 } else { 0 }, p - p % 4);
        for j in (0..in_eights).step_by(8) {
            self.add_tile::<I, 8>(sums, i, j);
        }
        for j in (in_eights..in_fours).step_by(4) {
            self.add_tile::<I, 4>(sums, i, j);
        }
        for j in in_fours..p {
            self.add_tile::<I, 1>(sums, i, j);
        }
    }

    /// Adds to one tile. Its loops go over ranges and arrays alone, which LLVM unrolls for any instructions.
    #[inline(always)]
    fn add_tile<const I: usize, const J: usize>(self, sums: &mut [S], i: usize, j: usize) {
        let [_, n, _] = self.sizes;
        let (sums, start) = (&mut sums[i * self.stride + j..], self.start.map(|start| &start[j..]));
        let (mut left, mut right) = (self.left.tile::<I>(i, n), self.right.tile::<J>(j, n));
        let mut total = [[S::zero(); J]; I];
        for (i, total) in total.iter_mut().enumerate() {
            *total = *start.unwrap_or(&sums[i * self.stride..]).first_chunk().expect("J sums");
        }
        for k in 0..n {
            let (left, right) = (left(k), right(k));
            for_rows!(i in 0 1 2 3 4 5 6 7 => if i < I {
                for (total, right) in total[i].iter_mut().zip(right) {
                    *total += left[i] * right;
                }
            });
        }
        for (i, total) in total.into_iter().enumerate() {
            *sums[i * self.stride..].first_chunk_mut().expect("J sums") = total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_either_height_give_the_same_bits() {
        let numbers = |count: usize| (1..=count).map(|i| (i as f64).sin()).collect::<Vec<_>>();
        for (m, n, p) in [(23, 5, 15), (8, 3, 8), (7, 1, 1), (3, 2, 12)] {
            let (left, right) = (numbers(m * n), numbers(p * n));
            let [a, b] = [&left, &right].map(|numbers| AcrossRows(Rows { numbers, width: n }));
            let products = Products { sizes: [m, n, p], left: a, right: b, start: None, stride: p };
            let sum = |i, j| (0..n).fold(0.0, |sum, k| sum + left[i * n + k] * right[j * n + k]);
            let expected: Vec<f64> = (0..m * p).map(|at| sum(at / p, at % p)).collect();
            for eight in [false, true] {
                let mut sums = vec![0.0; m * p];
                products.add_in_tiles(&mut sums, eight);
                assert_eq!(sums, expected, "{m} by {p}, in eights: {eight}");
            }
        }
    }
}
