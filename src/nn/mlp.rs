//! The multi-layer perceptron.

use std::fmt;

use rand::Rng;

use super::{Activate, Activation, Dense, Dropout, Init, Layer};
use crate::memory::pool::Scratch;
use crate::scalar::{Real, Scalar};
use crate::tools::parameters::{Name, Parameters};

/// A multi-layer perceptron: [`Dense`] layers of neurons `activation(w·x + b)`, each fed with the outputs of the layer
/// before. For networks of other layers, chain any [`Layer`] by [`Layer::then`].
///
/// It is plain data: its widths, and one list of parameters, in the order layer, neuron, weights, then bias.
/// Parameters may be any scalar. To differentiate with respect to them, build the [same network](Mlp::with_parameters)
/// with variables in their place.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::nn::{Activation, Mlp};
///
/// let neuron = Mlp::new(2, &[(1, Activation::Relu)], &[3.0, -1.0, 0.5]);
/// assert_eq!(neuron.to_string(), "MLP of [Layer of [ReLU(2) x 1]]");
/// assert_eq!(neuron.forward(&[2.0, 4.0]), [2.5]);
///
/// let (y, g) = gradient(|p| neuron.with_parameters(p).forward_all(&[[2.0, 4.0]])[0], neuron.parameters());
/// assert_eq!((y, g), (2.5, vec![2.0, 4.0, 1.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<S = f64> {
    inputs: usize,
    /// The number of neurons and the activation of every layer.
    layers: Vec<(usize, Activation)>,
    parameters: Vec<S>,
}

impl<S> Mlp<S> {
    /// Returns the number of inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
    /// assert_eq!(mlp.inputs(), 2);
    /// ```
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns the number of neurons and the activation of every layer.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
    /// assert_eq!(mlp.layers()[1], (1, Activation::Linear));
    /// ```
    pub fn layers(&self) -> &[(usize, Activation)] {
        &self.layers
    }

