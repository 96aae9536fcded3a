//! Which species is this iris? Four lengths tell, with a network of 16 neurons.
//!
//! ```text
//! cargo run --release --features train --example iris
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use dualtape::nn::{Activation, Adam, Init, Mlp, Schedule, Supervised, predictions};
use dualtape::plot::Curves;
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::{Options, Outcome, confirm, print, read, report, standardize};

fn main() -> Outcome {
    let options = Options::parse(60);
    let mut parts = read::<usize, 2>("iris", ["train", "test"])?;
    standardize(&mut parts);
    let [train, test] = parts;
    let layers = [(16, Activation::Tanh), (3, Activation::Linear)];
    let mut network: Mlp = Mlp::random(4, &layers, Init::Xavier, &mut StdRng::seed_from_u64(options.seed));
    print!("{}", network.summary());

    let objective = Supervised::new(&network).l2(1e-3);
    let mut trainer = options.trainer(Adam::new(Schedule::Constant(0.01)), &objective, &train)?;
    trainer.fit(&objective, network.parameters_mut(), &train, None)?;
    print(trainer.history());
    confirm(&objective, network.parameters(), &train);
    let confusion = report(&predictions(&network.forward_batch(test.features(), test.len()), 3), &test, 0.93)?;
    options.save("iris", &Curves::of_history(trainer.history()).picture().beside(confusion.picture()))
}
