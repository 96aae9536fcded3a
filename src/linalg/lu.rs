//! Linear equations, inverse matrices and determinants, by elimination.

use std::sync::Arc;

use num_traits::{Float, One, Zero};

use super::{filled, identity, is_rounding, product, side, subtract, transposed, values, width};
use crate::scalar::custom::Block;
use crate::scalar::rules::real;
use crate::scalar::sums::{dot, weighted_sum};
use crate::scalar::{Real, Scalar};
use crate::verbs::gradient;

/// Returns the solution X of `A·X = B`, row by row, for an n by n matrix A and one or more right-hand sides: B has n
/// rows.
///
/// With `λ = A⁻ᵀū` the adjoint of B is λ, and that of A is −λ·xᵀ (Giles 2008, 2.3.1). Of a singular matrix the
/// solution is NaN; [`implicit::solve`](crate::implicit::solve) refuses it.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³/3 multiplications, and n² for each right-hand side, order and lane; O(n²) on the tape | the matrix in memory | a positive definite matrix: [`cholesky`](super::cholesky()) |
///
/// # Panics
///
/// When A is not square, or B does not divide into n rows.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::solve;
///
/// // Of [a, b; b, a]·x = [1, 0], x₀ = a/(a² − b²).
/// let unit = [1.0.into(), 0.0.into()];
/// let (x, g) = gradient(|m| solve(&[m[0], m[1], m[1], m[0]], &unit)[0], &[2.0_f64, 1.0]);
/// assert!((x - 2.0 / 3.0).abs() < 1e-15);
/// assert!((g[0] + 5.0 / 9.0).abs() < 1e-15 && (g[1] - 4.0 / 9.0).abs() < 1e-15);
/// ```
#[track_caller]
pub fn solve<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    let n = side("solve", a.len());
    width("solve", b.len(), n);
    solve_with(Factors::of(values(a), n), a, b)
}

/// Returns `A⁻¹·B`, of a matrix with these factors.
pub(crate) fn solve_with<S: Scalar>(factors: Factors<S::Real>, a: &[S], b: &[S]) -> Vec<S> {
    Solve { factors: Arc::new(factors), transposes: false }.apply(&[a, b].concat())
}

/// Returns the inverse of a square matrix.
///
/// With `Y = A⁻¹` the tangent is −Y·Ȧ·Y, and the adjoint of A is −Yᵀ·Ȳ·Yᵀ (Giles 2008, 2.2.3). Of a singular matrix
/// the inverse is NaN.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³ multiplications, and 2n³ for each order and lane; O(n²) on the tape | every entry of the inverse | a product with it: [`solve`] |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::inverse;
///
/// let (y, g) = gradient(|a| inverse(a)[1], &[2.0, 1.0, 0.0, 4.0]);
/// assert_eq!((y, g), (-0.125, vec![0.0625, -0.125, -0.015625, 0.03125]));
/// ```
#[track_caller]
pub fn inverse<S: Scalar>(a: &[S]) -> Vec<S> {
    let n = side("inverse", a.len());
    Inverse(Arc::new(Factors::of(values(a), n))).apply(a)
}

/// Returns `ln |det A|`, and the sign of the determinant: −1, 0 or 1.
///
/// It does not overflow. The gradient is A⁻ᵀ (Giles 2008, 2.2.4). A singular matrix has −∞, the sign 0, and slopes NaN.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³/3 multiplications, and n³ for each order; O(n²) on the tape | | the determinant itself, also where it is 0: [`det`] |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::ln_det;
///
/// assert_eq!(ln_det(&[0.0, 1e200, -1e200, 3.0]), (2.0 * 1e200_f64.ln(), 1.0));
/// assert_eq!(gradient(|a| ln_det(a).0, &[2.0, 0.0, 0.0, -4.0]), (8.0_f64.ln(), vec![0.5, 0.0, 0.0, -0.25]));
/// ```
#[track_caller]
pub fn ln_det<S: Scalar>(a: &[S]) -> (S, S::Real) {
    let n = side("ln_det", a.len());
    let factors = Arc::new(Factors::of(values(a), n));
    let sign = factors.sign();
    (LnDet(factors).apply(a)[0], sign)
}