    /// Returns the number of outputs, which is the number of neurons of the last layer.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (3, Activation::Linear)]);
    /// assert_eq!(mlp.outputs(), 3);
    /// ```
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(self.inputs, |&(neurons, _)| neurons)
    }

    /// Returns the number of neurons before the last layer.
    pub(super) fn hidden_neurons(&self) -> usize {
        self.layers.iter().rev().skip(1).map(|&(neurons, _)| neurons).sum()
    }

    /// Returns every layer and its part of these parameters.
    fn blocks<'a, U>(&'a self, parameters: &'a [U]) -> impl Iterator<Item = (Dense, &'a [U])> {
        dense_layers(self.inputs, &self.layers).scan(parameters, |rest, layer| {
            let (parameters, later) = rest.split_at(layer.parameter_count());
            *rest = later;
            Some((layer, parameters))
        })
    }

    /// Returns the weights among `parameters`, which are all of the network.
    pub(super) fn weights_among<'a, U: Copy>(&'a self, parameters: &'a [U]) -> impl Iterator<Item = U> {
        let of_layer = |(Dense { inputs, .. }, parameters): (Dense, &'a [U])| {
            parameters.chunks_exact(inputs + 1).flat_map(move |neuron| &neuron[..inputs]).copied()
        };
        self.blocks(parameters).flat_map(of_layer)
    }

    /// Changes a number of rows that follow each other in `x` to their outputs. `parameters` replace the network's
    /// own, and the outputs of every hidden layer pass through `change` on their way to the next.
    #[track_caller]
    pub(super) fn through_layers<U: Scalar>(
        &self,
        parameters: &[U],
        x: &mut Vec<U>,
        rows: usize,
        mut change: impl FnMut(&mut [U]),
    ) {
        assert_parameters(parameters.len(), count(self.inputs, &self.layers));
        let widest = self.layers.iter().map(|&(neurons, _)| neurons).max().unwrap_or(0);
        let mut outputs = Scratch::with_capacity(rows * widest);
        for (index, (Dense { activation, .. }, neurons)) in self.blocks(parameters).enumerate() {
            if index > 0 {
                change(x);
            }
            outputs.clear();
            U::group(format_args!("layer {}", index + 1), || activation.dense_into(neurons, x, rows, &mut outputs));
            std::mem::swap(x, &mut *outputs);
        }
    }

    /// Returns plain rows as constants.
    #[track_caller]
    pub(super) fn constants<'a, U: Scalar>(
        &self,
        features: &'a [U::Real],
        rows: usize,
    ) -> impl ExactSizeIterator<Item = U> + use<'a, U, S> {
        let (elements, inputs) = (features.len(), self.inputs);
        assert_eq!(
            elements,
            rows * inputs,
            "Mlp::forward_batch: {elements} features are not {rows} rows of {inputs} inputs; pass one each"
        );
        features.iter().map(|&x| U::from_real(x))
    }

    /// Returns the layers as a table, with their numbers of parameters.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(64, &[(32, Activation::Relu), (10, Activation::Linear)]);
    /// let table = "\
    /// layer  neurons  activation  parameters
    ///     1       32  ReLU              2080
    ///     2       10  Linear             330
    /// 64 inputs, 10 outputs, 2410 parameters
    /// ";
    /// assert_eq!(mlp.summary(), table);
    /// ```
    pub fn summary(&self) -> String {
        let width = self.layers.iter().map(|(_, activation)| activation.to_string().len()).fold(10, usize::max);
        let mut table = format!("layer  neurons  {:width$}  parameters\n", "activation");
        for (number, layer) in (1..).zip(dense_layers(self.inputs, &self.layers)) {
            let Dense { outputs: neurons, activation, .. } = layer;
            table += &format!("{number:5}  {neurons:7}  {activation:width$}  {:10}\n", layer.parameter_count());
        }
        let [inputs, outputs, parameters] = [self.inputs, self.outputs(), self.parameters.len()];
        table + &format!("{inputs} inputs, {outputs} outputs, {parameters} parameters\n")
    }

    /// Returns all parameters: layer by layer, neuron by neuron, first the weights in the order of the inputs and then
    /// the bias.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
    /// assert_eq!(mlp.parameters().len(), 16 * (2 + 1) + (16 + 1));
    /// ```
    pub fn parameters(&self) -> &[S] {
        &self.parameters
    }

    /// Returns the name of a parameter, by its position in [`parameters`](Mlp::parameters); layers, neurons and
    /// weights count from 1.
    ///
    /// # Panics
    ///
    /// When there is no such parameter.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (1, Activation::Linear)]);
    /// assert_eq!(mlp.parameter_name(4), "layer 1, neuron 2, weight 2");
    /// assert_eq!(mlp.parameter_name(64), "layer 2, neuron 1, bias");
    /// ```
    #[track_caller]
    pub fn parameter_name(&self, index: usize) -> String {
        let mut within = index;
        for (layer, (Dense { inputs, .. }, parameters)) in (1..).zip(self.blocks(&self.parameters)) {
            if within < parameters.len() {
                let (neuron, input) = (within / (inputs + 1) + 1, within % (inputs + 1));
                let what = if input == inputs { "bias".to_string() } else { format!("weight {}", input + 1) };
                return format!("layer {layer}, neuron {neuron}, {what}");
            }
            within -= parameters.len();
        }
        panic!("Mlp: there is no parameter {index} among {}, counted from 0", self.parameters.len())
    }

    /// Returns all parameters, for an [optimizer](super::Sgd) to change in place.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mut mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// mlp.parameters_mut()[0] = 2.0;
    /// assert_eq!(mlp.forward(&[5.0]), [10.0]);
    /// ```
    pub fn parameters_mut(&mut self) -> &mut [S] {
        &mut self.parameters
    }

    /// Returns the network with other parameters, in any scalar.
    ///
    /// # Panics
    ///
    /// When the number of parameters differs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let shape: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    /// assert_eq!(shape.with_parameters(&[2.0_f32, 1.0]).forward(&[5.0]), [11.0]);
    /// ```
    #[track_caller]
    pub fn with_parameters<U: Scalar>(&self, parameters: &[U]) -> Mlp<U> {
        Mlp::new(self.inputs, &self.layers, parameters)
    }
}

impl<S: Scalar> Mlp<S> {
    /// Returns a network of `inputs` inputs and the given layers (number of neurons, activation), with its parameters
    /// in the order layer, neuron, weights, bias.
    ///
    /// # Panics
    ///
    /// When the layers have another number of parameters.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp = Mlp::new(1, &[(1, Activation::Linear)], &[2.0, 1.0]);
    /// assert_eq!(mlp.forward(&[5.0]), [11.0]);
    /// ```
    #[track_caller]
    pub fn new(inputs: usize, layers: &[(usize, Activation)], parameters: &[S]) -> Self {
        assert_parameters(parameters.len(), count(inputs, layers));
        Mlp { inputs, layers: layers.to_vec(), parameters: parameters.to_vec() }
    }

