//! Functions of symmetric matrices.

use std::sync::Arc;

use num_traits::Float;

use super::eigen::decomposed;
use super::{product, side, symmetric, transposed, values};
use crate::scalar::custom::Block;
use crate::scalar::function::Function;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};
use crate::series::{Taylor, taylor};

/// Returns the function of a symmetric matrix, `V·f(Λ)·Vᵀ` with the eigenvalues Λ and the eigenvectors V.
///
/// It reads the lower triangle. The derivative in the direction E is `V·(F∘(VᵀEV))·Vᵀ` with the divided differences
/// `Fᵢⱼ = f[λᵢ, λⱼ]` of f (Daleckiĭ and Kreĭn; Higham 2008, 3.11), and those of higher order have divided differences of
/// higher order. These are slopes of f where eigenvalues are equal. So all derivatives are right there too, and
/// differences of eigenvalues that are nearly equal lose no digits.
///
/// The trace of the result is `Σ f(λᵢ)`. With `AᵀA` for the matrix it is a sum over the singular values,
/// `Σ f(σᵢ²)`.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one decomposition, and k!·nᵏ⁺¹ divided differences for order k; O(n²) on the tape | f with derivatives | a matrix that is not symmetric: [`expm`](super::expm()) |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::linalg::spectral;
/// use dualtape::{Scalar, function, hessian};
///
/// fn cube<S: Scalar>(x: S) -> S {
///     x.powi(3)
/// }
///
/// /// Σλ³, at a matrix with two equal eigenvalues.
/// fn f<S: Scalar<Real = f64>>(a: &[S]) -> S {
///     let matrix = [a[0], a[1], a[1], a[2]];
///     let cubed = spectral(&matrix, function!(cube: S -> S));
///     cubed[0] + cubed[3]
/// }
///
/// let (y, g, h) = hessian(f, &[2.0, 0.0, 2.0]);
/// assert_eq!((y, g), (16.0, vec![12.0, 0.0, 12.0]));
/// assert_eq!(h.into_entries(), [12.0, 0.0, 0.0, 0.0, 24.0, 0.0, 0.0, 0.0, 12.0]);
/// ```
#[track_caller]
pub fn spectral<S: Scalar>(a: &[S], f: impl Function<S::Real, Output = S::Real> + 'static) -> Vec<S> {
    let n = side("spectral", a.len());
    let whole = symmetric(a, n);
    let (lambda, vectors) = decomposed(&values(&whole), n);
    let across = transposed(&vectors, n);
    Spectral { eigen: Arc::new(Eigen { f, lambda, vectors, across }), order: 0 }.apply(&whole)
}

/// The derivative of some order in as many directions, which follow the matrix among the inputs: it is linear and
/// symmetric in them. With one more, it is symmetric in the product with it, so that the adjoints have the same form.
struct Spectral<R, F> {
    eigen: Arc<Eigen<R, F>>,
    order: usize,
}

struct Eigen<R, F> {
    f: F,
    lambda: Vec<R>,
    /// The eigenvectors as columns.
    vectors: Vec<R>,
    /// The eigenvectors as rows.
    across: Vec<R>,
}

impl<R, F> Clone for Spectral<R, F> {
    fn clone(&self) -> Self {
        Spectral { eigen: self.eigen.clone(), order: self.order }
    }
}

impl<R: Real, F: Function<R, Output = R> + 'static> Spectral<R, F> {
    /// Returns the derivative of one more order, in one more direction.
    fn raised<S: Scalar<Real = R>>(&self, x: &[S], direction: &[S]) -> Vec<S> {
        Spectral { eigen: self.eigen.clone(), order: self.order + 1 }.apply(&[x, direction].concat())
    }

    /// Returns the derivative with another matrix or direction in one place.
    fn with<S: Scalar<Real = R>>(&self, x: &[S], place: usize, direction: &[S]) -> Vec<S> {
        let mut x = x.to_vec();
        x[place * direction.len()..][..direction.len()].copy_from_slice(direction);
        self.apply(&x)
    }
}

