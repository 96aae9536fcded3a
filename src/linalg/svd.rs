//! Singular values and vectors.

use num_traits::Float;

use super::eigen::{SWEEPS, average, groups, rotation, sign_of_largest, turn};
use super::{filled, identity, is_rounding, product, rounding, scale, transposed, undifferentiable, values, width};
use crate::scalar::custom::Block;
use crate::scalar::rules::real;
use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar};

/// Returns the thin factors of `A = U·diag(σ)·Vᵀ`, of a matrix of that many rows: U, σ in descending order, and V.
///
/// With k the smaller side, U has k columns and as many rows as A, and V has k columns and as many rows as A has columns;
/// both are row by row. The largest component of each column of V is positive.
///
/// With `P = Uᵀ·Ȧ·V` the tangents are `σ̇ᵢ = Pᵢᵢ`, and those of the vectors have the symmetric part of P over
/// `σⱼ − σᵢ` and the other part over `σⱼ + σᵢ`; what leaves the space of the vectors is divided by σ (Giles 2008, 3.2;
/// Townsend, *Differentiating the Singular Value Decomposition*, 2016).
///
/// # Repeated and zero singular values
///
/// Singular values that differ by no more than rounding, `n·ε·σ₀`, have the mean of their slopes, so symmetric functions
/// have theirs. One that is zero but for rounding is at a kink, and has the slope 0. In both cases the second
/// derivatives of the values are NaN, and so are the slopes of vectors that A does not determine. A sum over the singular
/// values by [`spectral`](super::spectral()) has all derivatives.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 10 sweeps of 3·m·n² multiplications, and 8·m·n² for each order and lane; O(m·n) on the tape | values apart and not zero, for slopes of the vectors | `Σσ²`: the sum of the squared entries |
///
/// # Panics
///
/// When the matrix does not divide into that many rows.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::svd;
///
/// let (sum, g) = gradient(|a| svd(a, 2).1.iter().sum(), &[0.0, -3.0, 4.0, 0.0]);
/// assert_eq!((sum, g), (7.0, vec![0.0, -1.0, 1.0, 0.0]));
/// ```
#[track_caller]
pub fn svd<S: Scalar>(a: &[S], rows: usize) -> (Vec<S>, Vec<S>, Vec<S>) {
    let columns = width("svd", a.len(), rows);
    if rows < columns {
        let (v, sigma, u) = svd(&transposed(a, columns), columns);
        return (u, sigma, v);
    }
    let mut u = Svd { rows, columns }.apply(a);
    let mut sigma = u.split_off(rows * columns);
    let v = sigma.split_off(columns);
    (u, sigma, v)
}

/// Of a matrix with at least as many rows as columns. The outputs are U, σ and V.
#[derive(Clone)]
struct Svd {
    rows: usize,
    columns: usize,
}

impl Svd {
    fn split<'a, S>(&self, y: &'a [S]) -> [&'a [S]; 3] {
        let (u, rest) = y.split_at(self.rows * self.columns);
        let (sigma, v) = rest.split_at(self.columns);
        [u, sigma, v]
    }
}

