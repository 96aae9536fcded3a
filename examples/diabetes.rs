//! How do I predict a number? The progress of diabetes after a year, from ten measures of a patient.
//!
//! The measures say little, and an unregularized network overfits them. Cross-validation on the training data chose
//! the penalty on large weights and the dropout. The network learns standardized numbers, and the program undoes the
//! scale.
//!
//! ```text
//! cargo run --release --features train --example diabetes
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use dualtape::nn::{
    Activation, Adam, Init, Mlp, Schedule, Standardizer, Supervised, r_squared, root_mean_squared_error,
};
use dualtape::plot::{Curves, Histogram, Terminal};
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::{Options, Outcome, confirm, print, read, standardize};

fn main() -> Outcome {
    let options = Options::parse(60);
    let mut parts = read::<f64, 2>("diabetes", ["train", "test"])?;
    standardize(&mut parts);
    let [mut train, test] = parts;
    let scale = Standardizer::fit(train.targets(), 1);
    scale.apply(train.targets_mut());
    let layers = [(32, Activation::Relu), (1, Activation::Linear)];
    let mut network: Mlp = Mlp::random(10, &layers, Init::Xavier, &mut StdRng::seed_from_u64(options.seed));
    print!("{}", network.summary());

    let objective = Supervised::new(&network).l2(0.06).dropout(0.2);
    let steps = options.epochs * train.len().div_ceil(32);
    let mut trainer =
        options.trainer(Adam::new(Schedule::Cosine { from: 0.02, to: 0.0, steps }), &objective, &train)?;
    trainer.fit(&objective, network.parameters_mut(), &train, None)?;
    print(trainer.history());
    confirm(&objective, network.parameters(), &train);

    let mut predicted = network.forward_batch(test.features(), test.len());
    scale.invert(&mut predicted);
    let error = root_mean_squared_error(&predicted, test.targets());
    println!("\nroot mean squared error {error:.1}, R squared {:.2}", r_squared(&predicted, test.targets()));
    if error > 58.0 {
        return Err("more than 58".into());
    }
    let errors: Vec<f64> = predicted.iter().zip(test.targets()).map(|(a, b)| a - b).collect();
    let errors = Histogram::new("Errors", "predicted less measured progress", &errors, 15);
    println!("\n{}", errors.text(&Terminal::stdout()));
    options.save("diabetes", &Curves::of_history(trainer.history()).picture().beside(errors.picture()))
}