impl<R: Real, F: Function<R, Output = R> + 'static> Block<R> for Spectral<R, F> {
    fn value(&self, x: &[R]) -> Vec<R> {
        let Eigen { f, lambda, vectors, across } = &*self.eigen;
        let n = lambda.len();
        let directions = x.chunks_exact((n * n).max(1)).skip(1);
        let rotated: Vec<Vec<R>> = directions.map(|e| product(&product(across, e, n), across, n)).collect();
        let mut inner = vec![R::zero(); n * n];
        for i in 0..n {
            add_paths(f, lambda, &rotated, &mut vec![i], R::one(), &mut inner);
        }
        product(&product(vectors, &transposed(&inner, n), n), vectors, n)
    }

    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let mut tangents = self.raised(x, &v[..y.len()]);
        for (place, direction) in v.chunks_exact(y.len().max(1)).enumerate().skip(1) {
            let of_direction = self.with(x, place, direction);
            tangents.iter_mut().zip(of_direction).for_each(|(sum, tangent)| *sum += tangent);
        }
        tangents
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
        // The result is symmetric whatever the adjoint is, so only its symmetric part counts.
        let n = self.eigen.lambda.len();
        let half = real::<R>(0.5);
        let u: Vec<S> = u.iter().zip(transposed(u, n)).map(|(&u, across)| (u + across) * half).collect();
        let mut adjoints = self.raised(x, &u);
        for place in 1..=self.order {
            adjoints.extend(self.with(x, place, &u));
        }
        adjoints
    }
}

/// Adds the products along all ways from the first index of `path` on: of entries of the directions, each used once in
/// any order, and of the divided difference at the indices on the way.
fn add_paths<R: Real>(
    f: &impl Function<R, Output = R>,
    lambda: &[R],
    directions: &[Vec<R>],
    path: &mut Vec<usize>,
    factor: R,
    sums: &mut [R],
) {
    let (n, from) = (lambda.len(), path[path.len() - 1]);
    if directions.is_empty() {
        let mut points: Vec<R> = path.iter().map(|&i| lambda[i]).collect();
        points.sort_by(<R as Scalar>::total_cmp);
        sums[path[0] * n + from] += factor * divided_difference(f, &points);
        return;
    }
    for first in 0..directions.len() {
        let mut rest = directions.to_vec();
        let direction = rest.swap_remove(first);
        for to in 0..n {
            let entry = direction[from * n + to];
            if !entry.is_zero() {
                path.push(to);
                add_paths(f, lambda, &rest, path, factor * entry, sums);
                path.pop();
            }
        }
    }
}

/// The order of the series at the middle of points.
const ORDER: usize = 16;

/// Returns the divided difference of f at points in order.
///
/// A series at the middle gives it where the series holds at both ends: `Σ aₘ·h(m − k)` with the sums of all products of
/// m − k distances from the middle. Elsewhere the points are far enough from each other for the definition.
fn divided_difference<R: Real>(f: &impl Function<R, Output = R>, points: &[R]) -> R {
    let (first, last) = (points[0], points[points.len() - 1]);
    if points.len() == 1 {
        return f.eval(&[first]);
    }
    let half = real::<R>(0.5);
    let middle = first * half + last * half;
    let series: Taylor<R, ORDER> = taylor(|x| f.eval(&[x]), middle);
    let at = |x: R| (0..=ORDER).rev().fold(R::zero(), |sum, m| sum * (x - middle) + series[m]);
    let size = Float::max(Float::abs(f.eval(&[first])), Float::abs(f.eval(&[last])));
    let holds = |x: R| Float::abs(at(x) - f.eval(&[x])) <= size * R::epsilon() * real::<R>(4.0);
    if first == last || (holds(first) && holds(last)) {
        // Complete symmetric polynomials, one point after the other.
        let mut sums = [R::zero(); ORDER + 1];
        sums[0] = R::one();
        for &point in points {
            for m in 1..=ORDER {
                let below = sums[m - 1];
                sums[m] += below * (point - middle);
            }
        }
        let k = points.len() - 1;
        return (k..=ORDER).map(|m| series[m] * sums[m - k]).sum();
    }
    let (right, left) = (&points[1..], &points[..points.len() - 1]);
    (divided_difference(f, right) - divided_difference(f, left)) / (last - first)
}
