//! Training: minibatches, steps, validation and checks.
//!
//! A [`Trainer`] minimizes an [`Objective`], which is written once over [`Scalar`](crate::Scalar) and read three
//! times: in reverse mode for the gradient of every step, in plain numbers for the validation loss, and if asked in
//! forward mode at the end of every epoch, to confirm the gradient ([`Trainer::check`]).
//!
//! All random numbers come from one seed. The order of an epoch depends on the seed and the number of the epoch, the
//! random numbers of a step on the seed and the number of the step. So there is little to save, and a training that is
//! [saved](Trainer::tensors) and resumed gives the same bits.
//!
//! A step like the one before it allocates nothing, unless the objective does; [`Supervised`] does not.

mod agreement;
mod callback;
mod error;
mod minibatch;
mod objective;
mod progress;
#[cfg(feature = "train")]
mod terminal;

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(feature = "files")]
use std::path::{Path, PathBuf};

use num_traits::Float;

use super::data::generator;
use super::optimizer::assert_bound;
use super::{Dataset, Minibatches, Optimizer, State, Update, clip_norm};
#[cfg(feature = "files")]
use super::{FileError, FileProblem, Tensors};
use crate::forward::Dual;
use crate::ranks::Ranks;
use crate::scalar::Real;
use crate::verbs::gradient_forward;
use agreement::any;
use callback::OnEpoch;
pub use callback::{Callback, Epoch, Step};
pub use error::TrainError;
use minibatch::Minibatch;
pub use objective::{Batch, Objective, Supervised};
use progress::{Progress, description};
#[cfg(feature = "train")]
pub use terminal::{CtrlC, ProgressBar};

/// Trains with an [`Optimizer`]: epochs of shuffled minibatches, validation, early stopping, callbacks, and
/// checkpoints.
///
/// ```
/// use dualtape::nn::{Activation, Adam, Dataset, Ending, Init, Mlp, Schedule, Supervised, Trainer, predictions};
/// use rand::SeedableRng;
/// use rand::rngs::StdRng;
///
/// // Which points are within the unit circle?
/// let grid = |i: usize| [(i % 20) as f64 * 0.15 - 1.4, (i / 20) as f64 * 0.15 - 1.4];
/// let points: Vec<[f64; 2]> = (0..400).map(grid).collect();
/// let within = points.iter().map(|[x, y]| usize::from(x * x + y * y < 1.0)).collect();
/// let (train, validation) = Dataset::new((2, 1), points.concat(), within).split(0.25, 1);
///
/// let layers = [(16, Activation::Tanh), (2, Activation::Linear)];
/// let mut mlp: Mlp = Mlp::random(2, &layers, Init::Xavier, &mut StdRng::seed_from_u64(1));
/// let objective = Supervised::new(&mlp);
/// let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.02))).epochs(50).batch(20).patience(10).check(8);
/// let ending = trainer.fit(&objective, mlp.parameters_mut(), &train, Some(&validation))?;
///
/// assert_eq!(ending, Ending::Epochs);
/// let classes = predictions(&mlp.forward_batch(validation.features(), validation.len()), 2);
/// let right = classes.iter().zip(validation.targets()).filter(|(a, b)| a == b).count();
/// assert!(right >= 95, "{right} of 100");
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
pub struct Trainer<'a, U, R = f64> {
    optimizer: Optimizer<U>,
    epochs: usize,
    batch: usize,
    seed: u64,
    patience: Option<usize>,
    largest_norm: Option<f64>,
    /// The number of derivatives to confirm at the end of every epoch.
    checked: usize,
    callbacks: Vec<Box<dyn Callback<R> + 'a>>,
    ranks: Option<&'a dyn Ranks>,
    #[cfg(feature = "files")]
    checkpoint: Option<PathBuf>,
    progress: Progress<R>,
}

/// Why a training ended.
///
/// ```
/// use dualtape::nn::{Activation, Dataset, Ending, Mlp, Schedule, Sgd, Supervised, Trainer};
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.0))).epochs(50).patience(5);
/// let ending = trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
/// assert_eq!((ending, trainer.history().len()), (Ending::Patience, 6));
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ran all its epochs.
    Epochs,
    /// The loss did not fall for too many epochs.
    Patience,
    /// A callback stopped it.
    Callback,
}

