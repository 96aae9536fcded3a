//! Functions as values, for tools that need several readings of one function.
//!
//! Rust's closures cannot be generic, so such a tool takes a value of [`Function`], or of [`Parametric`] where the
//! inputs come in two slices. [`function!`](macro@crate::function) makes one of a generic `fn`; a type with data of its
//! own implements the trait.

use crate::scalar::{Real, Scalar};
use crate::verbs::Matrix;

/// The outputs of a function, as a type over plain numbers: `f64`, `Vec<f64>`, `[f64; M]`, and the same of `f32`.
///
/// ```
/// use dualtape::Outputs;
///
/// assert_eq!(<[f64; 2] as Outputs<f64>>::as_slice(&["a", "b"]), ["a", "b"]);
/// assert_eq!(<f64 as Outputs<f64>>::as_slice(&"a"), ["a"]);
/// ```
pub trait Outputs<R>: Sized {
    /// The same type over another scalar.
    type Of<S>;

    /// Whether the type is a number, and no collection.
    const IS_NUMBER: bool = false;

    /// Returns all outputs in order. A single one is a slice of length 1.
    fn as_slice<S>(y: &Self::Of<S>) -> &[S];

    /// Calls `change` on each output, in order.
    fn map<S, U>(y: Self::Of<S>, change: impl FnMut(S) -> U) -> Self::Of<U>;
}

impl<R: Real> Outputs<R> for R {
    type Of<S> = S;

    const IS_NUMBER: bool = true;

    fn as_slice<S>(y: &S) -> &[S] {
        std::slice::from_ref(y)
    }

    #[inline(always)]
    fn map<S, U>(y: S, mut change: impl FnMut(S) -> U) -> U {
        change(y)
    }
}

impl<R: Real> Outputs<R> for Vec<R> {
    type Of<S> = Vec<S>;

    fn as_slice<S>(y: &Vec<S>) -> &[S] {
        y
    }

    fn map<S, U>(y: Vec<S>, change: impl FnMut(S) -> U) -> Vec<U> {
        y.into_iter().map(change).collect()
    }
}

impl<R: Real, const M: usize> Outputs<R> for [R; M] {
    type Of<S> = [S; M];

    fn as_slice<S>(y: &[S; M]) -> &[S] {
        y
    }

    #[inline(always)]
    fn map<S, U>(y: [S; M], change: impl FnMut(S) -> U) -> [U; M] {
        y.map(change)
    }
}

/// A function of several inputs that is generic in the scalar.
///
/// ```
/// use dualtape::{Function, Scalar, check};
///
/// struct Quadratic {
///     scale: f64,
/// }
///
/// impl Function for Quadratic {
///     type Output = f64; // or Vec<f64>, or [f64; 3]
///
///     fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
///         x[0] * x[0] * self.scale
///     }
/// }
///
/// let f = Quadratic { scale: 3.0 };
/// assert_eq!(f.gradient(&[2.0]), (12.0, vec![12.0]));
/// check(&f, &[2.0]).assert_agreement();
/// ```
///
/// The methods choose the mode by the shape of the function:
///
/// | method | forward mode | else reverse mode |
/// |---|---|---|
/// | [`gradient`](Function::gradient) | up to 16 inputs | [`gradient`](crate::gradient()) |
/// | [`jacobian`](Function::jacobian) | up to 32 inputs, or twice as many as outputs | [`jacobian_reverse`](crate::jacobian_reverse) |
/// | [`hessian`](Function::hessian) | | forward over reverse, which is the faster for any number |
///
/// The number of inputs at which both modes cost the same depends on the function. Measured for a gradient, it is 48
/// for cheap arithmetic, 16 for sines and exponentials, and 8 for long [dot products](crate::dot), each one
/// statement on a tape. For a Jacobian of as many outputs as inputs it is 64, and with a quarter of the outputs 40.
/// Call a verb to choose the mode yourself.
///
/// # Forward mode in two attempts
///
/// Whoever holds a `Function` can evaluate it twice. So the forward methods first leave out the rule that a zero beats an
/// infinity (convention 12), which costs the numbers of a closure a test in every operation. Where a derivative is not
/// finite, or the function looks at one by [`magnitude`](Scalar::magnitude) and the like, they evaluate it again by the
/// rule. The result is that of [`gradient_forward`](crate::gradient_forward) and [`jacobian`](crate::jacobian()), to the last
/// digit, but a zero may have the other sign. What else the function does, it then does twice.
///
/// The pose of an arm by 4 by 4 matrices in 6 to 8 lanes takes 26 to 47 % less time than by a closure, a network with relu 44 %,
/// Rosenbrock's function of 64 inputs 11 %; a few operations on a few numbers gain nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Function`, a function of a slice that is generic in the number",
    label = "evaluated with several types of numbers, which a closure or a plain `fn` cannot be",
    note = "of a generic fn: `fn f<S: Scalar<Real = f64>>(x: &[S]) -> S`, pass `&function!(f)`",
    note = "of a closure: `&function!([k: f64, data: &[f64]] |x: &[S]| -> S {{ ... }})` with what it captures"
)]
pub trait Function<R: Real = f64> {
    /// The outputs, at plain numbers.
    type Output: Outputs<R>;

