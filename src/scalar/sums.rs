//! Sums and products over slices.
//!
//! The order of summation is fixed and the same for every scalar. Eight running sums take the elements i, i+8, i+16,
//! ... and are folded pairwise at the end; then the rest is added one by one. LLVM makes vector code of it for plain
//! numbers, and every reading has the same value bit for bit.

use super::Scalar;

const RUNNING: usize = 8;

/// Returns `Σᵢ xᵢ`, as one statement on a tape. The sum of an empty slice is 0.
///
/// ```
/// assert_eq!(dualtape::sum(&[1.0, 2.0, 3.5]), 6.5);
/// ```
#[track_caller]
pub fn sum<S: Scalar>(xs: &[S]) -> S {
    S::sum_slice(xs)
}

/// Returns `Σᵢ aᵢ bᵢ`, as one statement on a tape. The product of empty slices is 0.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::{dot, gradient};
///
/// assert_eq!(dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// assert_eq!(gradient(|x| dot(x, x), &[1.0, 2.0]), (5.0, vec![2.0, 4.0]));
/// ```
#[track_caller]
pub fn dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    assert_eq!(
        a.len(),
        b.len(),
        "dot: the slices have {} and {} elements; pass slices of one length",
        a.len(),
        b.len()
    );
    S::dot_slice(a, b)
}

/// Returns `Σᵢ wᵢ xᵢ` with plain weights, as one statement on a tape: parameters `xs` of a linear model at a row of
/// data. The sum of an empty slice is 0.
///
/// It equals [`dot`] with the weights as constants, and makes no constants.
///
/// # Panics
///
/// When the lengths differ.
///
/// ```
/// use dualtape::{gradient, weighted_sum};
///
/// let row = [1.0, 0.5, 0.25];
/// assert_eq!(gradient(|p| weighted_sum(p, &row), &[1.0, 2.0, 4.0]), (3.0, vec![1.0, 0.5, 0.25]));
/// ```
#[track_caller]
pub fn weighted_sum<S: Scalar>(xs: &[S], weights: &[S::Real]) -> S {
    assert_eq!(
        xs.len(),
        weights.len(),
        "weighted_sum: the slices have {} and {} elements; pass a weight for each",
        xs.len(),
        weights.len()
    );
    S::weighted_sum_slice(xs, weights)
}

/// Returns `term(xs[0], ys[0]) + ... + term(xs[n - 1], ys[n - 1])`, in the order of this module.
#[inline(always)]
pub(crate) fn sum_of_pairs<X, Y, S: Scalar>(xs: &[X], ys: &[Y], term: impl Fn(&X, &Y) -> S) -> S {
    let ((xs, last_xs), (ys, last_ys)) = (xs.as_chunks::<RUNNING>(), ys.as_chunks::<RUNNING>());
    let (mut whole, mut rest) = (xs.iter().zip(ys), last_xs.iter().zip(last_ys));
    let mut total = if let Some((x, y)) = whole.next() {
        let mut running: [S; RUNNING] = std::array::from_fn(|lane| term(&x[lane], &y[lane]));
        for (x, y) in whole {
            for (lane, sum) in running.iter_mut().enumerate() {
                *sum += term(&x[lane], &y[lane]);
            }
        }
        let mut width = RUNNING;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                let other = running[lane + width];
                running[lane] += other;
            }
        }
        running[0]
    } else if let Some((x, y)) = rest.next() {
        term(x, y)
    } else {
        return S::zero();
    };
    for (x, y) in rest {
        total += term(x, y);
    }
    total
}

/// Returns `term(xs[0]) + ... + term(xs[n - 1])`, in the order of this module.
#[inline]
pub(crate) fn sum_of<X, S: Scalar>(xs: &[X], term: impl Fn(&X) -> S) -> S {
    sum_of_pairs(xs, xs, |x, _| term(x))
}

#[inline]
pub(crate) fn plain_sum<S: Scalar>(xs: &[S]) -> S {
    sum_of(xs, |&x| x)
}

#[inline]
pub(crate) fn plain_weighted_sum<S: Scalar>(xs: &[S], weights: &[S::Real]) -> S {
    sum_of_pairs(xs, &weights[..xs.len()], |&x, &weight| x * weight)
}

#[inline]
pub(crate) fn plain_dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    sum_of_pairs(a, &b[..a.len()], |&a, &b| a * b)
}
