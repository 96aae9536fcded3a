//! Callbacks: they follow a training while it runs.

use std::fmt;
use std::ops::ControlFlow;

/// A step that the training has taken.
///
/// ```
/// use std::ops::ControlFlow::Continue;
///
/// use dualtape::nn::{Activation, Callback, Dataset, Mlp, Schedule, Sgd, Step, Supervised, Trainer};
///
/// struct Steps<'a>(&'a mut Vec<(usize, usize, f64)>);
///
/// impl Callback for Steps<'_> {
///     fn step(&mut self, step: &Step) -> std::ops::ControlFlow<()> {
///         self.0.push((step.epoch, step.number, step.rate));
///         Continue(())
///     }
/// }
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut steps = Vec::new();
/// let sgd = Sgd::new(Schedule::Constant(0.1));
/// let mut trainer = Trainer::new(sgd).epochs(2).batch(2).callback(Steps(&mut steps));
/// trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
/// drop(trainer);
/// assert_eq!(steps, [(1, 1, 0.1), (1, 2, 0.1), (2, 1, 0.1), (2, 2, 0.1)]);
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The number of the epoch, from 1 on.
    pub epoch: usize,
    /// The number of epochs of the whole training.
    pub epochs: usize,
    /// The number of the step in the epoch, from 1 on.
    pub number: usize,
    /// The number of steps of an epoch.
    pub steps: usize,
    /// The loss of the minibatch before the step.
    pub loss: f64,
    /// The learning rate of the step.
    pub rate: f64,
}

/// An epoch that has ended.
///
/// ```
/// use dualtape::nn::{Activation, Dataset, Mlp, Schedule, Sgd, Supervised, Trainer};
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(5);
/// trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, Some(&data))?;
/// let [first, .., last] = trainer.history() else { unreachable!() };
/// assert_eq!((first.number, first.loss, first.rate), (1, 35.0 / 3.0, 0.1));
/// assert!(last.validation_loss < first.validation_loss);
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 1 on.
    pub number: usize,
    /// The mean of the losses of the training rows, each taken before the row's step.
    pub loss: f64,
    /// The loss of the validation data after the epoch, if there is any.
    pub validation_loss: Option<f64>,
    /// The learning rate of the next step after the epoch.
    pub rate: f64,
}

impl Epoch {
    /// Returns the loss that decides whether the training makes progress.
    pub(super) fn decisive_loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.loss)
    }
}

/// Writes a line: `epoch  12  loss 0.0831  validation 0.1204  rate 1.0e-3`.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {:3}  loss {:.4}", self.number, self.loss)?;
        if let Some(loss) = self.validation_loss {
            write!(f, "  validation {loss:.4}")?;
        }
        write!(f, "  rate {:.1e}", self.rate)
    }
}

/// Follows a training while it runs, and may stop it with `ControlFlow::Break`.
///
/// [`Trainer::on_epoch`](super::Trainer::on_epoch) makes one of a closure. [`Step`] has an example.
pub trait Callback<R = f64> {
    /// Runs after every step.
    fn step(&mut self, _: &Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Runs after every epoch, with the current parameters.
    fn epoch(&mut self, _: &Epoch, _: &[R]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Runs when the training ends, for whatever reason.
    fn end(&mut self) {}
}

/// A closure that is called after epochs.
pub(super) struct OnEpoch<F>(pub(super) F);

impl<R, F: FnMut(&Epoch, &[R]) -> ControlFlow<()>> Callback<R> for OnEpoch<F> {
    fn epoch(&mut self, epoch: &Epoch, parameters: &[R]) -> ControlFlow<()> {
        self.0(epoch, parameters)
    }
}