    /// Evaluates the function, in any scalar over `R`.
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> <Self::Output as Outputs<R>>::Of<S>;

    /// Returns `(f(x), ∇f(x))`, in the mode that suits the number of inputs.
    ///
    /// # Panics
    ///
    /// When the function uses a dual number or a variable that does not belong to this derivative; but numbers that it keeps
    /// from another evaluation, in a `dyn Any`, are [not noticed](crate#limits).
    ///
    /// ```
    /// use dualtape::{Function, Scalar, function};
    ///
    /// fn product<S: Scalar>(x: &[S]) -> S {
    ///     x.iter().product()
    /// }
    ///
    /// assert_eq!(function!(product).gradient(&[2.0, 3.0]), (6.0, vec![3.0, 2.0]));
    /// assert_eq!(function!(product).gradient(&[2.0; 20]).1, [2.0_f64.powi(19); 20]);
    /// ```
    #[track_caller]
    fn gradient<T: Scalar<Real = R>>(&self, x: &[T]) -> (T, Vec<T>)
    where
        Self: Function<R, Output = R>,
    {
        if x.len() <= FORWARD_GRADIENT { self.gradient_forward(x) } else { crate::verbs::gradient(|x| self.eval(x), x) }
    }

    /// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, in the mode that suits the numbers of inputs and outputs.
    ///
    /// # Panics
    ///
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use dualtape::{Function, Scalar, function};
    ///
    /// fn polar<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
    ///     [x.hypot(y), y.atan2(x)]
    /// }
    ///
    /// let (y, j) = function!(polar: [S; 2] -> [S; 2]).jacobian(&[0.0, 2.0]);
    /// assert_eq!(y, [2.0, std::f64::consts::FRAC_PI_2]);
    /// assert_eq!(j.rows().collect::<Vec<_>>(), [[0.0, 1.0], [-0.5, 0.0]]);
    /// ```
    #[track_caller]
    fn jacobian<T: Scalar<Real = R>>(&self, x: &[T]) -> (Vec<T>, Matrix<T>) {
        let forward = x.len() <= FORWARD_JACOBIAN || {
            let values: Vec<R> = x.iter().map(|x| x.value()).collect();
            x.len() <= FORWARD_INPUTS_PER_OUTPUT * Self::Output::as_slice(&self.eval(&values)).len()
        };
        if forward {
            self.jacobian_forward(x)
        } else {
            crate::verbs::jacobian_reverse(|x| slice_of::<Self::Output, _, _>(self.eval(x)), x)
        }
    }

