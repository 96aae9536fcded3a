//! Layers, and networks of them.
//!
//! A [`Layer`] knows its shape; its parameters are passed in, in any scalar. So it is a function like any other, and
//! every verb that differentiates a function differentiates a network.

use std::any::type_name;

use rand::Rng;

use super::{Activate, Activation, Init};
use crate::scalar::{Real, Scalar};

/// A part of a network: a function of its parameters and of rows of inputs, in any scalar.
///
/// A custom layer needs its three sizes and [`forward`](Layer::forward), which returns the outputs at one row. A
/// [`Chain`] of layers is a layer, so a network is one too. A [`Trainer`](super::Trainer) trains its parameters by an
/// [`Objective`](super::Objective). The [guide](crate::guide) has such a training.
///
/// ```
/// use dualtape::nn::{Activation, Dense, Layer};
/// use dualtape::{Scalar, gradient};
///
/// /// `x + layer(x)`.
/// struct Residual<L>(L);
///
/// impl<L: Layer> Layer for Residual<L> {
///     fn inputs(&self) -> usize {
///         self.0.inputs()
///     }
///
///     fn outputs(&self) -> usize {
///         self.0.outputs()
///     }
///
///     fn parameter_count(&self) -> usize {
///         self.0.parameter_count()
///     }
///
///     fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S> {
///         self.0.forward(parameters, x).iter().zip(x).map(|(&y, &x)| x + y).collect()
///     }
/// }
///
/// let network = Residual(Dense::new(2, 2, Activation::Relu)).then(Dense::new(2, 1, Activation::Linear));
/// assert_eq!((network.inputs(), network.outputs(), network.parameter_count()), (2, 1, 9));
///
/// let parameters = [1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 3.0, 5.0, 0.5];
/// assert_eq!(network.forward(&parameters, &[2.0, 1.0]), [3.0 * (2.0 + 2.0) + 5.0 * (1.0 + 0.0) + 0.5]);
/// let (_, g) = gradient(|p| network.forward(p, &[2.0, 1.0].map(Scalar::from_real))[0], &parameters);
/// assert_eq!(g, [6.0, 3.0, 3.0, 0.0, 0.0, 0.0, 4.0, 1.0, 1.0]);
/// ```
pub trait Layer {
    /// Returns the number of inputs of a row.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// assert_eq!(Dense::new(2, 3, Activation::Tanh).inputs(), 2);
    /// ```
    fn inputs(&self) -> usize;

    /// Returns the number of outputs of a row.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// assert_eq!(Dense::new(2, 3, Activation::Tanh).outputs(), 3);
    /// ```
    fn outputs(&self) -> usize;

    /// Returns the number of parameters.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// assert_eq!(Dense::new(2, 3, Activation::Tanh).parameter_count(), 3 * (2 + 1));
    /// ```
    fn parameter_count(&self) -> usize;

    /// Returns the outputs at one row `x`: [`outputs`](Layer::outputs) numbers, from
    /// [`parameter_count`](Layer::parameter_count) parameters and [`inputs`](Layer::inputs) inputs.
    ///
    /// # Panics
    ///
    /// The layers of this crate panic when there is another number of parameters or inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// assert_eq!(Dense::new(2, 1, Activation::Linear).forward(&[3.0, 0.5, -1.0], &[1.0, 2.0]), [3.0]);
    /// ```
    #[track_caller]
    fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S>;

    /// Returns the outputs at a batch: `rows` rows of inputs follow each other in `x`, and their outputs in the result.
    ///
    /// By default it is [`forward`](Layer::forward) at one row after the other. A layer that computes all rows faster
    /// at once overrides it.
    ///
    /// # Panics
    ///
    /// When there is another number of parameters, or not `rows` times [`inputs`](Layer::inputs) numbers; in a chain, when
    /// a layer does not return `rows` times its [`outputs`](Layer::outputs) numbers.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// let neuron = Dense::new(2, 1, Activation::Linear);
    /// assert_eq!(neuron.forward_batch(&[3.0, 0.5, -1.0], &[1.0, 2.0, 0.0, 4.0], 2), [3.0, 1.0]);
    /// ```
    #[track_caller]
    fn forward_batch<S: Scalar>(&self, parameters: &[S], x: &[S], rows: usize) -> Vec<S> {
        assert_shapes(self, parameters.len(), x.len(), rows);
        let (inputs, mut outputs) = (self.inputs(), Vec::with_capacity(rows * self.outputs()));
        for row in 0..rows {
            outputs.extend(self.forward(parameters, &x[row * inputs..][..inputs]));
        }
        outputs
    }

