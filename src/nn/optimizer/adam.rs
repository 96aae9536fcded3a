//! Adam and AdamW.

use super::{Optimizer, Schedule, Update, assert_setting, number};
use crate::scalar::Real;

/// Gradient descent along the mean of past gradients in units of their root mean square (Kingma & Ba 2015):
/// [`Moments`]. With a [decay of weights](Adam::weight_decay) it is AdamW.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::{Adam, Schedule};
///
/// // The minimum of a narrow valley, 10⁴ times as steep across as along it.
/// let mut adam = Adam::new(Schedule::Cosine { from: 0.1, to: 0.0, steps: 200 });
/// let mut p = [1.0_f64, 1.0];
/// for _ in 0..200 {
///     let (_, g) = gradient(|p| p[0] * p[0] + p[1] * p[1] * 1e4, &p);
///     adam.step(&mut p, &g);
/// }
/// assert!(p[0].abs() < 1e-3 && p[1].abs() < 1e-3);
/// ```
#[doc(alias = "AdamW")]
pub type Adam = Optimizer<Moments>;

/// The rule of [`Adam`], which remembers the means m and v of the derivatives and of their
/// squares: in step t
///
/// ```text
///     m ← β₁m + (1 − β₁)g      v ← β₂v + (1 − β₂)g²
///     p ← p − rate·(m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε) + λp)
/// ```
///
/// The powers correct for means that begin with zeros. λ is the decay of AdamW, which unlike a
/// [penalty](crate::nn::l2) is not part of the gradient (Loshchilov & Hutter 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The parts β₁ and β₂ of the means that are kept at every step.
    pub betas: [f64; 2],
    /// The positive number ε that keeps the quotient finite.
    pub epsilon: f64,
    /// The decay λ.
    pub weight_decay: f64,
}

impl Optimizer<Moments> {
    /// Returns Adam with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸ and no decay, before the first step.
    ///
    /// # Panics
    ///
    /// As [`Optimizer::with`].
    ///
    /// ```
    /// use dualtape::nn::{Adam, Moments, Optimizer, Schedule};
    ///
    /// let rule = Moments { betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.0 };
    /// assert_eq!(Adam::new(Schedule::Constant(0.1)), Optimizer::with(rule, Schedule::Constant(0.1)));
    /// ```
    #[track_caller]
    pub fn new(schedule: Schedule) -> Self {
        Optimizer::with(Moments { betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.0 }, schedule)
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    ///
    /// When one of them is not at least 0 and below 1.
    ///
    /// ```
    /// use dualtape::nn::{Adam, Schedule};
    ///
    /// let mut adam = Adam::new(Schedule::Constant(0.1)).betas(0.5, 0.75);
    /// adam.step(&mut [0.0], &[2.0]);
    /// assert_eq!(adam.state().numbers, [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn betas(mut self, of_derivatives: f64, of_squares: f64) -> Self {
        self.rule.betas = [of_derivatives, of_squares];
        self.rule.assert_settings();
        self
    }

    /// Sets the decay of all parameters: AdamW.
    ///
    /// # Panics
    ///
    /// When it is negative, infinite or NaN.
    ///
    /// ```
    /// use dualtape::nn::{Adam, Schedule};
    ///
    /// let (mut adam, mut p) = (Adam::new(Schedule::Constant(0.5)).weight_decay(0.1), [2.0]);
    /// adam.step(&mut p, &[0.0]);
    /// assert_eq!(p, [1.9]);
    /// ```
    #[track_caller]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.rule.weight_decay = decay;
        self.rule.assert_settings();
        self
    }
}

impl Update for Moments {
    fn numbers(&self) -> usize {
        2
    }

    #[track_caller]
    fn assert_settings(&self) {
        for (number, beta) in (1..).zip(self.betas) {
            assert_setting(&format!("Adam: beta {number}"), beta, 0.0..1.0, "one of at least 0 and below 1");
        }
        assert_setting("Adam: epsilon", self.epsilon, f64::MIN_POSITIVE.., "a positive number");
        assert_setting("Adam: the weight decay", self.weight_decay, 0.0.., "a finite one of at least 0");
    }

    fn description(&self) -> String {
        let Moments { betas: [b1, b2], epsilon, weight_decay } = self;
        format!("Adam with betas {b1} and {b2}, epsilon {epsilon:?} and weight decay {weight_decay}")
    }

    fn update<R: Real>(&self, rate: f64, step: usize, parameters: &mut [R], gradient: &[R], memory: &mut [f64]) {
        let ([b1, b2], t) = (self.betas, step as f64);
        let (along, across) = (1.0 / (1.0 - b1.powf(t)), 1.0 / (1.0 - b2.powf(t)).sqrt());
        let (means, squares) = memory.split_at_mut(gradient.len());
        for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(means).zip(squares) {
            let (g, old) = (number(g), number(*p));
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            let step = *m * along / (v.sqrt() * across + self.epsilon) + self.weight_decay * old;
            *p = R::from_f64(old - rate * step);
        }
    }
}
