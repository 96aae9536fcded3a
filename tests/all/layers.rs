//! Custom layers and activations: in every mode, compared with the known ones, in training, and refused.

use dualtape::nn::{
    Activate, Activation, Adam, Batch, Chain, Dataset, Dense, Init, Layer, Mlp, Objective, Schedule, Trainer, l2,
    mean_squared_error,
};
use dualtape::{Function, Real, Scalar, Var, check, gradient};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::refusals::message;

/// `max(x, 0)²`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SquaredRelu;

impl Activate for SquaredRelu {
    #[inline(always)]
    fn activate<S: Scalar>(&self, x: S) -> S {
        x.relu().powi(2)
    }
}

/// Shifts and scales a row to mean 0 and variance 1, and then by a gain and a bias for each number.
struct LayerNorm(usize);

impl Layer for LayerNorm {
    fn inputs(&self) -> usize {
        self.0
    }

    fn outputs(&self) -> usize {
        self.0
    }

    fn parameter_count(&self) -> usize {
        2 * self.0
    }

    fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S> {
        let n = <S::Real as Scalar>::from_f64(self.0 as f64);
        let mean = x.iter().sum::<S>() / n;
        let variance = x.iter().map(|&x| (x - mean).powi(2)).sum::<S>() / n;
        let scale = (variance + S::from_f64(1e-5)).sqrt();
        let (gains, biases) = parameters.split_at(self.0);
        x.iter().zip(gains).zip(biases).map(|((&x, &gain), &bias)| (x - mean) / scale * gain + bias).collect()
    }

    fn initial_parameters<R: Real>(&self, _: Init, _: &mut (impl Rng + ?Sized)) -> Vec<R> {
        [vec![R::one(); self.0], vec![R::zero(); self.0]].concat()
    }
}

/// `x + layer(x)`.
struct Residual<L>(L);

impl<L: Layer> Layer for Residual<L> {
    fn inputs(&self) -> usize {
        self.0.inputs()
    }

    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    fn parameter_count(&self) -> usize {
        self.0.parameter_count()
    }

    fn forward<S: Scalar>(&self, parameters: &[S], x: &[S]) -> Vec<S> {
        self.0.forward(parameters, x).iter().zip(x).map(|(&y, &x)| x + y).collect()
    }

    fn initial_parameters<R: Real>(&self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Vec<R> {
        self.0.initial_parameters(init, rng)
    }
}

type Own = Chain<Chain<Dense<SquaredRelu>, Residual<Chain<LayerNorm, Dense<SquaredRelu>>>>, Dense>;

/// Returns a network of one input and one output.
fn own(width: usize) -> Own {
    let block = Residual(LayerNorm(width).then(Dense::new(width, width, SquaredRelu)));
    Dense::new(1, width, SquaredRelu).then(block).then(Dense::new(width, 1, Activation::Linear))
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

fn constants<S: Scalar>(x: &[S::Real]) -> Vec<S> {
    x.iter().map(|&x| S::from_real(x)).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// A layer as a function of its parameters and then its input.
struct Whole<L>(L);

impl<L: Layer> Function for Whole<L> {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, p: &[S]) -> Vec<S> {
        let (parameters, x) = p.split_at(self.0.parameter_count());
        self.0.forward(parameters, x)
    }
}

#[test]
fn a_custom_layer_agrees_in_all_modes() {
    let norm = [1.0, 0.5, -2.0, 0.1, 0.2, 0.3, 0.7, -0.4, 1.5];
    check(&Whole(LayerNorm(3)), &norm).assert_agreement();
    let mut parameters: Vec<f64> = own(3).initial_parameters(Init::Uniform, &mut rng());
    parameters.push(0.6);
    check(&Whole(own(3)), &parameters).assert_agreement();
}

#[test]
fn a_custom_activation_has_the_slopes_of_its_rule() {
    let layer = Dense::new(2, 1, SquaredRelu);
    let parameters = [3.0, -1.0, 0.5];
    let (y, g) = gradient(|p| layer.forward(p, &constants::<Var>(&[2.0, 4.0]))[0], &parameters);
    // max(z, 0)² at z = 2.5 has the slope 2·2.5.
    assert_eq!((y, g), (6.25, vec![10.0, 20.0, 5.0]));
}

/// A known activation, hidden from the fast path of `Activation`.
struct Unknown(Activation);

impl Activate for Unknown {
    fn activate<S: Scalar>(&self, x: S) -> S {
        self.0.apply(x)
    }
}

#[test]
fn a_chain_of_dense_layers_is_the_mlp_to_the_bit() {
    fn compare<A: Activate, B: Activate>(layers: [(usize, Activation); 2], chain: &Chain<Dense<A>, Dense<B>>) {
        let mlp: Mlp = Mlp::random(3, &layers, Init::He, &mut rng());
        let parameters: Vec<f64> = chain.initial_parameters(Init::He, &mut rng());
        assert_eq!(parameters, mlp.parameters());
        let x: Vec<f64> = (0..15).map(|i| f64::from(i).sin()).collect();
        assert_eq!(bits(&chain.forward(&parameters, &x[..3])), bits(&mlp.forward(&x[..3])));
        assert_eq!(bits(&chain.forward_batch(&parameters, &x, 5)), bits(&mlp.forward_batch(&x, 5)));
        let of_chain = gradient(|p| l2(&chain.forward_batch(p, &constants::<Var>(&x), 5)), &parameters);
        let of_mlp = gradient(|p| l2(&mlp.with_parameters(p).forward_batch(&x, 5)), &parameters);
        assert_eq!(of_chain.0.to_bits(), of_mlp.0.to_bits());
        assert_eq!(bits(&of_chain.1), bits(&of_mlp.1));
    }
    for a in [Activation::Relu, Activation::Linear, Activation::LeakyRelu(0.1), Activation::Gelu] {
        let layers = [(9, a), (4, Activation::Tanh)];
        compare(layers, &Dense::new(3, 9, a).then(Dense::new(9, 4, Activation::Tanh)));
        compare(layers, &Dense::new(3, 9, Unknown(a)).then(Dense::new(9, 4, Unknown(Activation::Tanh))));
    }
}

#[test]
fn layers_are_the_mlp_in_f32_too() {
    let layers = [(8, Activation::Silu), (2, Activation::Linear)];
    let mlp: Mlp<f32> = Mlp::random(2, &layers, Init::Xavier, &mut rng());
    let chain = Dense::new(2, 8, Activation::Silu).then(Dense::new(8, 2, Activation::Linear));
    assert_eq!(chain.initial_parameters::<f32>(Init::Xavier, &mut rng()), mlp.parameters());
    assert_eq!(chain.forward(mlp.parameters(), &[0.3, -0.7]), mlp.forward(&[0.3, -0.7]));
}

#[test]
fn a_batch_of_a_custom_layer_equals_its_rows() {
    let x: Vec<f64> = (0..12).map(|i| f64::from(i).cos()).collect();
    let layer = LayerNorm(3).then(Residual(Dense::new(3, 3, SquaredRelu)));
    let parameters: Vec<f64> = layer.initial_parameters(Init::Uniform, &mut rng());
    let rows: Vec<f64> = x.chunks(3).flat_map(|row| layer.forward(&parameters, row)).collect();
    assert_eq!(bits(&layer.forward_batch(&parameters, &x, 4)), bits(&rows));
    assert!(layer.forward_batch(&parameters, &[], 0).is_empty());
}

/// The mean squared error of a custom network.
struct Distance<L>(L);

impl<L: Layer + Sync> Objective for Distance<L> {
    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S], batch: &Batch<'_>) -> S {
        let outputs = self.0.forward_batch(parameters, &constants(batch.features()), batch.len());
        mean_squared_error(&outputs, batch.targets())
    }
}