    /// Returns a network of `inputs` inputs and the given layers (number of neurons, activation), with all parameters
    /// zero.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp: Mlp = Mlp::zeros(3, &[(4, Activation::Tanh), (2, Activation::Linear)]);
    /// assert_eq!(mlp.forward(&[1.0, 2.0, 3.0]), [0.0, 0.0]);
    /// ```
    pub fn zeros(inputs: usize, layers: &[(usize, Activation)]) -> Self {
        Mlp { inputs, layers: layers.to_vec(), parameters: vec![S::zero(); count(inputs, layers)] }
    }

    /// Returns the weights without the biases, for a [penalty](super::l2) that leaves the biases
    /// free.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp, l2};
    ///
    /// let mlp = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, 0.5, -1.0]);
    /// assert_eq!(mlp.weights(), [3.0, 0.5]);
    /// assert_eq!((l2(mlp.parameters()), l2(&mlp.weights())), (10.25, 9.25));
    /// ```
    pub fn weights(&self) -> Vec<S> {
        self.weights_among(&self.parameters).collect()
    }

    /// Returns the outputs of the last layer at one point `x`.
    ///
    /// # Panics
    ///
    /// When `x` and the inputs of the network differ in number.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, 0.5, -1.0]);
    /// assert_eq!(mlp.forward(&[1.0, 2.0]), [3.0_f64.tanh()]);
    /// ```
    #[track_caller]
    pub fn forward(&self, x: &[S]) -> Vec<S> {
        self.assert_inputs(x.len());
        self.outputs_at(x.to_vec(), 1, |_| ())
    }

    /// Returns the outputs at many plain points, one after the other: `points.len()` times the width of the last
    /// layer.
    ///
    /// # Panics
    ///
    /// When the elements of a point and the inputs of the network differ in number.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp = Mlp::new(2, &[(1, Activation::Linear)], &[3.0, 0.5, -1.0]);
    /// assert_eq!(mlp.forward_all(&[[1.0, 2.0], [0.0, 4.0]]), [3.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn forward_all<P: AsRef<[S::Real]>>(&self, points: &[P]) -> Vec<S> {
        let mut inputs = Vec::with_capacity(points.len() * self.inputs);
        for point in points {
            let x = point.as_ref();
            self.assert_inputs(x.len());
            inputs.extend(x.iter().map(|&x| S::from_real(x)));
        }
        self.outputs_at(inputs, points.len(), |_| ())
    }

    /// Returns the outputs at a batch of plain rows that follow each other in `features`: `rows` times the width of
    /// the last layer. Every layer takes the batch at once.
    ///
    /// # Panics
    ///
    /// When there are not `rows` times as many features as the network has inputs.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp = Mlp::new(2, &[(1, Activation::Linear)], &[3.0, 0.5, -1.0]);
    /// assert_eq!(mlp.forward_batch(&[1.0, 2.0, 0.0, 4.0], 2), [3.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn forward_batch(&self, features: &[S::Real], rows: usize) -> Vec<S> {
        self.outputs_at(self.constants(features, rows).collect(), rows, |_| ())
    }

    /// Returns [`forward_batch`](Mlp::forward_batch) without the neurons that are dropped, for training.
    ///
    /// # Panics
    ///
    /// As it, or when the dropout was not drawn for this network and number of rows.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Dropout, Mlp};
    /// use rand::SeedableRng;
    /// use rand::rngs::StdRng;
    ///
    /// // The sum of 1000 neurons that are all 1.
    /// let parameters = [[0.0, 1.0].repeat(1000), vec![1.0; 1000], vec![0.0]].concat();
    /// let mlp = Mlp::new(1, &[(1000, Activation::Relu), (1, Activation::Linear)], &parameters);
    /// let mut dropout = Dropout::new(0.5);
    /// dropout.draw(&mlp, 2, &mut StdRng::seed_from_u64(1));
    /// let sums: Vec<f64> = mlp.forward_dropped(&[0.0, 0.0], 2, &dropout);
    /// assert!(sums[0] != sums[1] && sums.iter().all(|sum| (sum - 1000.0).abs() < 100.0));
    /// ```
    #[track_caller]
    pub fn forward_dropped(&self, features: &[S::Real], rows: usize, dropout: &Dropout) -> Vec<S> {
        dropout.assert_drawn(rows * self.hidden_neurons());
        self.outputs_at(self.constants(features, rows).collect(), rows, dropout.of_layers())
    }

    /// Returns the outputs at a number of rows, which follow each other in `x`. The outputs of every hidden layer pass
    /// through `change` on their way to the next.
    #[track_caller]
    fn outputs_at(&self, mut x: Vec<S>, rows: usize, change: impl FnMut(&mut [S])) -> Vec<S> {
        self.through_layers(&self.parameters, &mut x, rows, change);
        x
    }

    #[track_caller]
    fn assert_inputs(&self, elements: usize) {
        assert_eq!(
            elements, self.inputs,
            "Mlp::forward: the point has {elements} elements and the network has {} inputs; pass one for each",
            self.inputs
        );
    }
}

