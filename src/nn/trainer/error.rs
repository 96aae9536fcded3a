//! Errors of a training.

use std::error::Error;
use std::fmt;

#[cfg(feature = "files")]
use crate::nn::FileError;

/// Why a training stopped with an error.
///
/// ```
/// use dualtape::nn::{Activation, Dataset, Mlp, Schedule, Sgd, Supervised, Trainer};
///
/// let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
/// let data = Dataset::new((1, 1), vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
/// let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(1e200))).epochs(5);
/// let error = trainer.fit(&Supervised::new(&line), line.parameters_mut(), &data, None).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "epoch 2, step 1: the loss is inf; the weights from before are kept; try a smaller learning rate, and check \
///      the data for NaN or infinity"
/// );
/// assert_eq!(line.parameters(), [0.0, 0.0]);
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// A loss, a derivative, a parameter, a learning rate or a number of the optimizer is infinite or NaN.
    NotFinite {
        /// The epoch, from 1 on.
        epoch: usize,
        /// The step in the epoch, from 1 on.
        step: usize,
        /// The name of the number.
        what: String,
        /// The number: infinite or NaN.
        value: f64,
    },
    /// Reverse and forward mode have different derivatives.
    Disagreement {
        /// The epoch, from 1 on.
        epoch: usize,
        /// The parameter with respect to which they are taken.
        parameter: String,
        /// The derivative in reverse mode.
        reverse: f64,
        /// The derivative in forward mode.
        forward: f64,
        /// The difference relative to the largest derivative.
        relative: f64,
    },
    /// The resumed training has another number of parameters.
    Parameters {
        /// The number of parameters that were passed.
        passed: usize,
        /// The number of parameters of the training.
        resumed: usize,
    },
    /// The resumed training has other data, or the same data in another order.
    Data {
        /// The numbers of rows and checksums of the data that was passed.
        passed: String,
        /// The numbers of rows and checksums of the training's data.
        resumed: String,
    },
    /// The current epoch began with other minibatches.
    Minibatches {
        /// The seed, and the number of rows of a minibatch, that were set.
        set: (u64, usize),
        /// The seed and the number of rows that the epoch began with.
        begun: (u64, usize),
    },
    /// The resumed training was of another objective, such as a network with other activations.
    Objective {
        /// The description of the objective that was passed.
        passed: String,
        /// The description of the training's objective.
        resumed: String,
    },
    /// A rank has an error, or other numbers than rank 0.
    Rank {
        /// The number of the rank.
        rank: usize,
        /// Its error.
        message: String,
    },
    /// The checkpoint cannot be written.
    #[cfg(feature = "files")]
    Checkpoint(FileError),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::NotFinite { epoch, step, what, value } => write!(
                f,
                "epoch {epoch}, step {step}: {what} is {value}; the weights from before are kept; try a smaller learning \
                 rate, and check the data for NaN or infinity"
            ),
            TrainError::Disagreement { epoch, parameter, reverse, forward, relative } => write!(
                f,
                "epoch {epoch}: the derivative with respect to {parameter} is {reverse} in reverse mode and {forward} in \
                 forward mode, a relative difference of {relative:.1e}; check custom rules in the loss, and whether it \
                 branches on the type of its scalar"
            ),
            TrainError::Parameters { passed, resumed } => write!(
                f,
                "{passed} parameters for a training of {resumed}; resume it with a network of the shape that it was \
                 begun with"
            ),
            TrainError::Data { passed, resumed } => write!(
                f,
                "other data than the training was begun with: {passed}; and it had {resumed}; resume it with the same rows \
                 in the same order, or begin another `Trainer` at these parameters"
            ),
            TrainError::Minibatches { set, begun } => write!(
                f,
                "minibatches of {} rows with the seed {} in the middle of an epoch that was begun with {} rows and the seed \
                 {}; end the epoch with these, and change them after it",
                set.1, set.0, begun.1, begun.0
            ),
            TrainError::Objective { passed, resumed } => write!(
                f,
                "another objective than the training was begun with: {passed}; and it had {resumed}; resume it with the same \
                 one, or begin another `Trainer` at these parameters"
            ),
            TrainError::Rank { rank, message } => write!(f, "rank {rank}: {message}"),
            #[cfg(feature = "files")]
            TrainError::Checkpoint(error) => write!(f, "{error}"),
        }
    }
}

impl Error for TrainError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            #[cfg(feature = "files")]
            TrainError::Checkpoint(error) => Some(error),
            _ => None,
        }
    }
}
