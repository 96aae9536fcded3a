//! Small neural networks, as an application of the scalars.
//!
//! A network, a loss and a penalty are ordinary functions over [`Scalar`](crate::Scalar). None knows how derivatives
//! are taken, and the verbs of the crate differentiate a network like any other function. Training is a gradient and a
//! step:
//!
//! ```
//! use dualtape::gradient;
//! use dualtape::nn::{Activation, Mlp, Schedule, Sgd, mean_squared_error};
//!
//! // Learn y = 2x − 1 from three points.
//! let points = [[-1.0], [0.0], [1.0]];
//! let targets = [-3.0, -1.0, 1.0];
//! let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
//! let mut sgd = Sgd::new(Schedule::Constant(0.3));
//! for _ in 0..100 {
//!     let (_, g) = gradient(
//!         |p| mean_squared_error(&line.with_parameters(p).forward_all(&points), &targets),
//!         line.parameters(),
//!     );
//!     sgd.step(line.parameters_mut(), &g);
//! }
//! assert!((line.parameters()[0] - 2.0).abs() < 1e-9);
//! assert!((line.parameters()[1] + 1.0).abs() < 1e-9);
//! ```
//!
//! The loss decides what the outputs mean. The last layer is [`Linear`](Activation::Linear) for
//! all of these:
//!
//! | to learn | outputs | loss | read as |
//! |---|---|---|---|
//! | numbers | one for each | [`mean_squared_error`], [`mean_absolute_error`], [`huber`] | they are |
//! | one of two classes | one | [`binary_cross_entropy`], [`hinge`] | the second class where positive; [`sigmoid`](crate::Scalar::sigmoid) is its probability |
//! | one of many classes | one for each | [`cross_entropy`] | the class of the largest; [`softmax`](crate::softmax()) are the probabilities |
//!
//! [`Sgd`], [`RmsProp`] and [`Adam`] take gradients, for instance of batches or with [`Dropout`]. [`Lbfgs`] takes the
//! loss itself and suits small data. A network is a function of its inputs too, in any scalar. So a loss may contain
//! derivatives with respect to them: the example `physics_informed` solves a differential equation.
//!
//! A [`Trainer`] does this in minibatches. It validates, stops when the loss falls no more, and saves and resumes a
//! training bit for bit. If asked, it confirms its gradients in forward mode after every epoch. It minimizes an
//! [`Objective`]; [`Supervised`] is the objective of the table, for numbers and for classes.
//!
//! An [`Mlp`] is a list of [`Dense`] layers with an [`Activation`]. A custom [`Layer`] or activation ([`Activate`]) is
//! a type with a few generic methods, and [`Layer::then`] chains layers.
//!
//! The order of the parameters, the losses and the text of a network follow micrograd
//! (Karpathy 2020).
//!
//! A [`Dataset`] holds the data, a [`Standardizer`] scales it, and [`Minibatches`] deal it out.
//! [`Confusion`], [`r_squared`] and [`root_mean_squared_error`] measure how well a network has
//! learned it. Networks and trainings are saved as [`Tensors`]. With the feature `files`, datasets read CSV files, and
//! tensors are written to safetensors or JSON files. With `train`, a training shows a progress bar and ends at Ctrl-C.

mod activation;
mod data;
mod dropout;
#[cfg(feature = "files")]
mod file;
mod init;
mod layer;
mod loss;
mod metrics;
mod mlp;
mod optimizer;
mod tensors;
mod trainer;

pub use activation::{Activate, Activation};
#[cfg(feature = "files")]
pub use data::{DataError, Target, read_indices};
pub use data::{Dataset, Minibatches, Standardizer, one_hot};
pub use dropout::Dropout;
#[cfg(feature = "files")]
pub use file::{FileError, FileProblem};
pub use init::Init;
pub use layer::{Chain, Dense, Layer};
pub use loss::{
    accuracy, binary_cross_entropy, cross_entropy, hinge, huber, l1, l2, mean_absolute_error, mean_squared_error,
    squared_error, weighted_binary_cross_entropy, weighted_cross_entropy,
};
pub use metrics::{Confusion, predictions, r_squared, root_mean_squared_error};
pub use mlp::Mlp;
pub use optimizer::{
    Adam, Lbfgs, MeanSquare, Moments, Momentum, Optimizer, RmsProp, Schedule, Sgd, State, Update, clip_norm,
    clip_values,
};
pub use tensors::{TensorError, Tensors};
pub use trainer::{Batch, Callback, Ending, Epoch, Objective, Step, Supervised, TrainError, Trainer};
#[cfg(feature = "train")]
pub use trainer::{CtrlC, ProgressBar};