    /// Returns `(f(x), ∇f(x))`, in forward mode with [`LANES`](crate::LANES) directions at once.
    ///
    /// ```
    /// use dualtape::{Function, function};
    ///
    /// let f = function!(|x: &[S]| -> S { x[0] * x[1] + x[2] });
    /// assert_eq!(f.gradient_forward(&[2.0, 3.0, 4.0]), (10.0, vec![3.0, 2.0, 1.0]));
    /// ```
    fn gradient_forward<T: Scalar<Real = R>>(&self, x: &[T]) -> (T, Vec<T>)
    where
        Self: Function<R, Output = R>,
    {
        crate::verbs::forward_gradient(self, x)
    }

    /// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, in forward mode with [`LANES`](crate::LANES) directions at once.
    ///
    /// ```
    /// use dualtape::{Function, function};
    ///
    /// let f = function!(|x: &[S]| -> [S; 2] { [x[0] * x[1], x[1]] });
    /// let (y, j) = f.jacobian_forward(&[2.0, 3.0]);
    /// assert_eq!((y, j.rows().collect::<Vec<_>>()), (vec![6.0, 3.0], vec![&[3.0, 2.0][..], &[0.0, 1.0]]));
    /// ```
    fn jacobian_forward<T: Scalar<Real = R>>(&self, x: &[T]) -> (Vec<T>, Matrix<T>) {
        crate::verbs::forward_jacobian(self, x)
    }

    /// Returns `(f(x), ∇f(x))` of a function of N numbers, in forward mode with a lane for each and without a heap
    /// allocation.
    ///
    /// It is [`gradient_array`](crate::gradient_array) in two attempts, as described above, and quicker.
    ///
    /// ```
    /// use dualtape::{Function, Scalar, function};
    ///
    /// fn f<S: Scalar>(&[x, y, z]: &[S; 3]) -> S {
    ///     x * y + z
    /// }
    ///
    /// assert_eq!(function!(f: &[S; 3] -> S).gradient_array(&[2.0, 3.0, 4.0]), (10.0, [3.0, 2.0, 1.0]));
    /// ```
    #[inline]
    fn gradient_array<T: Scalar<Real = R>, const N: usize>(&self, x: &[T; N]) -> (T, [T; N])
    where
        Self: Function<R, Output = R> + Sized,
    {
        let y = crate::verbs::forward_array(self, x);
        (y.primal, y.partials)
    }

    /// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ` of a function from N numbers to M, as
    /// [`gradient_array`](Function::gradient_array).
    ///
    /// ```
    /// use dualtape::{Function, Scalar, function};
    ///
    /// fn swap<S: Scalar>([x, y]: [S; 2]) -> [S; 2] {
    ///     [y, x]
    /// }
    ///
    /// let (y, j) = function!(swap: [S; 2] -> [S; 2]).jacobian_array(&[2.0, 3.0]);
    /// assert_eq!((y, j), ([3.0, 2.0], [[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    #[inline]
    fn jacobian_array<T: Scalar<Real = R>, const N: usize, const M: usize>(&self, x: &[T; N]) -> ([T; M], [[T; N]; M])
    where
        Self: Function<R, Output = [R; M]> + Sized,
    {
        let y = crate::verbs::forward_array(self, x);
        (y.map(|y| y.primal), y.map(|y| y.partials))
    }

    /// Returns `(f(x), ∇f(x), H)` with `H[i][j] = ∂²f/∂xᵢ∂xⱼ`, by [`hessian`](crate::verbs::hessian()).
    ///
    /// # Panics
    ///
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use dualtape::{Function, Scalar, function};
    ///
    /// fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0].powi(3) * x[1]
    /// }
    ///
    /// let (y, g, h) = function!(f).hessian(&[1.0, 2.0]);
    /// assert_eq!((y, g), (2.0, vec![6.0, 1.0]));
    /// assert_eq!(h.rows().collect::<Vec<_>>(), [[12.0, 3.0], [3.0, 0.0]]);
    /// ```
    #[track_caller]
    fn hessian<T: Scalar<Real = R>>(&self, x: &[T]) -> (T, Vec<T>, Matrix<T>)
    where
        Self: Function<R, Output = R>,
    {
        crate::verbs::hessian(|x| self.eval(x), x)
    }
}

