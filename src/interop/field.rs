//! Functions over `RealField` as functions of this crate.

use simba::scalar::RealField;

use crate::memory::pool::Scratch;
use crate::scalar::Scalar;
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};

/// A function of several inputs written over nalgebra's `RealField`.
///
/// [`OverField`] makes a [`Function`] of it. So code that knows nothing of this crate can be
/// [checked](crate::check()), and has [sparse](crate::sparse) and [implicit](crate::implicit) derivatives.
///
/// ```
/// use dualtape::nalgebra::{FieldFunction, OverField};
/// use dualtape::{Function, check};
/// use nalgebra::{DVector, RealField};
///
/// struct Distance;
///
/// impl FieldFunction for Distance {
///     type Output = f64; // or Vec<f64>, or [f64; 3]
///
///     fn eval<F: RealField + Copy>(&self, x: &[F]) -> F {
///         DVector::from_column_slice(x).norm()
///     }
/// }
///
/// assert_eq!(OverField(Distance).gradient(&[3.0, 4.0]).0, 5.0);
/// check(&OverField(Distance), &[3.0, 4.0]).assert_agreement();
/// ```
pub trait FieldFunction {
    /// The type of the outputs, at plain numbers.
    type Output: Outputs<f64>;

    /// Evaluates the function, in any number.
    fn eval<F: RealField + Copy>(&self, x: &[F]) -> <Self::Output as Outputs<f64>>::Of<F>;
}

/// A [`FieldFunction`] as a [`Function`].
///
/// ```
/// use dualtape::nalgebra::{FieldFunction, OverField};
/// use dualtape::{Function, check};
/// use nalgebra::{RealField, UnitQuaternion, Vector3};
///
/// struct RealPart;
///
/// impl FieldFunction for RealPart {
///     type Output = f64;
///
///     fn eval<F: RealField + Copy>(&self, x: &[F]) -> F {
///         UnitQuaternion::new(Vector3::from_column_slice(x)).w
///     }
/// }
///
/// // The unit quaternion of a small rotation, and so its second derivative, is right away from 0. At 0 nalgebra
/// // returns the constant 1, and `check` finds that this differs from differences of the values.
/// check(&OverField(RealPart), &[0.1, 0.2, 0.3]).assert_agreement();
/// assert!(!check(&OverField(RealPart), &[0.0; 3]).agrees());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OverField<F>(pub F);

impl<F: FieldFunction> Function for OverField<F> {
    type Output = F::Output;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> <F::Output as Outputs<f64>>::Of<S> {
        let x: Scratch<<S as Engine<f64>>::Field> = Scratch::of(x.iter().map(|&x| x.into()));
        F::Output::map(self.0.eval(&x), Into::into)
    }
}
