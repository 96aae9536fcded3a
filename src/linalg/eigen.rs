//! Eigenvalues and eigenvectors of symmetric matrices.

use std::ops::Range;

use num_traits::Float;

use super::{filled, identity, product, rounding, scale, side, symmetric, transposed, undifferentiable, values};
use crate::scalar::custom::Block;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// Returns the eigenvalues of a symmetric matrix in ascending order, and its eigenvectors: the columns of an n by n
/// matrix V, row by row. The largest component of each is positive.
///
/// It reads the lower triangle. With `C = Vᵀ·Ȧ·V` the tangents are `λ̇ᵢ = Cᵢᵢ` and `V̇ = V·(F∘C)`, `Fᵢⱼ = 1/(λⱼ − λᵢ)`;
/// the adjoint of A is `V·(diag λ̄ + F∘(Vᵀ·V̄))·Vᵀ` (Giles 2008, 3.1).
///
/// # Repeated eigenvalues
///
/// Eigenvalues that differ by no more than rounding, `n·ε·‖λ‖`, have no slopes of their own, and their vectors are any
/// basis of a space. Each has the mean of their slopes. So the slopes of symmetric functions, as their sum and product,
/// are right. Slopes of the vectors are NaN, and so are the second derivatives of the values: no choice of slopes gives
/// those of every symmetric function. [`spectral`](super::spectral()) has all derivatives there.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 10 sweeps of 4n³ multiplications, and 4n³ for each order and lane; O(n²) on the tape | eigenvalues apart, for slopes of the vectors | a function of the matrix: [`spectral`](super::spectral()) |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::symmetric_eigen;
///
/// let (largest, g) = gradient(|a| symmetric_eigen(a).0[1], &[2.0_f64, 0.0, 1.0, 2.0]);
/// assert!((largest - 3.0).abs() < 1e-15);
/// assert!(g.iter().zip([0.5, 0.0, 1.0, 0.5]).all(|(g, wanted): (&f64, f64)| (g - wanted).abs() < 1e-15));
/// ```
#[track_caller]
pub fn symmetric_eigen<S: Scalar>(a: &[S]) -> (Vec<S>, Vec<S>) {
    let n = side("symmetric_eigen", a.len());
    let mut values = Eigen { n }.apply(&symmetric(a, n));
    let vectors = values.split_off(n);
    (values, vectors)
}

#[derive(Clone)]
struct Eigen {
    n: usize,
}

impl<R: Real> Block<R> for Eigen {
    fn value(&self, x: &[R]) -> Vec<R> {
        let (values, vectors) = decomposed(x, self.n);
        [values, vectors].concat()
    }

    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let n = self.n;
        let (lambda, vectors) = y.split_at(n);
        let across = transposed(vectors, n);
        let rotated = product(&product(&across, v, n), &across, n);
        let slopes: Vec<S> = rotated.iter().step_by(n + 1).copied().collect();
        let turn: Vec<S> = quotients(&rotated, lambda);
        let mut tangents = shared(x, lambda, slopes);
        tangents.extend(product(vectors, &transposed(&turn, n), n));
        tangents
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let n = self.n;
        let (lambda, vectors) = y.split_at(n);
        let (of_values, of_vectors) = u.split_at(n);
        let mut inner: Vec<S> = if of_vectors.iter().all(|u| u.is_identically_zero()) {
            filled(0.0, n * n)
        } else {
            quotients(&product(&transposed(vectors, n), &transposed(of_vectors, n), n), lambda)
        };
        let slopes = shared(x, lambda, of_values.to_vec());
        inner.iter_mut().step_by(n + 1).zip(slopes).for_each(|(inner, slope)| *inner = slope);
        product(&product(vectors, &transposed(&inner, n), n), vectors, n)
    }
}

/// Returns `F∘C`, with 0 on the diagonal. A zero beats an infinity: entries of C that are zero stay zero.
fn quotients<S: Scalar>(c: &[S], lambda: &[S]) -> Vec<S> {
    let n = lambda.len();
    let groups = groups(&values(lambda));
    let quotient = |k: usize| {
        let (i, j) = (k / n, k % n);
        if i == j || c[k].is_identically_zero() {
            S::zero()
        } else if groups.iter().any(|group| group.contains(&i) && group.contains(&j)) {
            S::from_f64(f64::NAN)
        } else {
            c[k] / (lambda[j] - lambda[i])
        }
    };
    (0..n * n).map(quotient).collect()
}

