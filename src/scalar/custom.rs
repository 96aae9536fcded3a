//! Operations with custom derivatives.
//!
//! A [`Rule`] is a function of a few numbers with its partial derivatives, a [`Block`] a function from slice to slice
//! with its pull-back. Every reading follows from either. The crate asks for the value at plain numbers only, so it may
//! come from anywhere. The derivatives are generic code, so they are differentiated again for higher orders.

use num_traits::Zero;

use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar};

/// A function of `N` numbers with custom partial derivatives.
///
/// The value is computed with plain numbers, by any means: a table, a series, a solver, a library in another language.
/// The partial derivatives are generic in the scalar, which makes all higher derivatives right.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | [`value`](Rule::value) once, [`partials`](Rule::partials) for each order | partial derivatives by hand | code over [`Scalar`]: none is needed; slices: [`Block`] |
///
/// # A special function
///
/// Lambert's W, the inverse of `w·eʷ`, by Newton's method. Its derivative is `W/(x·(1 + W))`, written here in a form
/// that is right at 0.
///
/// ```
/// use dualtape::{Rule, Scalar, derivative, gradient};
///
/// struct LambertW;
///
/// impl Rule<1> for LambertW {
///     fn value(&self, [x]: [f64; 1]) -> f64 {
///         let mut w = x.ln_1p();
///         for _ in 0..20 {
///             w -= (w * w.exp() - x) / (w.exp() * (1.0 + w));
///         }
///         w
///     }
///
///     fn partials<S: Scalar<Real = f64>>(&self, _: [S; 1], w: S) -> [S; 1] {
///         [(-w).exp() / (w + 1.0)]
///     }
/// }
///
/// let e = std::f64::consts::E;
/// let (w, g) = gradient(|x| LambertW.apply([x[0]]), &[e]);
/// assert_eq!(w, 1.0);
/// assert_eq!(g, [0.5 / e]);
/// let (_, curvature) = derivative(|x| derivative(|x| LambertW.apply([x]), x).1, 0.0);
/// assert_eq!(curvature, -2.0);
/// ```
///
/// # An implicitly defined root
///
/// The angle `E` of Kepler's equation `E − e·sin E = M`. However the value is found, the implicit function theorem
/// gives `∂E/∂M = 1/(1 − e·cos E)` and `∂E/∂e = sin E·∂E/∂M`. ([`root`](crate::implicit::root) does this for systems.)
///
/// ```
/// use dualtape::{Rule, Scalar, hessian};
///
/// struct Kepler;
///
/// impl Rule<2> for Kepler {
///     fn value(&self, [m, e]: [f64; 2]) -> f64 {
///         (0..60).fold(m, |angle, _| m + e * angle.sin())
///     }
///
///     fn partials<S: Scalar<Real = f64>>(&self, [_, e]: [S; 2], angle: S) -> [S; 2] {
///         let by_m = (-e * angle.cos() + 1.0).recip();
///         [by_m, angle.sin() * by_m]
///     }
/// }
///
/// let (angle, g, h) = hessian(|x| Kepler.apply([x[0], x[1]]), &[1.0, 0.25]);
/// assert!((angle - 0.25 * angle.sin() - 1.0).abs() < 1e-15);
/// assert_eq!(g[0], 1.0 / (1.0 - 0.25 * angle.cos()));
/// assert_eq!(h[0][0], -0.25 * angle.sin() * g[0].powi(3));
/// ```
#[doc(alias = "custom_jvp")]
#[doc(alias = "custom_vjp")]
pub trait Rule<const N: usize, R: Real = f64> {
    /// Returns the value, at plain numbers.
    fn value(&self, x: [R; N]) -> R;

    /// Returns the partial derivatives at `x`, where the value is `y`.
    ///
    /// Use [`apply`](Rule::apply), of this or another rule, for parts that are rules themselves, and [`plain`] for
    /// parts that are known as plain numbers only.
    fn partials<S: Scalar<Real = R>>(&self, x: [S; N], y: S) -> [S; N];

    /// Evaluates the function, in any scalar.
    ///
    /// It costs one call of [`value`](Rule::value), and one of [`partials`](Rule::partials) for each order of
    /// differentiation. On a tape it is one statement.
    #[track_caller]
    fn apply<S: Scalar<Real = R>>(&self, x: [S; N]) -> S
    where
        Self: Sized,
    {
        S::apply_rule(self, x)
    }
}

/// Returns a plain number as such, for a part of a rule that is known at plain numbers only.
///
/// Where this part would have to be differentiated itself, `plain` panics. So it never passes for a constant.
///
/// # Panics
///
/// When the scalar is not `f64` or `f32`.
///
/// ```
/// use dualtape::{Rule, Scalar, derivative, plain};
/// /// A function whose value and slope come from a program in another language.
/// struct Foreign;
///
/// impl Rule<1> for Foreign {
///     fn value(&self, [x]: [f64; 1]) -> f64 {
///         x * x
///     }
///
///     fn partials<S: Scalar<Real = f64>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
///         [S::from_real(2.0 * plain(x))]
///     }
/// }
///
/// assert_eq!(derivative(|x| Foreign.apply([x]), 3.0), (9.0, 6.0));
/// let second = || derivative(|x| derivative(|x| Foreign.apply([x]), x).1, 3.0);
/// assert!(std::panic::catch_unwind(second).is_err());
/// ```
#[track_caller]
pub fn plain<S: Scalar>(x: S) -> S::Real {
    assert!(
        std::any::TypeId::of::<S>() == std::any::TypeId::of::<S::Real>(),
        "plain: the number is a {}, which carries derivatives, and the rule that uses it knows it as a plain number \
         only: write this part of the rule in the scalar `S` to differentiate it once more",
        std::any::type_name::<S>()
    );
    x.value()
}