/// Returns the determinant of a square matrix.
///
/// The gradient is the matrix of the cofactors, det A · A⁻ᵀ (Giles 2008, 2.2.4). Near and at singular matrices it comes
/// from an elimination with complete pivoting that divides by no small pivot, so the derivatives of all orders are
/// those of the polynomial.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³/3 multiplications, and n³ for each order; near singular matrices, O(n³) of memory during the sweep | a determinant that is a number | of large matrices: [`ln_det`] |
///
/// # Panics
///
/// When the matrix is not square.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::det;
///
/// assert_eq!(gradient(|a| det(a), &[1.0, 2.0, 2.0, 4.0]), (0.0, vec![4.0, -2.0, -2.0, 1.0]));
/// ```
#[track_caller]
pub fn det<S: Scalar>(a: &[S]) -> S {
    side("det", a.len());
    Det.apply(a)[0]
}

#[derive(Clone)]
struct Solve<R> {
    factors: Arc<Factors<R>>,
    /// Whether the equations have the transposed matrix.
    transposes: bool,
}

impl<R: Real> Solve<R> {
    fn entries(&self) -> usize {
        self.factors.n().pow(2)
    }
}

impl<R: Real> Block<R> for Solve<R> {
    fn value(&self, x: &[R]) -> Vec<R> {
        let (_, b) = x.split_at(self.entries());
        if self.transposes { self.factors.solve_transposed(b) } else { self.factors.solve(b) }
    }

    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let n = self.factors.n();
        let ((a, _), (of_a, of_b)) = (x.split_at(self.entries()), v.split_at(self.entries()));
        // A constant matrix has no part in the slopes, also where the solution is infinite.
        if of_a.iter().all(|a| a.is_identically_zero()) {
            return self.apply(&[a, of_b].concat());
        }
        let of_a = if self.transposes { &transposed(of_a, n)[..] } else { of_a };
        let moved = product(of_a, &transposed(y, y.len() / n.max(1)), n);
        let rest: Vec<S> = of_b.iter().zip(moved).map(|(&b, moved)| b - moved).collect();
        self.apply(&[a, &rest].concat())
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let a = &x[..self.entries()];
        let transpose = Solve { factors: self.factors.clone(), transposes: !self.transposes };
        let of_b = transpose.apply(&[a, u].concat());
        let (left, right) = if self.transposes { (y, &of_b[..]) } else { (&of_b[..], y) };
        let of_a = product(left, right, y.len() / self.factors.n().max(1));
        of_a.into_iter().map(|a| -a).chain(of_b.iter().copied()).collect()
    }
}

#[derive(Clone)]
struct Inverse<R>(Arc<Factors<R>>);

impl<R: Real> Block<R> for Inverse<R> {
    fn value(&self, _: &[R]) -> Vec<R> {
        let n = self.0.n();
        self.0.solve(&identity::<R>(n))
    }

    fn push_forward<S: Scalar<Real = R>>(&self, _: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let n = self.0.n();
        negated(product(&product(y, &transposed(v, n), n), &transposed(y, n), n))
    }

    fn pull_back<S: Scalar<Real = R>>(&self, _: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let n = self.0.n();
        negated(product(&product(&transposed(y, n), &transposed(u, n), n), y, n))
    }
}

fn negated<S: Scalar>(a: Vec<S>) -> Vec<S> {
    a.into_iter().map(|a| -a).collect()
}

#[derive(Clone)]
struct LnDet<R>(Arc<Factors<R>>);

impl<R: Real> Block<R> for LnDet<R> {
    fn value(&self, _: &[R]) -> Vec<R> {
        vec![self.0.pivots().map(|pivot| Float::ln(Float::abs(pivot))).sum()]
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
        let slopes = transposed(&Inverse(self.0.clone()).apply(x), self.0.n());
        slopes.into_iter().map(|slope| slope * u[0]).collect()
    }
}

#[derive(Clone)]
struct Det;

impl<R: Real> Block<R> for Det {
    fn value(&self, x: &[R]) -> Vec<R> {
        vec![eliminated(x).det]
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
        // A smaller ratio would cost the product det A · A⁻ᵀ digits.
        let is_regular = eliminated(&values(x)).ratio > real::<R>(1e-3);
        let cofactors: Vec<S> = if is_regular {
            transposed(&inverse(x), x.len().isqrt()).into_iter().map(|slope| slope * y[0]).collect()
        } else {
            gradient(|x| eliminated(x).det, x).1
        };
        cofactors.into_iter().map(|slope| slope * u[0]).collect()
    }
}

