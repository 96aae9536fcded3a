//! Derivatives of solutions that the caller has found.
//!
//! Where `g(x, p) = 0` defines x, the implicit function theorem gives
//!
//! ```text
//!     dx/dp = −(∂g/∂x)⁻¹ · ∂g/∂p
//! ```
//!
//! so no solver is ever differentiated: the caller's solver works in plain numbers and may iterate,
//! look up or guess. Only [`solve`] solves by itself.
//! One step of Newton's method from the solution, with the plain Jacobian at the solution and the
//! residual in the scalar of p, has exactly this derivative. Each further step makes one more
//! order of derivatives right, and the functions make as many steps as the scalar has orders. (Griewank & Walther 2008,
//! chapter 15; Blondel et al., *Efficient and Modular Implicit Differentiation*, 2022.)
//!
//! | call | x solves | its Jacobian costs |
//! |---|---|---|
//! | [`root`] | `g(x, p) = 0` | n/8 passes of 8 lanes over g |
//! | [`fixed_point`] | `x = φ(x, p)` | n/8 passes of 8 lanes over φ |
//! | [`argmin`] | `∇ₓf(x, p) = 0` | n/8 times a gradient in 8 lanes |
//! | [`argmin_within`] | the same, between bounds | the same of the unknowns that are free |
//! | [`solve`] | `A·x = b` | nothing |
//!
//! Each factors an n × n matrix once, evaluates the residual once in the scalar of p, and
//! solves with the factors: once in forward mode for each lane, once in reverse mode for each
//! sweep.

use std::ops::RangeInclusive;
use std::sync::Arc;

use num_traits::Float;

use crate::linalg::lu::{Factors, solve_with};
use crate::reverse::Var;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::function::{Parametric, constants, slice_of};
use crate::scalar::{Real, Scalar};
use crate::verbs::{gradient, jacobian};

/// Differentiates a root `x` of `g(x, p) = 0` that the caller has found: returns it as a function of `p`.
///
/// It does not search for the root; the value of the result is `x` itself.
///
/// A search that is differentiated itself gives a wrong number without a word: bisection compares p and has slope 0,
/// and so has a Newton loop that starts at the solution. Search in plain numbers, with [`value`](Scalar::value), and call this.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | ⌈n/8⌉ evaluations in 8 lanes, n³/3 multiplications, one evaluation in the scalar of p for each order | a solution to about full precision | a linear system: [`solve`]; one unknown with a known slope: [`Rule`] |
///
/// # Panics
///
/// When g does not have as many outputs as there are unknowns, when its Jacobian with respect
/// to x is singular, or when `x` is not a solution: a step of Newton's method from `x` goes
/// farther than the square root of the precision.
///
/// ```
/// use dualtape::implicit::root;
/// use dualtape::{Scalar, function, gradient};
///
/// // Where the circle of radius p₀ meets the line of slope p₁.
/// fn meeting<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
///     vec![x[0].powi(2) + x[1].powi(2) - p[0].powi(2), x[1] - p[1] * x[0]]
/// }
///
/// let g = function!(meeting: &[S], &[S] -> Vec<S>);
/// let (x, slopes) = gradient(|p| root(&g, &[3.0, 4.0], p)[0], &[5.0, 4.0 / 3.0]);
/// assert_eq!(x, 3.0);
/// assert!((slopes[0] - 0.6).abs() < 1e-15 && (slopes[1] + 1.44).abs() < 1e-15);
/// ```
///
/// After a search:
///
/// ```
/// use dualtape::implicit::root;
/// use dualtape::{Scalar, derivative, function};
///
/// /// √p by Newton's method, from 2.
/// fn newton<S: Scalar<Real = f64>>(p: S) -> S {
///     let mut x = S::from_f64(2.0);
///     while (x * x - p).value().abs() > 1e-12 {
///         x = (x + p / x) * 0.5;
///     }
///     x
/// }
///
/// fn square<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
///     vec![x[0] * x[0] - p[0]]
/// }
///
/// fn found<S: Scalar<Real = f64>>(p: S) -> S {
///     root(&function!(square: &[S], &[S] -> Vec<S>), &[newton(p.value())], &[p])[0]
/// }
///
/// assert_eq!(derivative(newton, 4.0).1, 0.0); // no step was made
/// assert_eq!(derivative(found, 4.0).1, 0.25);
/// ```
#[track_caller]
pub fn root<S: Scalar>(g: &impl Parametric<S::Real>, x: &[S::Real], p: &[S]) -> Vec<S> {
    if const { S::ORDER == 0 } {
        return constants(x);
    }
    let plain: Vec<S::Real> = p.iter().map(|p| p.value()).collect();
    refined(factors_at_root(g, x, &plain), x, |x| outputs(g, x, p))
}

