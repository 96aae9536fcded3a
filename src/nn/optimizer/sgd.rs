//! Gradient descent, plain and with momentum.

use super::{Optimizer, Schedule, Update, assert_setting, number};
use crate::scalar::Real;

/// Gradient descent: `p ← p − rate·∂loss/∂p`, or with [momentum](Sgd::momentum).
///
/// It is called stochastic (SGD) after the gradients of random batches that it usually takes.
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
pub type Sgd = Optimizer<Momentum>;

/// The rule of [`Sgd`], which remembers the velocity v of every parameter if there is
/// momentum μ: `v ← μv + g` and `p ← p − rate·v`, after Nesterov `p ← p − rate·(g + μv)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// The part μ of the velocity that is kept at every step.
    pub momentum: f64,
    /// Whether a step looks ahead by the velocity.
    pub nesterov: bool,
}

impl Optimizer<Momentum> {
    /// Returns descent without momentum, before its first step.
    ///
    /// # Panics
    ///
    /// As [`Optimizer::with`].
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// assert_eq!(Sgd::new(Schedule::Constant(0.1)).rate(), 0.1);
    /// ```
    #[track_caller]
    pub fn new(schedule: Schedule) -> Self {
        Optimizer::with(Momentum { momentum: 0.0, nesterov: false }, schedule)
    }

    /// Adds momentum (Polyak 1964): steps add up while the gradient stays.
    ///
    /// # Panics
    ///
    /// When the momentum is not between 0 and 1.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let (mut sgd, mut p) = (Sgd::new(Schedule::Constant(1.0)).momentum(0.5), [0.0]);
    /// sgd.step(&mut p, &[1.0]);
    /// sgd.step(&mut p, &[1.0]);
    /// assert_eq!(p, [-2.5]);
    /// ```
    #[track_caller]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule = Momentum { momentum, nesterov: false };
        self.rule.assert_settings();
        self
    }

    /// Adds the momentum of Nesterov (1983), in the form of Sutskever et al. (2013).
    ///
    /// # Panics
    ///
    /// When the momentum is not between 0 and 1.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let (mut sgd, mut p) = (Sgd::new(Schedule::Constant(1.0)).nesterov(0.5), [0.0]);
    /// sgd.step(&mut p, &[1.0]);
    /// sgd.step(&mut p, &[1.0]);
    /// assert_eq!(p, [-3.25]);
    /// ```
    #[track_caller]
    pub fn nesterov(mut self, momentum: f64) -> Self {
        self.rule = Momentum { momentum, nesterov: true };
        self.rule.assert_settings();
        self
    }
}

impl Update for Momentum {
    fn numbers(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    #[track_caller]
    fn assert_settings(&self) {
        assert_setting("Sgd: the momentum", self.momentum, 0.0..=1.0, "one between 0 and 1");
    }

    fn description(&self) -> String {
        format!("Sgd with {}momentum {}", if self.nesterov { "Nesterov's " } else { "" }, self.momentum)
    }

    fn update<R: Real>(&self, rate: f64, _: usize, parameters: &mut [R], gradient: &[R], velocity: &mut [f64]) {
        let moving = parameters.iter_mut().zip(gradient);
        if velocity.is_empty() {
            moving.for_each(|(p, &g)| *p = R::from_f64(number(*p) - rate * number(g)));
            return;
        }
        for ((p, &g), v) in moving.zip(velocity) {
            let g = number(g);
            *v = self.momentum * *v + g;
            let step = if self.nesterov { g + self.momentum * *v } else { *v };
            *p = R::from_f64(number(*p) - rate * step);
        }
    }
}
