//! In which part of the yin-yang sign is this point?
//!
//! The demo of micrograd's successor: 80 points to learn from, 10 to choose the best weights by, and 10 to test with.
//!
//! ```text
//! cargo run --release --features train --example yinyang
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use dualtape::nn::{Activation, Adam, Init, Mlp, Schedule, Supervised, predictions};
use dualtape::plot::{Boundary, Curves, Terminal};
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::{Options, Outcome, confirm, print, read, report};

fn main() -> Outcome {
    let options = Options::parse(100);
    let [train, validation, test] = read::<usize, 3>("yinyang", ["train", "val", "test"])?;
    let layers = [(8, Activation::Tanh), (3, Activation::Linear)];
    let mut network: Mlp = Mlp::random(2, &layers, Init::Xavier, &mut StdRng::seed_from_u64(options.seed));
    print!("{}", network.summary());

    let objective = Supervised::new(&network);
    let adam = Adam::new(Schedule::Constant(0.1)).betas(0.9, 0.95).weight_decay(1e-4);
    let mut trainer = options.trainer(adam, &objective, &train)?.batch(train.len());
    trainer.fit(&objective, network.parameters_mut(), &train, Some(&validation))?;
    print(trainer.history());
    confirm(&objective, network.parameters(), &train);
    let points: Vec<&[f64]> = train.features().chunks(2).collect();
    let (x, y) = Boundary::around(&points, 0.3);
    let boundary = Boundary::of_network(x, y, &network).points(&points, train.targets());
    println!("\n{}", boundary.text(&Terminal { rows: 30, ..Terminal::stdout() }));
    report(&predictions(&network.forward_batch(test.features(), test.len()), 3), &test, 0.8)?;
    options.save("yinyang", &boundary.picture().beside(Curves::of_history(trainer.history()).picture()))
}
