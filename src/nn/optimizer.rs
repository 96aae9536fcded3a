//! Optimizers: they move parameters along a gradient that the caller has computed.
//!
//! An [`Optimizer`] is a rule that moves parameters, a schedule of learning rates, and a state. It computes no
//! derivatives; the caller passes them:
//!
//! | | moves p against | from |
//! |---|---|---|
//! | [`Sgd`] | the gradient g, or `v = μv + g`, or `g + μv` | Polyak 1964; Nesterov 1983; Sutskever et al. 2013 |
//! | [`RmsProp`] | `g/√v` with the mean v of g² | Tieleman & Hinton 2012 |
//! | [`Adam`] | `m/√v` with the mean m of g too; AdamW | Kingma & Ba 2015; Loshchilov & Hutter 2019 |
//!
//! [`Lbfgs`] takes the function itself, as its line search evaluates it. All compute in f64 for any type of
//! parameters, and follow the formulas of PyTorch.

mod adam;
mod clip;
mod lbfgs;
mod rms_prop;
mod schedule;
mod sgd;

use std::ops::RangeBounds;

use crate::scalar::Real;
use crate::tools::parameters::{Parameters, assert_same_names};
pub use adam::{Adam, Moments};
pub(super) use clip::assert_bound;
pub use clip::{clip_norm, clip_values};
pub use lbfgs::Lbfgs;
pub use rms_prop::{MeanSquare, RmsProp};
pub use schedule::Schedule;
pub use sgd::{Momentum, Sgd};

/// A rule that moves parameters against their gradient, a schedule of its learning rates,
/// and a state: [`Sgd`], [`RmsProp`], [`Adam`], or a [custom](Update) rule.
///
/// ```
/// use dualtape::nn::{Adam, Schedule};
///
/// let mut adam = Adam::new(Schedule::Constant(0.1));
/// let mut parameters = [3.0_f64, 4.0];
/// adam.step(&mut parameters, &[1.0, -100.0]); // the first step is the rate, for any gradient
/// assert!((parameters[0] - 2.9).abs() < 1e-8 && (parameters[1] - 4.1).abs() < 1e-8);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer<U> {
    rule: U,
    schedule: Schedule,
    state: State,
}

/// The state of an optimizer. Saved and [restored](Optimizer::set_state), a training continues
/// bit for bit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The number of steps so far.
    pub steps: usize,
    /// The averages of the rule, each over all parameters, one after the other; empty before the
    /// first step.
    pub numbers: Vec<f64>,
}

/// How an [`Optimizer`] moves parameters.
///
/// ```
/// use dualtape::Real;
/// use dualtape::nn::{Optimizer, Schedule, Update};
///
/// /// Moves every parameter by the rate, against the sign of its derivative.
/// struct Signs;
///
/// impl Update for Signs {
///     fn numbers(&self) -> usize {
///         0
///     }
///
///     fn update<R: Real>(&self, rate: f64, _: usize, parameters: &mut [R], gradient: &[R], _: &mut [f64]) {
///         for (p, &g) in parameters.iter_mut().zip(gradient) {
///             *p -= R::from_f64(rate) * num_traits::Float::signum(g);
///         }
///     }
/// }
///
/// let mut p = [1.0, 1.0];
/// Optimizer::with(Signs, Schedule::Constant(0.25)).step(&mut p, &[10.0, -0.1]);
/// assert_eq!(p, [0.75, 1.25]);
/// ```
pub trait Update {
    /// Returns how many numbers the rule remembers for each parameter.
    fn numbers(&self) -> usize;

    /// Panics when a setting of the rule can give no descent; [`Optimizer::with`] calls it. By default it accepts any.
    #[track_caller]
    fn assert_settings(&self) {}

    /// Returns the name of the rule and its settings. A training saves it, and only a rule with the same description resumes
    /// the training. By default it is the name of the type.
    fn description(&self) -> String {
        let name = std::any::type_name::<Self>();
        // Without the path, which may change.
        name.rsplit("::").next().unwrap_or(name).to_string()
    }

    /// Moves the parameters in the step number `step`, from 1 on. It updates `memory`, which holds the remembered
    /// numbers and begins with zeros.
    fn update<R: Real>(&self, rate: f64, step: usize, parameters: &mut [R], gradient: &[R], memory: &mut [f64]);
}

impl<U: Update> Optimizer<U> {
    /// Returns an optimizer with this rule, before its first step.
    ///
    /// # Panics
    ///
    /// When a rate of the schedule is infinite or NaN, or a setting of the rule is out of its range. A negative rate ascends.
    ///
    /// ```
    /// use dualtape::nn::{Momentum, Optimizer, Schedule, Sgd};
    ///
    /// let rule = Momentum { momentum: 0.0, nesterov: false };
    /// assert_eq!(Optimizer::with(rule, Schedule::Constant(0.1)), Sgd::new(Schedule::Constant(0.1)));
    /// ```
    #[track_caller]
    pub fn with(rule: U, schedule: Schedule) -> Self {
        schedule.assert_finite();
        rule.assert_settings();
        Optimizer { rule, schedule, state: State::default() }
    }