#[test]
fn a_trainer_trains_custom_layers_and_activations() {
    let x: Vec<f64> = (0..80).map(|i| f64::from(i) / 20.0 - 2.0).collect();
    let y = x.iter().map(|x| x.sin()).collect();
    let data = Dataset::new((1, 1), x, y);
    let objective = Distance(own(6));
    let mut parameters = own(6).initial_parameters(Init::He, &mut rng());
    let before = objective.loss(&parameters, &Batch::new(&data));
    let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.02))).epochs(100).batch(20).check(10);
    trainer.fit(&objective, &mut parameters, &data, None).expect("the modes agree");
    let after = objective.loss(&parameters, &Batch::new(&data));
    assert!(after < 0.01 && after < before / 10.0, "{before} became {after}");
}

/// Promises one number more than it returns.
struct Short;

impl Layer for Short {
    fn inputs(&self) -> usize {
        2
    }

    fn outputs(&self) -> usize {
        3
    }

    fn parameter_count(&self) -> usize {
        1
    }

    fn forward<S: Scalar>(&self, _: &[S], x: &[S]) -> Vec<S> {
        x.to_vec()
    }

    fn initial_parameters<R: Real>(&self, _: Init, _: &mut (impl Rng + ?Sized)) -> Vec<R> {
        Vec::new()
    }
}

#[test]
fn refusals_of_layers_say_what_to_do() {
    let dense = Dense::new(2, 3, Activation::Tanh);
    assert_eq!(
        message(|| dense.then(LayerNorm(4))),
        "Layer::then: Dense has 3 outputs and LayerNorm has 4 inputs; give both the same number"
    );
    assert_eq!(
        message(|| dense.forward(&[0.0; 8], &[1.0, 2.0])),
        "Dense: 8 parameters were passed and the layer has 9; pass one for each"
    );
    assert_eq!(
        message(|| dense.forward_batch(&[0.0; 9], &[1.0; 5], 2)),
        "Dense: 5 numbers were passed for 2 rows of 2 inputs; pass one for each"
    );
    assert_eq!(
        message(|| LayerNorm(2).forward_batch(&[0.0; 3], &[1.0; 4], 2)),
        "LayerNorm: 3 parameters were passed and the layer has 4; pass one for each"
    );
    let chain = dense.then(LayerNorm(3));
    assert_eq!(
        message(|| chain.forward(&[0.0; 9], &[1.0, 2.0])),
        "Chain: 9 parameters were passed and the layer has 15; pass one for each"
    );
    let short = Short.then(LayerNorm(3));
    assert_eq!(
        message(|| short.forward_batch(&[0.0; 7], &[1.0; 4], 2)),
        "Short: `forward` returned 4 numbers for 2 rows, and `outputs` promises 3 for each row; make them equal"
    );
    assert_eq!(
        message(|| short.initial_parameters::<f64>(Init::He, &mut rng())),
        "Short: `initial_parameters` returned 0 numbers, and `parameter_count` promises 1; make them equal"
    );
}
