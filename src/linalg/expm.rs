//! The exponential of a matrix.

use num_traits::Float;

use super::lu::Factors;
use super::{filled, identity, product, scale, side, transposed, values};
use crate::scalar::custom::Block;
use crate::scalar::rules::real;
use crate::scalar::{Real, Scalar};

/// Returns the exponential of a square matrix, `Σ Aᵏ/k!`.
///
/// The values come from scaling, the Padé approximant of degree 13 and squaring (Higham, *The Scaling and Squaring
/// Method for the Matrix Exponential Revisited*, 2005). The derivative in the direction E is the upper right block of
/// `exp [A, E; 0, A]` (Higham 2008, 3.16), and the adjoint that in the direction of the adjoint, at Aᵀ. So it is as
/// exact as the exponential, also of matrices without a basis of eigenvectors.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 20n³ multiplications, and eight times as many for each order and lane; O(n²) on the tape | | a symmetric matrix: [`spectral`](super::spectral()); a rotation: [`so3`](crate::rotation::so3) |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::expm;
///
/// // exp [0, t; −t, 0] is the rotation by −t.
/// let (sine, slope) = gradient(|t| expm(&[0.0.into(), t[0], -t[0], 0.0.into()])[1], &[0.5_f64]);
/// assert!((sine - 0.5_f64.sin()).abs() < 1e-15 && (slope[0] - 0.5_f64.cos()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn expm<S: Scalar>(a: &[S]) -> Vec<S> {
    Exponential { n: side("expm", a.len()) }.apply(a)
}

#[derive(Clone)]
struct Exponential {
    n: usize,
}

impl Exponential {
    /// Returns the derivative at `a` in the direction `e`.
    fn derivative<S: Scalar>(&self, a: &[S], e: &[S]) -> Vec<S> {
        let n = self.n;
        if n == 0 {
            return Vec::new();
        }
        // It is linear in the direction, whose size must not add to that of A.
        let size = scale(&values(e));
        let zeros: Vec<S> = filled(0.0, n);
        let upper = a
            .chunks_exact(n)
            .zip(e.chunks_exact(n))
            .flat_map(|(a, e)| a.iter().copied().chain(e.iter().map(|&e| e / size)));
        let lower = a.chunks_exact(n).flat_map(|a| zeros.iter().chain(a).copied());
        let whole = Exponential { n: 2 * n }.apply(&upper.chain(lower).collect::<Vec<S>>());
        whole[..2 * n * n].chunks_exact(2 * n).flat_map(|row| &row[n..]).map(|&x| x * size).collect()
    }
}

impl<R: Real> Block<R> for Exponential {
    fn value(&self, a: &[R]) -> Vec<R> {
        let n = self.n;
        let norm =
            a.chunks_exact(n.max(1)).map(|row| row.iter().map(|&x| Float::abs(x)).sum()).fold(R::zero(), Float::max);
        if !Float::is_finite(norm) {
            return filled(f64::NAN, n * n);
        }
        let squarings = Float::max(Float::ceil(Float::log2(norm / real::<R>(LARGEST_NORM))), R::zero());
        let mut power = exp_by_pade(&a.iter().map(|&x| x / Float::exp2(squarings)).collect::<Vec<R>>(), n);
        for _ in 0..squarings.to_usize().unwrap_or(0) {
            power = product(&power, &transposed(&power, n), n);
        }
        power
    }

    fn push_forward<S: Scalar<Real = R>>(&self, a: &[S], _: &[S], v: &[S]) -> Vec<S> {
        self.derivative(a, v)
    }

    fn pull_back<S: Scalar<Real = R>>(&self, a: &[S], _: &[S], u: &[S]) -> Vec<S> {
        self.derivative(&transposed(a, self.n), u)
    }
}

/// The norm up to which the approximant is exact in `f64` (Higham 2005, table 2.3).
const LARGEST_NORM: f64 = 5.371920351148152;

/// The coefficients of the approximant's numerator; the denominator has those of −A (Higham 2005, 2.3).
const PADE: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];

/// Returns the approximant `(V − U)⁻¹·(V + U)`, with the odd powers in U.
fn exp_by_pade<R: Real>(a: &[R], n: usize) -> Vec<R> {
    let times = |a: &[R], b: &[R]| product(a, &transposed(b, n), n);
    let square = times(a, a);
    let mut even = vec![identity(n), square];
    even.push(times(&even[1], &even[1]));
    even.push(times(&even[2], &even[1]));
    // Σₖ b[first + 2k]·A²ᵏ over some of four powers, and over all seven.
    let some = |first: usize, powers: std::ops::Range<usize>| -> Vec<R> {
        let entry = |i: usize| powers.clone().map(|k| even[k][i] * real::<R>(PADE[first + 2 * k])).sum();
        (0..n * n).map(entry).collect()
    };
    let all = |first: usize| -> Vec<R> {
        let high = times(&even[3], &some(first + 6, 1..4));
        high.into_iter().zip(some(first, 0..4)).map(|(high, low)| high + low).collect()
    };
    let (u, v) = (times(a, &all(1)), all(0));
    let plus: Vec<R> = v.iter().zip(&u).map(|(&v, &u)| v + u).collect();
    let minus = v.iter().zip(&u).map(|(&v, &u)| v - u).collect();
    Factors::of(minus, n).solve(&plus)
}
