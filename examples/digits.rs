//! How do I train a network on real data, save it, and load it again?
//!
//! A network of 64, 32 and 10 neurons learns to read handwritten digits of 8 by 8 pixels, with dropout and
//! Adam in minibatches of 32. It has to read 96 % of those that it has not seen.
//!
//! ```text
//! cargo run --release --features train --example digits
//! cargo run --release --features train --example digits -- --seed 2 --check
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use dualtape::nn::{Activation, Adam, Init, Mlp, Schedule, Supervised, predictions};
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
    let mut trainer = options.trainer(Adam::new(rate), &objective, &train)?;
    trainer.fit(&objective, network.parameters_mut(), &train, None)?;
    print(trainer.history());
    confirm(&objective, network.parameters(), &train);

    let path = std::env::temp_dir().join(format!("digits-{}.safetensors", std::process::id()));
    network.save(&path)?;
    let mut loaded = Mlp::zeros(64, &layers);
    loaded.load(&path)?;
    std::fs::remove_file(&path)?;
    assert_eq!(loaded, network);

    let predicted = predictions(&loaded.forward_batch(test.features(), test.len()), 10);
    report(&predicted, &test, 0.96)
}