/// Factors the Jacobian of `g(x, p)` with respect to x, and refuses an `x` that is no root.
#[track_caller]
fn factors_at_root<R: Real>(g: &impl Parametric<R>, x: &[R], p: &[R]) -> Factors<R> {
    let (residual, matrix) = jacobian(|x| outputs(g, x, &constants(p)), x);
    assert_eq!(
        residual.len(),
        x.len(),
        "root: the function has {} outputs for {} unknowns; it needs as many equations as unknowns",
        residual.len(),
        x.len()
    );
    let factors = regular(matrix.into_entries(), x.len());
    assert_solution(x, &factors.solve(&residual));
    factors
}

/// Differentiates a fixed point `x = φ(x, p)` that the caller has found: returns it as a function of `p`.
///
/// It does not iterate φ; the value of the result is `x` itself.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`root`] | a fixed point to about full precision | a loop that is stopped early: differentiate the loop, [`Checkpointed`](crate::Checkpointed) |
///
/// # Panics
///
/// As [`root`], of `φ(x, p) − x`.
///
/// ```
/// use dualtape::implicit::fixed_point;
/// use dualtape::{Scalar, function, gradient};
///
/// /// Heron's iteration for √p.
/// fn heron<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> [S; 1] {
///     [(x[0] + p[0] / x[0]) * 0.5]
/// }
///
/// let phi = function!(heron: &[S], &[S] -> [S; 1]);
/// assert_eq!(gradient(|p| fixed_point(&phi, &[3.0], p)[0], &[9.0]), (3.0, vec![1.0 / 6.0]));
/// ```
#[track_caller]
pub fn fixed_point<S: Scalar>(phi: &impl Parametric<S::Real>, x: &[S::Real], p: &[S]) -> Vec<S> {
    root(&Change(phi), x, p)
}

/// Differentiates a minimum `x` of `f(x, p)` that the caller has found: returns it as a function of `p`.
///
/// It does not minimize; the value of the result is `x` itself. A maximum or a saddle point is as
/// good: it is enough that f is stationary in x.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`root`], of the gradient | a minimum to about full precision, with a regular Hessian | derivatives of the least value: differentiate f itself at the minimum |
///
/// # Panics
///
/// As [`root`], of the gradient of f: its Jacobian is the Hessian, which must be regular.
///
/// ```
/// use dualtape::implicit::argmin;
/// use dualtape::{Scalar, dot, function, gradient};
///
/// /// Ridge regression of (1, 2, 3) on (1, 2, 4) with a penalty p.
/// fn ridge<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
///     let errors: Vec<S> = [(1.0, 1.0), (2.0, 2.0), (4.0, 3.0)].iter().map(|&(a, b)| x[0] * a - b).collect();
///     dot(&errors, &errors) + p[0] * x[0].powi(2)
/// }
///
/// // x = Σab/(Σa² + p), so dx/dp = −Σab/(Σa² + p)².
/// let f = function!(ridge: &[S], &[S] -> S);
/// let (_, slope) = gradient(|p| argmin(&f, &[17.0 / 22.0], p)[0], &[1.0]);
/// assert!((slope[0] + 17.0 / 22.0_f64.powi(2)).abs() < 1e-16);
/// ```
#[track_caller]
pub fn argmin<R: Real, S: Scalar<Real = R>>(f: &impl Parametric<R, Output = R>, x: &[R], p: &[S]) -> Vec<S> {
    root(&Stationary(f), x, p)
}