impl<R: Real> Block<R> for Svd {
    /// By rotations of columns (Hestenes; Golub & Van Loan, *Matrix Computations*, 8.6).
    fn value(&self, a: &[R]) -> Vec<R> {
        let (m, n) = (self.rows, self.columns);
        if !a.iter().all(|&x| Float::is_finite(x)) {
            return filled(f64::NAN, m * n + n + n * n);
        }
        let scale = scale(a);
        // Rows are the columns of A and of V.
        let mut a: Vec<R> = transposed(a, n).into_iter().map(|x| x / scale).collect();
        let mut v: Vec<R> = identity(n);
        for _ in 0..SWEEPS {
            let mut is_orthogonal = true;
            for p in 0..n {
                for q in p + 1..n {
                    let (first, second) = (&a[p * m..][..m], &a[q * m..][..m]);
                    let [pp, qq, pq] = [dot(first, first), dot(second, second), dot(first, second)];
                    if Float::abs(pq) <= R::epsilon() * Float::sqrt(pp) * Float::sqrt(qq) {
                        continue;
                    }
                    is_orthogonal = false;
                    let (cosine, sine) = rotation((qq - pp) / (pq + pq));
                    turn(&mut a, [p * m, q * m], 1, m, cosine, sine);
                    turn(&mut v, [p * n, q * n], 1, n, cosine, sine);
                }
            }
            if is_orthogonal {
                break;
            }
        }
        let lengths: Vec<R> = a.chunks_exact(m.max(1)).map(super::norm).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| Scalar::total_cmp(&lengths[j], &lengths[i]));
        let (mut left, mut right) = (Vec::with_capacity(m * n), Vec::with_capacity(n * n));
        for &i in &order {
            let vector = &v[i * n..][..n];
            let sign = sign_of_largest(vector);
            right.extend(vector.iter().map(|&x| x * sign));
            let rest: Vec<R> = a[i * m..][..m].iter().map(|&x| x * sign).collect();
            left.extend(direction(&rest, &left, rounding(m, lengths[order[0]])));
        }
        let sigma = order.iter().map(|&i| lengths[i] * scale);
        transposed(&left, m).into_iter().chain(sigma).chain(transposed(&right, n)).collect()
    }

    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], direction: &[S]) -> Vec<S> {
        let (m, n) = (self.rows, self.columns);
        let [u, sigma, v] = self.split(y);
        let moved = product(direction, &transposed(v, n), n);
        let p = product(&transposed(u, n), &transposed(&moved, n), m);
        let (even, odd) = parts(&p, n);
        let even = gaps(&even, sigma, |a, b| b - a);
        let odd = gaps(&odd, sigma, |a, b| b + a);
        let turn_u: Vec<S> = even.iter().zip(&odd).map(|(&even, &odd)| even + odd).collect();
        let turn_v: Vec<S> = even.iter().zip(&odd).map(|(&even, &odd)| even - odd).collect();
        let mut tangents = product(u, &transposed(&turn_u, n), n);
        if m > n {
            let inside = product(u, &transposed(&p, n), n);
            let outside: Vec<S> = moved.iter().zip(inside).map(|(&moved, inside)| moved - inside).collect();
            let outside = divided_by_values(&outside, sigma, m);
            tangents.iter_mut().zip(outside).for_each(|(tangent, outside)| *tangent += outside);
        }
        tangents.extend(shared(x, sigma, p.iter().step_by(n + 1).copied().collect()));
        tangents.extend(product(v, &transposed(&turn_v, n), n));
        tangents
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], adjoints: &[S]) -> Vec<S> {
        let (m, n) = (self.rows, self.columns);
        let [u, sigma, v] = self.split(y);
        let [of_u, of_sigma, of_v] = self.split(adjoints);
        let inner = |vectors: &[S], adjoints: &[S], length: usize| {
            if adjoints.iter().all(|x| x.is_identically_zero()) {
                filled(0.0, n * n)
            } else {
                product(&transposed(vectors, n), &transposed(adjoints, n), length)
            }
        };
        let (by_u, by_v) = (inner(u, of_u, m), inner(v, of_v, n));
        let sums: Vec<S> = by_u.iter().zip(&by_v).map(|(&a, &b)| a + b).collect();
        let differences: Vec<S> = by_u.iter().zip(&by_v).map(|(&a, &b)| a - b).collect();
        let (even, _) = parts(&gaps(&sums, sigma, |a, b| b - a), n);
        let (_, odd) = parts(&gaps(&differences, sigma, |a, b| b + a), n);
        let mut of_p: Vec<S> = even.iter().zip(&odd).map(|(&even, &odd)| even + odd).collect();
        let slopes = shared(x, sigma, of_sigma.to_vec());
        of_p.iter_mut().step_by(n + 1).zip(slopes).for_each(|(of_p, slope)| *of_p = slope);
        // U·P̄·Vᵀ + (1 − U·Uᵀ)·Ū·σ⁻¹·Vᵀ
        let mut left = product(u, &transposed(&of_p, n), n);
        if m > n {
            let scaled = divided_by_values(of_u, sigma, m);
            let inside = product(u, &transposed(&divided_by_values(&by_u, sigma, n), n), n);
            left.iter_mut().zip(scaled).zip(inside).for_each(|((left, scaled), inside)| *left += scaled - inside);
        }
        product(&left, v, n)
    }
}

