//! Activations: the functions of neurons.

use std::fmt;

use crate::scalar::dense::{Identity, dense_into};
use crate::scalar::function::Function;
use crate::scalar::{Real, Scalar};

/// A function that the neurons of a [`Dense`](super::Dense) layer apply to their weighted sums.
///
/// [`Activation`] lists the known ones. A custom activation is a type and one generic method; the modes, `f32` and the
/// block on a tape follow. An activation with parameters to learn is a [`Layer`](super::Layer).
///
/// ```
/// use dualtape::nn::{Activate, Dense, Layer};
/// use dualtape::{Scalar, derivative};
///
/// /// `max(x, 0)²`.
/// struct SquaredRelu;
///
/// impl Activate for SquaredRelu {
///     #[inline(always)]
///     fn activate<S: Scalar>(&self, x: S) -> S {
///         x.relu().powi(2)
///     }
/// }
///
/// assert_eq!(derivative(|x| SquaredRelu.activate(x), 3.0), (9.0, 6.0));
/// assert_eq!(Dense::new(1, 1, SquaredRelu).forward(&[2.0, 1.0], &[1.0]), [9.0]);
/// ```
pub trait Activate {
    /// Returns the function at `x`.
    ///
    /// ```
    /// use dualtape::nn::{Activate, Activation};
    ///
    /// assert_eq!(Activation::Relu.activate(-1.0), 0.0);
    /// ```
    #[track_caller]
    fn activate<S: Scalar>(&self, x: S) -> S;

    /// Appends the outputs of a dense layer with this activation, at `rows` rows `x`, as one block on a tape;
    /// [`affine`](crate::affine) has the order of the numbers.
    ///
    /// A type that chooses between functions may choose here, once for all neurons. LLVM then knows the function in
    /// the loop over the neurons, and makes vector code of a cheap one.
    ///
    /// # Panics
    ///
    /// As [`dense`](crate::dense).
    ///
    /// ```
    /// use dualtape::nn::{Activate, Activation};
    ///
    /// let mut outputs = vec![];
    /// Activation::Relu.dense_into(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0], 1, &mut outputs);
    /// assert_eq!(outputs, [11.5, 0.0]);
    /// ```
    #[track_caller]
    fn dense_into<S: Scalar>(&self, neurons: &[S], x: &[S], rows: usize, outputs: &mut Vec<S>) {
        dense_into(neurons, x, rows, &Applied(self), outputs);
    }
}

/// An activation as a function of one input.
struct Applied<'a, A: ?Sized>(&'a A);

impl<R: Real, A: Activate + ?Sized> Function<R> for Applied<'_, A> {
    type Output = R;

    #[inline(always)]
    #[track_caller]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        self.0.activate(x[0])
    }
}

/// The known activations. For others, implement [`Activate`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// Nothing: `x`.
    Linear,
    /// [`relu`](Scalar::relu).
    Relu,
    /// [`leaky_relu`](Scalar::leaky_relu) with this slope below zero.
    LeakyRelu(f64),
    /// [`sigmoid`](Scalar::sigmoid).
    Sigmoid,
    /// [`tanh`](Scalar::tanh).
    Tanh,
    /// [`softplus`](Scalar::softplus).
    Softplus,
    /// [`silu`](Scalar::silu).
    Silu,
    /// [`gelu`](Scalar::gelu).
    Gelu,
}

impl Activation {
    /// Returns the function at `x`.
    ///
    /// ```
    /// use dualtape::derivative;
    /// use dualtape::nn::Activation;
    ///
    /// assert_eq!(Activation::LeakyRelu(0.25).apply(-2.0), -0.5);
    /// assert_eq!(derivative(|x| Activation::Tanh.apply(x), 0.0), (0.0, 1.0));
    /// ```
    #[inline]
    #[track_caller]
    pub fn apply<S: Scalar>(self, x: S) -> S {
        match self {
            Activation::Linear => x,
            Activation::Relu => x.relu(),
            Activation::LeakyRelu(slope) => x.leaky_relu(<S::Real as Scalar>::from_f64(slope)),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::Softplus => x.softplus(),
            Activation::Silu => x.silu(),
            Activation::Gelu => x.gelu(),
        }
    }
}

impl Activate for Activation {
    #[inline]
    fn activate<S: Scalar>(&self, x: S) -> S {
        self.apply(x)
    }

    // NOTE(perf): LLVM knows the cheapest activation in the loop over the neurons, and makes vector code of it.
    // Chosen within that loop, ReLU costs 55 % more in a gradient and 85 % more in plain numbers (100 rows through
    // 2-16-16-1 neurons): compare `Dense` with `Activation::Relu` and with a type whose `activate` calls `apply`.
    fn dense_into<S: Scalar>(&self, neurons: &[S], x: &[S], rows: usize, outputs: &mut Vec<S>) {
        match self {
            Activation::Linear => dense_into(neurons, x, rows, &Identity, outputs),
            Activation::Relu => Relu.dense_into(neurons, x, rows, outputs),
            other => dense_into(neurons, x, rows, other, outputs),
        }
    }
}

struct Relu;

impl Activate for Relu {
    #[inline(always)]
    fn activate<S: Scalar>(&self, x: S) -> S {
        x.relu()
    }
}

/// Of one input.
impl<R: Real> Function<R> for Activation {
    type Output = R;

    #[inline]
    #[track_caller]
    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> S {
        self.apply(x[0])
    }
}

/// The name: `ReLU`.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activation::Linear => f.pad("Linear"),
            Activation::Relu => f.pad("ReLU"),
            Activation::LeakyRelu(slope) => f.pad(&format!("LeakyReLU[{slope}]")),
            Activation::Sigmoid => f.pad("Sigmoid"),
            Activation::Tanh => f.pad("Tanh"),
            Activation::Softplus => f.pad("Softplus"),
            Activation::Silu => f.pad("SiLU"),
            Activation::Gelu => f.pad("GELU"),
        }
    }
}
