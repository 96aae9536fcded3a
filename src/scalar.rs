//! The trait that generic code is written over, and its plain instances.
//!
//! A function `fn f<S: Scalar>(x: S) -> S` has as many readings as there are
//! implementations: `f64` and `f32` evaluate it,
//! [`Dual`] differentiates it forward, [`Taylor`](crate::Taylor) to higher order,
//! [`Var`](crate::Var) records it and differentiates it in reverse, and every
//! nesting of these is a scalar again.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::iter::{Product, Sum};
use std::mem::ManuallyDrop;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};
use std::thread::AccessError;

use approx::{RelativeEq, UlpsEq};
use num_traits::{Float, FloatConst, One, Zero};

use crate::forward::Dual;
use crate::reverse::{Slot, registered_slot};
use crate::scalar::rules::elementary_functions;
use crate::tools::custom::{Block, Rule};
use crate::verbs::FEW_LANES;
use crate::verbs::LANES;
use crate::verbs::function::{Function, Outputs};

pub(crate) mod dense;
pub(crate) mod ecosystem;
pub(crate) mod operators;
pub(crate) mod rules;
pub(crate) mod softmax;
pub(crate) mod special;
pub(crate) mod sums;
pub(crate) mod zero;

/// The four operations, the remainder and their assigning forms with a
/// right-hand side of type `Rhs`.
///
/// It is implemented for every type that has the operators, and only
/// shortens the list of supertraits of [`Scalar`].
pub trait Arithmetic<Rhs>:
    Sized
    + Add<Rhs, Output = Self>
    + Sub<Rhs, Output = Self>
    + Mul<Rhs, Output = Self>
    + Div<Rhs, Output = Self>
    + Rem<Rhs, Output = Self>
    + AddAssign<Rhs>
    + SubAssign<Rhs>
    + MulAssign<Rhs>
    + DivAssign<Rhs>
    + RemAssign<Rhs>
{
}

impl<Rhs, S> Arithmetic<Rhs> for S where
    S: Add<Rhs, Output = S>
        + Sub<Rhs, Output = S>
        + Mul<Rhs, Output = S>
        + Div<Rhs, Output = S>
        + Rem<Rhs, Output = S>
        + AddAssign<Rhs>
        + SubAssign<Rhs>
        + MulAssign<Rhs>
        + DivAssign<Rhs>
        + RemAssign<Rhs>
{
}

/// The programs in the documentation of the elementary functions.
macro_rules! unary_example {
    ($name:ident($($sample:expr),*), $low:expr, $high:expr) => {
        concat!(
            "\n```\nuse dualtape::{Scalar, derivative, gradient};\n\nfor x in [", stringify!($low), ", ", stringify!($high),
            "_f64] {\n    let (y, slope) = derivative(|x| x.", stringify!($name), "(", stringify!($($sample),*),
            "), x);\n    assert_eq!(y, Scalar::", stringify!($name), "(x", $(", ", stringify!($sample),)*
            "));\n    assert_eq!(gradient(|x| x[0].", stringify!($name), "(", stringify!($($sample),*),
            "), &[x]), (y, vec![slope]));\n}\n```"
        )
    };
}

macro_rules! binary_example {
    ($name:ident, $low:expr, $high:expr) => {
        concat!(
            "\n```\nuse dualtape::{Scalar, gradient, gradient_forward};\n\nlet point = [",
            stringify!($low),
            ", ",
            stringify!($high),
            "_f64];\nlet (y, slopes) = gradient(|x| x[0].",
            stringify!($name),
            "(x[1]), &point);\nassert_eq!(y, Scalar::",
            stringify!($name),
            "(point[0], point[1]));\nassert_eq!(gradient_forward(|x| x[0].",
            stringify!($name),
            "(x[1]), &point), (y, slopes));\n```"
        )
    };
}

