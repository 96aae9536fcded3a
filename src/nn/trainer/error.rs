//! What goes wrong while a network trains.

use std::error::Error;
use std::fmt;

#[cfg(feature = "files")]
use crate::nn::FileError;

/// Why a training did not go on.
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
///     "epoch 2, step 1: the loss is inf; the weights from before are kept; is the learning rate too large, or is there \
///      a number in the data that is no number?"
/// );
/// assert_eq!(line.parameters(), [0.0, 0.0]);
/// # Ok::<(), dualtape::nn::TrainError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// A loss or a derivative is infinite or NaN.
    NotFinite {
        /// The epoch, from 1 on.
        epoch: usize,
        /// The step in the epoch, from 1 on.
        step: usize,
        /// What is not finite.
        what: String,
        /// What it is instead.
        value: f64,
    },
    /// Reverse and forward mode have different derivatives.
    Disagreement {
        /// The epoch, from 1 on.
        epoch: usize,
        /// By which parameter.
        parameter: String,
        /// The derivative in reverse mode.
        reverse: f64,
        /// The derivative in forward mode.
        forward: f64,
        /// The difference relative to the largest derivative.
        relative: f64,
    },
    /// The training that is taken up again has another number of parameters.
    Parameters {
        /// That of the parameters that were passed.
        passed: usize,
        /// That of the training.
        resumed: usize,
    },
    /// The training that is taken up again has other data, or the same in another order.
    Data {
        /// What was passed: numbers of rows and checksums.
        passed: String,
        /// That of the training.
        resumed: String,
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
                "epoch {epoch}, step {step}: {what} is {value}; the weights from before are kept; is the learning rate \
                 too large, or is there a number in the data that is no number?"
            ),
            TrainError::Disagreement { epoch, parameter, reverse, forward, relative } => write!(
                f,
                "epoch {epoch}: the derivative by {parameter} is {reverse} in reverse mode and {forward} in forward mode, \
                 a relative difference of {relative:.1e}; does the loss depend on the scalar, or have a rule of its own \
                 that is wrong?"
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
