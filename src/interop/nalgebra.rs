// Included by `interop.rs` for each version of nalgebra, as `na`.

use na::allocator::Allocator;
use na::{DefaultAllocator, Dim, OMatrix, OVector, SMatrix, SVector, Storage, U1, Vector};

use crate::forward::{Dual, LANES};
use crate::reverse::Var;
use crate::scalar::Scalar;
use crate::tools::parameters::{Name, Parameters};
use crate::verbs;

/// Names the entries column by column, by one number each.
///
/// ```
/// use dualtape::gradient_of;
/// use nalgebra::Matrix2;
///
/// let (det, cofactors) = gradient_of(&Matrix2::new(1.0, 2.0, 3.0, 4.0), |a| a.determinant());
/// assert_eq!((det, cofactors), (-2.0, Matrix2::new(4.0, -3.0, -2.0, 1.0)));
/// ```
impl<T: Scalar, R: Dim, C: Dim> Parameters for OMatrix<T, R, C>
where
    DefaultAllocator: Allocator<R, C>,
{
    type Scalar = T;
    type Of<U: Scalar> = OMatrix<U, R, C>;

    fn map_named<U: Scalar>(
        &self,
        name: Name<'_>,
        change: &mut impl FnMut(Name<'_>, T) -> U,
    ) -> OMatrix<U, R, C> {
        let (rows, columns) = self.shape_generic();
        let entries = self.iter().enumerate().map(|(i, &entry)| change(name.index(i), entry));
        OMatrix::from_iterator_generic(rows, columns, entries)
    }
}

/// Returns `(f(x), ∇f(x))`, in reverse mode: [`gradient`](crate::gradient) of a vector of any dimension.
///
/// # Panics
///
/// When `f` uses variables of another recording.
///
/// ```
/// use dualtape::nalgebra::gradient;
/// use nalgebra::{DVector, Vector2};
///
/// assert_eq!(gradient(|x| x.norm_squared(), &Vector2::new(3.0, 4.0)), (25.0, Vector2::new(6.0, 8.0)));
/// let (y, g) = gradient(|x| x.sum(), &DVector::from_vec(vec![3.0, 4.0]));
/// assert_eq!((y, g), (7.0, DVector::from_vec(vec![1.0, 1.0])));
/// ```
#[track_caller]
pub fn gradient<T: Scalar, D: Dim>(
    f: impl FnOnce(&OVector<Var<T>, D>) -> Var<T>,
    x: &Vector<T, D, impl Storage<T, D>>,
) -> (T, OVector<T, D>)
where
    DefaultAllocator: Allocator<D>,
{
    let n = x.shape_generic().0;
    let (y, g) = verbs::gradient(|x| f(&vector(n, x)), &entries(x));
    (y, vector(n, &g))
}

/// Returns `(f(x), ∇f(x))`, in forward mode with [`LANES`] directions at once:
/// [`gradient_forward`](crate::gradient_forward) of a vector of any dimension.
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::nalgebra::gradient_forward;
/// use nalgebra::DVector;
///
/// let (y, g) = gradient_forward(|x| x.norm_squared(), &DVector::from_vec(vec![3.0, 4.0]));
/// assert_eq!((y, g), (25.0, DVector::from_vec(vec![6.0, 8.0])));
/// ```
#[track_caller]
pub fn gradient_forward<T: Scalar, D: Dim>(
    f: impl Fn(&OVector<Dual<T, LANES>, D>) -> Dual<T, LANES>,
    x: &Vector<T, D, impl Storage<T, D>>,
) -> (T, OVector<T, D>)
where
    DefaultAllocator: Allocator<D>,
{
    let n = x.shape_generic().0;
    let (y, g) = verbs::gradient_forward(|x| f(&vector(n, x)), &entries(x));
    (y, vector(n, &g))
}

/// Returns `(f(x), ∇f(x))` of a vector of N numbers, in forward mode with a lane for each and without a heap allocation:
/// [`gradient_array`](crate::gradient_array).
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::nalgebra::gradient_array;
/// use nalgebra::Vector2;
///
/// assert_eq!(gradient_array(|x| x.norm_squared(), &Vector2::new(3.0, 4.0)), (25.0, Vector2::new(6.0, 8.0)));
/// ```
#[track_caller]
pub fn gradient_array<T: Scalar, const N: usize>(
    f: impl FnOnce(&SVector<Dual<T, N>, N>) -> Dual<T, N>,
    x: &SVector<T, N>,
) -> (T, SVector<T, N>) {
    let (y, g) = verbs::gradient_array(|&x| f(&x.into()), &array(x));
    (y, g.into())
}

/// Returns `(f(x), J)` with `J[(i, j)] = ∂fᵢ/∂xⱼ`, in forward mode with [`LANES`] directions at once:
/// [`jacobian`](crate::jacobian) of vectors of any dimensions.
///
/// # Panics
///
/// When `f` uses a dual number of another derivative, or returns another number of outputs at another call.
///
/// ```
/// use dualtape::nalgebra::jacobian;
/// use nalgebra::{DMatrix, DVector};
///
/// let (y, j) = jacobian(|x| DVector::from_vec(vec![x[0] * x[1], x[0]]), &DVector::from_vec(vec![2.0, 3.0]));
/// assert_eq!((y, j), (DVector::from_vec(vec![6.0, 2.0]), DMatrix::from_row_slice(2, 2, &[3.0, 2.0, 1.0, 0.0])));
/// ```
#[track_caller]
pub fn jacobian<T: Scalar, D: Dim, M: Dim>(
    f: impl Fn(&OVector<Dual<T, LANES>, D>) -> OVector<Dual<T, LANES>, M>,
    x: &Vector<T, D, impl Storage<T, D>>,
) -> (OVector<T, M>, OMatrix<T, M, D>)
where
    DefaultAllocator: Allocator<D> + Allocator<M> + Allocator<M, D>,
{
    let n = x.shape_generic().0;
    let (y, j) = verbs::jacobian(|x| entries(&f(&vector(n, x))), &entries(x));
    let m = M::from_usize(y.len());
    (vector(m, &y), OMatrix::from_row_slice_generic(m, n, j.as_slice()))
}

/// Returns `(f(x), J)` with `J[(i, j)] = ∂fᵢ/∂xⱼ` of a function from N numbers to M, in forward mode with a lane for each
/// input and without a heap allocation: [`jacobian_array`](crate::jacobian_array).
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::nalgebra::jacobian_array;
/// use nalgebra::{Matrix2, Vector2};
///
/// let (y, j) = jacobian_array(|x| Vector2::new(x.x * x.y, x.x), &Vector2::new(2.0, 3.0));
/// assert_eq!((y, j), (Vector2::new(6.0, 2.0), Matrix2::new(3.0, 2.0, 1.0, 0.0)));
/// ```
#[track_caller]
pub fn jacobian_array<T: Scalar, const N: usize, const M: usize>(
    f: impl FnOnce(&SVector<Dual<T, N>, N>) -> SVector<Dual<T, N>, M>,
    x: &SVector<T, N>,
) -> (SVector<T, M>, SMatrix<T, M, N>) {
    let (y, j) = verbs::jacobian_array(|&x| array(&f(&x.into())), &array(x));
    (y.into(), SMatrix::from_fn(|row, column| j[row][column]))
}

/// Returns `(f(x), J)` with `J[(i, j)] = ∂fᵢ/∂xⱼ`, in reverse mode: [`jacobian_reverse`](crate::jacobian_reverse) of
/// vectors of any dimensions.
///
/// # Panics
///
/// When `f` uses variables of another recording.
///
/// ```
/// use dualtape::nalgebra::jacobian_reverse;
/// use nalgebra::{RowVector2, Vector1, Vector2};
///
/// let (y, j) = jacobian_reverse(|x| Vector1::new(x.dot(x)), &Vector2::new(2.0, 3.0));
/// assert_eq!((y, j), (Vector1::new(13.0), RowVector2::new(4.0, 6.0)));
/// ```
#[track_caller]
pub fn jacobian_reverse<T: Scalar, D: Dim, M: Dim>(
    f: impl FnOnce(&OVector<Var<T>, D>) -> OVector<Var<T>, M>,
    x: &Vector<T, D, impl Storage<T, D>>,
) -> (OVector<T, M>, OMatrix<T, M, D>)
where
    DefaultAllocator: Allocator<D> + Allocator<M> + Allocator<M, D>,
{
    let n = x.shape_generic().0;
    let (y, j) = verbs::jacobian_reverse(|x| entries(&f(&vector(n, x))), &entries(x));
    let m = M::from_usize(y.len());
    (vector(m, &y), OMatrix::from_row_slice_generic(m, n, j.as_slice()))
}

/// Returns `(f(x), ∇f(x), H)` with `H[(i, j)] = ∂²f/∂xᵢ∂xⱼ`, forward over reverse: [`hessian`](crate::hessian) of a
/// vector of any dimension.
///
/// # Panics
///
/// When `f` uses variables of another recording, or a dual number of an enclosing derivative.
///
/// ```
/// use dualtape::nalgebra::hessian;
/// use nalgebra::{Matrix2, Vector2};
///
/// let (y, g, h) = hessian(|x| x.x.powi(3) * x.y, &Vector2::new(1.0, 2.0));
/// assert_eq!((y, g, h), (2.0, Vector2::new(6.0, 1.0), Matrix2::new(12.0, 3.0, 3.0, 0.0)));
/// ```
#[track_caller]
pub fn hessian<T: Scalar, D: Dim>(
    f: impl Fn(&OVector<Var<Dual<T, LANES>>, D>) -> Var<Dual<T, LANES>>,
    x: &Vector<T, D, impl Storage<T, D>>,
) -> (T, OVector<T, D>, OMatrix<T, D, D>)
where
    DefaultAllocator: Allocator<D> + Allocator<D, D>,
{
    let n = x.shape_generic().0;
    let (y, g, h) = verbs::hessian(|x| f(&vector(n, x)), &entries(x));
    (y, vector(n, &g), OMatrix::from_row_slice_generic(n, n, h.as_slice()))
}

/// Copies the entries.
impl<T: Scalar> From<verbs::Matrix<T>> for na::DMatrix<T> {
    fn from(matrix: verbs::Matrix<T>) -> Self {
        let (rows, columns) = matrix.shape();
        na::DMatrix::from_row_slice(rows, columns, matrix.as_slice())
    }
}

fn vector<S: Scalar, D: Dim>(n: D, entries: &[S]) -> OVector<S, D>
where
    DefaultAllocator: Allocator<D>,
{
    OVector::from_column_slice_generic(n, U1, entries)
}

fn entries<S: Scalar, D: Dim>(x: &Vector<S, D, impl Storage<S, D>>) -> Vec<S> {
    x.iter().copied().collect()
}

fn array<S: Scalar, const N: usize>(x: &SVector<S, N>) -> [S; N] {
    x.data.0[0]
}
