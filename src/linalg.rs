//! Matrices: equations, determinants, factors, eigenvalues, exponentials, with derivatives of their own.
//!
//! A matrix is a slice, row by row, so `as_slice` of another crate's matrix goes in (of nalgebra's, after `transpose`:
//! it stores columns). Each function is one [`Block`]: plain numbers are factored once, and the
//! derivative is a formula in the result. So an n by n matrix costs O(n²) on the tape and not O(n³), and no loop of a
//! factorization is differentiated. The formulas are generic, so they hold in every reading and to every order.
//!
//! ```
//! use dualtape::linalg::{cholesky, ln_det, solve};
//! use dualtape::{Scalar, check, function};
//!
//! /// x'A⁻¹x + ln det A for A = [a, b; b, c].
//! fn f<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> S {
//!     let (matrix, x) = ([a, b, b, c], [S::one(), S::from_f64(2.0)]);
//!     let y = solve(&matrix, &x);
//!     x[0] * y[0] + x[1] * y[1] + ln_det(&matrix).0 + cholesky(&matrix)[0]
//! }
//!
//! check(&function!(f: [S; 3] -> S), &[4.0, 1.0, 3.0]).assert_agreement();
//! ```
//!
//! | call | result | at a point without a derivative |
//! |---|---|---|
//! | [`solve`], [`inverse`] | `A⁻¹B`, `A⁻¹` | singular: NaN |
//! | [`det`] | the determinant | it has all derivatives, also where A is singular |
//! | [`ln_det`] | `ln |det A|`, and the sign | singular: −∞ with slopes NaN |
//! | [`cholesky`](cholesky()), [`solve_lower`] | L of `A = LLᵀ`; `L⁻¹b` | not positive definite: NaN |
//! | [`symmetric_eigen`] | eigenvalues and eigenvectors | repeated eigenvalues: see there |
//! | [`spectral`](spectral()) | `V·f(Λ)·Vᵀ` | it has all derivatives, also where eigenvalues repeat |
//! | [`svd`](svd()) | thin singular factors | repeated or zero singular values: see there |
//! | [`qr`](qr()) | thin orthogonal factors | dependent columns: slopes NaN |
//! | [`expm`](expm()) | `exp A` | |
//! | [`norm`](norm()), [`normalize`] | `‖x‖`, `x/‖x‖` | at 0: slope 0, NaN |
//!
//! Symmetric matrices are given whole, and the lower triangle is read. So where both places of an entry hold one
//! variable, its derivative counts both; the upper triangle alone has the derivative 0.
//!
//! Sources: M. Giles, *Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation*,
//! 2008; N. Higham, *Functions of Matrices*, 2008; I. Murray, *Differentiation of the Cholesky decomposition*, 2016.

mod cholesky;
mod eigen;
mod expm;
pub(crate) mod lu;
mod norm;
mod qr;
mod spectral;
mod svd;

pub use cholesky::{cholesky, solve_lower};
pub use eigen::symmetric_eigen;
pub use expm::expm;
pub use lu::{det, inverse, ln_det, solve};
pub use norm::{norm, normalize};
pub use qr::qr;
pub use spectral::spectral;
pub use svd::svd;

use num_traits::Float;

use crate::scalar::custom::Block;
use crate::scalar::dense::affine;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// Returns n of an n by n matrix.
#[track_caller]
fn side(call: &str, entries: usize) -> usize {
    let n = entries.isqrt();
    assert!(n * n == entries, "{call}: {entries} numbers are no square matrix; pass n·n, row by row");
    n
}

/// Returns the number of columns of a matrix of that many rows.
#[track_caller]
fn width(call: &str, entries: usize, rows: usize) -> usize {
    assert!(
        entries.is_multiple_of(rows.max(1)) && (rows > 0 || entries == 0),
        "{call}: {entries} numbers do not divide into {rows} rows; pass as many numbers for each row"
    );
    entries / rows.max(1)
}

fn values<S: Scalar>(x: &[S]) -> Vec<S::Real> {
    x.iter().map(|x| x.value()).collect()
}

fn filled<S: Scalar>(x: f64, len: usize) -> Vec<S> {
    vec![S::from_f64(x); len]
}

fn identity<S: Scalar>(n: usize) -> Vec<S> {
    (0..n * n).map(|k| if k % (n + 1) == 0 { S::one() } else { S::zero() }).collect()
}

/// Subtracts `factor·y` from `x`.
fn subtract<S: Scalar>(x: &mut [S], factor: S, y: &[S]) {
    x.iter_mut().zip(y).for_each(|(x, &y)| *x -= factor * y);
}

/// Returns the transpose of a matrix of that many columns.
fn transposed<T: Copy>(a: &[T], columns: usize) -> Vec<T> {
    (0..columns).flat_map(|j| a.iter().skip(j).step_by(columns).copied()).collect()
}

/// Returns `a·bᵀ`, of matrices with rows of one length.
fn product<S: Scalar>(a: &[S], b: &[S], length: usize) -> Vec<S> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let zero = S::zero();
    let neurons: Vec<S> = b.chunks_exact(length).flat_map(|row| row.iter().copied().chain([zero])).collect();
    affine(&neurons, a, a.len() / length)
}

/// Returns the symmetric matrix with the lower triangle of `a`.
fn symmetric<T: Copy>(a: &[T], n: usize) -> Vec<T> {
    (0..n * n).map(|k| (k / n, k % n)).map(|(i, j)| a[i.max(j) * n + i.min(j)]).collect()
}

/// Returns a power of two near the largest magnitude, by which an algorithm that squares numbers divides them. It is at
/// most the reciprocal of the smallest normal number, as the logarithm of the largest number rounds up.
fn scale<R: Real>(x: &[R]) -> R {
    let largest = x.iter().fold(R::zero(), |largest, &x| Float::max(largest, Float::abs(x)));
    if largest.is_zero() || !Float::is_finite(largest) {
        return R::one();
    }
    let scale = Float::exp2(Float::floor(Float::log2(largest)));
    Float::min(scale, Float::recip(R::min_positive_value()))
}

/// Returns a largest difference that counts as none, of numbers of that size in an n by n problem.
fn rounding<R: Real>(n: usize, size: R) -> R {
    real::<R>(n as f64) * R::epsilon() * size
}

/// Returns whether a size is no more than [`rounding`], or NaN.
fn is_rounding<R: Real>(size: R, n: usize, of: R) -> bool {
    let is_more = size > rounding(n, of);
    !is_more
}

/// Returns `y`, known at `x` and differentiable no more: further derivatives with respect to `x` are NaN.
fn undifferentiable<S: Scalar>(y: &[S], x: &[S]) -> Vec<S> {
    Undifferentiable { outputs: y.len() }.apply(&[y, x].concat())
}

#[derive(Clone)]
struct Undifferentiable {
    outputs: usize,
}

impl<R: Real> Block<R> for Undifferentiable {
    fn value(&self, x: &[R]) -> Vec<R> {
        x[..self.outputs].to_vec()
    }

    fn push_forward<S: Scalar<Real = R>>(&self, _: &[S], _: &[S], _: &[S]) -> Vec<S> {
        filled(f64::NAN, self.outputs)
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], _: &[S], _: &[S]) -> Vec<S> {
        filled(f64::NAN, x.len())
    }
}