impl<'a, U: Update, R: Real> Trainer<'a, U, R> {
    /// Returns a trainer for 100 epochs of minibatches of 32 rows, with the seed 0.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd, Trainer};
    ///
    /// let trainer: Trainer<'_, _> = Trainer::new(Sgd::new(Schedule::Constant(0.1)));
    /// assert!(trainer.history().is_empty());
    /// ```
    pub fn new(optimizer: Optimizer<U>) -> Self {
        Trainer {
            optimizer,
            epochs: 100,
            batch: 32,
            seed: 0,
            patience: None,
            largest_norm: None,
            checked: 0,
            callbacks: Vec::new(),
            ranks: None,
            #[cfg(feature = "files")]
            checkpoint: None,
            progress: Progress::new(),
        }
    }

    /// Sets the number of epochs, which includes the epochs before a training was resumed.
    ///
    /// [`Trainer`] has an example.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// Sets the number of rows of a minibatch; the last one of an epoch may have fewer.
    ///
    /// Minibatches of 64 rows or more are split into pieces of at least 32 rows, on several threads (feature
    /// `parallel`). The bits are the same on any number of threads.
    ///
    /// # Panics
    ///
    /// When the number is 0.
    ///
    /// [`Trainer`] has an example.
    #[track_caller]
    pub fn batch(self, rows: usize) -> Self {
        assert!(rows > 0, "Trainer::batch: minibatches of 0 rows; pass at least 1");
        Trainer { batch: rows, ..self }
    }

