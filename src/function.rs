//! Functions as values that can be read in every scalar.

use crate::{Real, Scalar};

/// A function of several inputs that is generic in the scalar.
///
/// Rust's closures cannot be generic, so a tool that needs one function in
/// several readings takes a value of this trait. [`function!`](macro@crate::function)
/// makes one of a generic `fn`; a type with parameters of its own implements it.
///
/// ```
/// use dualtape::{Function, Scalar, check};
///
/// struct Quadratic {
///     scale: f64,
/// }
///
/// impl Function for Quadratic {
///     fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
///         x[0] * x[0] * self.scale
///     }
/// }
///
/// check(&Quadratic { scale: 3.0 }, &[2.0]).assert_agreement();
/// ```
pub trait Function<R: Real = f64> {
    /// The function, in any scalar over `R`.
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S;
}

/// Makes a [`Function`] of a generic `fn(&[S]) -> S`, over `f64` unless another
/// plain number is named first.
///
/// ```
/// use dualtape::{Function, Real, Scalar, function};
///
/// fn product<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
///     x[0] * x[1]
/// }
///
/// assert_eq!(function!(product).eval(&[2.0, 3.0]), 6.0);
/// assert_eq!(function!(f32, product).eval(&[2.0_f32, 3.0]), 6.0);
/// ```
#[macro_export]
macro_rules! function {
    ($function:path) => {
        $crate::function!(f64, $function)
    };
    ($real:ty, $function:path) => {{
        struct Value;
        impl $crate::Function<$real> for Value {
            fn eval<S: $crate::Scalar<Real = $real>>(&self, x: &[S]) -> S {
                $function(x)
            }
        }
        Value
    }};
}