/// An operation from slice to slice with a custom pull-back.
///
/// On a tape it is one statement, whatever happens inside. The tape keeps a clone of it, so its data should be cheap to
/// clone (an `Arc` of a large matrix).
///
/// The methods may branch on values. So a [sparse derivative](crate::sparse) does not look into them: every output depends
/// on all inputs, and bends in every pair of them. Where inputs do not meet, several small blocks keep the Hessian sparse.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | [`value`](Block::value) once, a [`push_forward`](Block::push_forward) for each lane or a [`pull_back`](Block::pull_back) for each sweep | the inputs and outputs, kept on the tape | a few numbers to one: [`Rule`] |
///
/// # A linear solve
///
/// `y = A⁻¹x` for a tridiagonal A. The adjoint of the right-hand side solves the transposed
/// system.
///
/// ```
/// use dualtape::{Block, Scalar, gradient, gradient_forward};
///
/// #[derive(Clone)]
/// struct Tridiagonal {
///     below: f64,
///     above: f64,
/// }
///
/// impl Tridiagonal {
///     /// Solves with 4 on the diagonal (Thomas).
///     fn solve<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
///         let mut y = x.to_vec();
///         let mut diagonal = vec![4.0; x.len()];
///         for i in 1..x.len() {
///             let factor = self.below / diagonal[i - 1];
///             diagonal[i] -= factor * self.above;
///             y[i] = y[i] - y[i - 1] * factor;
///         }
///         for i in (0..x.len()).rev() {
///             let next = if i + 1 < x.len() { y[i + 1] * self.above } else { S::zero() };
///             y[i] = (y[i] - next) / diagonal[i];
///         }
///         y
///     }
/// }
///
/// impl Block for Tridiagonal {
///     fn value(&self, x: &[f64]) -> Vec<f64> {
///         self.solve(x)
///     }
///
///     fn push_forward<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], v: &[S]) -> Vec<S> {
///         self.solve(v)
///     }
///
///     fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
///         Tridiagonal { below: self.above, above: self.below }.solve(u)
///     }
/// }
///
/// let solve = Tridiagonal { below: 1.0, above: -1.0 };
/// let point = [1.0, 2.0, 3.0];
/// let (y, reverse) = gradient(|x| solve.apply(x)[2].exp(), &point);
/// assert_eq!(y, solve.solve(&point)[2].exp());
/// let (_, forward) = gradient_forward(|x| solve.apply(x)[2].exp(), &point);
/// assert!(reverse.iter().zip(&forward).all(|(a, b)| (a - b).abs() < 1e-15));
/// ```
#[doc(alias = "custom_vjp")]
pub trait Block<R: Real = f64>: Clone + 'static {
    /// Returns the outputs, at plain numbers.
    fn value(&self, x: &[R]) -> Vec<R>;

    /// Returns `uᵀ·J` at the inputs `x`, where the outputs are `y`: one number for each input.
    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S>;

    /// Returns `J·v` at the inputs `x`, where the outputs are `y`: one number for each output. The provided method
    /// pulls back from every output.
    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
        let unit = |i| (0..y.len()).map(|j| if i == j { S::one() } else { S::zero() }).collect::<Vec<S>>();
        (0..y.len()).map(|i| dot(&self.pull_back(x, y, &unit(i)), v)).collect()
    }

    /// Evaluates the operation, in any scalar.
    ///
    /// It costs one call of [`value`](Block::value); in forward mode a [`push_forward`](Block::push_forward) for every
    /// lane, and in reverse mode a [`pull_back`](Block::pull_back) for every sweep.
    ///
    /// # Panics
    ///
    /// When a method returns another number of elements than it should.
    #[track_caller]
    fn apply<S: Scalar<Real = R>>(&self, x: &[S]) -> Vec<S> {
        S::apply_block(self, x)
    }
}

#[track_caller]
pub(crate) fn pulled_back<S: Scalar>(block: &impl Block<S::Real>, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
    let adjoints = block.pull_back(x, y, u);
    assert_elements("pull_back", adjoints.len(), "inputs", x.len());
    from_all(adjoints, [x, u])
}

#[track_caller]
pub(crate) fn pushed_forward<S: Scalar>(block: &impl Block<S::Real>, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
    let tangents = block.push_forward(x, y, v);
    assert_elements("push_forward", tangents.len(), "outputs", y.len());
    from_all(tangents, [x, v])
}

/// Returns what a block returned, and tells a reading that traces dependence that each number is from all that the block
/// was given. The block may branch, and leave out what is zero here and not elsewhere.
fn from_all<S: Scalar>(mut returned: Vec<S>, given: [&[S]; 2]) -> Vec<S> {
    let traces = !S::locally_constant(S::Real::zero()).is_identically_zero();
    if traces {
        let all = given.into_iter().flatten().fold(S::zero(), |all, &x| Unseen.apply([all, x]));
        returned.iter_mut().for_each(|number| *number += all);
    }
    returned
}

/// A function that is −0, which leaves every number as it is in a sum. A trace does not see that, nor that its derivatives
/// of all orders are zero.
struct Unseen;

impl<R: Real> Rule<2, R> for Unseen {
    fn value(&self, _: [R; 2]) -> R {
        -R::zero()
    }

    fn partials<S: Scalar<Real = R>>(&self, x: [S; 2], _: S) -> [S; 2] {
        [self.apply(x); 2]
    }
}

#[track_caller]
fn assert_elements(method: &str, given: usize, of: &str, wanted: usize) {
    assert_eq!(given, wanted, "{method}: a block of {wanted} {of} returned {given} elements; return one for each");
}
