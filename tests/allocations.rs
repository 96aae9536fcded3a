//! What a training step allocates: nothing but what the gradient of the loss does.

use std::hint::black_box;

use dualtape::gradient;
use dualtape::nn::{
    Activation, Adam, Batch, Dataset, Init, Mlp, Objective, Schedule, Supervised, Trainer, cross_entropy,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const BATCH: usize = 32;
const BATCHES: usize = 4;

fn allocations<T>(act: impl FnOnce() -> T) -> u64 {
    allocation_counter::measure(|| drop(black_box(act()))).count_total
}

fn network() -> Mlp {
    let layers = [(32, Activation::Relu), (10, Activation::Linear)];
    Mlp::random(64, &layers, Init::He, &mut StdRng::seed_from_u64(1))
}

fn data() -> Dataset<f64, usize> {
    let mut rng = StdRng::seed_from_u64(2);
    let rows = BATCH * BATCHES;
    let features = (0..rows * 64).map(|_| rng.random_range(0.0..1.0)).collect();
    Dataset::new((64, 1), features, (0..rows).map(|row| row % 10).collect())
}

#[test]
fn a_step_allocates_no_more_than_its_gradient() {
    let (network, data) = (network(), data());
    let objective = Supervised::new(&network);
    let train = |epochs| {
        let mut parameters = network.parameters().to_vec();
        let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.01))).epochs(epochs).batch(BATCH);
        allocations(|| trainer.fit(&objective, &mut parameters, &data, Some(&data)))
    };
    // The tape of this thread has its memory from then on, and the history of 14 epochs that of 10.
    train(1);
    let batch = data.select(&(0..BATCH).collect::<Vec<_>>());
    let of_gradient = allocations(|| gradient(|p| objective.loss(p, &Batch::new(&batch)), network.parameters()));
    let of_validation = allocations(|| objective.loss(network.parameters(), &Batch::new(&data)));
    // The loss falls in every epoch, and its parameters are the best.
    let of_best = 1;
    assert_eq!(train(14) - train(10), 4 * (BATCHES as u64 * of_gradient + of_validation + of_best));

    let (features, outputs) = (batch.features(), network.forward_batch(batch.features(), BATCH));
    println!("a gradient: {of_gradient} allocations");
    println!("a network: {}", allocations(|| network.with_parameters(network.parameters())));
    println!("its outputs: {}", allocations(|| network.forward_batch(features, BATCH)));
    println!("their loss: {}", allocations(|| cross_entropy(&outputs, batch.targets())));
    // Those of the tape and the layers, which do not grow with the rows.
    assert!(of_gradient <= 32, "{of_gradient} allocations");
}