struct Eliminated<S: Scalar> {
    det: S,
    /// The last pivot over the first, or 0 where the elimination stopped before.
    ratio: S::Real,
}

/// Eliminates with complete pivoting, as long as a pivot is more than a rounding error. The determinant of the rest is a
/// polynomial, without divisions.
fn eliminated<S: Scalar>(a: &[S]) -> Eliminated<S> {
    let n = a.len().isqrt();
    let mut rows: Vec<Vec<S>> = a.chunks(n.max(1)).map(<[S]>::to_vec).collect();
    let mut factors: Vec<S> = Vec::new();
    let mut is_odd = false;
    // The largest number that was subtracted: the rest is known up to its rounding error.
    let mut largest = S::Real::zero();
    while rows.len() > 1 {
        let last = rows.len() - 1;
        let size = |&(i, j): &(usize, usize)| Float::abs(rows[i][j].value());
        let places = (0..=last).flat_map(|i| (0..=last).map(move |j| (i, j)));
        let (i, j) =
            places.reduce(|best, place| if size(&place) > size(&best) { place } else { best }).unwrap_or((0, 0));
        if is_rounding(size(&(i, j)), n, largest) {
            break;
        }
        // The pivot goes to the last row and column.
        let mut pivot_row = rows.swap_remove(i);
        let pivot = pivot_row.swap_remove(j);
        for row in &mut rows {
            let factor = row.swap_remove(j) / pivot;
            for (x, &above) in row.iter_mut().zip(&pivot_row) {
                let subtracted = factor * above;
                *x -= subtracted;
                largest = Float::max(largest, Float::abs(subtracted.value()));
            }
        }
        is_odd ^= (i == last) != (j == last);
        factors.push(pivot);
    }
    let is_whole = rows.len() <= 1;
    factors.push(det_without_division(&rows.concat(), rows.len()));
    let size = |x: &S| Float::abs(x.value());
    let ratio = if is_whole { size(&factors[factors.len() - 1]) / size(&factors[0]) } else { S::Real::zero() };
    let det = balanced_product(&factors);
    Eliminated { det: if is_odd { -det } else { det }, ratio }
}

/// Returns the product of numbers that decrease, without an overflow that the whole product does not have.
fn balanced_product<S: Scalar>(mut factors: &[S]) -> S {
    let mut product = S::one();
    while let [first, middle @ .., last] = factors {
        let is_large = Float::abs(product.value()) > S::Real::one();
        product *= if is_large { *last } else { *first };
        factors = if is_large { &factors[..=middle.len()] } else { &factors[1..] };
    }
    factors.iter().fold(product, |product, &factor| product * factor)
}

/// Returns the determinant as a polynomial (Bird, *A simple division-free algorithm for computing determinants*, 2011).
fn det_without_division<S: Scalar>(a: &[S], n: usize) -> S {
    let Some(turns) = n.checked_sub(1) else { return S::one() };
    let columns = transposed(a, n);
    let mut power = a.to_vec();
    for _ in 0..turns {
        let mut upper: Vec<S> = filled(0.0, n * n);
        let mut below = S::zero();
        for i in (0..n).rev() {
            upper[i * n + i] = -below;
            upper[i * n + i + 1..(i + 1) * n].copy_from_slice(&power[i * n + i + 1..(i + 1) * n]);
            below += power[i * n + i];
        }
        power = (0..n * n).map(|k| dot(&upper[k / n * n..][..n], &columns[k % n * n..][..n])).collect();
    }
    if turns.is_multiple_of(2) { power[0] } else { -power[0] }
}

/// The factors of a matrix with its rows in another order: L below the diagonal, with ones on it, and U from the
/// diagonal upward (Golub & Van Loan, *Matrix Computations*, 3.4).
pub(crate) struct Factors<R> {
    lu: Vec<R>,
    /// For each row of the factors, the row of the matrix.
    rows: Vec<usize>,
    /// Whether an odd number of rows changed places.
    is_odd: bool,
    /// The first column without a pivot that is finite and not zero.
    pub(crate) singular_column: Option<usize>,
}