/// Up to this number of inputs forward mode is the faster way to a gradient.
pub(crate) const FORWARD_GRADIENT: usize = 16;

/// Up to this number of inputs forward mode is the faster way to a Jacobian.
const FORWARD_JACOBIAN: usize = 32;

/// Up to this ratio of inputs to outputs forward mode is the faster way to a Jacobian.
pub(crate) const FORWARD_INPUTS_PER_OUTPUT: usize = 2;

/// A function in one reading. What takes it is compiled once for all functions.
pub(crate) type Reading<'a, S, Y = Vec<S>> = dyn Fn(&[S]) -> Y + 'a;

/// Returns plain numbers as constants of a reading.
pub(crate) fn constants<S: Scalar>(x: &[S::Real]) -> Vec<S> {
    x.iter().map(|&x| S::from_real(x)).collect()
}

/// Returns the outputs of a function as a vector.
pub(crate) fn slice_of<O: Outputs<R>, R, S: Copy>(y: O::Of<S>) -> Vec<S> {
    O::as_slice(&y).to_vec()
}

/// A function of two slices that is generic in the scalar: a state and parameters, or unknowns and data.
///
/// ```
/// use dualtape::{Parametric, Scalar, function};
///
/// fn line<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
///     x.iter().map(|&x| p[0] * x + p[1]).collect()
/// }
///
/// let line = function!(line: &[S], &[S] -> Vec<S>);
/// assert_eq!(line.eval(&[1.0, 2.0], &[3.0, 10.0]), [13.0, 16.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Parametric`, a function of two slices that is generic in the number",
    label = "evaluated with several types of numbers, which a closure or a plain `fn` cannot be",
    note = "of a generic fn: `fn f<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S`, pass `&function!(f: &[S], &[S] -> S)`",
    note = "of a closure: `&function!([k: f64, data: &[f64]] |x: &[S], p: &[S]| -> S {{ ... }})` with what it captures"
)]
pub trait Parametric<R: Real = f64> {
    /// The outputs, at plain numbers.
    type Output: Outputs<R>;

    /// Evaluates the function, in any scalar over `R`.
    fn eval<S: Scalar<Real = R>>(&self, x: &[S], p: &[S]) -> <Self::Output as Outputs<R>>::Of<S>;
}

