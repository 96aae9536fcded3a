//! Objectives: the losses that a training minimizes.

use std::ops::Deref;

use rand::Rng;

use crate::memory::pool::Scratch;
use crate::nn::data::generator;
use crate::nn::dropout::{drawn, leave_out};
use crate::nn::{Dataset, Dropout, Mlp, cross_entropy, l2, mean_squared_error};
use crate::scalar::{Real, Scalar};

/// The loss of a model on some rows of data, in any scalar.
///
/// It is written once. The [`Trainer`](super::Trainer) reads it in reverse mode to train, in forward mode to check the
/// gradients, and in plain numbers to validate.
///
/// The loss of rows must be a mean over them: the trainer splits a large minibatch, and the validation data, into
/// pieces and weights their losses by their numbers of rows. [`Supervised`] is a ready-made objective.
///
/// ```
/// use dualtape::nn::{Batch, Dataset, Objective, Schedule, Sgd, Trainer, mean_absolute_error};
/// use dualtape::{Real, Scalar};
///
/// /// A line through points, for the mean distance.
/// struct Line;
///
/// impl Objective for Line {
///     fn loss<S: Scalar<Real = f64>>(&self, line: &[S], batch: &Batch<'_>) -> S {
///         let outputs: Vec<S> = batch.features().iter().map(|&x| line[0] * x + line[1]).collect();
///         mean_absolute_error(&outputs, batch.targets())
///     }
/// }
///
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut line = [0.0, 0.0];
/// let sgd = Sgd::new(Schedule::Linear { from: 0.2, to: 0.0, steps: 300 });
/// Trainer::new(sgd).epochs(300).fit(&Line, &mut line, &data, None)?;
/// assert!((line[0] - 2.0).abs() < 0.01 && (line[1] - 1.0).abs() < 0.01);
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
pub trait Objective<R: Real = f64, T = R>: Sync {
    /// Returns the mean loss of the rows of a batch.
    fn loss<S: Scalar<Real = R>>(&self, parameters: &[S], batch: &Batch<'_, R, T>) -> S;

    /// Returns the name of a parameter, for messages.
    fn parameter_name(&self, index: usize) -> String {
        format!("parameter {index}")
    }

    /// Returns a description of the model, such as the layers of a network. A training saves it, and only an objective
    /// with the same description resumes the training.
    fn description(&self) -> String {
        String::new()
    }
}

/// Some rows, readable as a [`Dataset`], and the random numbers of a training step.
///
/// ```
/// use dualtape::nn::{Batch, Dataset};
///
/// let data = Dataset::new((2, 1), vec![0.0, 1.0, 2.0, 3.0], vec![5.0, 6.0]);
/// let batch = Batch::new(&data);
/// assert_eq!((batch.len(), batch.targets()), (2, &[5.0, 6.0][..]));
/// assert!(batch.generator().is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, R = f64, T = R> {
    rows: &'a Dataset<R, T>,
    /// The seed and the stream of the generator.
    chance: Option<(u64, u64)>,
}

impl<'a, R: Real, T: Copy> Batch<'a, R, T> {
    /// Returns all rows, for evaluation, without random numbers.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Batch, Dataset, Mlp, Objective, Supervised};
    ///
    /// let mlp = Mlp::new(1, &[(1, Activation::Linear)], &[2.0, 0.0]);
    /// let data = Dataset::new((1, 1), vec![1.0, 2.0], vec![2.0, 7.0]);
    /// assert_eq!(Supervised::new(&mlp).loss(mlp.parameters(), &Batch::new(&data)), 4.5);
    /// ```
    pub fn new(rows: &'a Dataset<R, T>) -> Self {
        Batch { rows, chance: None }
    }

    /// Returns the rows of a piece of a training step.
    pub(super) fn of_step(rows: &'a Dataset<R, T>, seed: u64, step: usize, piece: usize) -> Self {
        /// The first stream of the steps; each has 2¹⁶ of them.
        const STEPS: u64 = 1 << 63;
        Batch { rows, chance: Some((seed, STEPS | (step as u64) << 16 | piece as u64)) }
    }

    /// Returns the random number generator of a training step, or `None` outside of training.
    ///
    /// All readings of a step have the same numbers, so they evaluate the same function.
    ///
    /// ```
    /// use dualtape::nn::{Batch, Dataset, Objective, Schedule, Sgd, Trainer};
    /// use dualtape::Scalar;
    /// use rand::RngExt;
    ///
    /// /// How far a number is from 3, seen through noise.
    /// struct Noisy;
    ///
    /// impl Objective for Noisy {
    ///     fn loss<S: Scalar<Real = f64>>(&self, x: &[S], batch: &Batch<'_>) -> S {
    ///         let noise = batch.generator().map_or(0.0, |mut generator| generator.random_range(-1.0..1.0));
    ///         (x[0] - 3.0 + noise).powi(2)
    ///     }
    /// }
    ///
    /// let (data, mut x) = (Dataset::new((1, 1), vec![0.0], vec![0.0]), [0.0]);
    /// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.01))).epochs(1000).check(1);
    /// trainer.fit(&Noisy, &mut x, &data, None)?;
    /// assert!((x[0] - 3.0).abs() < 0.2);
    /// # Ok::<(), dualtape::nn::TrainError>(())
    /// ```
    pub fn generator(&self) -> Option<impl Rng + use<R, T>> {
        self.chance.map(|(seed, stream)| generator(seed, stream))
    }
}

