//! Orthogonal and triangular factors.

use num_traits::Float;

use super::{filled, is_rounding, norm, product, solve_lower, transposed, values, width};
use crate::scalar::custom::Block;
use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar};

/// Returns the thin factors of `A = Q·R`, of a matrix of that many rows: Q with orthonormal columns, of the shape of A,
/// and R, upper triangular with a diagonal that is not negative, row by row.
///
/// With `C = Qᵀ·Ȧ·R⁻¹` and the antisymmetric Ω with the lower triangle of C, the tangents are `Ṙ = (C − Ω)·R` and
/// `Q̇ = Ȧ·R⁻¹ − Q·(C − Ω)` (Walter and Lehmann, *Algorithmic Differentiation of Linear Algebra Functions*, 2018). Where
/// columns are dependent but for rounding, the slopes are NaN.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | 2·m·n² multiplications, and 4·m·n² for each order and lane; O(m·n) on the tape | at least as many rows as columns | the factors of AᵀA: [`cholesky`](super::cholesky()) |
///
/// # Panics
///
/// When the matrix does not divide into that many rows, or has fewer rows than columns.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::qr;
///
/// let (length, g) = gradient(|a| qr(a, 2).1[0], &[3.0, 1.0, 4.0, 1.0]);
/// assert_eq!(length, 5.0);
/// assert!(g.iter().zip([0.6, 0.0, 0.8, 0.0]).all(|(g, wanted): (&f64, f64)| (g - wanted).abs() < 1e-15));
/// ```
#[track_caller]
pub fn qr<S: Scalar>(a: &[S], rows: usize) -> (Vec<S>, Vec<S>) {
    let columns = width("qr", a.len(), rows);
    assert!(
        rows >= columns,
        "qr: {rows} rows are fewer than {columns} columns; factor the transpose, or the first {rows} columns"
    );
    let mut q = Qr { rows, columns }.apply(a);
    let r = q.split_off(rows * columns);
    (q, r)
}

#[derive(Clone)]
struct Qr {
    rows: usize,
    columns: usize,
}

impl<R: Real> Block<R> for Qr {
    /// By projections, each made twice (Giraud and others, *The loss of orthogonality in the Gram-Schmidt
    /// orthogonalization process*, 2005).
    fn value(&self, a: &[R]) -> Vec<R> {
        let (m, n) = (self.rows, self.columns);
        let mut q = transposed(a, n);
        let mut r: Vec<R> = filled(0.0, n * n);
        for k in 0..n {
            let (known, rest) = q.split_at_mut(k * m);
            let column = &mut rest[..m];
            for _ in 0..2 {
                for (j, other) in known.chunks_exact(m).enumerate() {
                    let along = dot(other, column);
                    r[j * n + k] += along;
                    column.iter_mut().zip(other).for_each(|(x, &other)| *x -= along * other);
                }
            }
            let length = norm(column);
            r[k * n + k] = length;
            column.iter_mut().for_each(|x| *x /= length);
        }
        transposed(&q, m).into_iter().chain(r).collect()
    }

    fn push_forward<S: Scalar<Real = R>>(&self, _: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let (m, n) = (self.rows, self.columns);
        let (q, r) = y.split_at(m * n);
        if is_dependent(r, m) {
            return filled(f64::NAN, y.len());
        }
        let divided = over_triangle(v, r);
        let c = product(&transposed(q, n), &transposed(&divided, n), m);
        // C − Ω: the entries below the diagonal, on the other side of it.
        let upper: Vec<S> = places(n)
            .map(|(i, j)| match i.cmp(&j) {
                std::cmp::Ordering::Less => c[i * n + j] + c[j * n + i],
                std::cmp::Ordering::Equal => c[i * n + j],
                std::cmp::Ordering::Greater => S::zero(),
            })
            .collect();
        let inside = product(q, &transposed(&upper, n), n);
        let of_q = divided.iter().zip(inside).map(|(&divided, inside)| divided - inside);
        of_q.chain(product(&upper, &transposed(r, n), n)).collect()
    }

    /// `Ā = (Q̄ + Q·sym(M))·R⁻ᵀ` with the lower triangle of `M = R·R̄ᵀ − Q̄ᵀ·Q`, on both sides.
    fn pull_back<S: Scalar<Real = R>>(&self, _: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let (m, n) = (self.rows, self.columns);
        let (q, r) = y.split_at(m * n);
        let (of_q, of_r) = u.split_at(m * n);
        if is_dependent(r, m) {
            return filled(f64::NAN, m * n);
        }
        let of_r: Vec<S> = places(n).map(|(i, j)| if i <= j { of_r[i * n + j] } else { S::zero() }).collect();
        let moved = product(&transposed(of_q, n), &transposed(q, n), m);
        let inner: Vec<S> = product(r, &of_r, n).into_iter().zip(moved).map(|(a, b)| a - b).collect();
        let inside = product(q, &super::symmetric(&inner, n), n);
        let sum: Vec<S> = of_q.iter().zip(inside).map(|(&of_q, inside)| of_q + inside).collect();
        over_transposed_triangle(&sum, r)
    }
}

fn places(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n * n).map(move |k| (k / n, k % n))
}

/// Returns whether columns are dependent but for rounding.
fn is_dependent<S: Scalar>(r: &[S], rows: usize) -> bool {
    let sizes = values(r).into_iter().map(Float::abs);
    let largest = sizes.fold(S::Real::from_f64(0.0), Float::max);
    let n = r.len().isqrt();
    r.iter().step_by(n + 1).any(|pivot| is_rounding(pivot.value(), rows, largest))
}

/// Returns `A·R⁻¹`.
fn over_triangle<S: Scalar>(a: &[S], r: &[S]) -> Vec<S> {
    let n = r.len().isqrt();
    let lower = transposed(r, n);
    a.chunks_exact(n.max(1)).flat_map(|row| solve_lower(&lower, row)).collect()
}

/// Returns `A·R⁻ᵀ`. In the opposite order of rows and columns, R is a lower triangle.
fn over_transposed_triangle<S: Scalar>(a: &[S], r: &[S]) -> Vec<S> {
    let opposite = |x: &[S]| x.iter().rev().copied().collect::<Vec<S>>();
    let lower = opposite(r);
    a.chunks_exact(r.len().isqrt().max(1)).flat_map(|row| opposite(&solve_lower(&lower, &opposite(row)))).collect()
}
