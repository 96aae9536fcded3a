//! Compressed row storage: a matrix by the entries that can be other than zero.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::scalar::Scalar;
use crate::verbs::Matrix;

/// Where a sparse matrix has entries: for every row its columns, in ascending order.
///
/// ```
/// use dualtape::sparse::SparseJacobian;
/// use dualtape::{Scalar, function};
///
/// fn f<S: Scalar>(x: &[S]) -> Vec<S> {
///     vec![x[0] * x[2], x[1]]
/// }
///
/// let jacobian = SparseJacobian::new(&function!(f: &[S] -> Vec<S>), &[1.0, 2.0, 3.0]);
/// assert_eq!(format!("{:?}", jacobian.sparsity()), "[[0, 2], [1]]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sparsity {
    starts: Vec<usize>,
    columns: Vec<usize>,
    width: usize,
}

impl Sparsity {
    /// From the columns of every row, ascending.
    pub(super) fn from_rows(width: usize, rows: &[Vec<usize>]) -> Self {
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        Sparsity { starts, columns: rows.concat(), width }
    }

    pub(super) fn transpose(&self) -> Self {
        let (height, width) = self.shape();
        let mut rows = vec![Vec::new(); width];
        self.entries().for_each(|(i, j)| rows[j].push(i));
        Sparsity::from_rows(height, &rows)
    }

    /// The number of rows and of columns.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn product<S: Scalar>(x: &[S]) -> S { x[0] * x[1] }
    /// let (_, _, h) = hessian_sparse(&function!(product), &[2.0, 3.0]);
    /// assert_eq!(h.sparsity().shape(), (2, 2));
    /// ```
    pub fn shape(&self) -> (usize, usize) {
        (self.starts.len() - 1, self.width)
    }

    /// The number of entries.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn product<S: Scalar>(x: &[S]) -> S { x[0] * x[1] }
    /// let (_, _, h) = hessian_sparse(&function!(product), &[2.0, 3.0]);
    /// assert_eq!(h.sparsity().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no entries.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn first<S: Scalar>(x: &[S]) -> S { x[0] }
    /// let (_, _, h) = hessian_sparse(&function!(first), &[2.0, 3.0]);
    /// assert!(h.sparsity().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Returns the index of the first entry of every row, and at last the number of all entries: the array that
    /// sparse solvers call `indptr`.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn product<S: Scalar>(x: &[S]) -> S { x[0] * x[1] }
    /// let (_, _, h) = hessian_sparse(&function!(product), &[2.0, 3.0]);
    /// assert_eq!(h.sparsity().row_starts(), [0, 1, 2]);
    /// ```
    pub fn row_starts(&self) -> &[usize] {
        &self.starts
    }

    /// The column of every entry, row by row: the array that sparse solvers call `indices`.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn product<S: Scalar>(x: &[S]) -> S { x[0] * x[1] }
    /// let (_, _, h) = hessian_sparse(&function!(product), &[2.0, 3.0]);
    /// assert_eq!(h.sparsity().columns(), [1, 0]);
    /// ```
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The columns of row i.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    ///
    /// ```
    /// # use dualtape::sparse::hessian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn product<S: Scalar>(x: &[S]) -> S { x[0] * x[1] }
    /// let (_, _, h) = hessian_sparse(&function!(product), &[2.0, 3.0]);
    /// assert_eq!(h.sparsity().row(0), [1]);
    /// ```
    #[track_caller]
    pub fn row(&self, i: usize) -> &[usize] {
        &self.columns[self.range(i)]
    }

    /// The row and the column of every entry, row by row.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.shape().0).flat_map(|i| self.row(i).iter().map(move |&j| (i, j)))
    }

    /// Whether there is an entry at row i and column j.
    pub(super) fn has(&self, i: usize, j: usize) -> bool {
        self.row(i).binary_search(&j).is_ok()
    }

    /// The length of the longest row.
    pub(super) fn longest_row(&self) -> usize {
        self.starts.windows(2).map(|row| row[1] - row[0]).max().unwrap_or(0)
    }

    /// The numbers of the entries of row i.
    #[track_caller]
    fn range(&self, i: usize) -> Range<usize> {
        let (height, _) = self.shape();
        assert!(i < height, "row {i} of a sparse matrix with {height} rows; rows count from 0");
        self.starts[i]..self.starts[i + 1]
    }
}

/// The columns of every row.
impl fmt::Debug for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..self.shape().0).map(|i| self.row(i))).finish()
    }
}

