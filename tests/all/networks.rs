//! The network: batches, activations, dropout and its table.

use dualtape::nn::{Activation, Dropout, Init, Mlp, l2};
use dualtape::{Function, Scalar, check, gradient, gradient_forward};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::refusals::message;

const ACTIVATIONS: [Activation; 8] = [
    Activation::Linear,
    Activation::Relu,
    Activation::LeakyRelu(0.1),
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Softplus,
    Activation::Silu,
    Activation::Gelu,
];

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// A network as a function of its parameters and then its input.
struct Whole(Mlp);

impl Function for Whole {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, p: &[S]) -> Vec<S> {
        let (parameters, x) = p.split_at(self.0.parameters().len());
        self.0.with_parameters(parameters).forward(x)
    }
}

#[test]
fn every_activation_agrees_in_every_mode() {
    for activation in ACTIVATIONS {
        let mlp: Mlp = Mlp::random(2, &[(2, activation), (2, Activation::Tanh)], Init::Uniform, &mut rng());
        let point = [mlp.parameters(), &[0.3, -0.7]].concat();
        check(&Whole(mlp), &point).assert_agreement();
    }
}

#[test]
fn a_batch_is_its_rows() {
    for activation in ACTIVATIONS {
        let mlp: Mlp = Mlp::random(3, &[(9, activation), (4, activation)], Init::He, &mut rng());
        let features: Vec<f64> = (0..15).map(|i| f64::from(i).sin()).collect();
        let rows: Vec<&[f64]> = features.chunks(3).collect();
        let one_by_one: Vec<f64> = rows.iter().flat_map(|row| mlp.forward(row)).collect();
        assert_eq!(mlp.forward_batch(&features, 5), one_by_one);
        assert_eq!(mlp.forward_all(&rows), one_by_one);
        let gradients = |forward: fn(&Mlp<dualtape::Var>, &[f64]) -> Vec<dualtape::Var>| {
            gradient(|p| l2(&forward(&mlp.with_parameters(p), &features)), mlp.parameters())
        };
        let by_rows = |mlp: &Mlp<dualtape::Var>, features: &[f64]| {
            let rows = features.chunks(3).flat_map(|row| mlp.forward_all(&[row]));
            rows.collect()
        };
        let (batch, rows) = (gradients(|mlp, features| mlp.forward_batch(features, 5)), gradients(by_rows));
        assert_eq!(batch.0, rows.0);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
        assert!(batch.1.iter().zip(&rows.1).all(close));
    }
}

#[test]
fn dropout_leaves_neurons_out_and_scales_the_others() {
    // Three hidden neurons, which are 1, 10 and 100, and their sum.
    let parameters = [0.0, 1.0, 0.0, 10.0, 0.0, 100.0, 1.0, 1.0, 1.0, 0.0];
    let mlp = Mlp::new(1, &[(3, Activation::Relu), (1, Activation::Linear)], &parameters);
    let mut dropout = Dropout::new(0.75);
    let (rows, mut rng) = (4000, rng());
    dropout.draw(&mlp, rows, &mut rng);
    let sums = mlp.forward_dropped(&vec![0.0; rows], rows, &dropout);
    // A neuron that is kept counts four times, and every choice has its probability.
    for choice in 0..8_u32 {
        let kept = [choice & 1, choice >> 1 & 1, choice >> 2 & 1].map(f64::from);
        let sum = 4.0 * (kept[0] + 10.0 * kept[1] + 100.0 * kept[2]);
        let share = sums.iter().filter(|&&found| found == sum).count() as f64 / rows as f64;
        let expected = 0.25_f64.powi(choice.count_ones() as i32) * 0.75_f64.powi(3 - choice.count_ones() as i32);
        assert!((share - expected).abs() < 0.03, "{share} of {expected} for {sum}");
    }
    let mean = sums.iter().sum::<f64>() / rows as f64;
    assert!((mean / 111.0 - 1.0).abs() < 0.1, "{mean}");
}

#[test]
fn dropout_is_the_same_in_every_reading() {
    let layers = [(8, Activation::Tanh), (8, Activation::Silu), (2, Activation::Linear)];
    let mlp: Mlp = Mlp::random(3, &layers, Init::Xavier, &mut rng());
    let features: Vec<f64> = (0..12).map(|i| f64::from(i).cos()).collect();
    let mut dropout = Dropout::new(0.5);
    dropout.draw(&mlp, 4, &mut rng());
    let plain = l2(&mlp.forward_dropped(&features, 4, &dropout));
    let (loss, reverse) =
        gradient(|p| l2(&mlp.with_parameters(p).forward_dropped(&features, 4, &dropout)), mlp.parameters());
    let (same, forward) =
        gradient_forward(|p| l2(&mlp.with_parameters(p).forward_dropped(&features, 4, &dropout)), mlp.parameters());
    assert_eq!((loss, same), (plain, plain));
    assert!(reverse.iter().zip(&forward).all(|(a, b)| (a - b).abs() < 1e-14));
    // A new choice reuses the memory of the first.
    let before = dropout.clone();
    dropout.draw(&mlp, 4, &mut StdRng::seed_from_u64(2));
    assert_ne!(dropout, before);
    assert_ne!(l2(&mlp.forward_dropped(&features, 4, &dropout)), plain);
    // Without hidden neurons there is no dropout.
    let line: Mlp = Mlp::random(3, &[(2, Activation::Linear)], Init::Xavier, &mut rng());
    dropout.draw(&line, 4, &mut rng());
    assert_eq!(line.forward_dropped(&features, 4, &dropout), line.forward_batch(&features, 4));
}

#[test]
fn the_table_is_as_wide_as_its_names() {
    let mlp: Mlp = Mlp::zeros(3, &[(4, Activation::LeakyRelu(0.125)), (1, Activation::Sigmoid)]);
    let table = "\
layer  neurons  activation        parameters
    1        4  LeakyReLU[0.125]          16
    2        1  Sigmoid                    5
3 inputs, 1 outputs, 21 parameters
";
    assert_eq!(mlp.summary(), table);
    assert_eq!(mlp.outputs(), 1);
    let identity: Mlp = Mlp::zeros(3, &[]);
    assert_eq!(identity.outputs(), 3);
    assert_eq!(identity.summary(), "layer  neurons  activation  parameters\n3 inputs, 3 outputs, 0 parameters\n");
    assert!(identity.weights().is_empty());
}

#[test]
fn refusals_say_what_to_do() {
    let mlp: Mlp = Mlp::zeros(2, &[(3, Activation::Tanh), (1, Activation::Linear)]);
    assert_eq!(
        message(|| mlp.forward_batch(&[1.0; 5], 2)),
        "Mlp::forward_batch: 5 features are not 2 rows of 2 inputs; pass one each"
    );
    let mut dropout = Dropout::new(0.5);
    dropout.draw(&mlp, 1, &mut rng());
    assert_eq!(
        message(|| mlp.forward_dropped(&[1.0; 4], 2, &dropout)),
        "Mlp::forward_dropped: the dropout is of 3 neurons, all rows together, and the network has 6; draw it for this \
         network and number of rows"
    );
    assert_eq!(message(|| mlp.parameter_name(13)), "Mlp: there is no parameter 13 among 13, counted from 0");
    assert_eq!(message(|| Dropout::new(1.0)), "Dropout::new: the probability is 1; pass one of at least 0 and below 1");
}
