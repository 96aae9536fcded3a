//! A training step allocates nothing, from the second one on.

use std::hint::black_box;

use dualtape::nn::{
    Activation, Adam, Batch, Dataset, Ending, Init, Mlp, Objective, Schedule, Supervised, Trainer, cross_entropy,
};
use dualtape::{Scalar, gradient, gradient_into, hessian_into, jacobian_into, release_memory};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const BATCH: usize = 32;
const EPOCHS: usize = 3;

fn allocations<T>(act: impl FnOnce() -> T) -> u64 {
    allocation_counter::measure(|| drop(black_box(act()))).count_total
}

fn network() -> Mlp {
    let layers = [(32, Activation::Relu), (16, Activation::Tanh), (10, Activation::Linear)];
    Mlp::random(64, &layers, Init::He, &mut StdRng::seed_from_u64(1))
}

/// Returns some rows, with targets computed from their numbers by `target`.
fn data<T: Copy>(rows: usize, target: impl Fn(usize) -> T) -> Dataset<f64, T> {
    let mut rng = StdRng::seed_from_u64(2);
    let features = (0..rows * 64).map(|_| rng.random_range(0.0..1.0)).collect();
    Dataset::new((64, 1), features, (0..rows).map(target).collect())
}

/// Returns the allocations of some epochs with this number of minibatches.
fn of_training<T: Copy + Send + Sync + 'static>(
    objective: &impl Objective<f64, T>,
    parameters: &[f64],
    [data, validation]: [&Dataset<f64, T>; 2],
    batch: usize,
) -> u64 {
    let mut parameters = parameters.to_vec();
    let mut trainer = Trainer::new(Adam::new(Schedule::Constant(0.01))).epochs(EPOCHS).batch(batch).clip_norm(1.0);
    allocations(|| assert_eq!(trainer.fit(objective, &mut parameters, data, Some(validation)).unwrap(), Ending::Epochs))
}

/// Twice as many minibatches take a longer order of rows, and not one allocation more.
fn assert_free<T: Copy + Send + Sync + 'static>(
    objective: &impl Objective<f64, T>,
    parameters: &[f64],
    target: impl Fn(usize) -> T,
    batch: usize,
) {
    let [few, many] = [4, 8].map(|batches| data(batches * batch, &target));
    let validation = data(BATCH, &target);
    // This thread has the memory from then on.
    for data in [&few, &many] {
        of_training(objective, parameters, [data, &validation], batch);
    }
    let [of_few, of_many] = [&few, &many].map(|data| of_training(objective, parameters, [data, &validation], batch));
    assert_eq!(of_few, of_many);
    assert!(of_few < 100, "{of_few} allocations");
}

#[test]
fn a_step_allocates_nothing() {
    let network = network();
    let objective = Supervised::new(&network);
    assert_free(&objective, network.parameters(), |row| row % 10, BATCH);
    assert_free(&objective.clone().l2(1e-3).dropout(0.25), network.parameters(), |row| row % 10, BATCH);

    let line =
        Mlp::random(64, &[(8, Activation::Silu), (1, Activation::Linear)], Init::He, &mut StdRng::seed_from_u64(3));
    assert_free(&Supervised::new(&line), line.parameters(), |row| row as f64, BATCH);
}

#[cfg(feature = "parallel")]
#[test]
fn a_step_in_pieces_allocates_nothing() {
    let (network, pool) = (network(), rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    pool.install(|| assert_free(&Supervised::new(&network), network.parameters(), |row| row % 10, 4 * BATCH));
}

#[test]
fn a_gradient_allocates_its_result_alone() {
    let (network, rows) = (network(), data(BATCH, |row| row % 10));
    let objective = Supervised::new(&network);
    let of_gradient = || allocations(|| gradient(|p| objective.loss(p, &Batch::new(&rows)), network.parameters()));
    of_gradient();
    assert_eq!(of_gradient(), 1);

    let outputs = network.forward_batch(rows.features(), BATCH);
    cross_entropy(&outputs, rows.targets());
    assert_eq!(allocations(|| cross_entropy(&outputs, rows.targets())), 0);
}

/// Whatever number of chunks its recording has.
#[test]
fn a_gradient_of_any_length_allocates_its_result_alone() {
    for length in (0..14).map(|doublings| 10 << doublings) {
        release_memory();
        let of_chain = || allocations(|| gradient(|x| (0..length).fold(x[0], |y, _| y * 0.5), &[1.0]));
        of_chain();
        assert_eq!(of_chain(), 1, "{length} operations");
    }
}

#[test]
fn a_derivative_in_memory_of_the_caller_allocates_nothing() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x.windows(2).map(|x| (x[0] * x[1]).sin()).sum()
    }
    let x = [0.5; 20];
    let (mut y, mut g, mut h) = ([0.0; 2], [0.0; 20], [0.0; 400]);
    let mut derivatives = || {
        allocations(|| {
            gradient_into(f, &x, &mut g);
            hessian_into(f, &x, &mut g, &mut h);
            jacobian_into(|x| [f(x), x[0] * x[1]], &x, &mut y, &mut h[..40]);
        })
    };
    derivatives();
    assert_eq!(derivatives(), 0);
}