/// Makes a [`Function`] or a [`Parametric`] of a generic `fn`, over `f64` or over the plain number that is named first.
///
/// The signature follows the name, with `S` for the scalar. Without one it is `&[S] -> S`. Inputs are `&[S]`, `[S; N]`,
/// `&[S; N]` or a single `S`; outputs `S`, `Vec<S>`, `[S; M]`, or `&mut [S; M]` for a function that writes them into
/// its last argument, a slice. Two slices, `&[S], &[S]`, make a [`Parametric`].
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
///
/// fn rotate<S: Scalar<Real = f64>>([x, y]: [S; 2], out: &mut [S]) {
///     out[0] = -y;
///     out[1] = x;
/// }
///
/// let rotate = function!(rotate: [S; 2] -> &mut [S; 2]);
/// assert_eq!(rotate.eval(&[1.0, 2.0]), [-2.0, 1.0]);
/// ```
///
/// # With data
///
/// A function of data is written in place, as a closure after the list of its captures with their types. `k: f64`
/// copies a number, `data: &[f64]` borrows a slice, an array or a vector. Arguments are `x: &[S]`, `x: S`,
/// `[x, y]: [S; 2]`, or two slices; outputs are `S`, `Vec<S>` or `[S; M]`. A type that implements [`Function`] owns its
/// data.
///
/// ```
/// use dualtape::{Scalar, check, function};
///
/// let strike = 2.0;
/// let data = vec![1.0, 2.0, 4.0];
/// let loss = function!([strike: f64, data: &[f64]] |x: &[S]| -> S {
///     data.iter().map(|&t| (x[0] * t + x[1] - strike).powi(2)).sum()
/// });
/// check(&loss, &[0.5, 1.0]).assert_agreement();
/// ```
///
/// A closure alone has one type of number, which is not enough:
///
/// ```compile_fail,E0277
/// # use dualtape::{Var, check};
/// check(&|x: &[Var]| x[0] * x[1], &[2.0, 3.0]);
/// ```
///
/// A capture that is missing from the list is the error "can't capture dynamic environment", and a closure without its
/// output is an error that lists what the macro reads:
///
/// ```compile_fail,E0434
/// # use dualtape::{Scalar, check, function};
/// let k = 2.0;
/// check(&function!(|x: &[S]| -> S { x[0] * k }), &[2.0, 3.0]);
/// ```
///
/// ```compile_fail
/// # use dualtape::{Scalar, check, function};
/// let k = 2.0;
/// check(&function!(|x: &[S]| x[0] * k), &[2.0, 3.0]);
/// ```
#[macro_export]
macro_rules! function {
    ([$($captures:tt)*] |$($closure:tt)*) => {
        $crate::function!(f64, [$($captures)*] |$($closure)*)
    };
    (|$($closure:tt)*) => {
        $crate::function!(f64, [] |$($closure)*)
    };
    ($real:ty, |$($closure:tt)*) => {
        $crate::function!($real, [] |$($closure)*)
    };
    ($real:ty, [$($captures:tt)*] |$x:ident: S| -> $($rest:tt)*) => {
        $crate::function!(@closure $real, Function (x), {
            let $x = $crate::function!(@inputs x, 1)[0];
        }, [$($captures)*], $($rest)*)
    };
    ($real:ty, [$($captures:tt)*] |[$($x:ident),* $(,)?]: [S; $n:expr]| -> $($rest:tt)*) => {
        $crate::function!(@closure $real, Function (x), {
            let [$($x),*] = *$crate::function!(@inputs x, $n);
        }, [$($captures)*], $($rest)*)
    };
    ($real:ty, [$($captures:tt)*] |$x:ident: &[S]| -> $($rest:tt)*) => {
        $crate::function!(@closure $real, Function ($x), {}, [$($captures)*], $($rest)*)
    };
    ($real:ty, [$($captures:tt)*] |$x:ident: &[S], $p:ident: &[S]| -> $($rest:tt)*) => {
        $crate::function!(@closure $real, Parametric ($x $p), {}, [$($captures)*], $($rest)*)
    };

    ($function:path $(: $($signature:tt)*)?) => {
        $crate::function!(f64, $function $(: $($signature)*)?)
    };
    ($real:ty, $function:path) => {
        $crate::function!($real, $function: &[S] -> S)
    };
    ($real:ty, $function:path: &[S], &[S] -> $($output:tt)*) => {
        $crate::function!(@value $real, Parametric (x p), $function, (x, p), $($output)*)
    };
    ($real:ty, $function:path: S -> $($output:tt)*) => {
        $crate::function!(@value $real, Function (x), $function, ($crate::function!(@inputs x, 1)[0]), $($output)*)
    };
    ($real:ty, $function:path: [S; $n:expr] -> $($output:tt)*) => {
        $crate::function!(@value $real, Function (x), $function, (*$crate::function!(@inputs x, $n)), $($output)*)
    };
    ($real:ty, $function:path: &[S; $n:expr] -> $($output:tt)*) => {
        $crate::function!(@value $real, Function (x), $function, ($crate::function!(@inputs x, $n)), $($output)*)
    };
    ($real:ty, $function:path: &[S] -> $($output:tt)*) => {
        $crate::function!(@value $real, Function (x), $function, (x), $($output)*)
    };

    (@closure $real:ty, $trait:ident $slices:tt, $inputs:tt, $captures:tt, S $body:block) => {
        $crate::function!(@capture $captures {} $real, $trait $slices, $inputs, $real, S, $body)
    };
    (@closure $real:ty, $trait:ident $slices:tt, $inputs:tt, $captures:tt, Vec<S> $body:block) => {
        $crate::function!(@capture $captures {} $real, $trait $slices, $inputs, Vec<$real>, Vec<S>, $body)
    };
    (@closure $real:ty, $trait:ident $slices:tt, $inputs:tt, $captures:tt, [S; $m:expr] $body:block) => {
        $crate::function!(@capture $captures {} $real, $trait $slices, $inputs, [$real; $m], [S; $m], $body)
    };

    (@capture [$name:ident: &$type:ty $(, $($more:tt)*)?] {$($done:tt)*} $($rest:tt)*) => {
        $crate::function!(@capture [$($($more)*)?] {$($done)* $name: &'captured $type = &$name,} $($rest)*)
    };
    (@capture [$name:ident: $type:ty $(, $($more:tt)*)?] {$($done:tt)*} $($rest:tt)*) => {
        $crate::function!(@capture [$($($more)*)?] {$($done)* $name: $type = $name,} $($rest)*)
    };
    (
        @capture [] {$($name:ident: $type:ty = $value:expr,)*}
        $real:ty, $trait:ident ($($slice:ident)*), {$($inputs:tt)*}, $output:ty, $outputs:ty, $body:block
    ) => {{
        struct Value<'captured> {
            captured: ::std::marker::PhantomData<&'captured ()>,
            $($name: $type,)*
        }
        impl<'captured> $crate::$trait<$real> for Value<'captured> {
            type Output = $output;
            #[inline(always)]
            fn eval<S: $crate::Scalar<Real = $real>>(&self, $($slice: &[S]),*) -> $outputs {
                let Value { captured: _, $($name,)* } = *self;
                $($inputs)*
                $body
            }
        }
        Value { captured: ::std::marker::PhantomData, $($name: $value,)* }
    }};

    (@inputs $x:ident, $n:expr) => {
        match <&[S; $n]>::try_from($x) {
            Ok(x) => x,
            Err(_) => panic!("a function of {} inputs was called with {}", $n, $x.len()),
        }
    };

    (@value $real:ty, $trait:ident $slices:tt, $function:path, ($($argument:expr),*), S) => {
        $crate::function!(@impl $real, $trait $slices, $real, S, $function($($argument),*))
    };
    (@value $real:ty, $trait:ident $slices:tt, $function:path, ($($argument:expr),*), Vec<S>) => {
        $crate::function!(@impl $real, $trait $slices, Vec<$real>, Vec<S>, $function($($argument),*))
    };
    (@value $real:ty, $trait:ident $slices:tt, $function:path, ($($argument:expr),*), [S; $m:expr]) => {
        $crate::function!(@impl $real, $trait $slices, [$real; $m], [S; $m], $function($($argument),*))
    };
    (@value $real:ty, $trait:ident $slices:tt, $function:path, ($($argument:expr),*), &mut [S; $m:expr]) => {
        $crate::function!(@impl $real, $trait $slices, [$real; $m], [S; $m], {
            let mut outputs = [<S as $crate::Scalar>::from_f64(0.0); $m];
            $function($($argument,)* &mut outputs);
            outputs
        })
    };

    (@impl $real:ty, $trait:ident ($($slice:ident)*), $output:ty, $outputs:ty, $value:expr) => {{
        struct Value;
        impl $crate::$trait<$real> for Value {
            type Output = $output;
            #[inline(always)]
            fn eval<S: $crate::Scalar<Real = $real>>(&self, $($slice: &[S]),*) -> $outputs {
                $value
            }
        }
        Value
    }};

    ($($unreadable:tt)*) => {
        compile_error!(
            "function! takes the name of a generic fn, and its signature where that is not `&[S] -> S`: \
             `function!(f)`, `function!(f: [S; 2] -> Vec<S>)`; or a closure with its output, in braces, after the list \
             of what it captures: `function!([k: f64, data: &[f64]] |x: &[S]| -> S { ... })`. \
             Inputs are `S`, `&[S]`, `[S; N]`, `&[S; N]` of a fn, or two slices `&[S], &[S]`; outputs are `S`, \
             `Vec<S>`, `[S; M]`, or `&mut [S; M]` of a fn. Write `f32` first for a function over f32."
        )
    };
}
