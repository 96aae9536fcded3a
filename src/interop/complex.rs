//! Functions of complex numbers, with their derivatives.
//!
//! `Complex<S>` of num-complex adds, multiplies and divides any [`Scalar`] `S`, and the Fourier transforms of rustfft
//! run over it. Its own functions are made of real ones, in polar form, whose derivatives are 0 or NaN at 0 and lose
//! digits near the axes: [a table](crate::works_with#where-such-code-loses-a-derivative). At plain numbers, a function of
//! this module has the value of num-complex, bit for bit. In every reading and to every order it has the derivative of
//! the analytic function:
//!
//! ```
//! use dualtape::{complex, gradient};
//! use num_complex::Complex;
//!
//! let square = |x: &[dualtape::Var]| complex::powf(Complex::new(x[0], x[1]), 2.0).re;
//! assert_eq!(gradient(square, &[3.0, 1.0]).1, [6.0, -2.0]);
//! assert_eq!(gradient(square, &[0.0, 0.0]).1, [0.0, 0.0]);
//! ```
//!
//! On a branch cut the derivative belongs to the side of the value, which the sign of the zero tells.

use num_complex::Complex;
use num_traits::Zero;

use crate::scalar::custom::Rule;
use crate::scalar::{Real, Scalar};

/// An analytic function of one number.
trait Analytic<R: Real> {
    /// Returns the value, by num-complex.
    fn value(&self, z: Complex<R>) -> Complex<R>;

    /// Returns the derivative.
    fn slope<S: Scalar<Real = R>>(&self, z: Complex<S>) -> Complex<S>;

    /// Evaluates the function in any scalar.
    #[track_caller]
    fn at<S: Scalar<Real = R>>(&self, z: Complex<S>) -> Complex<S>
    where
        Self: Sized,
    {
        let part = |imaginary| Part { of: self, imaginary }.apply([z.re, z.im]);
        Complex::new(part(false), part(true))
    }
}

/// One part of an analytic function `w = u + iv`, a function of the parts of `z = x + iy`.
struct Part<'a, F> {
    of: &'a F,
    imaginary: bool,
}

/// `w′ = ∂u/∂x + i ∂v/∂x` with `∂u/∂y = −∂v/∂x` and `∂v/∂y = ∂u/∂x` (Cauchy & Riemann)
impl<R: Real, F: Analytic<R>> Rule<2, R> for Part<'_, F> {
    fn value(&self, [x, y]: [R; 2]) -> R {
        let w = self.of.value(Complex::new(x, y));
        if self.imaginary { w.im } else { w.re }
    }

    fn partials<S: Scalar<Real = R>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        let slope = self.of.slope(Complex::new(x, y));
        if self.imaginary { [slope.im, slope.re] } else { [slope.re, -slope.im] }
    }
}

