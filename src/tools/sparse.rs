//! Sparse Jacobians and Hessians, at the cost of a few directions.
//!
//! Where most entries of a derivative are zero at every point, one product with a direction
//! gives many of the other entries at once:
//!
//! 1. A trace of the function finds the entries that can be other than zero, its *sparsity*
//!    (`sparse/structural.rs`).
//! 2. A *coloring* groups columns that do not overlap
//!    (`sparse/coloring.rs`).
//! 3. One product for each color gives the sum of its columns (`sparse/compressed.rs`), and
//!    the entries are read from these into compressed row storage (`sparse/csr.rs`).
//!
//! The first two steps depend on the structure of the function alone and are done once; see
//! [`SparseJacobian`] and [`SparseHessian`]. A band of any length needs as many directions as
//! it is wide. (Griewank & Walther, *Evaluating Derivatives*, 2008, chapters 7 and 8;
//! Gebremedhin, Manne & Pothen, *What color is your Jacobian?*, SIAM Review 2005.)

mod coloring;
mod compressed;
mod csr;
mod fingerprint;
mod structural;

use std::fmt;
use std::marker::PhantomData;

use crate::forward::{FEW_LANES, LANES};
use crate::reverse::Tape;
use crate::scalar::function::{FORWARD_GRADIENT, FORWARD_INPUTS_PER_OUTPUT};
use crate::scalar::function::{Function, Outputs};
use crate::scalar::{Real, Scalar};
use crate::verbs::gradient;
use coloring::{distance_two, star};
use compressed::{Compressed, Summed};
pub use csr::{Csr, Sparsity};
use fingerprint::{hessian_fingerprint, jacobian_fingerprint};
use structural::{hessian_sparsity, jacobian_sparsity};

/// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, m rows and n columns, as a sparse matrix.
///
/// For several points make a [`SparseJacobian`] once: this one-call form finds the sparsity
/// and the colors every time.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | a trace, and ⌈c/8⌉ evaluations in 8 lanes for c colors | a recording, for the trace | several points: [`SparseJacobian`]; few zeros: [`jacobian`](crate::jacobian()) |
///
/// ```
/// use dualtape::sparse::jacobian_sparse;
/// use dualtape::{Scalar, function};
///
/// fn differences<S: Scalar>(x: &[S]) -> Vec<S> {
///     x.windows(2).map(|x| x[1] * x[1] - x[0]).collect()
/// }
///
/// let (y, j) = jacobian_sparse(&function!(differences: &[S] -> Vec<S>), &[1.0, 2.0, 3.0]);
/// assert_eq!(y, [3.0, 7.0]);
/// assert_eq!(j.row(1).collect::<Vec<_>>(), [(1, -1.0), (2, 6.0)]);
/// ```
#[track_caller]
pub fn jacobian_sparse<R: Real, T: Scalar<Real = R>>(f: &impl Function<R>, x: &[T]) -> (Vec<T>, Csr<T>) {
    SparseJacobian::new(f, x).at(f, x)
}

/// Returns `(f(x), ∇f(x), H)` with `H[i][j] = ∂²f/∂xᵢ∂xⱼ` as a sparse matrix with both halves.
///
/// For several points make a [`SparseHessian`] once: this one-call form finds the sparsity
/// and the colors every time.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | a trace, and ⌈c/8⌉ gradients in 8 lanes for c colors | a recording of the gradient, for the trace | several points: [`SparseHessian`]; few zeros: [`hessian`](crate::hessian()) |
///
/// ```
/// use dualtape::sparse::hessian_sparse;
/// use dualtape::{Scalar, function};
///
/// fn chain<S: Scalar>(x: &[S]) -> S {
///     x.windows(2).map(|x| x[0] * x[1]).sum()
/// }
///
/// let (y, g, h) = hessian_sparse(&function!(chain), &[1.0, 2.0, 3.0]);
/// assert_eq!((y, g), (8.0, vec![2.0, 4.0, 2.0]));
/// assert_eq!(h.row(1).collect::<Vec<_>>(), [(0, 1.0), (2, 1.0)]);
/// ```
#[track_caller]
pub fn hessian_sparse<R: Real, T: Scalar<Real = R>>(f: &impl Function<R, Output = R>, x: &[T]) -> (T, Vec<T>, Csr<T>) {
    SparseHessian::new(f, x).at(f, x)
}

