//! Dense matrices of derivatives.

use std::fmt;
use std::ops::{Index, IndexMut};

use crate::memory::kept::zeros;
use crate::scalar::Scalar;

/// A dense matrix in row-major order; `m[i]` is row i, `m[(i, j)]` and `m[i][j]` are an entry.
///
/// ```
/// let (_, _, h) = dualtape::hessian(|x| x[0] * x[1], &[2.0, 3.0]);
/// assert_eq!(h[0], [0.0, 1.0]);
/// assert_eq!(h[(1, 0)], 1.0);
///
/// let rows: Vec<Vec<f64>> = h.into();
/// assert_eq!(rows, [[0.0, 1.0], [1.0, 0.0]]);
/// ```
///
/// A matrix of a linear algebra crate takes the shape and the entries, row by row:
///
/// ```text
/// let (m, n) = j.shape();
/// let j = nalgebra::DMatrix::from_row_slice(m, n, j.as_slice());            // copies
/// let j = ndarray::ArrayView2::from_shape((m, n), j.as_slice())?;           // borrows
/// let j = ndarray::Array2::from_shape_vec((m, n), j.into_entries())?;       // moves
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
    /// let (_, j) = dualtape::jacobian(|x| [x[0] + x[1]], &[2.0, 3.0]);
    /// assert_eq!(j.shape(), (1, 2));
    /// ```
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Returns the rows, from the first.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| [x[0] + x[1], x[0]], &[2.0, 3.0]);
    /// assert_eq!(j.rows().collect::<Vec<_>>(), [[1.0, 1.0], [1.0, 0.0]]);
    /// ```
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        (0..self.rows).map(|row| &self[row])
    }

    /// Returns the entries, row by row, without a copy.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| [x[0] + x[1], x[0]], &[2.0, 3.0]);
    /// assert_eq!(j.as_slice(), [1.0, 1.0, 1.0, 0.0]);
    /// ```
    pub fn as_slice(&self) -> &[T] {
        &self.entries
    }

    /// Returns the entries, row by row, as a vector.
    ///
    /// ```
    /// let (_, j) = dualtape::jacobian(|x| [x[0] + x[1], x[0]], &[2.0, 3.0]);
    /// assert_eq!(j.into_entries(), [1.0, 1.0, 1.0, 0.0]);
    /// ```
    pub fn into_entries(self) -> Vec<T> {
        self.entries
    }

    /// Returns where row `row` starts.
    ///
    /// # Panics
    ///
    /// When the matrix has no such row.
    #[track_caller]
    fn start(&self, row: usize) -> usize {
        assert!(row < self.rows, "row {row} of {}: rows are numbered from 0", self.described());
        row * self.columns
    }

    /// Returns where the entry stands.
    ///
    /// # Panics
    ///
    /// When the matrix has no such entry.
    #[track_caller]
    fn position(&self, (row, column): (usize, usize)) -> usize {
        assert!(
            row < self.rows && column < self.columns,
            "entry ({row}, {column}) of {}: rows and columns are numbered from 0",
            self.described(),
        );
        row * self.columns + column
    }

    fn described(&self) -> String {
        format!("a matrix of {} rows and {} columns", self.rows, self.columns)
    }
}

impl<T: Scalar> Matrix<T> {
    /// Returns the entries, row by row.
    pub(crate) fn entries_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }

    /// Returns the matrix with these entries, row by row.
    pub(crate) fn of_entries(rows: usize, columns: usize, entries: Vec<T>) -> Self {
        Matrix { entries, columns, rows }
    }

    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        let what = "a Jacobian or Hessian (`jvp`, `vjp`, `hvp` and `sparse` need no such matrix)";
        Matrix { entries: zeros(rows.saturating_mul(columns), what), columns, rows }
    }
}

impl<T> Index<usize> for Matrix<T> {
    type Output = [T];

    #[track_caller]
    fn index(&self, row: usize) -> &[T] {
        &self.entries[self.start(row)..][..self.columns]
    }
}

impl<T> IndexMut<usize> for Matrix<T> {
    #[track_caller]
    fn index_mut(&mut self, row: usize) -> &mut [T] {
        let start = self.start(row);
        &mut self.entries[start..][..self.columns]
    }
}

impl<T> Index<(usize, usize)> for Matrix<T> {
    type Output = T;

    #[track_caller]
    fn index(&self, entry: (usize, usize)) -> &T {
        &self.entries[self.position(entry)]
    }
}

impl<T> IndexMut<(usize, usize)> for Matrix<T> {
    #[track_caller]
    fn index_mut(&mut self, entry: (usize, usize)) -> &mut T {
        let position = self.position(entry);
        &mut self.entries[position]
    }
}

/// Returns the rows.
impl<T> From<Matrix<T>> for Vec<Vec<T>> {
    fn from(matrix: Matrix<T>) -> Self {
        let Matrix { entries, columns, rows } = matrix;
        let mut entries = entries.into_iter();
        (0..rows).map(|_| entries.by_ref().take(columns).collect()).collect()
    }
}

impl<T: fmt::Debug> fmt::Debug for Matrix<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}