    /// Returns parameters to start a training with. By default they are zero.
    ///
    /// # Panics
    ///
    /// In a chain, when a layer returns another number than its [`parameter_count`](Layer::parameter_count).
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Init, Layer};
    /// use rand::{SeedableRng, rngs::StdRng};
    ///
    /// let neuron = Dense::new(2, 1, Activation::Linear);
    /// let parameters: Vec<f64> = neuron.initial_parameters(Init::Uniform, &mut StdRng::seed_from_u64(1));
    /// assert!(parameters[0] != parameters[1] && parameters[2] == 0.0);
    /// ```
    #[track_caller]
    fn initial_parameters<R: Real>(&self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Vec<R> {
        let _ = (init, rng);
        vec![R::zero(); self.parameter_count()]
    }

    /// Returns the chain of two layers: the outputs of `self` are the inputs of `next`.
    ///
    /// # Panics
    ///
    /// When `self` has another number of outputs than `next` has inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// let network = Dense::new(2, 16, Activation::Tanh).then(Dense::new(16, 3, Activation::Linear));
    /// assert_eq!((network.inputs(), network.outputs()), (2, 3));
    /// ```
    #[track_caller]
    fn then<L: Layer>(self, next: L) -> Chain<Self, L>
    where
        Self: Sized,
    {
        let (outputs, inputs) = (self.outputs(), next.inputs());
        assert_eq!(
            outputs,
            inputs,
            "Layer::then: {} has {outputs} outputs and {} has {inputs} inputs; give both the same number",
            name_of(&self),
            name_of(&next)
        );
        Chain { first: self, second: next }
    }
}

/// A dense layer: neurons `activation(w·x + b)` of the same inputs.
///
/// The parameters are in the order neuron, weights, bias. At all rows of a batch it is one block on a tape:
/// [`dense`](crate::dense()).
///
/// ```
/// use dualtape::nn::{Activation, Dense, Layer};
///
/// let layer = Dense::new(2, 2, Activation::Relu);
/// assert_eq!(layer.forward(&[1.0, 2.0, 0.5, 0.0, -1.0, 0.0], &[3.0, 4.0]), [11.5, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense<A = Activation> {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) activation: A,
}

impl<A: Activate> Dense<A> {
    /// Returns a layer of `outputs` neurons, each of `inputs` inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dense, Layer};
    ///
    /// assert_eq!(Dense::new(2, 3, Activation::Tanh).parameter_count(), 3 * (2 + 1));
    /// ```
    pub fn new(inputs: usize, outputs: usize, activation: A) -> Self {
        Dense { inputs, outputs, activation }
    }
}

impl<A: Activate> Layer for Dense<A> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameter_count(&self) -> usize {
        self.outputs * (self.inputs + 1)
    }

    fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S> {
        self.forward_batch(parameters, x, 1)
    }

    fn forward_batch<S: Scalar>(&self, parameters: &[S], x: &[S], rows: usize) -> Vec<S> {
        assert_shapes(self, parameters.len(), x.len(), rows);
        let mut outputs = Vec::with_capacity(rows * self.outputs);
        self.activation.dense_into(parameters, x, rows, &mut outputs);
        outputs
    }

    /// Draws the weights in the order of the parameters. The biases are zero.
    fn initial_parameters<R: Real>(&self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Vec<R> {
        let mut parameters = vec![R::zero(); self.parameter_count()];
        for neuron in parameters.chunks_exact_mut(self.inputs + 1) {
            neuron[..self.inputs].fill_with(|| R::from_f64(init.weight(self.inputs, self.outputs, rng)));
        }
        parameters
    }
}