/// The sparsity of a Jacobian and the directions that it is computed from, for any number of
/// points.
///
/// An entry is in the sparsity when operations lead from the input to the output, even where
/// the derivative happens to vanish at the point, as in `x·y` at y = 0. Both sides of the kinks
/// of `abs`, `relu`, `max`, `min` and `clamp` count; steps such as `floor` do not. Every output of
/// a [`Block`](crate::Block) depends on all its inputs. Where the function itself branches on
/// values, only the branches taken at the point count; [`at`](SparseJacobian::at) checks the
/// sparsity at other points.
///
/// Forward mode computes products with compressed columns. When the rows are much longer than
/// the columns (a few outputs that depend on everything), reverse mode computes products with
/// compressed rows. An arrow, with a long row and a long column, gains nothing from either.
///
/// ```
/// use dualtape::sparse::SparseJacobian;
/// use dualtape::{Scalar, function};
///
/// // Broyden's tridiagonal function.
/// fn broyden<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
///     let at = |i: usize| x.get(i).copied().unwrap_or(S::zero());
///     (0..x.len()).map(|i| (-at(i) * 2.0 + 3.0) * at(i) - at(i.wrapping_sub(1)) - at(i + 1) * 2.0 + 1.0).collect()
/// }
///
/// let f = function!(broyden: &[S] -> Vec<S>);
/// let jacobian = SparseJacobian::new(&f, &[0.0; 1000]);
/// assert_eq!((jacobian.sparsity().len(), jacobian.colors()), (2998, 3));
///
/// let (y, j) = jacobian.at(&f, &[-1.0; 1000]);
/// assert_eq!(y[1], -1.0);
/// assert_eq!(j.row(1).collect::<Vec<_>>(), [(0, -1.0), (1, 7.0), (2, -2.0)]);
/// ```
#[derive(Clone)]
pub struct SparseJacobian<R: Real = f64> {
    compressed: Compressed,
    plain: PhantomData<R>,
}

impl<R: Real> SparseJacobian<R> {
    /// Finds the sparsity of the Jacobian of `f` and colors it.
    ///
    /// It takes one recording of `f` at `x`, a sweep over the statements for every 64 outputs, and a
    /// coloring whose work is the sum of the squared row lengths.
    ///
    /// ```
    /// use dualtape::sparse::SparseJacobian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn squares<S: Scalar>(x: &[S]) -> Vec<S> {
    ///     x.iter().map(|&x| x * x).collect()
    /// }
    ///
    /// let jacobian = SparseJacobian::new(&function!(squares: &[S] -> Vec<S>), &[0.0; 100]);
    /// assert_eq!(jacobian.colors(), 1);
    /// ```
    #[track_caller]
    pub fn new<T: Scalar<Real = R>>(f: &impl Function<R>, x: &[T]) -> Self {
        let fingerprint = jacobian_fingerprint(f, x);
        let sparsity = jacobian_sparsity(f, x);
        let transposed = sparsity.transpose();
        // No coloring has fewer colors than the longest row, or column, has entries.
        let (columns, rows) = (sparsity.longest_row(), transposed.longest_row());
        let compressed = if columns <= FORWARD_GRADIENT.max(FORWARD_INPUTS_PER_OUTPUT * rows) {
            let coloring = distance_two(&sparsity, &transposed);
            Compressed::by_columns(sparsity, coloring, fingerprint)
        } else {
            let coloring = distance_two(&transposed, &sparsity);
            Compressed::by_rows(sparsity, coloring, fingerprint)
        };
        SparseJacobian { compressed, plain: PhantomData }
    }

    /// Returns `(f(x), J)`, for the function whose sparsity was found.
    ///
    /// It takes ⌈c/8⌉ evaluations of `f` in 8 lanes, one in 4 for c ≤ 4, where c is the
    /// number of [`colors`](SparseJacobian::colors); in reverse mode one recording and c
    /// sweeps.
    ///
    /// One more evaluation, along one direction, notes which operations the derivatives pass through. When these are not
    /// those that they passed where the sparsity was found, the function is traced again at `x`,
    /// and panics if the sparsity lacks an entry. No size of a number enters, so an entry is missed neither where it is
    /// zero nor beside a huge one. It adds a quarter to the Jacobian of a band. To the Hessian of
    /// Rosenbrock's function, whose operations are the cheapest and whose colors are few, it adds 100 to 160 plain evaluations:
    /// the whole takes about twice as long, and three times with `fuse` (`cargo bench --bench sparse`).
    /// Where `f` takes another branch with the same entries, each call pays for the trace; find the sparsity again there.
    ///
    /// # Panics
    /// When the sparsity does not fit at `x`, or `x` or `f(x)` has another length than where it was found.
    ///
    /// ```should_panic
    /// use dualtape::sparse::SparseJacobian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn branch<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    ///     vec![if x[0] < 0.0 { x[0] } else { x[0] * x[1] }]
    /// }
    ///
    /// let f = function!(branch: &[S] -> Vec<S>);
    /// let jacobian = SparseJacobian::new(&f, &[-1.0, 2.0]);
    /// assert_eq!(jacobian.at(&f, &[-3.0, 2.0]).1.values(), [1.0]);
    /// jacobian.at(&f, &[3.0, 2.0]); // row 0 has an entry in column 1 too
    /// ```
    #[track_caller]
    pub fn at<T: Scalar<Real = R>>(&self, f: &impl Function<R>, x: &[T]) -> (Vec<T>, Csr<T>) {
        self.compressed.assert_inputs(JACOBIAN, x.len());
        let result = match self.compressed.summed {
            Summed::Rows => self.reverse(f, x),
            Summed::Columns if self.colors() <= FEW_LANES => self.forward::<T, _, FEW_LANES>(f, x),
            Summed::Columns => self.forward::<T, _, LANES>(f, x),
        };
        self.compressed.assert_fits(JACOBIAN, jacobian_fingerprint(f, x), || jacobian_sparsity(f, x));
        result
    }