/// Returns a unit vector along `rest`, or if that is no more than `least`, one that is orthogonal to the rows of `others`.
fn direction<R: Real>(rest: &[R], others: &[R], least: R) -> Vec<R> {
    let m = rest.len();
    if super::norm(rest) > least {
        return super::normalize(rest);
    }
    let orthogonal = |mut vector: Vec<R>| {
        for _ in 0..2 {
            for other in others.chunks_exact(m) {
                let along = dot(other, &vector);
                vector.iter_mut().zip(other).for_each(|(x, &other)| *x -= along * other);
            }
        }
        vector
    };
    let axes = (0..m).map(|i| orthogonal((0..m).map(|j| if i == j { R::one() } else { R::zero() }).collect()));
    let longest = axes.reduce(|best, axis| if super::norm(&axis) > super::norm(&best) { axis } else { best });
    longest.map_or(Vec::new(), |axis| super::normalize(&axis))
}

/// Returns `(C + Cᵀ)/2` and `(C − Cᵀ)/2`.
fn parts<S: Scalar>(c: &[S], n: usize) -> (Vec<S>, Vec<S>) {
    let half = real::<S>(0.5);
    c.iter().zip(transposed(c, n)).map(|(&c, across)| ((c + across) * half, (c - across) * half)).unzip()
}

/// Returns whether a singular value is zero but for rounding.
fn is_zero<S: Scalar>(sigma: &[S], i: usize) -> bool {
    is_rounding(sigma[i].value(), sigma.len(), sigma[0].value())
}

/// Divides the entries by a sum or difference of singular values, with 0 on the diagonal. A zero beats an infinity:
/// entries that are zero stay zero. Where the divisor is zero but for rounding, they become NaN.
fn gaps<S: Scalar>(c: &[S], sigma: &[S], gap: impl Fn(S, S) -> S) -> Vec<S> {
    let n = sigma.len();
    let quotient = |k: usize| {
        let (i, j) = (k / n, k % n);
        let gap = gap(sigma[i], sigma[j]);
        if i == j || c[k].is_identically_zero() {
            S::zero()
        } else if is_rounding(Float::abs(gap.value()), n, sigma[0].value()) {
            S::from_f64(f64::NAN)
        } else {
            c[k] / gap
        }
    };
    (0..n * n).map(quotient).collect()
}

/// Divides the columns of a matrix by the singular values, as [`gaps`] does.
fn divided_by_values<S: Scalar>(a: &[S], sigma: &[S], rows: usize) -> Vec<S> {
    let n = sigma.len();
    let quotient = |k: usize| {
        if a[k].is_identically_zero() {
            S::zero()
        } else if is_zero(sigma, k % n) {
            S::from_f64(f64::NAN)
        } else {
            a[k] / sigma[k % n]
        }
    };
    (0..rows * n).map(quotient).collect()
}

/// Returns the slopes of singular values, equal for equal ones and 0 at 0, which are then differentiable no more.
fn shared<S: Scalar>(x: &[S], sigma: &[S], mut slopes: Vec<S>) -> Vec<S> {
    let groups = groups(&values(sigma));
    if groups.len() == sigma.len() && (0..sigma.len()).all(|i| !is_zero(sigma, i)) {
        return slopes;
    }
    for group in groups {
        if is_zero(sigma, group.start) {
            slopes[group].fill(S::zero());
        } else {
            average(&mut slopes[group]);
        }
    }
    undifferentiable(&slopes, x)
}