/// Two layers, the second fed with the outputs of the first: [`Layer::then`] makes it.
///
/// The parameters of the first layer come first.
///
/// ```
/// use dualtape::nn::{Activation, Dense, Layer, Mlp};
///
/// let chain = Dense::new(1, 2, Activation::Tanh).then(Dense::new(2, 1, Activation::Linear));
/// let parameters = [0.5, 0.0, -0.5, 1.0, 2.0, 3.0, 0.25];
/// let mlp = Mlp::new(1, &[(2, Activation::Tanh), (1, Activation::Linear)], &parameters);
/// assert_eq!(chain.forward(&parameters, &[0.7]), mlp.forward(&[0.7]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chain<A, B> {
    first: A,
    second: B,
}

impl<A: Layer, B: Layer> Layer for Chain<A, B> {
    fn inputs(&self) -> usize {
        self.first.inputs()
    }

    fn outputs(&self) -> usize {
        self.second.outputs()
    }

    fn parameter_count(&self) -> usize {
        self.first.parameter_count() + self.second.parameter_count()
    }

    fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S> {
        self.forward_batch(parameters, x, 1)
    }

    fn forward_batch<S: Scalar>(&self, parameters: &[S], x: &[S], rows: usize) -> Vec<S> {
        assert_shapes(self, parameters.len(), x.len(), rows);
        let (first, second) = parameters.split_at(self.first.parameter_count());
        let hidden = outputs_of(&self.first, first, x, rows);
        outputs_of(&self.second, second, &hidden, rows)
    }

    fn initial_parameters<R: Real>(&self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Vec<R> {
        [initial(&self.first, init, rng), initial(&self.second, init, rng)].concat()
    }
}

/// Returns the outputs of a part of a chain, which may be custom.
#[track_caller]
fn outputs_of<S: Scalar>(layer: &impl Layer, parameters: &[S], x: &[S], rows: usize) -> Vec<S> {
    let outputs = layer.forward_batch(parameters, x, rows);
    let (returned, promised) = (outputs.len(), layer.outputs());
    assert_eq!(
        returned,
        rows * promised,
        "{}: `forward` returned {returned} numbers for {rows} rows, and `outputs` promises {promised} for each row; make \
         them equal",
        name_of(layer)
    );
    outputs
}

/// Returns the initial parameters of a part of a chain.
#[track_caller]
fn initial<R: Real>(layer: &impl Layer, init: Init, rng: &mut (impl Rng + ?Sized)) -> Vec<R> {
    let parameters = layer.initial_parameters(init, rng);
    let (returned, promised) = (parameters.len(), layer.parameter_count());
    assert_eq!(
        returned,
        promised,
        "{}: `initial_parameters` returned {returned} numbers, and `parameter_count` promises {promised}; make them equal",
        name_of(layer)
    );
    parameters
}

/// Panics when there is another number of parameters, or there are not so many rows of inputs.
#[track_caller]
fn assert_shapes(layer: &(impl Layer + ?Sized), parameters: usize, numbers: usize, rows: usize) {
    let (count, inputs) = (layer.parameter_count(), layer.inputs());
    assert_eq!(
        parameters,
        count,
        "{}: {parameters} parameters were passed and the layer has {count}; pass one for each",
        name_of(layer)
    );
    assert_eq!(
        numbers,
        rows * inputs,
        "{}: {numbers} numbers were passed for {rows} rows of {inputs} inputs; pass one for each",
        name_of(layer)
    );
}

/// Returns the name of the layer's type, without modules and parameters: `Dense`.
fn name_of<L: ?Sized>(_: &L) -> &'static str {
    let name = type_name::<L>();
    let name = &name[..name.find('<').unwrap_or(name.len())];
    name.rsplit("::").next().unwrap_or(name)
}