    /// Sets the seed of the order of rows, and of the random numbers that objectives [draw](Batch::generator).
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dataset, Mlp, Schedule, Sgd, Supervised, Trainer};
    ///
    /// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 4.0, 5.0]);
    /// let trained = |seed| {
    ///     let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    ///     let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(1).batch(1).seed(seed);
    ///     trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None).map(|_| line)
    /// };
    /// assert_eq!(trained(1)?, trained(1)?);
    /// assert_ne!(trained(1)?, trained(4)?);
    /// # Ok::<(), dualtape::nn::TrainError>(())
    /// ```
    pub fn seed(self, seed: u64) -> Self {
        Trainer { seed, ..self }
    }

    /// Stops the training when the loss has not fallen for this number of epochs. It is the loss of the validation
    /// data, or without them the mean loss of the epoch.
    ///
    /// [`Ending`] has an example.
    pub fn patience(self, epochs: usize) -> Self {
        Trainer { patience: Some(epochs), ..self }
    }

    /// Clips gradients to this norm: [`clip_norm`].
    ///
    /// # Panics
    ///
    /// When the norm is negative or NaN.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dataset, Mlp, Schedule, Sgd, Supervised, Trainer};
    ///
    /// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// let data = Dataset::new((1, 1), vec![3.0], vec![1e6]);
    /// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(1.0))).epochs(1).clip_norm(1.0);
    /// trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
    /// assert!((line.parameters()[0].hypot(line.parameters()[1]) - 1.0).abs() < 1e-12);
    /// # Ok::<(), dualtape::nn::TrainError>(())
    /// ```
    #[track_caller]
    pub fn clip_norm(self, largest: f64) -> Self {
        assert_bound("Trainer::clip_norm", largest);
        Trainer { largest_norm: Some(largest), ..self }
    }

    /// Compares the modes at the end of every epoch: the derivatives of the loss of a minibatch in reverse and in
    /// forward mode, with respect to this number of parameters, drawn at random. When two differ by more than 10⁻⁹ (in
    /// `f32` 5·10⁻⁴) of the largest derivative, the training ends with an error that names the parameter.
    ///
    /// It costs a gradient, and an evaluation in 8 lanes for every 8 parameters.
    ///
    /// ```
    /// use dualtape::nn::{Batch, Dataset, Objective, Schedule, Sgd, Trainer};
    /// use dualtape::Scalar;
    ///
    /// struct Wrong;
    ///
    /// impl Objective for Wrong {
    ///     /// x², with a factor that is hidden from one of the modes.
    ///     fn loss<S: Scalar<Real = f64>>(&self, x: &[S], _: &Batch<'_>) -> S {
    ///         if size_of::<S>() == 16 { x[0] * x[0].value() } else { x[0] * x[0] }
    ///     }
    /// }
    ///
    /// let (data, mut x) = (Dataset::new((1, 1), vec![0.0], vec![0.0]), [1.0]);
    /// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.5))).check(1);
    /// let error = trainer.fit(&Wrong, &mut x, &data, None).unwrap_err();
    /// assert!(error.to_string().starts_with(
    ///     "epoch 1: the derivative with respect to parameter 0 is 0.5 in reverse mode and 1 in forward mode"
    /// ));
    /// ```
    pub fn check(self, parameters: usize) -> Self {
        Trainer { checked: parameters, ..self }
    }

    /// Adds a [`Callback`], called after every step and epoch.
    ///
    /// [`Step`] has an example.
    pub fn callback(mut self, callback: impl Callback<R> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Adds a closure that is called after every epoch, with the parameters. It stops the training with `Break`.
    ///
    /// ```
    /// use std::ops::ControlFlow::{Break, Continue};
    ///
    /// use dualtape::nn::{Activation, Dataset, Ending, Mlp, Schedule, Sgd, Supervised, Trainer};
    ///
    /// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
    /// let good_enough = |_: &_, line: &[f64]| if line[0] > 1.9 { Break(()) } else { Continue(()) };
    /// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).on_epoch(good_enough);
    /// assert_eq!(trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?, Ending::Callback);
    /// # Ok::<(), dualtape::nn::TrainError>(())
    /// ```
    pub fn on_epoch(self, callback: impl FnMut(&Epoch, &[R]) -> ControlFlow<()> + 'a) -> Self {
        self.callback(OnEpoch(callback))
    }

    /// Shares the rows of every minibatch, and of the validation data, among ranks. All ranks have the same parameters
    /// after every step, and the bits are those of one process; so a training may go on with another number of ranks.
    ///
    /// All ranks pass the same parameters, data and settings. A minibatch has one piece for every 32 rows, and more
    /// ranks than pieces have nothing to do. Rank 0 writes the checkpoint, and every rank
    /// resumes from it. A callback that stops the training on one rank stops it on all.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dataset, Mlp, Schedule, Sgd, Supervised, TrainError, Trainer};
    /// use dualtape::ranks::on_threads;
    ///
    /// let x: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.01).collect();
    /// let data = Dataset::new((1, 1), x.clone(), x.iter().map(|x| 2.0 * x + 1.0).collect());
    /// let trained = on_threads(2, |ranks| {
    ///     let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    ///     let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.5))).batch(100).over(ranks);
    ///     trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None)?;
    ///     Ok::<_, TrainError>(line)
    /// });
    /// let [Ok(line), Ok(same)] = &trained[..] else { panic!("{trained:?}") };
    /// assert_eq!(line, same);
    /// assert!((line.parameters()[0] - 2.0).abs() < 0.1);
    /// ```
    pub fn over(self, ranks: &'a dyn Ranks) -> Self {
        Trainer { ranks: Some(ranks), ..self }
    }

    /// Writes a checkpoint: a file of its [tensors](Trainer::tensors), replaced at the end of every epoch and when a
    /// callback stops the training. Over [ranks](Trainer::over), rank 0 writes it.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Adam, Dataset, Mlp, Schedule, Supervised, Trainer};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("training.safetensors");
    /// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// let (objective, mut again) = (Supervised::new(&line), line.clone());
    /// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
    /// let new = || Trainer::new(Adam::new(Schedule::Constant(0.1)));
    /// new().epochs(10).fit(&objective, line.parameters_mut(), &data, None)?;
    ///
    /// new().epochs(4).checkpoint(&path).fit(&objective, again.parameters_mut(), &data, None)?;
    /// new().epochs(10).resume(&path)?.fit(&objective, again.parameters_mut(), &data, None)?;
    /// assert_eq!(again, line);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "files")]
    pub fn checkpoint(self, path: impl AsRef<Path>) -> Self {
        Trainer { checkpoint: Some(path.as_ref().to_path_buf()), ..self }
    }

    /// Resumes from a [checkpoint](Trainer::checkpoint): [`load_tensors`](Trainer::load_tensors).
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a checkpoint of a training with such an optimizer.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd, Trainer};
    ///
    /// let trainer: Trainer<'_, _> = Trainer::new(Sgd::new(Schedule::Constant(0.1)));
    /// let error = trainer.resume("no/such/file.safetensors").err().unwrap();
    /// assert!(error.to_string().starts_with("no/such/file.safetensors: "));
    /// ```
    #[cfg(feature = "files")]
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self, FileError> {
        let tensors = Tensors::load(&path)?;
        let named = |error| FileError { path: path.as_ref().to_path_buf(), problem: FileProblem::Tensors(error) };
        self.load_tensors(&tensors).map_err(named)?;
        Ok(self)
    }

    /// Trains, starting from `parameters`, and writes the result there: the best parameters for the validation data,
    /// or without validation data the last ones.
    ///
    /// A second call, or one after [`load_tensors`](Trainer::load_tensors), continues from the trainer's own state and
    /// ignores the numbers in `parameters`.
    ///
    /// # Errors
    ///
    /// When a loss, a derivative, a parameter or a learning rate is not finite, the modes [disagree](Trainer::check), or
    /// the checkpoint cannot be written. When an earlier call had another number of parameters, other data or another
    /// objective, or other minibatches earlier in the epoch. When a [rank](Trainer::over) has an error, or other numbers
    /// than rank 0. Even then `parameters` holds the result so far, which is finite unless the passed numbers are not.
    ///
    /// After every step the trainer computes the learning rate, the loss and the gradient of the next step, before it goes
    /// on, saves or returns. If they are not finite, it undoes the step. So a training that diverges is never `Ok`, and
    /// every saved training can be resumed.
    ///
    /// # Panics
    ///
    /// When there are no rows to train with, or none to validate with.
    ///
    /// [`Trainer`] has an example.
    #[track_caller]
    pub fn fit<T: Copy + Send + Sync + 'static>(
        &mut self,
        objective: &impl Objective<R, T>,
        parameters: &mut [R],
        train: &Dataset<R, T>,
        validation: Option<&Dataset<R, T>>,
    ) -> Result<Ending, TrainError> {
        assert!(!train.is_empty(), "Trainer::fit: there are no rows to train with; pass at least one");
        let validates = validation.is_none_or(|rows| !rows.is_empty());
        assert!(validates, "Trainer::fit: there are no rows to validate with; pass at least one, or None");
        let begun = self.begin(objective, parameters, description(train, validation));
        self.on_all_ranks(begun)?;
        self.compare_ranks()?;
        let ending = {
            let ended = EndOfCallbacks(self);
            ended.0.run(objective, train, validation)
        };
        parameters.copy_from_slice(self.progress.best.as_ref().unwrap_or(&self.progress.parameters));
        ending
    }

    /// Takes the parameters, or refuses what does not go on with the training that was begun.
    fn begin<T>(&mut self, objective: &impl Objective<R, T>, parameters: &[R], data: String) -> Result<(), TrainError> {
        let (passed, resumed) = (parameters.len(), self.progress.parameters.len());
        let (minibatches, description) = ((self.seed, self.batch), objective.description());
        if resumed == 0 {
            if let Some(index) = first_not_finite(parameters) {
                let what = format!("{} before the step", objective.parameter_name(index));
                return Err(TrainError::NotFinite { epoch: 1, step: 1, what, value: real(parameters[index]) });
            }
            self.progress.parameters = parameters.to_vec();
            self.progress.data = data;
        } else if passed != resumed {
            return Err(TrainError::Parameters { passed, resumed });
        } else if data != self.progress.data {
            return Err(TrainError::Data { passed: data, resumed: self.progress.data.clone() });
        } else if let Some(before) = self.progress.objective.as_ref().filter(|before| **before != description) {
            return Err(TrainError::Objective { passed: description, resumed: before.clone() });
        } else if self.progress.steps > 0 && minibatches != self.progress.minibatches {
            return Err(TrainError::Minibatches { set: minibatches, begun: self.progress.minibatches });
        }
        self.progress.objective = Some(description);
        Ok(())
    }

    /// Returns the epochs so far.
    ///
    /// [`Epoch`] has an example.
    pub fn history(&self) -> &[Epoch] {
        &self.progress.history
    }

    /// Returns the optimizer as it is now.
    ///
    /// ```
    /// use dualtape::nn::{Schedule, Sgd, Trainer};
    ///
    /// let trainer: Trainer<'_, _> = Trainer::new(Sgd::new(Schedule::Constant(0.1)));
    /// assert_eq!(trainer.optimizer().rate(), 0.1);
    /// ```
    pub fn optimizer(&self) -> &Optimizer<U> {
        &self.optimizer
    }

    fn run<T: Copy + Send + Sync>(
        &mut self,
        objective: &impl Objective<R, T>,
        train: &Dataset<R, T>,
        validation: Option<&Dataset<R, T>>,
    ) -> Result<Ending, TrainError> {
        if self.progress.history.len() >= self.epochs {
            return Ok(Ending::Epochs);
        }
        let mut coming = Coming {
            rows: Minibatches::shuffled(train.len(), self.batch, self.seed),
            minibatch: Minibatch::new(self.ranks),
            validation: validation.map(|data| {
                let mut rows = Minibatch::new(self.ranks);
                rows.gather(data, &(0..data.len()).collect::<Vec<_>>(), None);
                rows
            }),
            steps: train.len().div_ceil(self.batch),
            loss: R::zero(),
        };
        let parameters = self.progress.parameters.clone();
        let mut before = Before { parameters, optimizer: State::default(), steps_and_loss: None };
        self.look_ahead(objective, train, &mut coming)?;
        while self.progress.history.len() < self.epochs {
            if let (Some((_, unimproved)), Some(patience)) = (self.progress.best(), self.patience)
                && unimproved >= patience
            {
                return Ok(Ending::Patience);
            }
            while self.progress.steps < coming.steps {
                let step = self.step(objective, train, &mut coming, &mut before)?;
                if self.tell(|callback, _| callback.step(&step)).is_break() {
                    self.save()?;
                    return Ok(Ending::Callback);
                }
            }
            if self.checked > 0 {
                self.on_all_ranks(self.compare_modes(objective, train))?;
            }
            let ended = self.end_epoch(objective, train.len(), coming.validation.as_mut());
            let epoch = ended.inspect_err(|_| self.undo(&mut before))?;
            self.save()?;
            if self.tell(|callback, parameters| callback.epoch(&epoch, parameters)).is_break() {
                return Ok(Ending::Callback);
            }
        }
        Ok(Ending::Epochs)
    }

    /// Moves the parameters, and looks ahead at the next step. If one of its numbers is not finite, it undoes the step, so
    /// saved or returned parameters can always take a next step.
    fn step<T: Copy + Send + Sync>(
        &mut self,
        objective: &impl Objective<R, T>,
        train: &Dataset<R, T>,
        coming: &mut Coming<'_, R, T>,
        before: &mut Before<R>,
    ) -> Result<Step, TrainError> {
        let (epoch, number, rate) = (self.progress.history.len() + 1, self.progress.steps + 1, self.optimizer.rate());
        let (loss, sum) = (real(coming.loss), self.progress.loss);
        let rows = coming.minibatch.len() as f64;
        before.parameters.copy_from_slice(&self.progress.parameters);
        self.optimizer.copy_state(&mut before.optimizer);
        before.steps_and_loss = Some((number - 1, sum));
        let gradient = coming.minibatch.known_gradient();
        if let Some(largest) = self.largest_norm {
            clip_norm(gradient, R::from_f64(largest));
        }
        self.optimizer.step(&mut self.progress.parameters, gradient);
        self.progress.steps = number;
        self.progress.loss = sum + loss * rows;
        self.progress.minibatches = (self.seed, self.batch);
        let goes_on = self.moved_to_numbers(objective).and_then(|()| self.look_ahead(objective, train, coming));
        goes_on.inspect_err(|_| self.undo(before))?;
        Ok(Step { epoch, epochs: self.epochs, number, steps: coming.steps, loss, rate })
    }

    /// Undoes the last step, if there was one.
    fn undo(&mut self, before: &mut Before<R>) {
        if let Some(steps_and_loss) = before.steps_and_loss.take() {
            self.progress.parameters.copy_from_slice(&before.parameters);
            self.optimizer.set_state(std::mem::take(&mut before.optimizer));
            (self.progress.steps, self.progress.loss) = steps_and_loss;
        }
    }

    /// Refuses parameters and optimizer numbers that are infinite or NaN after the last step.
    fn moved_to_numbers<T>(&self, objective: &impl Objective<R, T>) -> Result<(), TrainError> {
        let (parameters, numbers) = (&self.progress.parameters, &self.optimizer.state().numbers);
        let parameter = first_not_finite(parameters);
        let parameter = parameter.map(|index| (objective.parameter_name(index), real(parameters[index])));
        let number = first_not_finite(numbers).map(|index| ("a number of the optimizer".to_string(), numbers[index]));
        match parameter.or(number) {
            Some((what, value)) => {
                let (epoch, step) = (self.progress.history.len() + 1, self.progress.steps);
                Err(TrainError::NotFinite { epoch, step, what: format!("{what} after the step"), value })
            }
            None => Ok(()),
        }
    }

    /// Computes the learning rate, the loss and the gradient of the coming step, and refuses numbers that are not finite.
    fn look_ahead<T: Copy + Send + Sync>(
        &self,
        objective: &impl Objective<R, T>,
        train: &Dataset<R, T>,
        coming: &mut Coming<'_, R, T>,
    ) -> Result<(), TrainError> {
        let (history, taken) = (self.progress.history.len(), self.progress.steps);
        let (epoch, index, sum) =
            if taken < coming.steps { (history, taken, self.progress.loss) } else { (history + 1, 0, 0.0) };
        let not_finite = |what: String, value: f64| {
            if epoch < self.epochs {
                TrainError::NotFinite { epoch: epoch + 1, step: index + 1, what, value }
            } else {
                TrainError::NotFinite { epoch, step: taken, what: format!("{what} after the last step"), value }
            }
        };
        let rate = self.optimizer.rate();
        if !rate.is_finite() {
            return Err(not_finite("the learning rate".to_string(), rate));
        }
        let rows = coming.rows.epoch(epoch as u64).nth(index).expect("an epoch has as many minibatches as steps");
        coming.minibatch.gather(train, rows, Some((self.seed, self.optimizer.state().steps)));
        let (loss, gradient) = coming.minibatch.gradient(objective, &self.progress.parameters);
        coming.loss = loss;
        if !Float::is_finite(loss) {
            return Err(not_finite("the loss".to_string(), real(loss)));
        }
        let sum = sum + real(loss) * rows.len() as f64;
        if !sum.is_finite() {
            return Err(not_finite("the sum of the losses of the epoch".to_string(), sum));
        }
        match first_not_finite(gradient) {
            Some(index) => {
                let what = format!("the derivative with respect to {}", objective.parameter_name(index));
                Err(not_finite(what, real(gradient[index])))
            }
            None => Ok(()),
        }
    }

    /// Validates, and begins the next epoch.
    fn end_epoch<T: Copy + Send + Sync>(
        &mut self,
        objective: &impl Objective<R, T>,
        rows: usize,
        validation: Option<&mut Minibatch<'_, R, T>>,
    ) -> Result<Epoch, TrainError> {
        let (number, progress) = (self.progress.history.len() + 1, &mut self.progress);
        let validation_loss = validation.map(|rows| real(rows.plain_loss(objective, &progress.parameters)));
        if let Some(value) = validation_loss {
            if !value.is_finite() {
                let what = "the loss of the validation data".to_string();
                return Err(TrainError::NotFinite { epoch: number, step: progress.steps, what, value });
            }
            if progress.best().is_none_or(|(best, _)| value < best) {
                progress.best.get_or_insert_default().clone_from(&progress.parameters);
            }
        }
        let loss = std::mem::take(&mut progress.loss) / rows as f64;
        progress.steps = 0;
        let rate = self.optimizer.rate();
        let epoch = Epoch { number, loss, validation_loss, rate };
        progress.history.push(epoch);
        Ok(epoch)
    }

    /// Compares reverse and forward mode in the derivatives with respect to some parameters, drawn at random.
    fn compare_modes<T: Copy + Send + Sync>(
        &self,
        objective: &impl Objective<R, T>,
        train: &Dataset<R, T>,
    ) -> Result<(), TrainError> {
        /// The first stream of these random numbers.
        const CHECKS: u64 = 1 << 62;
        let (parameters, epoch) = (&self.progress.parameters, self.progress.history.len() + 1);
        let mut rows = Minibatches::shuffled(train.len(), self.batch, self.seed);
        let rows = rows.epoch(epoch as u64 - 1).next().expect("an epoch has a minibatch");
        let mut minibatch = Minibatch::new(None);
        minibatch.gather(train, rows, Some((self.seed, self.optimizer.state().steps)));
        let mut generator = generator(self.seed, CHECKS | epoch as u64);
        let chosen = rand::seq::index::sample(&mut generator, parameters.len(), self.checked.min(parameters.len()));
        let point: Vec<R> = chosen.iter().map(|index| parameters[index]).collect();
        let reverse = minibatch.gradient(objective, parameters).1.to_vec();
        let loss = |x: &[Dual<R, _>]| {
            let mut inputs: Vec<_> = parameters.iter().map(|&p| Dual::constant(p)).collect();
            chosen.iter().zip(x).for_each(|(index, &x)| inputs[index] = x);
            minibatch.loss(objective, &inputs)
        };
        let (_, forward) = gradient_forward(loss, &point);
        let largest = reverse.iter().chain(&forward).map(|&g| real(g).abs()).fold(0.0, f64::max);
        let tolerance = f64::max(1e-9, 4096.0 * real(R::epsilon()));
        for (index, &forward) in chosen.iter().zip(&forward) {
            let (reverse, forward) = (real(reverse[index]), real(forward));
            let difference = (reverse - forward).abs();
            // A NaN counts as a difference.
            if difference.is_nan() || difference > tolerance * largest {
                let parameter = objective.parameter_name(index);
                let relative = difference / largest;
                return Err(TrainError::Disagreement { epoch, parameter, reverse, forward, relative });
            }
        }
        Ok(())
    }

    /// Writes the checkpoint, if the caller asked for one.
    fn save(&self) -> Result<(), TrainError> {
        #[cfg(feature = "files")]
        if let Some(path) = &self.checkpoint {
            let writes = self.ranks.is_none_or(|ranks| ranks.rank() == 0);
            let saved = if writes { self.tensors().save(path).map_err(TrainError::Checkpoint) } else { Ok(()) };
            return self.on_all_ranks(saved);
        }
        Ok(())
    }

    /// Calls all callbacks; each of them may stop the training, on all ranks.
    fn tell(&mut self, tell: impl Fn(&mut dyn Callback<R>, &[R]) -> ControlFlow<()>) -> ControlFlow<()> {
        let parameters = &self.progress.parameters;
        let mut answer = ControlFlow::Continue(());
        for callback in &mut self.callbacks {
            if tell(&mut **callback, parameters).is_break() {
                answer = ControlFlow::Break(());
            }
        }
        match self.ranks {
            Some(ranks) if any(ranks, answer.is_break()) => ControlFlow::Break(()),
            _ => answer,
        }
    }
}

