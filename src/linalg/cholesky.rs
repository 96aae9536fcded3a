//! The Cholesky factor of a positive definite matrix, and equations with it.

use num_traits::Float;

use super::{filled, side, subtract};
use crate::scalar::custom::Block;
use crate::scalar::rules::real;
use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar};

/// Returns the lower triangular L with positive diagonal of `A = L·Lᵀ`, with zeros above the diagonal.
///
/// It reads the lower triangle of A. The derivatives are those of the columns of L, one after the other, computed from
/// L alone (Murray 2016, 3). Unless A is positive definite, L is NaN.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³/6 multiplications, and n³/3 for each order and lane; O(n²) on the tape | a positive definite matrix | [`solve`](super::solve()), [`ln_det`](super::ln_det) |
///
/// # Panics
///
/// When the matrix is not square.
///
/// The logarithm of the density of a normal distribution:
///
/// ```
/// use dualtape::linalg::{cholesky, solve_lower};
/// use dualtape::{Scalar, dot, gradient};
///
/// fn ln_density<S: Scalar<Real = f64>>(errors: &[S], covariance: &[S]) -> S {
///     let l = cholesky(covariance);
///     let z = solve_lower(&l, errors);
///     let ln_root: S = l.iter().step_by(errors.len() + 1).map(|d| d.ln()).sum();
///     dot(&z, &z) * -0.5 - ln_root - errors.len() as f64 * 0.5 * std::f64::consts::TAU.ln()
/// }
///
/// let (_, g) = gradient(|x| ln_density(&x[..2], &x[2..]), &[3.0, 1.0, 4.0, 0.0, 0.0, 1.0]);
/// assert_eq!(g[..2], [-0.75, -1.0]); // −A⁻¹e
/// assert_eq!(g[2], (0.75 * 0.75 - 0.25) / 2.0);
/// ```
#[track_caller]
pub fn cholesky<S: Scalar>(a: &[S]) -> Vec<S> {
    Cholesky { n: side("cholesky", a.len()) }.apply(a)
}

/// Returns the solution of `L·x = b`. It reads the lower triangle of the matrix.
///
/// Each unknown is a sum of products on the tape, so this is O(n²) there.
///
/// # Panics
///
/// When the length of `l` is not the square of the length of `b`.
///
/// ```
/// assert_eq!(dualtape::linalg::solve_lower(&[2.0, 0.0, 1.0, 4.0], &[2.0, 9.0]), [1.0, 2.0]);
/// ```
#[track_caller]
pub fn solve_lower<S: Scalar>(l: &[S], b: &[S]) -> Vec<S> {
    let n = b.len();
    assert_eq!(l.len(), n * n, "solve_lower: {} numbers are no matrix for {n} right-hand sides; pass n·n", l.len());
    let mut x: Vec<S> = Vec::with_capacity(n);
    for (row, &b) in l.chunks_exact(n.max(1)).zip(b) {
        let known = x.len();
        x.push((b - dot(&row[..known], &x)) / row[known]);
    }
    x
}

#[derive(Clone)]
struct Cholesky {
    n: usize,
}

impl<R: Real> Block<R> for Cholesky {
    fn value(&self, a: &[R]) -> Vec<R> {
        let n = self.n;
        let mut l: Vec<R> = filled(0.0, n * n);
        for i in 0..n {
            let (known, row) = l.split_at_mut(i * n);
            for j in 0..i {
                row[j] = (a[i * n + j] - dot(&row[..j], &known[j * n..][..j])) / known[j * n + j];
            }
            let square = a[i * n + i] - dot(&row[..i], &row[..i]);
            if !(square > R::zero() && Float::is_finite(square)) {
                return filled(f64::NAN, n * n);
            }
            row[i] = Float::sqrt(square);
        }
        l
    }

    fn push_forward<S: Scalar<Real = R>>(&self, _: &[S], l: &[S], v: &[S]) -> Vec<S> {
        let n = self.n;
        let mut tangents: Vec<S> = filled(0.0, n * n);
        for i in 0..n {
            let (known, tangent) = tangents.split_at_mut(i * n);
            let row = &l[i * n..][..n];
            for j in 0..=i {
                let other = &l[j * n..][..=j];
                // Of the sum of the products of the rows i and j before the column j.
                let of_other = if i == j { &tangent[..j] } else { &known[j * n..][..j] };
                let moved = dot(&tangent[..j], &other[..j]) + dot(&row[..j], of_other);
                let rest = v[i * n + j] - moved;
                tangent[j] = if i == j {
                    rest / (other[j] * real::<S>(2.0))
                } else {
                    (rest - row[j] * known[j * n + j]) / other[j]
                };
            }
        }
        tangents
    }

    fn pull_back<S: Scalar<Real = R>>(&self, _: &[S], l: &[S], u: &[S]) -> Vec<S> {
        let n = self.n;
        // The adjoints of L turn into those of A, from the last row up.
        let mut adjoints = u.to_vec();
        for i in (0..n).rev() {
            let (known, adjoint) = adjoints.split_at_mut(i * n);
            let row = &l[i * n..][..n];
            let of_square = adjoint[i] / (row[i] * real::<S>(2.0));
            subtract(&mut adjoint[..i], of_square * real::<S>(2.0), row);
            adjoint[i] = of_square;
            for j in (0..i).rev() {
                let other = &l[j * n..][..=j];
                let of_rest = adjoint[j] / other[j];
                known[j * n + j] -= of_rest * row[j];
                subtract(&mut adjoint[..j], of_rest, other);
                subtract(&mut known[j * n..][..j], of_rest, row);
                adjoint[j] = of_rest;
            }
            adjoint[i + 1..n].fill(S::zero());
        }
        adjoints
    }
}