    /// Returns the learning rate of the coming step.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.0, steps: 4 });
    /// sgd.step(&mut [0.0], &[0.0]);
    /// assert_eq!(sgd.rate(), 0.75);
    /// ```
    pub fn rate(&self) -> f64 {
        self.schedule.rate(self.state.steps)
    }

    /// Moves the parameters against their gradient. After the first step it allocates nothing.
    ///
    /// # Panics
    ///
    /// When the lengths differ, the number of parameters is not the one of earlier steps, or the schedule has grown
    /// beyond all finite rates.
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
        let n = parameters.len();
        assert_gradient("Optimizer::step", n, gradient.len());
        let needed = self.memory(n);
        let State { steps, numbers } = &mut self.state;
        if numbers.is_empty() {
            numbers.resize(needed, 0.0);
        }
        assert_eq!(
            numbers.len(),
            needed,
            "Optimizer::step: the state has {} numbers and {n} parameters need {needed}; pass the parameters that it \
             was made with",
            numbers.len(),
        );
        let rate = self.schedule.rate(*steps);
        assert!(
            rate.is_finite(),
            "Optimizer::step: the learning rate of step {} is {rate}; pass a schedule that stays finite",
            *steps + 1
        );
        *steps += 1;
        self.rule.update(rate, *steps, parameters, gradient, numbers);
    }

    /// Moves the parameters of a model against their gradient, a model of the same structure.
    ///
    /// # Panics
    ///
    /// As [`step`](Optimizer::step).
    ///
    /// ```
    /// use dualtape::gradient_of;
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let mut model = (1.0, vec![2.0, 3.0]);
    /// let (_, gradient) = gradient_of(&model, |(a, b)| *a * b[0] + b[1]);
    /// Sgd::new(Schedule::Constant(0.5)).step_model(&mut model, &gradient);
    /// assert_eq!(model, (0.0, vec![1.5, 2.5]));
    /// ```
    #[track_caller]
    pub fn step_model<R: Real, M: Parameters<Scalar = R, Of<R> = M>>(&mut self, model: &mut M, gradient: &M) {
        assert_same_names("Optimizer::step_model", ["the model", "its gradient"], [model, gradient]);
        let mut parameters = model.flatten();
        self.step(&mut parameters, &gradient.flatten());
        *model = model.unflatten(&parameters);
    }

    /// Returns the description of the rule.
    pub(super) fn description(&self) -> String {
        self.rule.description()
    }

    /// Returns how many numbers the optimizer remembers for this number of parameters.
    pub(super) fn memory(&self, parameters: usize) -> usize {
        parameters * self.rule.numbers()
    }

    /// Returns the state.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd};
    ///
    /// let mut sgd = Sgd::new(Schedule::Constant(0.5)).momentum(0.9);
    /// sgd.step(&mut [1.0], &[4.0]);
    /// assert_eq!((sgd.state().steps, &sgd.state().numbers[..]), (1, &[4.0][..]));
    /// ```
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Copies the state into `copy` and reuses its memory.
    pub(super) fn copy_state(&self, copy: &mut State) {
        copy.steps = self.state.steps;
        copy.numbers.clone_from(&self.state.numbers);
    }

    /// Restores the state of another optimizer.
    ///
    /// ```
    /// use dualtape::nn::{Adam, Schedule};
    ///
    /// let new = || Adam::new(Schedule::Constant(0.5));
    /// let (mut adam, mut p) = (new(), [1.0]);
    /// adam.step(&mut p, &[4.0]);
    /// let (mut resumed, mut q) = (new(), p);
    /// resumed.set_state(adam.state().clone());
    /// adam.step(&mut p, &[2.0]);
    /// resumed.step(&mut q, &[2.0]);
    /// assert_eq!(p, q);
    /// ```
    pub fn set_state(&mut self, state: State) {
        self.state = state;
    }
}

/// Returns a plain number in f64.
#[inline(always)]
fn number<R: Real>(x: R) -> f64 {
    x.to_f64().expect("f32 and f64 are numbers in f64")
}

/// Refuses a setting that is not within its range; NaN is within none.
#[track_caller]
fn assert_setting(name: &str, value: f64, within: impl RangeBounds<f64>, range: &str) {
    assert!(value.is_finite() && within.contains(&value), "{name} is {value}; pass {range}");
}

#[track_caller]
fn assert_gradient(name: &str, parameters: usize, derivatives: usize) {
    assert_eq!(
        parameters, derivatives,
        "{name}: {parameters} parameters and {derivatives} derivatives; pass one derivative for each parameter"
    );
}