/// Functions of one number: the name, the method of num-complex, and the derivative.
macro_rules! analytic {
    ($($(#[$doc:meta])* $name:ident $function:ident |$z:ident| $slope:expr;)*) => {
        $(
            struct $function;

            impl<R: Real> Analytic<R> for $function {
                fn value(&self, z: Complex<R>) -> Complex<R> {
                    z.$name()
                }

                fn slope<S: Scalar<Real = R>>(&self, $z: Complex<S>) -> Complex<S> {
                    $slope
                }
            }

            $(#[$doc])*
            #[track_caller]
            pub fn $name<S: Scalar>(z: Complex<S>) -> Complex<S> {
                $function.at(z)
            }
        )*
    };
}

analytic! {
    /// Returns the principal square root, with a real part that is not negative. Its slope at 0 is not finite.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::sqrt(Complex::new(-4.0, 0.0)), Complex::new(0.0, 2.0));
    /// ```
    sqrt Sqrt |z| recip(sqrt(z).scale(S::from_f64(2.0)));

    /// Returns the exponential.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::exp(Complex::new(0.0, 0.0)), Complex::new(1.0, 0.0));
    /// ```
    exp Exp |z| exp(z);

    /// Returns the principal logarithm, whose imaginary part is [`arg`].
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::ln(Complex::new(-1.0, 0.0)), Complex::new(0.0, std::f64::consts::PI));
    /// ```
    ln Ln |z| recip(z);

    /// Returns the sine.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::sin(Complex::new(0.0, 1.0)), Complex::new(0.0, 1.0_f64.sinh()));
    /// ```
    sin Sin |z| cos(z);

    /// Returns the cosine.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::cos(Complex::new(0.0, 1.0)).re, 1.0_f64.cosh());
    /// ```
    cos Cos |z| -sin(z);

    /// Returns the tangent.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::tan(Complex::new(0.0, 0.0)), Complex::new(0.0, 0.0));
    /// ```
    tan Tan |z| square(recip(cos(z)));

    /// Returns the hyperbolic sine.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::sinh(Complex::new(0.0, 1.0)), Complex::new(0.0, 1.0_f64.sin()));
    /// ```
    sinh Sinh |z| cosh(z);

    /// Returns the hyperbolic cosine.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::cosh(Complex::new(0.0, 1.0)).re, 1.0_f64.cos());
    /// ```
    cosh Cosh |z| sinh(z);

    /// Returns the hyperbolic tangent.
    ///
    /// ```
    /// use dualtape::complex;
    /// use num_complex::Complex;
    ///
    /// assert_eq!(complex::tanh(Complex::new(0.0, 0.0)), Complex::new(0.0, 0.0));
    /// ```
    tanh Tanh |z| square(recip(cosh(z)));
}

/// Returns `|z|`, without overflow on the way; its slopes at 0 are 0.
///
/// ```
/// use dualtape::{complex, gradient};
/// use num_complex::Complex;
///
/// let modulus = |x: &[dualtape::Var]| complex::abs(Complex::new(x[0], x[1]));
/// assert_eq!(gradient(modulus, &[3.0, -4.0]), (5.0, vec![0.6000000000000001, -0.8]));
/// ```
#[track_caller]
pub fn abs<S: Scalar>(z: Complex<S>) -> S {
    z.re.hypot(z.im)
}

/// Returns the angle of `z` in (−π, π], right on the axes too; at 0 its slopes are NaN.
///
/// ```
/// use dualtape::{complex, gradient};
/// use num_complex::Complex;
///
/// let angle = |x: &[dualtape::Var]| complex::arg(Complex::new(x[0], x[1]));
/// assert_eq!(gradient(angle, &[0.0, 2.0]), (std::f64::consts::FRAC_PI_2, vec![-0.5, 0.0]));
/// ```
#[track_caller]
pub fn arg<S: Scalar>(z: Complex<S>) -> S {
    z.im.atan2(z.re)
}

/// Returns `1/z`, without overflow of `|z|²` on the way.
///
/// ```
/// use dualtape::complex;
/// use num_complex::Complex;
///
/// assert_eq!(complex::recip(Complex::new(0.0, 1e200)), Complex::new(0.0, -1e-200));
/// ```
#[track_caller]
pub fn recip<S: Scalar>(z: Complex<S>) -> Complex<S> {
    let size = S::from_real(Scalar::max(Scalar::abs(z.re.value()), Scalar::abs(z.im.value())));
    (z / size).inv() / size
}

/// Returns `zʸ` for a plain exponent. Whole exponents above 0 have the right slopes at 0.
///
/// ```
/// use dualtape::complex;
/// use num_complex::Complex;
///
/// assert_eq!(complex::powf(Complex::new(4.0, 0.0), 0.5), Complex::new(2.0, 0.0));
/// ```
#[track_caller]
pub fn powf<S: Scalar>(z: Complex<S>, y: S::Real) -> Complex<S> {
    Power { exponent: y }.at(z)
}

struct Power<R> {
    exponent: R,
}

impl<R: Real> Analytic<R> for Power<R> {
    fn value(&self, z: Complex<R>) -> Complex<R> {
        z.powf(self.exponent)
    }

    fn slope<S: Scalar<Real = R>>(&self, z: Complex<S>) -> Complex<S> {
        if self.exponent.is_zero() {
            return Complex::zero();
        }
        powf(z, self.exponent - R::one()).scale(S::from_real(self.exponent))
    }
}

/// Returns `zʷ`, the exponential of `w·ln z`. For a plain exponent [`powf`] is faster, and right at 0 to all orders.
///
/// ```
/// use dualtape::{complex, gradient};
/// use num_complex::Complex;
///
/// let power = |x: &[dualtape::Var]| complex::powc(Complex::new(x[0], x[1]), Complex::new(x[2], x[3])).re;
/// let (y, g) = gradient(power, &[1.0, 0.0, 0.5, 2.0]);
/// assert_eq!((y, g), (1.0, vec![0.5, -2.0, 0.0, 0.0]));
/// ```
#[track_caller]
pub fn powc<S: Scalar>(z: Complex<S>, w: Complex<S>) -> Complex<S> {
    let part = |imaginary| PartOfPower { imaginary }.apply([z.re, z.im, w.re, w.im]);
    Complex::new(part(false), part(true))
}

/// One part of `zʷ`, a function of the parts of z and w.
struct PartOfPower {
    imaginary: bool,
}

/// ∂zʷ = w zʷ⁻¹ ∂z + zʷ ln z ∂w
impl<R: Real> Rule<4, R> for PartOfPower {
    fn value(&self, [x, y, u, v]: [R; 4]) -> R {
        let power = Complex::new(x, y).powc(Complex::new(u, v));
        if self.imaginary { power.im } else { power.re }
    }

    fn partials<S: Scalar<Real = R>>(&self, [x, y, u, v]: [S; 4], _: S) -> [S; 4] {
        let (z, w) = (Complex::new(x, y), Complex::new(u, v));
        let by_z = w * powc(z, w - S::one());
        let power = powc(z, w);
        let by_w = if power.re == S::zero() && power.im == S::zero() { Complex::zero() } else { power * ln(z) };
        if self.imaginary { [by_z.im, by_z.re, by_w.im, by_w.re] } else { [by_z.re, -by_z.im, by_w.re, -by_w.im] }
    }
}

fn square<S: Scalar>(z: Complex<S>) -> Complex<S> {
    z * z
}