    #[track_caller]
    fn forward<T: Scalar<Real = R>, F: Function<R>, const N: usize>(&self, f: &F, x: &[T]) -> (Vec<T>, Csr<T>) {
        let mut value = Vec::new();
        let matrix = self.compressed.recover::<T, N>(|start| {
            let y = f.eval(&self.compressed.seeded::<T, N>(start, x));
            let y = F::Output::as_slice(&y);
            self.compressed.assert_outputs(JACOBIAN, y.len());
            value = y.iter().map(|y| y.primal).collect();
            y.iter().map(|y| y.partials).collect()
        });
        (value, matrix)
    }

    #[track_caller]
    fn reverse<T: Scalar<Real = R>, F: Function<R>>(&self, f: &F, x: &[T]) -> (Vec<T>, Csr<T>) {
        let tape = Tape::new();
        let x = tape.vars(x);
        let y = f.eval(&x);
        let y = F::Output::as_slice(&y);
        self.compressed.assert_outputs(JACOBIAN, y.len());
        let matrix = self.compressed.recover::<T, 1>(|start| {
            let directions = (0..y.len()).map(|i| self.compressed.directions::<T, 1>(start, i));
            let seeds: Vec<_> = y.iter().zip(directions).map(|(&y, [seed])| (y, seed)).collect();
            tape.backward_seeded(&seeds).wrt(&x).into_iter().map(|g| [g]).collect()
        });
        (y.iter().map(|y| y.primal()).collect(), matrix)
    }

    /// Where the Jacobian has entries.
    ///
    /// ```
    /// use dualtape::sparse::SparseJacobian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn f<S: Scalar<Real = f64>>(x: &[S]) -> [S; 2] {
    ///     [x[0] * x[1], x[1].floor()]
    /// }
    ///
    /// let jacobian = SparseJacobian::new(&function!(f: &[S] -> [S; 2]), &[0.0, 0.0]);
    /// assert_eq!(jacobian.sparsity().row(0), [0, 1]);
    /// assert!(jacobian.sparsity().row(1).is_empty());
    /// ```
    pub fn sparsity(&self) -> &Sparsity {
        &self.compressed.sparsity
    }

    /// The number of colors, and of directions.
    ///
    /// ```
    /// use dualtape::sparse::SparseJacobian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn sum<S: Scalar>(x: &[S]) -> S {
    ///     x.iter().sum()
    /// }
    ///
    /// // One long row: compressed by rows, in reverse mode.
    /// assert_eq!(SparseJacobian::new(&function!(sum), &[0.0; 100]).colors(), 1);
    /// ```
    pub fn colors(&self) -> usize {
        self.compressed.colors()
    }
}

/// The sparsity of a Hessian and the directions that it is computed from, for any number of
/// points.
///
/// An entry is in the sparsity when the gradient's operations lead from the one input to the derivative with respect to
/// the other: `x·y` has only the two cross entries, linear terms have none. The other rules are the same as for
/// [`SparseJacobian`]. Where only one side of a kink is curved, as with `elu` at 0, the side of the point counts, and
/// at its tip `hypot` has no entry. The outputs of a [`Block`](crate::Block) bend in every pair of its inputs.
///
/// A star coloring compresses the Hessian by its symmetry, and it is computed forward over
/// reverse. The result is symmetric to the last bit.
///
/// ```
/// use dualtape::sparse::SparseHessian;
/// use dualtape::{Scalar, function};
///
/// // An arrow: every variable meets the first.
/// fn arrow<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     x[1..].iter().map(|&y| x[0] * y.powi(2)).sum()
/// }
///
/// let f = function!(arrow);
/// let hessian = SparseHessian::new(&f, &[0.0; 1000]);
/// assert_eq!((hessian.sparsity().len(), hessian.colors()), (3 * 999, 2));
///
/// let (_, _, h) = hessian.at(&f, &[3.0; 1000]);
/// assert_eq!(h.row(999).collect::<Vec<_>>(), [(0, 6.0), (999, 6.0)]);
/// ```
#[derive(Clone)]
pub struct SparseHessian<R: Real = f64> {
    compressed: Compressed,
    plain: PhantomData<R>,
}

