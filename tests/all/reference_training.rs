//! Trainings of PyTorch and of micrograd's successor, step by step.
//!
//! `tests/data/torch/training.json` was recorded with PyTorch in double precision,
//! `tests/data/micrograd/eureka_yinyang_adamw.json` with EurekaLabsAI/micrograd.

use std::fs;

use dualtape::nn::{Activation, Adam, Mlp, Optimizer, Schedule, Sgd, Update, cross_entropy};
use dualtape::{Scalar, gradient};
use serde_json::Value;

use crate::support::compare::{assert_all_close, assert_close};
use crate::support::reference::{number, numbers, read};

const TOLERANCE: f64 = 1e-9;

/// Rows of features, with their classes.
#[derive(Clone, Default)]
struct Data {
    points: Vec<Vec<f64>>,
    classes: Vec<usize>,
}

impl Data {
    /// The rows of a file of `data` that are listed in `name_part_idx.txt`.
    fn read(name: &str, part: &str) -> Data {
        let read = |file: String| fs::read_to_string(format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let text = read(format!("{name}.csv"));
        let rows: Vec<Vec<f64>> =
            text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
        let mut data = Data::default();
        for index in read(format!("{name}_{part}_idx.txt")).lines() {
            let (&class, point) = rows[index.parse::<usize>().unwrap()].split_last().unwrap();
            data.points.push(point.to_vec());
            data.classes.push(class as usize);
        }
        data
    }

    /// Returns the rows with each number replaced, by a function of the number and its column.
    fn scaled(mut self, scale: impl Fn(f64, usize) -> f64) -> Data {
        for point in &mut self.points {
            point.iter_mut().enumerate().for_each(|(column, x)| *x = scale(*x, column));
        }
        self
    }

    fn batches(&self) -> impl Iterator<Item = Data> {
        let batches = self.points.chunks(32).zip(self.classes.chunks(32));
        batches.map(|(points, classes)| Data { points: points.to_vec(), classes: classes.to_vec() })
    }

    fn loss<S: Scalar<Real = f64>>(&self, mlp: &Mlp<S>) -> S {
        cross_entropy(&mlp.forward_all(&self.points), &self.classes)
    }

    fn accuracy(&self, mlp: &Mlp) -> f64 {
        let outputs = mlp.forward_all(&self.points);
        let rows = outputs.chunks(mlp.outputs()).zip(&self.classes);
        let right = rows.filter(|(scores, class)| scores.iter().all(|score| *score <= scores[**class])).count();
        right as f64 / self.classes.len() as f64
    }
}

/// A step on a batch; returns the loss before it.
fn step(mlp: &mut Mlp, optimizer: &mut Optimizer<impl Update>, batch: &Data) -> f64 {
    let (loss, g) = gradient(|p| batch.loss(&mlp.with_parameters(p)), mlp.parameters());
    optimizer.step(mlp.parameters_mut(), &g);
    loss
}

/// Parameters in the order of [`Mlp`] from PyTorch's: neuron by neuron, weights and then the bias.
fn parameters(weights: &Value) -> Vec<f64> {
    let layer = |weight: &str, bias: &str| -> Vec<f64> {
        let neurons = weights[weight].as_array().unwrap().iter().zip(numbers(&weights[bias]));
        neurons.flat_map(|(weights, bias)| [numbers(weights), vec![bias]].concat()).collect()
    };
    [layer("w1", "b1"), layer("w2", "b2")].concat()
}

/// Trains as PyTorch did, and compares losses, accuracies and weights.
fn trains_as_torch(case: &str, mut optimizer: Optimizer<impl Update>, [train, test]: [Data; 2]) {
    let path = format!("{}/tests/data/torch/training.json", env!("CARGO_MANIFEST_DIR"));
    let all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let reference = &all[case];
    let initial = &reference["initial"];
    let neurons = ["b1", "b2"].map(|bias| initial[bias].as_array().unwrap().len());
    let layers = [(neurons[0], Activation::Relu), (neurons[1], Activation::Linear)];
    let mut mlp = Mlp::new(train.points[0].len(), &layers, &parameters(initial));

    let mut losses = Vec::new();
    for epoch in reference["epochs"].as_array().unwrap() {
        let mut total = 0.0;
        for batch in train.batches() {
            let loss = step(&mut mlp, &mut optimizer, &batch);
            total += loss * batch.classes.len() as f64;
            losses.push(loss);
        }
        let mean = total / train.classes.len() as f64;
        assert_close("mean loss of an epoch", mean, number(&epoch["mean_train_loss"]), TOLERANCE);
        assert_close("test loss", test.loss(&mlp), number(&epoch["test_loss"]), TOLERANCE);
        assert_eq!(test.accuracy(&mlp), number(&epoch["test_acc"]), "after epoch {}", epoch["epoch"]);
    }
    let first = numbers(&reference["first_20_step_losses"]);
    assert_all_close("first losses", &losses[..first.len()], &first, TOLERANCE);
    assert_all_close("final weights", mlp.parameters(), &parameters(&reference["final"]), TOLERANCE);
}

fn sgd() -> Sgd {
    Sgd::new(Schedule::Constant(0.05)).momentum(0.9)
}

fn adam() -> Adam {
    Adam::new(Schedule::Constant(0.005))
}

fn digits() -> [Data; 2] {
    ["train", "test"].map(|part| Data::read("digits", part).scaled(|x, _| x / 16.0))
}

/// Standardizes by the mean and the standard deviation of the training rows.
fn iris() -> [Data; 2] {
    let [train, test] = ["train", "test"].map(|part| Data::read("iris", part));
    let mean_of =
        |f: &dyn Fn(&[f64]) -> f64| train.points.iter().map(|x| f(x)).sum::<f64>() / train.points.len() as f64;
    let means: Vec<f64> = (0..4).map(|column| mean_of(&|x| x[column])).collect();
    let deviations: Vec<f64> = (0..4).map(|column| mean_of(&|x| (x[column] - means[column]).powi(2)).sqrt()).collect();
    [train, test].map(|part| part.scaled(|x, column| (x - means[column]) / deviations[column]))
}

#[test]
fn digits_with_momentum_train_as_in_torch() {
    trains_as_torch("digits_sgd", sgd(), digits());
}

#[test]
fn digits_with_adam_train_as_in_torch() {
    trains_as_torch("digits_adam", adam(), digits());
}

#[test]
fn iris_with_momentum_trains_as_in_torch() {
    trains_as_torch("iris_sgd", sgd(), iris());
}

#[test]
fn iris_with_adam_trains_as_in_torch() {
    trains_as_torch("iris_adam", adam(), iris());
}

#[test]
fn yin_and_yang_with_adam_w_trains_as_in_its_reference() {
    let reference = read("eureka_yinyang_adamw.json");
    let part = |name: &str| {
        let mut data = Data::default();
        for row in reference[name].as_array().unwrap() {
            data.points.push(numbers(&row[0]));
            data.classes.push(number(&row[1]) as usize);
        }
        data
    };
    let [train, validation, test] = ["train", "val", "test"].map(part);
    let layers = [(8, Activation::Tanh), (3, Activation::Linear)];
    let mut mlp = Mlp::new(2, &layers, &numbers(&reference["initial_weights"]));
    let mut adam = Adam::new(Schedule::Constant(0.1)).betas(0.9, 0.95).weight_decay(1e-4);

    let (_, g) = gradient(|p| train.loss(&mlp.with_parameters(p)), mlp.parameters());
    assert_all_close("the first gradient", &g, &numbers(&reference["grads_step0"]), TOLERANCE);
    for (index, loss) in numbers(&reference["train_losses"]).into_iter().enumerate() {
        if let Some(loss) = reference["val_losses"].get(index.to_string()) {
            assert_close("validation loss", validation.loss(&mlp), number(loss), TOLERANCE);
        }
        assert_close("loss", step(&mut mlp, &mut adam, &train), loss, TOLERANCE);
    }
    assert_all_close("final weights", mlp.parameters(), &numbers(&reference["final_weights"]), TOLERANCE);
    for (part, name) in [(train, "train_acc"), (validation, "val_acc"), (test, "test_acc")] {
        assert_eq!(part.accuracy(&mlp), number(&reference[name]), "{name}");
    }
}
