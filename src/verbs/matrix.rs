//! Dense matrices of derivatives.

use std::fmt;
use std::ops::{Index, IndexMut};

use crate::scalar::Scalar;

/// A dense matrix in row-major order; `m[i]` is row i and `m[i][j]` an entry.
///
/// ```
/// let (_, _, h) = dualtape::hessian(|x| x[0] * x[1], &[2.0, 3.0]);
/// assert_eq!(h[0], [0.0, 1.0]);
/// assert_eq!(h[1][0], 1.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct Matrix<T> {
    entries: Vec<T>,
    columns: usize,
    rows: usize,
}

impl<T> Matrix<T> {
    /// Returns the number of rows and of columns.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| vec![x[0] + x[1]], &[2.0, 3.0]);
    /// assert_eq!(j.shape(), (1, 2));
    /// ```
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Returns the rows, from the first.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| vec![x[0] + x[1], x[0]], &[2.0, 3.0]);
    /// assert_eq!(j.rows().collect::<Vec<_>>(), [[1.0, 1.0], [1.0, 0.0]]);
    /// ```
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        (0..self.rows).map(|row| &self[row])
    }

    /// Returns the entries, row by row.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| vec![x[0] + x[1], x[0]], &[2.0, 3.0]);
    /// assert_eq!(j.into_entries(), [1.0, 1.0, 1.0, 0.0]);
    /// ```
    pub fn into_entries(self) -> Vec<T> {
        self.entries
    }
}

impl<T: Scalar> Matrix<T> {
    /// Returns the entries, row by row.
    pub(crate) fn entries_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }

    /// Returns a matrix from its entries, row by row.
    pub(crate) fn of_rows(entries: Vec<T>, columns: usize) -> Self {
        let rows = entries.len().checked_div(columns).unwrap_or(0);
        Matrix { entries, columns, rows }
    }

    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Matrix { entries: vec![T::zero(); rows * columns], columns, rows }
    }
}

impl<T> Index<usize> for Matrix<T> {
    type Output = [T];

    #[track_caller]
    fn index(&self, row: usize) -> &[T] {
        &self.entries[row * self.columns..(row + 1) * self.columns]
    }
}

impl<T> IndexMut<usize> for Matrix<T> {
    #[track_caller]
    fn index_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.entries[row * self.columns..(row + 1) * self.columns]
    }
}

impl<T: fmt::Debug> fmt::Debug for Matrix<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}