impl<R, T> Deref for Batch<'_, R, T> {
    type Target = Dataset<R, T>;

    fn deref(&self) -> &Dataset<R, T> {
        self.rows
    }
}

/// Trains a network on known outputs: with the [`cross_entropy`] of classes, or the
/// [`mean_squared_error`] of numbers.
///
/// ```
/// use dualtape::nn::{Activation, Adam, Dataset, Init, Mlp, Schedule, Supervised, Trainer, predictions};
/// use rand::SeedableRng;
/// use rand::rngs::StdRng;
///
/// // The exclusive or.
/// let data = Dataset::new((2, 1), vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], vec![0, 1, 1, 0]);
/// let layers = [(8, Activation::Tanh), (2, Activation::Linear)];
/// let mut mlp: Mlp = Mlp::random(2, &layers, Init::Xavier, &mut StdRng::seed_from_u64(1));
///
/// let objective = Supervised::new(&mlp);
/// let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.05))).epochs(200);
/// trainer.fit(&objective, mlp.parameters_mut(), &data, None)?;
/// assert_eq!(predictions(&mlp.forward_batch(data.features(), 4), 2), data.targets());
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Supervised<R = f64> {
    /// Only its shape is used.
    network: Mlp<R>,
    penalty: f64,
    dropout: f64,
}

impl<R: Real> Supervised<R> {
    /// Returns the objective for networks of this shape.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, Supervised};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(1, Activation::Linear)]);
    /// assert_eq!(Supervised::new(&mlp), Supervised::new(&mlp).l2(0.0).dropout(0.0));
    /// ```
    pub fn new(network: &Mlp<R>) -> Self {
        Supervised { network: network.clone(), penalty: 0.0, dropout: 0.0 }
    }

    /// Adds a penalty: this factor times the sum of the squares of all [weights](Mlp::weights),
    /// without the biases.
    ///
    /// # Panics
    ///
    /// When the factor is negative, infinite or NaN.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Batch, Dataset, Mlp, Objective, Supervised};
    ///
    /// let mlp = Mlp::new(1, &[(1, Activation::Linear)], &[2.0, 1.0]);
    /// let data = Dataset::new((1, 1), vec![1.0], vec![3.0]);
    /// assert_eq!(Supervised::new(&mlp).l2(0.25).loss(mlp.parameters(), &Batch::new(&data)), 1.0);
    /// ```
    #[track_caller]
    pub fn l2(self, weight: f64) -> Self {
        let is_penalty = weight >= 0.0 && weight.is_finite();
        assert!(is_penalty, "Supervised::l2: the factor is {weight}; pass a finite one of at least 0");
        Supervised { penalty: weight, ..self }
    }

    /// Adds a [dropout](Dropout) of hidden neurons with this probability while it trains.
    ///
    /// # Panics
    ///
    /// When the probability is not at least 0 and below 1.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, Supervised};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(1, Activation::Linear)]);
    /// assert!(std::panic::catch_unwind(|| Supervised::new(&mlp).dropout(1.0)).is_err());
    /// ```
    #[track_caller]
    pub fn dropout(self, probability: f64) -> Self {
        Dropout::new(probability);
        Supervised { dropout: probability, ..self }
    }

    /// Returns the `loss` of the outputs at a batch, plus the penalty.
    fn of_outputs<S: Scalar<Real = R>, T: Copy>(
        &self,
        parameters: &[S],
        batch: &Batch<'_, R, T>,
        loss: impl Fn(&[S], &[T]) -> S,
    ) -> S {
        let network = &self.network;
        let mut outputs = Scratch::of(network.constants(batch.features(), batch.len()));
        let generator = if self.dropout > 0.0 { batch.generator() } else { None };
        match generator {
            Some(mut generator) => {
                let kept = drawn(self.dropout, &mut generator);
                network.through_layers(parameters, &mut outputs, batch.len(), leave_out(self.dropout, kept));
            }
            None => network.through_layers(parameters, &mut outputs, batch.len(), |_| ()),
        }
        let loss = loss(&outputs, batch.targets());
        if self.penalty == 0.0 {
            return loss;
        }
        let mut weights = Scratch::with_capacity(parameters.len());
        weights.extend(network.weights_among(parameters));
        loss + l2(&weights) * R::from_f64(self.penalty)
    }
}

/// For classes, which count from 0, with an output for each.
impl<R: Real> Objective<R, usize> for Supervised<R> {
    fn loss<S: Scalar<Real = R>>(&self, parameters: &[S], batch: &Batch<'_, R, usize>) -> S {
        self.of_outputs(parameters, batch, cross_entropy)
    }

    fn parameter_name(&self, index: usize) -> String {
        self.network.parameter_name(index)
    }

    fn description(&self) -> String {
        self.network.to_string()
    }
}

/// For numbers, with an output for each.
impl<R: Real> Objective<R, R> for Supervised<R> {
    fn loss<S: Scalar<Real = R>>(&self, parameters: &[S], batch: &Batch<'_, R, R>) -> S {
        self.of_outputs(parameters, batch, mean_squared_error)
    }

    fn parameter_name(&self, index: usize) -> String {
        self.network.parameter_name(index)
    }

    fn description(&self) -> String {
        self.network.to_string()
    }
}
