//! How parameters move, once somebody has a gradient.

use crate::{Real, Scalar};

/// The learning rate over the steps, which count from 0.
///
/// ```
/// use dualtape::nn::Schedule;
///
/// let schedule = Schedule::Linear { from: 1.0, to: 0.1, steps: 100 };
/// assert_eq!(schedule.rate(0), 1.0);
/// assert_eq!(schedule.rate(50), 0.55);
/// assert_eq!(schedule.rate(1000), 0.1);
/// assert_eq!(Schedule::Constant(0.05).rate(7), 0.05);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// One rate for ever.
    Constant(f64),
    /// From `from` at step 0 along a line to `to` at step `steps`, and that from then on.
    Linear {
        /// The rate at step 0.
        from: f64,
        /// The rate at step `steps` and after.
        to: f64,
        /// The number of steps on the way.
        steps: usize,
    },
}

impl Schedule {
    /// The learning rate of a step.
    ///
    /// ```
    /// assert_eq!(dualtape::nn::Schedule::Constant(0.5).rate(0), 0.5);
    /// ```
    pub fn rate(self, step: usize) -> f64 {
        match self {
            Schedule::Constant(rate) => rate,
            Schedule::Linear { to, steps, .. } if step >= steps => to,
            Schedule::Linear { from, to, steps } => from + (to - from) * step as f64 / steps as f64,
        }
    }
}

/// Gradient descent: `p ← p − rate·∂loss/∂p`.
///
/// It knows no derivatives; it is handed them. It is called stochastic (SGD)
/// after the gradients of random batches that it is usually handed.
///
/// ```
/// use dualtape::nn::{Schedule, Sgd};
///
/// let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.0, steps: 2 });
/// let mut parameters = [3.0, 4.0];
/// sgd.step(&mut parameters, &[1.0, 2.0]);
/// assert_eq!(parameters, [2.0, 2.0]);
/// sgd.step(&mut parameters, &[1.0, 2.0]);
/// assert_eq!(parameters, [1.5, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    schedule: Schedule,
    steps: usize,
}

impl Sgd {
    /// Descent before its first step.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// assert_eq!(Sgd::new(Schedule::Constant(0.1)).rate(), 0.1);
    /// ```
    pub fn new(schedule: Schedule) -> Self {
        Sgd { schedule, steps: 0 }
    }

    /// The learning rate of the coming step.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.0, steps: 4 });
    /// sgd.step(&mut [0.0], &[0.0]);
    /// assert_eq!(sgd.rate(), 0.75);
    /// ```
    pub fn rate(&self) -> f64 {
        self.schedule.rate(self.steps)
    }

    /// Moves the parameters against their gradient.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let mut p = [1.0_f32];
    /// Sgd::new(Schedule::Constant(0.5)).step(&mut p, &[4.0]);
    /// assert_eq!(p, [-1.0]);
    /// ```
    #[track_caller]
    pub fn step<R: Real>(&mut self, parameters: &mut [R], gradient: &[R]) {
        assert_eq!(
            parameters.len(),
            gradient.len(),
            "Sgd::step: {} parameters and {} derivatives; pass one derivative for each parameter",
            parameters.len(),
            gradient.len()
        );
        let rate = <R as Scalar>::from_f64(self.rate());
        for (p, &g) in parameters.iter_mut().zip(gradient) {
            *p -= rate * g;
        }
        self.steps += 1;
    }
}
