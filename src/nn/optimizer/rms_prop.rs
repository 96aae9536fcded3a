//! RMSProp: steps of about the learning rate.

use super::{Optimizer, Schedule, Update, assert_setting, number};
use crate::scalar::Real;

/// Gradient descent in units of the root mean square of past gradients (Tieleman & Hinton 2012): [`MeanSquare`]. Each
/// parameter moves by about the rate.
///
/// ```
/// use dualtape::nn::{RmsProp, Schedule};
///
/// let (mut rms_prop, mut p) = (RmsProp::new(Schedule::Constant(0.1)), [0.0_f64, 0.0]);
/// rms_prop.step(&mut p, &[1e-3, 1e3]);
/// assert!((p[0] + 1.0).abs() < 1e-3 && (p[1] + 1.0).abs() < 1e-3);
/// ```
pub type RmsProp = Optimizer<MeanSquare>;

/// The rule of [`RmsProp`], which remembers the mean v of the squared derivatives of every
/// parameter: `v ← αv + (1 − α)g²` and `p ← p − rate·g/(√v + ε)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanSquare {
    /// The part α of the mean that is kept at every step.
    pub decay: f64,
    /// The positive number ε that keeps the quotient finite.
    pub epsilon: f64,
}

impl Optimizer<MeanSquare> {
    /// Returns RMSProp with PyTorch's α = 0.99 and ε = 10⁻⁸, before the first step.
    ///
    /// # Panics
    ///
    /// As [`Optimizer::with`].
    ///
    /// ```
    /// use dualtape::nn::{MeanSquare, Optimizer, RmsProp, Schedule};
    ///
    /// let by_hand = Optimizer::with(MeanSquare { decay: 0.99, epsilon: 1e-8 }, Schedule::Constant(0.1));
    /// assert_eq!(RmsProp::new(Schedule::Constant(0.1)), by_hand);
    /// ```
    #[track_caller]
    pub fn new(schedule: Schedule) -> Self {
        Optimizer::with(MeanSquare { decay: 0.99, epsilon: 1e-8 }, schedule)
    }
}

impl Update for MeanSquare {
    fn numbers(&self) -> usize {
        1
    }

    #[track_caller]
    fn assert_settings(&self) {
        assert_setting("RmsProp: the decay of the mean", self.decay, 0.0..1.0, "one of at least 0 and below 1");
        assert_setting("RmsProp: epsilon", self.epsilon, f64::MIN_POSITIVE.., "a positive number");
    }

    fn description(&self) -> String {
        format!("RmsProp with decay {} and epsilon {:?}", self.decay, self.epsilon)
    }

    fn update<R: Real>(&self, rate: f64, _: usize, parameters: &mut [R], gradient: &[R], mean: &mut [f64]) {
        for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(mean) {
            let g = number(g);
            *v = self.decay * *v + (1.0 - self.decay) * g * g;
            *p = R::from_f64(number(*p) - rate * g / (v.sqrt() + self.epsilon));
        }
    }
}
