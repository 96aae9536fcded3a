//! How do I write a custom loss, and stop when a network has stopped learning?
//!
//! Is a tumour malignant? A network with one output learns the probability that it is benign. An overlooked malignant
//! tumour counts twice. Validation data, held out from the training data, decides when to stop.
//!
//! ```text
//! cargo run --release --features train --example breast_cancer
//! ```

#[allow(dead_code, reason = "not every example needs all of it")]
mod support;

use dualtape::Scalar;
use dualtape::nn::{Activation, Adam, Batch, Init, Mlp, Objective, Schedule, weighted_binary_cross_entropy};
use dualtape::plot::Curves;
use rand::SeedableRng;
use rand::rngs::StdRng;
use support::{Options, Outcome, confirm, print, read, report, standardize};

/// The classes 0, malignant, and 1, benign, from one logit.
struct Tumours {
    shape: Mlp,
}

impl Objective<f64, usize> for Tumours {
    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S], batch: &Batch<'_, f64, usize>) -> S {
        let logits = self.shape.with_parameters(parameters).forward_batch(batch.features(), batch.len());
        let labels: Vec<f64> = batch.targets().iter().map(|&class| class as f64).collect();
        weighted_binary_cross_entropy(&logits, &labels, [2.0, 1.0])
    }

    fn parameter_name(&self, index: usize) -> String {
        self.shape.parameter_name(index)
    }
}

fn main() -> Outcome {
    let options = Options::parse(200);
    let mut parts = read::<usize, 2>("breast_cancer", ["train", "test"])?;
    standardize(&mut parts);
    let [train, test] = parts;
    let (train, validation) = train.split(0.2, options.seed);
    let layers = [(8, Activation::Tanh), (1, Activation::Linear)];
    let mut network: Mlp = Mlp::random(30, &layers, Init::Xavier, &mut StdRng::seed_from_u64(options.seed));
    print!("{}", network.summary());

    let objective = Tumours { shape: network.clone() };
    let adam = Adam::new(Schedule::Constant(0.01)).weight_decay(0.01);
    let mut trainer = options.trainer(adam, &objective, &train)?.patience(10);
    let ending = trainer.fit(&objective, network.parameters_mut(), &train, Some(&validation))?;
    print(trainer.history());
    println!("the end after {} epochs: {ending:?}", trainer.history().len());
    confirm(&objective, network.parameters(), &train);

    let logits = network.forward_batch(test.features(), test.len());
    let classes: Vec<usize> = logits.iter().map(|&logit| usize::from(logit > 0.0)).collect();
    let confusion = report(&classes, &test, 0.95)?;
    options.save("breast_cancer", &Curves::of_history(trainer.history()).picture().beside(confusion.picture()))
}