/// The step that comes next, whose loss and gradient are known.
struct Coming<'a, R, T> {
    rows: Minibatches,
    minibatch: Minibatch<'a, R, T>,
    validation: Option<Minibatch<'a, R, T>>,
    /// The number of steps of an epoch.
    steps: usize,
    loss: R,
}

/// What the last step started from, to undo it.
struct Before<R> {
    parameters: Vec<R>,
    optimizer: State,
    /// The numbers in the current epoch; nothing before the first step.
    steps_and_loss: Option<(usize, f64)>,
}

/// Tells all callbacks, when dropped, that the training ends: also after one of them, or the objective, has panicked.
struct EndOfCallbacks<'t, 'a, U, R>(&'t mut Trainer<'a, U, R>);

impl<U, R> Drop for EndOfCallbacks<'_, '_, U, R> {
    fn drop(&mut self) {
        let mut panicked = None;
        for callback in &mut self.0.callbacks {
            // A callback that panics must not keep the end from the others.
            panicked = catch_unwind(AssertUnwindSafe(|| callback.end())).err().or(panicked);
        }
        if let Some(payload) = panicked.filter(|_| !std::thread::panicking()) {
            resume_unwind(payload);
        }
    }
}

impl<U: fmt::Debug, R> fmt::Debug for Trainer<'_, U, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer)
            .field("epochs", &self.epochs)
            .field("batch", &self.batch)
            .field("seed", &self.seed)
            .field("history", &self.progress.history)
            .finish_non_exhaustive()
    }
}

/// Returns the place of the first number that is infinite or NaN.
fn first_not_finite<R: Real>(numbers: &[R]) -> Option<usize> {
    // NOTE(perf): LLVM makes vector code of the loop that goes to the end, and normally that one runs.
    let are_finite = numbers.iter().fold(true, |all, x| all & Float::is_finite(*x));
    if are_finite { None } else { numbers.iter().position(|x| !Float::is_finite(*x)) }
}

/// Returns a plain number in f64.
fn real<R: Real>(x: R) -> f64 {
    x.to_f64().expect("f32 and f64 are numbers in f64")
}