/// Differentiates a minimum `x` of `f(x, p)` between bounds that the caller has found: returns it as a function of `p`.
///
/// What lies at its bound stays there: it has derivative 0, and the other unknowns move as [`argmin`] says. Where the
/// slope of f is 0 at a bound too, the minimum is about to leave it; this is a kink, and the derivative is that of the
/// side on which it stays. An unknown without bounds has the range `f64::NEG_INFINITY..=f64::INFINITY`.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`argmin`], of the unknowns that are not at a bound | a minimum to about full precision, equal to the bound where it lies at one | no bounds: [`argmin`]; bounds that depend on p: unknowns that are scaled by them |
///
/// # Panics
///
/// As [`argmin`]; when there is not one range for each unknown, or `x` lies outside; and when `f` falls from a bound
/// inward, so that `x` is no minimum.
///
/// ```
/// use dualtape::implicit::argmin_within;
/// use dualtape::{Scalar, dot, function, gradient};
///
/// /// The squared distance of x from p, plus a term that couples the unknowns.
/// fn distance<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
///     let from_p = [x[0] - p[0], x[1] - p[1]];
///     dot(&from_p, &from_p) + x[0] * x[1]
/// }
///
/// // With x₀ ≤ 1 the minimum over p = (3, 2) is (1, 3/2), as 2(x₁ − p₁) + x₀ = 0.
/// let f = function!(distance: &[S], &[S] -> S);
/// let bounds = [0.0..=1.0, 0.0..=5.0];
/// let of = |i: usize| gradient(|p| argmin_within(&f, &[1.0, 1.5], &bounds, p)[i], &[3.0, 2.0]);
/// assert_eq!(of(0), (1.0, vec![0.0, 0.0])); // at its bound
/// assert_eq!(of(1), (1.5, vec![0.0, 1.0]));
/// ```
#[track_caller]
pub fn argmin_within<R: Real, S: Scalar<Real = R>>(
    f: &impl Parametric<R, Output = R>,
    x: &[R],
    bounds: &[RangeInclusive<R>],
    p: &[S],
) -> Vec<S> {
    assert_eq!(
        bounds.len(),
        x.len(),
        "argmin_within: {} ranges for {} unknowns; pass one for each",
        bounds.len(),
        x.len()
    );
    for (i, (x, range)) in x.iter().zip(bounds).enumerate() {
        assert!(
            range.contains(x),
            "argmin_within: x[{i}] is {x}, outside of {} ..= {}; pass a minimum within the bounds",
            range.start(),
            range.end()
        );
    }
    if const { S::ORDER == 0 } {
        return constants(x);
    }
    let plain: Vec<R> = p.iter().map(|p| p.value()).collect();
    let slopes = Stationary(f).eval(x, &plain);
    let (mut free, mut not_held) = (Vec::new(), Vec::new());
    for (i, (x, range)) in x.iter().zip(bounds).enumerate() {
        let rises_inward =
            (x == range.start() && slopes[i] >= R::zero()) || (x == range.end() && slopes[i] <= R::zero());
        if x != range.start() && x != range.end() {
            free.push(i);
        }
        if !rises_inward {
            not_held.push(i);
        }
    }
    let part = |unknowns| Part { of: Stationary(f), x, unknowns };
    if not_held.len() > free.len() {
        // From some bound f falls inward: by rounding alone, or x is no minimum.
        let part = part(&not_held[..]);
        factors_at_root(&part, &part.unknowns(), &plain);
    }
    let part = part(&free[..]);
    part.point(root(&part, &part.unknowns(), p))
}

/// Solves `A·x = b` and differentiates the solution: returns x, for the n × n matrix A in row-major order.
///
/// Unlike [`root`] it needs no solution that the caller has found.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | n³/3 multiplications, and n² for each order and lane | the matrix in memory | a matrix with structure: a [`Block`] of your own |
///
/// # Panics
///
/// When the length of `a` is not the square of the length of `b`, or A is singular.
///
/// ```
/// use dualtape::implicit::solve;
/// use dualtape::gradient;
///
/// // Of [a, b; b, a]·x = [1, 0], x₀ = a/(a² − b²).
/// let unit = [1.0.into(), 0.0.into()];
/// let (x, g) = gradient(|m| solve(&[m[0], m[1], m[1], m[0]], &unit)[0], &[2.0_f64, 1.0]);
/// assert!((x - 2.0 / 3.0).abs() < 1e-15);
/// assert!((g[0] + 5.0 / 9.0).abs() < 1e-15 && (g[1] - 4.0 / 9.0).abs() < 1e-15);
/// ```
#[track_caller]
pub fn solve<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    let n = b.len();
    assert_eq!(
        a.len(),
        n * n,
        "solve: the matrix has {} entries for a right-hand side of {n}; pass n·n, row by row",
        a.len()
    );
    solve_with(regular(a.iter().map(|a| a.value()).collect(), n), a, b)
}

/// Returns the factors of a regular matrix.
#[track_caller]
fn regular<R: Real>(matrix: Vec<R>, n: usize) -> Factors<R> {
    let factors = Factors::of(matrix, n);
    if let Some(column) = factors.singular_column {
        panic!(
            "the matrix of the linear equations is singular or not finite in column {column}: the solution has no \
             derivative there"
        );
    }
    factors
}