impl<R: Real> Mlp<R> {
    /// Returns a network with random weights and zero biases.
    ///
    /// Weights are drawn in the order of the parameters, so the same generator in
    /// the same state gives the same bits.
    ///
    /// ```
    /// use dualtape::nn::{Activation, Init, Mlp};
    /// use rand::SeedableRng;
    /// use rand::rngs::StdRng;
    ///
    /// let layers = [(16, Activation::Relu), (1, Activation::Linear)];
    /// let mlp: Mlp = Mlp::random(2, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
    /// let again = Mlp::random(2, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
    /// assert_eq!(mlp, again);
    /// assert!(mlp.parameters().iter().all(|p| p.abs() < 1.0));
    /// ```
    pub fn random(inputs: usize, layers: &[(usize, Activation)], init: Init, rng: &mut (impl Rng + ?Sized)) -> Self {
        let parameters = dense_layers(inputs, layers).flat_map(|layer| layer.initial_parameters(init, rng)).collect();
        Mlp { inputs, layers: layers.to_vec(), parameters }
    }

    /// Returns the network in any scalar, with its parameters as constants.
    ///
    /// It makes the network a function of its inputs in that scalar.
    ///
    /// ```
    /// use dualtape::gradient;
    /// use dualtape::nn::{Activation, Mlp};
    ///
    /// let mlp = Mlp::new(2, &[(1, Activation::Linear)], &[3.0, 0.5, -1.0]);
    /// let (y, slope) = gradient(|x| mlp.lift().forward(x)[0], &[1.0, 2.0]);
    /// assert_eq!((y, slope), (3.0, vec![3.0, 0.5]));
    /// ```
    pub fn lift<S: Scalar<Real = R>>(&self) -> Mlp<S> {
        let parameters: Vec<S> = self.parameters.iter().map(|&p| S::from_real(p)).collect();
        self.with_parameters(&parameters)
    }
}

/// The parameters are named as in PyTorch: `layers.0.weight.1.2` is of neuron 1 for input 2, `layers.0.bias.1` its bias.
impl<S: Scalar> Parameters for Mlp<S> {
    type Scalar = S;
    type Of<U: Scalar> = Mlp<U>;

    fn map_named<U: Scalar>(&self, name: Name<'_>, change: &mut impl FnMut(Name<'_>, S) -> U) -> Mlp<U> {
        let (layers, mut parameters) = (name.field("layers"), Vec::with_capacity(self.parameters.len()));
        for (i, (Dense { inputs, .. }, neurons)) in self.blocks(&self.parameters).enumerate() {
            let layer = layers.index(i);
            let (weight, bias) = (layer.field("weight"), layer.field("bias"));
            for (j, neuron) in neurons.chunks_exact(inputs + 1).enumerate() {
                let (of_neuron, weights) = (weight.index(j), &neuron[..inputs]);
                parameters.extend(weights.iter().enumerate().map(|(k, &w)| change(of_neuron.index(k), w)));
                parameters.push(change(bias.index(j), neuron[inputs]));
            }
        }
        Mlp { inputs: self.inputs, layers: self.layers.clone(), parameters }
    }
}

/// Returns the layers, each with the outputs of the one before as inputs.
fn dense_layers(inputs: usize, layers: &[(usize, Activation)]) -> impl Iterator<Item = Dense> {
    let inputs = std::iter::once(inputs).chain(layers.iter().map(|&(outputs, _)| outputs));
    inputs.zip(layers).map(|(inputs, &(outputs, activation))| Dense { inputs, outputs, activation })
}

#[track_caller]
fn assert_parameters(passed: usize, expected: usize) {
    assert_eq!(
        passed, expected,
        "Mlp: {passed} parameters were passed and the layers have {expected}; pass one for each, in the order layer, \
         neuron, weights, bias",
    );
}

/// Returns the number of parameters.
fn count(inputs: usize, layers: &[(usize, Activation)]) -> usize {
    dense_layers(inputs, layers).map(|layer| layer.parameter_count()).sum()
}

/// The layers: `MLP of [Layer of [ReLU(2) x 16], Layer of [Linear(16) x 1]]`.
impl<S> fmt::Display for Mlp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MLP of [")?;
        for (index, layer) in dense_layers(self.inputs, &self.layers).enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}Layer of [{}({}) x {}]", layer.activation, layer.inputs, layer.outputs)?;
        }
        f.write_str("]")
    }
}
