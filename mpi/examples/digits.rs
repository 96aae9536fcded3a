//! How do I train a network on several processes, and go on later with another number of them?
//!
//! The network of dualtape's example `digits` learns from minibatches of 256 rows, which the ranks share. Rank 0 writes
//! a checkpoint at the end of every epoch. Given the number of epochs and a file, the program goes on from the file if
//! it is there.
//!
//! ```text
//! cargo build --release --example digits
//! mpirun -n 4 target/release/examples/digits 20 digits.safetensors
//! mpirun -n 3 target/release/examples/digits 40 digits.safetensors
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};

use dualtape::nn::{
    Activation, Adam, Confusion, Dataset, Init, Mlp, Schedule, Supervised, Trainer, predictions, read_indices,
};
use dualtape::ranks::Ranks;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn main() {
    dualtape_mpi::run(train);
}

fn train(ranks: &dyn Ranks) -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let epochs: usize = arguments.next().map_or(Ok(40), |epochs| epochs.parse())?;
    let checkpoint: Option<PathBuf> = arguments.next().map(PathBuf::from);

    let [train, test] = data()?;
    let layers = [(32, Activation::Relu), (10, Activation::Linear)];
    let mut network: Mlp = Mlp::random(64, &layers, Init::He, &mut StdRng::seed_from_u64(0));
    let rate = Schedule::Cosine { from: 0.02, to: 0.0, steps: 40 * train.len().div_ceil(256) };
    let mut trainer = Trainer::new(Adam::new(rate)).batch(256).over(ranks);
    if let Some(path) = &checkpoint {
        if path.exists() {
            trainer = trainer.resume(path)?;
        }
        trainer = trainer.checkpoint(path);
    }
    let objective = Supervised::new(&network).dropout(0.1);
    trainer.epochs(epochs).fit(&objective, network.parameters_mut(), &train, Some(&test))?;

    if ranks.rank() == 0 {
        let classes = predictions(&network.forward_batch(test.features(), test.len()), 10);
        println!("{:.1} % of {} are right", 100.0 * Confusion::of(&classes, test.targets(), 10).accuracy(), test.len());
    }
    Ok(())
}

/// The digits to learn from, and the others.
fn data() -> Result<[Dataset<f64, usize>; 2], Box<dyn Error>> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data"));
    let mut all = Dataset::read_csv(folder.join("digits.csv"), &["target"])?;
    all.features_mut().iter_mut().for_each(|x| *x /= 16.0);
    let rows = |part: &str| read_indices(folder.join(format!("digits_{part}_idx.txt")), all.len());
    Ok([all.select(&rows("train")?), all.select(&rows("test")?)])
}
