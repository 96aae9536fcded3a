//! The progress of a training, and how it is saved.

use std::num::NonZeroUsize;

use super::{Epoch, Trainer};
use crate::nn::{Dataset, State, TensorError, Tensors, Update};
use crate::scalar::Real;

#[derive(Clone, Debug)]
pub(super) struct Progress<R> {
    /// The parameters after the last step; none before the first.
    pub(super) parameters: Vec<R>,
    /// The parameters after the epoch with the smallest loss of the validation data.
    pub(super) best: Option<Vec<R>>,
    pub(super) history: Vec<Epoch>,
    /// The number of steps taken in the current epoch.
    pub(super) steps: usize,
    /// The sum of the losses of all rows in these steps.
    pub(super) loss: f64,
    /// The [`description`] of the data at the start.
    pub(super) data: String,
    /// The description of the objective at the start; `None` from files without it.
    pub(super) objective: Option<String>,
    /// The seed, and the number of rows of a minibatch, of the last step.
    pub(super) minibatches: (u64, usize),
}

/// Returns a description of the data of a training, to tell it from other data.
pub(super) fn description<R: Real, T: Copy + 'static>(
    train: &Dataset<R, T>,
    validation: Option<&Dataset<R, T>>,
) -> String {
    let of = |data: &Dataset<R, T>| format!("{} rows with the checksum {:016x}", data.len(), data.checksum());
    match validation {
        Some(validation) => format!("{} to learn from, {} to validate with", of(train), of(validation)),
        None => of(train),
    }
}

impl<R> Progress<R> {
    /// Returns the progress of a training that has not begun.
    pub(super) fn new() -> Self {
        Progress {
            parameters: Vec::new(),
            best: None,
            history: Vec::new(),
            steps: 0,
            loss: 0.0,
            data: String::new(),
            objective: None,
            minibatches: (0, 0),
        }
    }

    /// Returns the smallest decisive loss so far, and the number of epochs since then.
    pub(super) fn best(&self) -> Option<(f64, usize)> {
        let losses = self.history.iter().map(Epoch::decisive_loss).rev().enumerate();
        // Reversed, so among equal losses the first epoch comes last and wins.
        losses.map(|(age, loss)| (loss, age)).reduce(|best, other| if other.0 <= best.0 { other } else { best })
    }
}

impl<U: Update, R: Real> Trainer<'_, U, R> {
    /// Returns everything that a training needs to continue bit for bit: the parameters, the best ones so far, the
    /// state of the optimizer, the history, the seed and the size of minibatches, a checksum of the data, and the
    /// [descriptions](crate::nn::Update::description) of the optimizer and the objective.
    ///
    /// ```
    /// use std::ops::ControlFlow::{Break, Continue};
    ///
    /// use dualtape::nn::{Activation, Adam, Dataset, Mlp, Schedule, Supervised, Trainer};
    ///
    /// let zeros: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// let (objective, [mut whole, mut halves]) = (Supervised::new(&zeros), [zeros.clone(), zeros]);
    /// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
    /// let new = || Trainer::new(Adam::new(Schedule::Constant(0.1))).epochs(10).batch(2);
    /// new().fit(&objective, whole.parameters_mut(), &data, None)?;
    ///
    /// let mut first = new().on_epoch(|epoch, _| if epoch.number == 4 { Break(()) } else { Continue(()) });
    /// first.fit(&objective, halves.parameters_mut(), &data, None)?;
    /// let mut second = new();
    /// second.load_tensors(&first.tensors())?;
    /// second.fit(&objective, halves.parameters_mut(), &data, None)?;
    /// assert_eq!(halves, whole);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tensors(&self) -> Tensors {
        let Progress { parameters, best, history, steps, loss, data, objective, minibatches } = &self.progress;
        let (seed, batch) = if *steps > 0 { *minibatches } else { (self.seed, self.batch) };
        let mut tensors = Tensors::new();
        tensors.insert("parameters", &[parameters.len()], parameters.clone());
        if let Some(best) = best {
            tensors.insert("best", &[best.len()], best.clone());
        }
        let State { steps: taken, numbers } = self.optimizer.state();
        tensors.insert("optimizer", &[numbers.len()], numbers.clone());
        let rows = history.iter().flat_map(|e| [e.loss, e.validation_loss.unwrap_or(f64::NAN), e.rate]);
        tensors.insert("history", &[history.len(), COLUMNS], rows.collect::<Vec<f64>>());
        tensors.insert("epoch.loss", &[], vec![*loss]);
        tensors.insert_text("epoch.steps", steps);
        tensors.insert_text("optimizer.steps", taken);
        tensors.insert_text("optimizer", self.optimizer.description());
        tensors.insert_text("data", data);
        if let Some(objective) = objective {
            tensors.insert_text("objective", objective);
        }
        tensors.insert_text("seed", seed);
        tensors.insert_text("batch", batch);
        tensors
    }

    /// Continues a saved training, with its seed and size of minibatches, which can be changed where an epoch ends.
    /// The optimizer with its settings, the network and the data must be the same. The schedule of learning rates may be
    /// another, as may the penalty and the dropout of a [`Supervised`](super::Supervised). [`fit`](Trainer::fit) refuses
    /// other data, and an objective with another [description](super::Objective::description). Any objective continues a
    /// training that was saved without one.
    ///
    /// # Errors
    ///
    /// When the optimizer has another [description](crate::nn::Update::description). When a tensor is missing, does not
    /// match the others, or has a number to continue from that is infinite or NaN. An error leaves the trainer unchanged.
    ///
    /// ```
    /// use dualtape::nn::{Adam, Schedule, Sgd, Tensors, Trainer};
    ///
    /// let mut trainer: Trainer<'_, _> = Trainer::new(Sgd::new(Schedule::Constant(0.1)));
    /// let error = trainer.load_tensors(&Tensors::new()).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no tensor \"parameters\", of the shape [0]");
    /// ```
    pub fn load_tensors(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        tensors.expect_made_with("optimizer", self.optimizer.description())?;
        let rows = |name: &str| tensors.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0);
        let n = rows("parameters");
        let parameters = tensors.get_finite("parameters", &[n])?;
        let best = tensors.shape("best").map(|_| tensors.get_finite("best", &[n])).transpose()?;
        let steps = tensors.text("optimizer.steps")?;
        let memory = if steps == 0 { 0 } else { self.optimizer.memory(n) };
        let state = State { steps, numbers: tensors.get_finite("optimizer", &[memory])? };
        let history: Vec<f64> = tensors.get("history", &[rows("history"), COLUMNS])?;
        let epoch = |(number, row): (usize, &[f64; COLUMNS])| {
            let &[loss, validation, rate] = row;
            Epoch { number, loss, validation_loss: (!validation.is_nan()).then_some(validation), rate }
        };
        let progress = Progress {
            parameters,
            best,
            history: (1..).zip(history.as_chunks().0).map(epoch).collect(),
            steps: tensors.text("epoch.steps")?,
            loss: tensors.get_finite("epoch.loss", &[])?[0],
            data: tensors.text("data")?,
            objective: tensors.text("objective").ok(),
            minibatches: (tensors.text("seed")?, tensors.text::<NonZeroUsize>("batch")?.get()),
        };
        self.optimizer.set_state(state);
        (self.seed, self.batch) = progress.minibatches;
        self.progress = progress;
        Ok(())
    }
}

/// The losses and the rate of an epoch, as saved.
const COLUMNS: usize = 3;