impl<R: Real> SparseHessian<R> {
    /// Finds the sparsity of the Hessian of `f` and colors it.
    ///
    /// It takes one recorded gradient of `f` at `x`, a sweep over the statements for every 64 of its
    /// elements, and a coloring whose work is about the number of entries.
    ///
    /// ```
    /// use dualtape::sparse::SparseHessian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn square<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x.iter().map(|x| x.powi(2)).sum()
    /// }
    ///
    /// assert_eq!(SparseHessian::new(&function!(square), &[0.0; 100]).colors(), 1);
    /// ```
    #[track_caller]
    pub fn new<T: Scalar<Real = R>>(f: &impl Function<R, Output = R>, x: &[T]) -> Self {
        let fingerprint = hessian_fingerprint(f, x);
        let sparsity = hessian_sparsity(f, x);
        let colored = star(&sparsity);
        let compressed = Compressed::by_symmetry(sparsity, colored, fingerprint);
        SparseHessian { compressed, plain: PhantomData }
    }

    /// Returns `(f(x), ∇f(x), H)`, for the function whose sparsity was found.
    ///
    /// It takes ⌈c/8⌉ gradients of `f` in 8 lanes, one in 4 for c ≤ 4, where c is the
    /// number of [`colors`](SparseHessian::colors), and one evaluation in second-order dual numbers, with which a sparsity
    /// that does not fit is refused as in [`SparseJacobian::at`].
    ///
    /// # Panics
    ///
    /// When the sparsity does not fit at `x`, or `x` has another length than where it was
    /// found.
    ///
    /// ```
    /// use dualtape::sparse::SparseHessian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn product<S: Scalar>(x: &[S]) -> S {
    ///     x[0] * x[0] * x[1]
    /// }
    ///
    /// let f = function!(product);
    /// let hessian = SparseHessian::new(&f, &[0.0, 0.0]);
    /// let (y, g, h) = hessian.at(&f, &[2.0, 3.0]);
    /// assert_eq!((y, g, h.values()), (12.0, vec![12.0, 4.0], &[6.0, 4.0, 4.0][..]));
    /// ```
    #[track_caller]
    pub fn at<T: Scalar<Real = R>>(&self, f: &impl Function<R, Output = R>, x: &[T]) -> (T, Vec<T>, Csr<T>) {
        self.compressed.assert_inputs(HESSIAN, x.len());
        let result = if self.colors() <= FEW_LANES {
            self.forward_over_reverse::<T, FEW_LANES>(f, x)
        } else {
            self.forward_over_reverse::<T, LANES>(f, x)
        };
        self.compressed.assert_fits(HESSIAN, hessian_fingerprint(f, x), || hessian_sparsity(f, x));
        result
    }

    #[track_caller]
    fn forward_over_reverse<T: Scalar<Real = R>, const N: usize>(
        &self,
        f: &impl Function<R, Output = R>,
        x: &[T],
    ) -> (T, Vec<T>, Csr<T>) {
        let (mut value, mut slopes) = (T::zero(), Vec::new());
        let matrix = self.compressed.recover::<T, N>(|start| {
            let (y, g) = gradient(|x| f.eval(x), &self.compressed.seeded::<T, N>(start, x));
            value = y.primal;
            slopes = g.iter().map(|g| g.primal).collect();
            g.iter().map(|g| g.partials).collect()
        });
        (value, slopes, matrix)
    }

    /// Where the Hessian has entries.
    ///
    /// ```
    /// use dualtape::sparse::SparseHessian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn product<S: Scalar>(x: &[S]) -> S {
    ///     x[0] * x[1] + x[2]
    /// }
    ///
    /// let hessian = SparseHessian::new(&function!(product), &[0.0; 3]);
    /// assert_eq!(format!("{:?}", hessian.sparsity()), "[[1], [0], []]");
    /// ```
    pub fn sparsity(&self) -> &Sparsity {
        &self.compressed.sparsity
    }

    /// The number of colors, and of directions.
    ///
    /// ```
    /// use dualtape::sparse::SparseHessian;
    /// use dualtape::{Scalar, function};
    ///
    /// fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x.windows(2).map(|x| (x[0] * x[1]).sin()).sum()
    /// }
    ///
    /// assert_eq!(SparseHessian::new(&function!(chain), &[0.0; 1000]).colors(), 3);
    /// ```
    pub fn colors(&self) -> usize {
        self.compressed.colors()
    }
}

/// Who refuses.
const JACOBIAN: &str = "SparseJacobian";
const HESSIAN: &str = "SparseHessian";

impl<R: Real> fmt::Debug for SparseJacobian<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.compressed.debug(JACOBIAN, f)
    }
}

impl<R: Real> fmt::Debug for SparseHessian<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.compressed.debug(HESSIAN, f)
    }
}