/// Returns the slopes of eigenvalues, equal for equal ones, which are then differentiable no more.
fn shared<S: Scalar>(x: &[S], lambda: &[S], mut slopes: Vec<S>) -> Vec<S> {
    let groups = groups(&values(lambda));
    if groups.len() < lambda.len() {
        for group in groups {
            average(&mut slopes[group]);
        }
        slopes = undifferentiable(&slopes, x);
    }
    slopes
}

/// Replaces the numbers by their mean.
pub(super) fn average<S: Scalar>(numbers: &mut [S]) {
    if let [_, _, ..] = numbers {
        let mean = numbers.iter().sum::<S>() / real::<S>(numbers.len() as f64);
        numbers.fill(mean);
    }
}

/// Returns the ranges of numbers in order that are equal but for rounding.
pub(super) fn groups<R: Real>(ordered: &[R]) -> Vec<Range<usize>> {
    let largest = ordered.iter().fold(R::zero(), |largest, &x| Float::max(largest, Float::abs(x)));
    let least = rounding(ordered.len(), largest);
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (i, &x) in ordered.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if Float::abs(x - ordered[i - 1]) <= least => group.end = i + 1,
            _ => groups.push(i..i + 1),
        }
    }
    groups
}

/// Returns the eigenvalues in ascending order, and the eigenvectors as columns, by Jacobi's rotations (Golub & Van Loan,
/// *Matrix Computations*, 8.5).
pub(super) fn decomposed<R: Real>(a: &[R], n: usize) -> (Vec<R>, Vec<R>) {
    if !a.iter().all(|&x| Float::is_finite(x)) {
        return (filled(f64::NAN, n), filled(f64::NAN, n * n));
    }
    let scale = scale(a);
    let mut a: Vec<R> = a.iter().map(|&x| x / scale).collect();
    // The rows of `vectors` are the eigenvectors.
    let mut vectors: Vec<R> = identity(n);
    for _ in 0..SWEEPS {
        let mut is_diagonal = true;
        for p in 0..n {
            for q in p + 1..n {
                let off = a[p * n + q];
                let (first, second) = (a[p * n + p], a[q * n + q]);
                if off.is_zero()
                    || Float::abs(off) < R::epsilon() * R::epsilon() * (Float::abs(first) + Float::abs(second))
                {
                    continue;
                }
                is_diagonal = false;
                let (cosine, sine) = rotation((second - first) / (off + off));
                turn(&mut vectors, [p * n, q * n], 1, n, cosine, sine);
                turn(&mut a, [p * n, q * n], 1, n, cosine, sine);
                turn(&mut a, [p, q], n, n, cosine, sine);
                (a[p * n + q], a[q * n + p]) = (R::zero(), R::zero());
            }
        }
        if is_diagonal {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| Scalar::total_cmp(&a[i * n + i], &a[j * n + j]));
    let rows = order.iter().flat_map(|&i| {
        let vector = &vectors[i * n..][..n];
        let sign = sign_of_largest(vector);
        vector.iter().map(move |&x| x * sign)
    });
    let rows: Vec<R> = rows.collect();
    (order.iter().map(|&i| a[i * n + i] * scale).collect(), transposed(&rows, n))
}

/// Jacobi's method needs about ten.
pub(super) const SWEEPS: usize = 60;

/// Returns the cosine and the sine of the angle t with `cot 2t` given, at most π/4.
pub(super) fn rotation<R: Real>(cotangent: R) -> (R, R) {
    let tangent = Float::signum(cotangent) / (Float::abs(cotangent) + Float::hypot(R::one(), cotangent));
    let cosine = Float::recip(Float::hypot(R::one(), tangent));
    (cosine, cosine * tangent)
}

/// Turns two rows or columns, `len` numbers from `starts` on at a distance of `step`.
pub(super) fn turn<R: Real>(a: &mut [R], starts: [usize; 2], step: usize, len: usize, cosine: R, sine: R) {
    for k in 0..len {
        let [p, q] = starts.map(|start| start + k * step);
        (a[p], a[q]) = (cosine * a[p] - sine * a[q], sine * a[p] + cosine * a[q]);
    }
}

/// Returns 1 or −1, by which the largest component becomes positive.
pub(super) fn sign_of_largest<R: Real>(vector: &[R]) -> R {
    let largest =
        vector.iter().fold(R::zero(), |largest, &x| if Float::abs(x) > Float::abs(largest) { x } else { largest });
    if largest < R::zero() { -R::one() } else { R::one() }
}