macro_rules! declare_functions {
    (
        [] unary { $($(#[$doc:meta])* $name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in ($low:expr, $high:expr);)* }
        binary { $($(#[$doc2:meta])* $name2:ident($other:ident) $from2:ident in ($low2:expr, $high2:expr);)* }
    ) => {
        /// A number that code can be generic over: `f64`, `f32`, [`Dual`], [`Taylor`](crate::Taylor),
        /// [`Var`](crate::Var), and every nesting of them.
        ///
        /// Arithmetic works with `Self`, with `&Self` and with plain numbers of
        /// type [`Real`](Scalar::Real), so that `x * 2.0 + 1.0` compiles under
        /// `S: Scalar<Real = f64>`. Equality and order compare
        /// [values](Scalar::value) only, so control flow is that of the plain
        /// numbers.
        ///
        /// The value of every function is that of the plain function, bit for
        /// bit, at every nesting; derivatives follow the crate's conventions at
        /// kinks and at the ends of domains.
        ///
        /// ```
        /// use dualtape::{Scalar, derivative};
        ///
        /// fn f<S: Scalar<Real = f64>>(x: S) -> S {
        ///     x.powi(3) * 2.0 + x.tanh() - 1.0
        /// }
        ///
        /// assert_eq!(f(0.0), -1.0);
        /// assert_eq!(derivative(f, 0.0), (-1.0, 1.0));
        /// ```
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a dualtape scalar",
            label = "expected `f64`, `f32`, `Dual<T, N>`, `Taylor<T, K>` or `Var<T>`",
            note = "write plain numbers as floats (`2.0`, not `2`), and make functions generic: `fn f<S: Scalar<Real = f64>>(x: S) -> S`"
        )]
        pub trait Scalar:
            Copy + Send + Sync + 'static
            + Debug + Display
            + PartialOrd + PartialOrd<<Self as Scalar>::Real>
            + Neg<Output = Self>
            + Arithmetic<Self> + Arithmetic<<Self as Scalar>::Real> + for<'a> Arithmetic<&'a Self>
            + Sum + for<'a> Sum<&'a Self> + Product + for<'a> Product<&'a Self>
            + Zero + One
        {
            /// The plain number at the bottom of the nesting: `f64` or `f32`.
            type Real: Real;

            /// A constant: the number `x` with derivative zero.
            ///
            /// ```
            /// use dualtape::{Dual, Scalar};
            ///
            /// assert_eq!(Dual::<f64>::from_real(2.0).partials, [0.0]);
            /// ```
            fn from_real(x: Self::Real) -> Self;

            /// A constant from an `f64`, rounded to [`Real`](Scalar::Real).
            ///
            /// ```
            /// use dualtape::Scalar;
            ///
            /// assert_eq!(<f32 as Scalar>::from_f64(0.1), 0.1_f32);
            /// ```
            fn from_f64(x: f64) -> Self {
                Self::from_real(<Self::Real as num_traits::NumCast>::from(x).expect("every f64 has a nearest float"))
            }

            /// The plain value, without derivatives.
            ///
            /// ```
            /// use dualtape::{Dual, Scalar};
            ///
            /// assert_eq!(Dual::variable(Dual::<f64>::variable(2.0)).value(), 2.0);
            /// ```
            fn value(self) -> Self::Real;

            /// Whether this is the constant zero: its value and everything that is
            /// known of its derivatives is zero, and it depends on no variable.
            ///
            /// Such a factor may be dropped from a sum of products, which is how a
            /// variable that does not matter gets derivative exactly 0 even beside
            /// an infinite slope.
            ///
            /// ```
            /// use dualtape::{Dual, Scalar};
            ///
            /// assert!(Dual::<f64>::constant(0.0).is_identically_zero());
            /// assert!(!Dual::<f64>::variable(0.0).is_identically_zero());
            /// ```
            fn is_identically_zero(self) -> bool;

            /// Whether the value and all carried derivatives are finite.
            ///
            /// ```
            /// use dualtape::{Dual, Scalar};
            ///
            /// assert!(!Dual::<f64>::variable(0.0).sqrt().is_finite_throughout());
            /// ```
            fn is_finite_throughout(self) -> bool;

            /// The largest magnitude of the value and all carried derivatives; NaN when one is.
            #[doc(hidden)]
            fn magnitude(self) -> Self::Real {
                Float::abs(self.value())
            }

            /// A slope that is constant here and another one elsewhere, as that of `abs`: what
            /// traces dependence keeps it even where it is 0.
            #[doc(hidden)]
            fn locally_constant(slope: Self::Real) -> Self {
                Self::from_real(slope)
            }

            /// Whether both are finite throughout and neither is identically zero. It may say no of
            /// extreme numbers.
            #[doc(hidden)]
            #[inline(always)]
            fn are_ordinary(a: Self, b: Self) -> bool {
                [a, b].iter().all(|x| x.is_finite_throughout() && !x.is_identically_zero())
            }

            /// Whether operations are recorded, so that even a product with the constant
            /// zero is one, and is not the constant zero itself.
            #[doc(hidden)]
            const RECORDS: bool;

            /// How many orders of derivatives are carried: the levels of the nesting, of which a series is K.
            #[doc(hidden)]
            const ORDER: usize;

            /// The sine and the cosine.
            ///
            /// ```
            /// use dualtape::{Scalar, derivative};
            ///
            /// assert_eq!(derivative(|x| x.sin_cos().1, 0.0), (1.0, 0.0));
            /// ```
            fn sin_cos(self) -> (Self, Self) {
                (self.sin(), self.cos())
            }

            /// `self·a + b` with one rounding, as [`f64::mul_add`].
            ///
            /// ```
            /// use dualtape::{Scalar, gradient};
            ///
            /// assert_eq!(gradient(|x| x[0].mul_add(x[1], x[2]), &[2.0, 3.0, 4.0]), (10.0, vec![3.0, 2.0, 1.0]));
            /// ```
            fn mul_add(self, a: Self, b: Self) -> Self;

            /// `Σᵢ xᵢ` over a slice; see [`sum`](crate::sum), which calls it.
            ///
            /// ```
            /// use dualtape::Scalar;
            ///
            /// assert_eq!(Scalar::sum_slice(&[1.0, 2.0]), 3.0);
            /// ```
            fn sum_slice(xs: &[Self]) -> Self {
                crate::scalar::sums::plain_sum(xs)
            }

            /// `Σᵢ aᵢ bᵢ` over two slices; see [`dot`](crate::dot), which calls it.
            ///
            /// ```
            /// use dualtape::Scalar;
            ///
            /// assert_eq!(Scalar::dot_slice(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
            /// ```
            fn dot_slice(a: &[Self], b: &[Self]) -> Self {
                crate::scalar::sums::plain_dot(a, b)
            }

            /// `Σᵢ wᵢ xᵢ` over a slice; see [`weighted_sum`](crate::weighted_sum), which calls it.
            ///
            /// ```
            /// use dualtape::Scalar;
            ///
            /// assert_eq!(Scalar::weighted_sum_slice(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
            /// ```
            fn weighted_sum_slice(xs: &[Self], weights: &[Self::Real]) -> Self {
                let weights = &weights[..xs.len()];
                crate::scalar::sums::sum_of_pairs(xs, weights, |&x, &weight| x * weight)
            }

            /// Appends the outputs of a dense layer at a batch of rows; see [`dense`](crate::dense), which calls it.
            #[doc(hidden)]
            fn dense_slice<F: Function<Self::Real, Output = Self::Real>>(
                neurons: &[Self],
                inputs: &[Self],
                rows: usize,
                activation: &F,
                outputs: &mut Vec<Self>,
            ) {
                crate::scalar::dense::plain_dense(neurons, inputs, rows, activation, outputs);
            }

            /// `ln Σᵢ exp xᵢ` over a slice; see [`log_sum_exp`](crate::log_sum_exp), which calls it.
            ///
            /// ```
            /// use dualtape::Scalar;
            ///
            /// assert_eq!(Scalar::log_sum_exp_slice(&[5.0]), 5.0);
            /// ```
            fn log_sum_exp_slice(xs: &[Self]) -> Self;

            /// A function with its own derivatives; see [`Rule::apply`], which calls it.
            #[doc(hidden)]
            fn apply_rule<const N: usize>(rule: &impl Rule<N, Self::Real>, x: [Self; N]) -> Self;

            /// An operation on slices with its own pull-back; see [`Block::apply`], which calls it.
            #[doc(hidden)]
            fn apply_block(block: &impl Block<Self::Real>, x: &[Self]) -> Vec<Self>;

            /// `f(x)` as one statement for each output; see [`fuse`](crate::fuse()), which calls it.
            #[doc(hidden)]
            #[inline(always)]
            fn fused<F: Function<Self::Real>, const N: usize>(
                f: &F,
                x: [Self; N],
            ) -> <F::Output as Outputs<Self::Real>>::Of<Self> {
                f.eval(&x)
            }

            /// `f` at each element of some slices of one length as one block; see
            /// [`fuse_map`](crate::fuse_map), which calls it.
            #[doc(hidden)]
            fn fused_map<F, const N: usize, const M: usize>(f: &F, x: [&[Self]; N]) -> [Vec<Self>; M]
            where
                F: Function<Self::Real, Output = [Self::Real; M]>,
            {
                let n = x[0].len();
                let mut outputs = std::array::from_fn(|_| Vec::with_capacity(n));
                for i in 0..n {
                    outputs.iter_mut().zip(Self::fused(f, x.map(|x| x[i]))).for_each(|(y, value)| y.push(value));
                }
                outputs
            }

            /// Names the number in a [graph](crate::graph); every other reading returns it as it is.
            ///
            /// `format_args!("w{i}")` is a name that costs nothing where it is not used.
            ///
            /// ```
            /// use dualtape::{Scalar, graph::trace};
            ///
            /// let graph = trace(|x| (x[0].label("angle") * 2.0).sin(), &[0.5]);
            /// assert_eq!(graph.nodes()[0].label(), Some("angle"));
            /// assert_eq!(0.5.label("angle"), 0.5);
            /// ```
            #[inline(always)]
            fn label(self, name: impl Display) -> Self {
                let _ = name;
                self
            }

            /// Runs `inside`, whose operations are a group in a [graph](crate::graph), to be drawn in one
            /// frame or [folded](crate::graph::Graph::fold) into one node; every other reading just runs it.
            ///
            /// ```
            /// use dualtape::{Scalar, graph::trace};
            ///
            /// fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            ///     S::group("square", || x[0] * x[0]) + 1.0
            /// }
            ///
            /// assert_eq!(trace(f, &[3.0]).groups().collect::<Vec<_>>(), ["square"]);
            /// ```
            #[inline(always)]
            fn group<Out>(name: impl Display, inside: impl FnOnce() -> Out) -> Out {
                let _ = name;
                inside()
            }

            /// Lends this thread's recording tape of variables over `Self`.
            #[doc(hidden)]
            fn with_slot<Out>(lend: impl FnOnce(&Slot<Self>) -> Out) -> Result<Out, AccessError> {
                registered_slot(lend)
            }

            /// Lends this thread's recording tape of variables over dual numbers of `Self`.
            #[doc(hidden)]
            #[inline(always)]
            fn with_dual_slot<const N: usize, Out>(
                lend: impl FnOnce(&Slot<Dual<Self, N>>) -> Out,
            ) -> Result<Out, AccessError> {
                registered_slot(lend)
            }

            $(
                $(#[$doc])*
                #[doc = unary_example!($name($($sample),*), $low, $high)]
                fn $name(self $(, $p: $t)*) -> Self;
            )*
            $(
                $(#[$doc2])*
                #[doc = binary_example!($name2, $low2, $high2)]
                fn $name2(self, $other: Self) -> Self;
            )*
        }
    };
}
elementary_functions!(declare_functions);

/// A plain floating-point number: `f64` or `f32`.
///
/// ```
/// use dualtape::{Real, Scalar, gradient};
///
/// // Generic in the precision as well as in the reading.
/// fn product<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
///     x[0] * x[1]
/// }
///
/// assert_eq!(gradient(product, &[2.0_f32, 3.0]), (6.0, vec![3.0, 2.0]));
/// assert_eq!(gradient(product, &[2.0_f64, 3.0]), (6.0, vec![3.0, 2.0]));
/// ```
pub trait Real: Scalar<Real = Self> + Float + FloatConst + RelativeEq<Epsilon = Self> + UlpsEq {}

impl Real for f64 {}
impl Real for f32 {}

macro_rules! plain_function {
    (std $real:ident $name:ident ($self:ident $(, $p:ident)*)) => { <$real>::$name($self $(, $p)*) };
    (special $real:ident $name:ident ($self:ident $(, $p:ident)*)) => {
        special::$name($self.into() $(, $p.into())*) as $real
    };
}

macro_rules! plain_functions {
    (
        [$real:ident] unary { $($(#[$doc:meta])* $name:ident($($p:ident: $t:ty = $sample:expr),*) $from:ident in $domain:expr;)* }
        binary { $($(#[$doc2:meta])* $name2:ident($other:ident) $from2:ident in $domain2:expr;)* }
    ) => {
        $(#[inline] fn $name(self $(, $p: $t)*) -> Self { plain_function!($from $real $name (self $(, $p)*)) })*
        $(#[inline] fn $name2(self, $other: Self) -> Self { plain_function!($from2 $real $name2 (self, $other)) })*
    };
}

macro_rules! plain_scalar {
    ($real:ident) => {
        impl Scalar for $real {
            type Real = $real;

            const RECORDS: bool = false;

            const ORDER: usize = 0;

            #[inline]
            fn from_real(x: $real) -> $real {
                x
            }

            #[inline]
            fn from_f64(x: f64) -> $real {
                x as $real
            }

            #[inline]
            fn value(self) -> $real {
                self
            }

            #[inline]
            fn is_identically_zero(self) -> bool {
                self == 0.0
            }

            #[inline]
            fn is_finite_throughout(self) -> bool {
                self.is_finite()
            }

            /// One comparison: without the sign, zero is the least of all bits and those of
            /// infinity and NaN are the largest.
            #[inline(always)]
            fn are_ordinary(a: $real, b: $real) -> bool {
                ((a * b).to_bits() << 1).wrapping_sub(1) < (<$real>::INFINITY.to_bits() << 1) - 1
            }

            #[inline]
            fn sin_cos(self) -> ($real, $real) {
                <$real>::sin_cos(self)
            }

            #[inline]
            fn mul_add(self, a: $real, b: $real) -> $real {
                <$real>::mul_add(self, a, b)
            }

            fn log_sum_exp_slice(xs: &[$real]) -> $real {
                crate::scalar::softmax::plain_log_sum_exp(xs)
            }

            fn apply_rule<const N: usize>(rule: &impl Rule<N, $real>, x: [$real; N]) -> $real {
                rule.value(x)
            }

            fn apply_block(block: &impl Block<$real>, x: &[$real]) -> Vec<$real> {
                block.value(x)
            }

            #[inline(always)]
            fn with_slot<Out>(lend: impl FnOnce(&Slot<$real>) -> Out) -> Result<Out, AccessError> {
                thread_local! {
                    static SLOT: ManuallyDrop<Slot<$real>> =
                        const { ManuallyDrop::new(Slot::new()) };
                }
                SLOT.try_with(|slot| lend(slot))
            }

            #[inline(always)]
            fn with_dual_slot<const N: usize, Out>(
                lend: impl FnOnce(&Slot<Dual<$real, N>>) -> Out,
            ) -> Result<Out, AccessError> {
                // The lanes that the verbs use have slots of their own; the
                // compiler resolves the casts.
                thread_local! {
                    static ONE: ManuallyDrop<Slot<Dual<$real, 1>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                    static FEW: ManuallyDrop<Slot<Dual<$real, FEW_LANES>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                    static MANY: ManuallyDrop<Slot<Dual<$real, LANES>>> =
                        const { ManuallyDrop::new(Slot::new()) };
                }
                const SAME: &str = "the number of lanes is the same";
                match N {
                    1 => ONE.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    FEW_LANES => FEW.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    LANES => MANY.try_with(|slot| lend((&**slot as &dyn Any).downcast_ref().expect(SAME))),
                    _ => registered_slot(lend),
                }
            }

            elementary_functions!(plain_functions $real);
        }
    };
}

plain_scalar!(f64);
plain_scalar!(f32);