/// A sparse matrix in compressed row storage.
///
/// ```
/// use dualtape::sparse::jacobian_sparse;
/// use dualtape::{Scalar, function};
///
/// fn f<S: Scalar>(x: &[S]) -> Vec<S> {
///     vec![x[0] * x[2], x[1]]
/// }
///
/// let (_, j) = jacobian_sparse(&function!(f: &[S] -> Vec<S>), &[5.0, 6.0, 7.0]);
/// assert_eq!(j.values(), [7.0, 5.0, 1.0]);
/// assert_eq!(j.sparsity().columns(), [0, 2, 1]);
/// assert_eq!(j.row(0).collect::<Vec<_>>(), [(0, 7.0), (2, 5.0)]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Csr<T = f64> {
    sparsity: Arc<Sparsity>,
    values: Vec<T>,
}

impl<T: Scalar> Csr<T> {
    pub(super) fn new(sparsity: Arc<Sparsity>, values: Vec<T>) -> Self {
        Csr { sparsity, values }
    }

    /// Where the entries are.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn swap<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[1], x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(swap: &[S] -> Vec<S>), &[2.0, 3.0]);
    /// assert_eq!(j.sparsity().row_starts(), [0, 1, 2]);
    /// ```
    pub fn sparsity(&self) -> &Sparsity {
        &self.sparsity
    }

    /// The value of every entry, row by row.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn square<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[0] * x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(square: &[S] -> Vec<S>), &[3.0]);
    /// assert_eq!(j.values(), [6.0]);
    /// ```
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The entries of row i: their columns, ascending, and values.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn swap<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[1], x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(swap: &[S] -> Vec<S>), &[2.0, 3.0]);
    /// assert_eq!(j.row(0).collect::<Vec<_>>(), [(1, 1.0)]);
    /// ```
    #[track_caller]
    pub fn row(&self, i: usize) -> impl ExactSizeIterator<Item = (usize, T)> {
        let range = self.sparsity.range(i);
        self.sparsity.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// The element at row i and column j, which is 0 where there is no entry.
    ///
    /// # Panics
    ///
    /// When there is no such row or column.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn swap<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[1], x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(swap: &[S] -> Vec<S>), &[2.0, 3.0]);
    /// assert_eq!((j.get(0, 0), j.get(0, 1)), (0.0, 1.0));
    /// ```
    #[track_caller]
    pub fn get(&self, i: usize, j: usize) -> T {
        let width = self.sparsity.width;
        assert!(j < width, "column {j} of a sparse matrix with {width} columns; columns count from 0");
        let range = self.sparsity.range(i);
        match self.sparsity.columns[range.clone()].binary_search(&j) {
            Ok(k) => self.values[range.start + k],
            Err(_) => T::zero(),
        }
    }

    /// The product with a vector.
    ///
    /// # Panics
    ///
    /// When the vector has not one element for each column.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn swap<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[1], x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(swap: &[S] -> Vec<S>), &[2.0, 3.0]);
    /// assert_eq!(j.times(&[10.0, 20.0]), [20.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn times(&self, v: &[T]) -> Vec<T> {
        let (height, width) = self.sparsity.shape();
        let len = v.len();
        assert_eq!(
            width, len,
            "times: the matrix has {width} columns and the vector {len} elements; pass one for each"
        );
        (0..height).map(|i| self.row(i).map(|(j, value)| value * v[j]).sum()).collect()
    }

    /// The same matrix with all its zeros.
    ///
    /// ```
    /// # use dualtape::sparse::jacobian_sparse;
    /// # use dualtape::{Scalar, function};
    /// # fn swap<S: Scalar>(x: &[S]) -> Vec<S> { vec![x[1], x[0]] }
    /// let (_, j) = jacobian_sparse(&function!(swap: &[S] -> Vec<S>), &[2.0, 3.0]);
    /// assert_eq!(j.to_dense().into_entries(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    pub fn to_dense(&self) -> Matrix<T> {
        let (height, width) = self.sparsity.shape();
        let mut matrix = Matrix::zeros(height, width);
        for ((i, j), &value) in self.sparsity.entries().zip(&self.values) {
            matrix[i][j] = value;
        }
        matrix
    }
}

/// The entries of every row, with their columns.
impl<T: Scalar> fmt::Debug for Csr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = 0..self.sparsity.shape().0;
        f.debug_list().entries(rows.map(|i| self.row(i).collect::<std::collections::BTreeMap<_, _>>())).finish()
    }
}