/// Makes steps of Newton's method at the solution `x`. They change no value, and each makes one
/// more order of derivatives right.
#[track_caller]
fn refined<S: Scalar>(factors: Factors<S::Real>, x: &[S::Real], residual: impl Fn(&[S]) -> Vec<S>) -> Vec<S> {
    let factors = Inverse(Arc::new(factors));
    (0..S::ORDER).fold(constants(x), |x: Vec<S>, _| {
        let errors: Vec<S> = residual(&x).into_iter().map(|r| Deviation.apply([r])).collect();
        x.iter().zip(factors.apply(&errors)).map(|(&x, step)| x - step).collect()
    })
}

/// Returns `r` minus its value, also where the value is infinite.
struct Deviation;

impl<R: Real> Rule<1, R> for Deviation {
    fn value(&self, _: [R; 1]) -> R {
        R::zero()
    }

    fn partials<S: Scalar<Real = R>>(&self, _: [S; 1], _: S) -> [S; 1] {
        [S::one()]
    }
}

fn outputs<S: Scalar, G: Parametric<S::Real>>(g: &G, x: &[S], p: &[S]) -> Vec<S> {
    slice_of::<G::Output, S::Real, S>(g.eval(x, p))
}

#[track_caller]
fn assert_solution<R: Real>(x: &[R], step: &[R]) {
    let largest = |x: &[R]| x.iter().fold(R::zero(), |largest, &x| Float::max(largest, Float::abs(x)));
    let (size, error) = (largest(x), largest(step));
    assert!(
        step.iter().all(|&s| Float::is_finite(s)) && error <= Float::sqrt(R::epsilon()) * (size + R::one()),
        "root: x is not a solution: Newton's method goes {:.1e} from it; pass a solution to about full precision",
        error.to_f64().unwrap_or(f64::NAN)
    );
}

/// `φ(x, p) − x`, which is zero at a fixed point.
struct Change<'a, F>(&'a F);

impl<R: Real, F: Parametric<R>> Parametric<R> for Change<'_, F> {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S], p: &[S]) -> Vec<S> {
        let next = outputs(self.0, x, p);
        assert_eq!(
            next.len(),
            x.len(),
            "fixed_point: the map has {} outputs for {} unknowns; it must return a point of the same space",
            next.len(),
            x.len()
        );
        next.into_iter().zip(x).map(|(next, &x)| next - x).collect()
    }
}

/// `∇ₓf(x, p)`, which is zero at a minimum.
struct Stationary<'a, F>(&'a F);

impl<R: Real, F: Parametric<R, Output = R>> Parametric<R> for Stationary<'_, F> {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S], p: &[S]) -> Vec<S> {
        let p: Vec<Var<S>> = p.iter().map(|&p| Var::constant(p)).collect();
        gradient(|x| self.0.eval(x, &p), x).1
    }
}

/// A square system of equations for some of the unknowns, with the same equations as unknowns; the others are constant.
struct Part<'a, F, R> {
    of: F,
    x: &'a [R],
    unknowns: &'a [usize],
}

impl<R: Real, F> Part<'_, F, R> {
    fn unknowns(&self) -> Vec<R> {
        self.unknowns.iter().map(|&i| self.x[i]).collect()
    }

    /// Returns all of x, with the unknowns in their places.
    fn point<S: Scalar<Real = R>>(&self, unknowns: impl IntoIterator<Item = S>) -> Vec<S> {
        let mut x = constants(self.x);
        self.unknowns.iter().zip(unknowns).for_each(|(&i, unknown)| x[i] = unknown);
        x
    }
}

impl<R: Real, F: Parametric<R>> Parametric<R> for Part<'_, F, R> {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S], p: &[S]) -> Vec<S> {
        let equations = outputs(&self.of, &self.point(x.iter().copied()), p);
        self.unknowns.iter().map(|&i| equations[i]).collect()
    }
}

/// Multiplies by the inverse of a plain matrix.
#[derive(Clone)]
struct Inverse<R>(Arc<Factors<R>>);

impl<R: Real> Block<R> for Inverse<R> {
    fn value(&self, x: &[R]) -> Vec<R> {
        self.0.solve(x)
    }

    fn push_forward<S: Scalar<Real = R>>(&self, _: &[S], _: &[S], v: &[S]) -> Vec<S> {
        self.0.solve(v)
    }

    fn pull_back<S: Scalar<Real = R>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        self.0.solve_transposed(u)
    }
}
