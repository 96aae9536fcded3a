//! How do I train a network on real data, save it, and load it again?
//!
//! A network of 64, 32 and 10 neurons learns to read handwritten digits of 8 by 8 pixels, with dropout and Adam in
//! minibatches of 32. It has to read 96 % of the digits that it has not seen.
//!
//! ```text
//! cargo run --release --features train --example digits
//! cargo run --release --features train --example digits -- --seed 2 --check
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use std::ops::ControlFlow::Continue;

use dualtape::nn::{Activation, Adam, Confusion, Dataset, Epoch, Init, Mlp, Schedule, Supervised, predictions};
use dualtape::plot::{Curves, Histogram};
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::{Options, Outcome, confirm, print, read, report};

fn main() -> Outcome {
    let options = Options::parse(40);
    let mut parts = read::<usize, 2>("digits", ["train", "test"])?;
    parts.iter_mut().for_each(|part| part.features_mut().iter_mut().for_each(|x| *x /= 16.0));
    let [train, test] = parts;
    let layers = [(32, Activation::Relu), (10, Activation::Linear)];
    let mut network: Mlp = Mlp::random(64, &layers, Init::He, &mut StdRng::seed_from_u64(options.seed));
    print!("{}", network.summary());

    let objective = Supervised::new(&network);
    let steps = options.epochs * train.len().div_ceil(32);
    let rate = Schedule::Cosine { from: 0.01, to: 0.0, steps };
    let mut networks = Vec::new();
    let remember = |epoch: &Epoch, parameters: &[f64]| {
        networks.push((epoch.number, parameters.to_vec()));
        Continue(())
    };
    let mut trainer = options.trainer(Adam::new(rate), &objective, &train)?.on_epoch(remember);
    trainer.fit(&objective, network.parameters_mut(), &train, None)?;
    print(trainer.history());
    let losses = Curves::of_history(trainer.history()).size(560.0, 244.0);
    drop(trainer);
    confirm(&objective, network.parameters(), &train);

    let path = std::env::temp_dir().join(format!("digits-{}.safetensors", std::process::id()));
    network.save(&path)?;
    let mut loaded = Mlp::zeros(64, &layers);
    loaded.load(&path)?;
    std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    assert_eq!(loaded, network);

    let classes =
        |network: &Mlp, data: &Dataset<_, _>| predictions(&network.forward_batch(data.features(), data.len()), 10);
    let confusion = report(&classes(&loaded, &test), &test, 0.96)?;

    let accuracies = |data: &Dataset<_, usize>| -> Vec<(f64, f64)> {
        let right = |parameters: &[f64]| {
            let classes = classes(&network.with_parameters(parameters), data);
            100.0 * Confusion::of(&classes, data.targets(), 10).accuracy()
        };
        networks.iter().map(|(epoch, parameters)| (*epoch as f64, right(parameters))).collect()
    };
    let accuracy = Curves::new("", "epoch", "accuracy / %").size(560.0, 244.0);
    let accuracy = accuracy.line("training data", accuracies(&train)).line("test data", accuracies(&test));
    let weights = Histogram::new("Weights", "weight", &network.weights(), 40);
    let curves = losses.picture().above(accuracy.picture());
    options.save("digits", &curves.beside(confusion.picture()).above(weights.picture()))
}