impl<R: Real> Factors<R> {
    /// Factors an n by n matrix.
    pub(crate) fn of(mut lu: Vec<R>, n: usize) -> Self {
        let mut rows: Vec<usize> = (0..n).collect();
        let (mut is_odd, mut singular_column) = (false, None);
        for k in 0..n {
            let size = |&i: &usize| Float::abs(lu[i * n + k]);
            let pivot = (k..n).reduce(|best, i| if size(&i) > size(&best) { i } else { best }).unwrap_or(k);
            if !Float::is_finite(lu[pivot * n + k]) || lu[pivot * n + k] == R::zero() {
                singular_column = Some(k);
                break;
            }
            let (above, below) = lu.split_at_mut((k + 1) * n);
            let pivot_row = &mut above[k * n..];
            if pivot != k {
                pivot_row.swap_with_slice(&mut below[(pivot - k - 1) * n..][..n]);
                rows.swap(k, pivot);
                is_odd = !is_odd;
            }
            for row in below.chunks_exact_mut(n) {
                let factor = row[k] / pivot_row[k];
                row[k] = factor;
                subtract(&mut row[k + 1..], factor, &pivot_row[k + 1..]);
            }
        }
        Factors { lu, rows, is_odd, singular_column }
    }

    fn n(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, i: usize) -> &[R] {
        &self.lu[i * self.n()..][..self.n()]
    }

    /// The diagonal of U. A singular matrix has the pivot 0, or NaN if it is not finite.
    fn pivots(&self) -> impl Iterator<Item = R> {
        let regular = self.singular_column.unwrap_or(self.n());
        let pivots = (0..regular).map(|i| self.row(i)[i]);
        let is_finite = self.lu.iter().all(|&x| Float::is_finite(x));
        let singular = if is_finite { R::zero() } else { R::nan() };
        pivots.chain(self.singular_column.map(move |_| singular))
    }

    fn sign(&self) -> R {
        let one = if self.is_odd { -R::one() } else { R::one() };
        self.pivots().fold(one, |sign, pivot| if pivot == R::zero() { pivot } else { sign * Float::signum(pivot) })
    }

    /// `A⁻¹·B`, or NaN of a singular matrix.
    pub(crate) fn solve<S: Scalar<Real = R>>(&self, b: &[S]) -> Vec<S> {
        let n = self.n();
        if self.singular_column.is_some() {
            return filled(f64::NAN, b.len());
        }
        let columns = b.len() / n.max(1);
        let mut solution = transposed(b, columns);
        for b in solution.chunks_exact_mut(n.max(1)) {
            let mut x: Vec<S> = self.rows.iter().map(|&row| b[row]).collect();
            for i in 1..n {
                x[i] = x[i] - weighted_sum(&x[..i], &self.row(i)[..i]);
            }
            for i in (0..n).rev() {
                x[i] = (x[i] - weighted_sum(&x[i + 1..], &self.row(i)[i + 1..])) / self.row(i)[i];
            }
            b.copy_from_slice(&x);
        }
        transposed(&solution, n)
    }

    /// `A⁻ᵀ·B`, or NaN of a singular matrix.
    pub(crate) fn solve_transposed<S: Scalar<Real = R>>(&self, b: &[S]) -> Vec<S> {
        let n = self.n();
        if self.singular_column.is_some() {
            return filled(f64::NAN, b.len());
        }
        let columns = b.len() / n.max(1);
        let mut solution = transposed(b, columns);
        for x in solution.chunks_exact_mut(n.max(1)) {
            let mut y = x.to_vec();
            for i in 0..n {
                y[i] /= self.row(i)[i];
                let factor = y[i];
                y[i + 1..].iter_mut().zip(&self.row(i)[i + 1..]).for_each(|(y, &u)| *y -= factor * u);
            }
            for i in (0..n).rev() {
                let factor = y[i];
                y[..i].iter_mut().zip(self.row(i)).for_each(|(y, &l)| *y -= factor * l);
            }
            self.rows.iter().zip(y).for_each(|(&row, y)| x[row] = y);
        }
        transposed(&solution, n)
    }
}
