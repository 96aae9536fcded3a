//! The trainer: what it does to parameters, when it ends, and that a training that is taken up again goes on bit for bit.

use std::any::TypeId;
use std::cell::RefCell;
use std::ops::ControlFlow::{Break, Continue};

use dualtape::nn::{
    Activation, Adam, Batch, Callback, Dataset, Ending, Epoch, Init, Minibatches, Mlp, Objective, Schedule, Sgd, Step,
    Supervised, TensorError, TrainError, Trainer, cross_entropy, mean_squared_error,
};
use dualtape::{Real, Scalar, Var, gradient};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::refusals::message;

/// Points of the plane in three classes by their angle, some of them wrong.
fn sectors(rows: usize, seed: u64) -> Dataset<f64, usize> {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut points, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let [x, y]: [f64; 2] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        points.extend([x, y]);
        let sector = ((y.atan2(x) / std::f64::consts::TAU + 0.5) * 3.0) as usize % 3;
        classes.push(if rng.random_bool(0.1) { rng.random_range(0..3) } else { sector });
    }
    Dataset::new((2, 1), points, classes)
}

fn network<R: Real>() -> Mlp<R> {
    let layers = [(12, Activation::Tanh), (3, Activation::Linear)];
    Mlp::random(2, &layers, Init::Xavier, &mut StdRng::seed_from_u64(3))
}

fn adam() -> Adam {
    Adam::new(Schedule::Cosine { from: 0.02, to: 0.0, steps: 100 })
}

fn bits<R: Real>(numbers: &[R]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_f64().unwrap().to_bits()).collect()
}

#[test]
fn a_training_is_a_gradient_and_a_step_for_every_minibatch() {
    let (data, validation) = sectors(50, 1).split(0.2, 1);
    let (mut by_hand, mut losses, mut validation_losses) = (network::<f64>(), Vec::new(), Vec::new());
    let (mut optimizer, mut batches) = (adam(), Minibatches::shuffled(40, 16, 7));
    for epoch in 0..3 {
        let mut total = 0.0;
        for rows in batches.epoch(epoch) {
            let batch = data.select(rows);
            let loss = |p: &[Var]| {
                cross_entropy(&by_hand.with_parameters(p).forward_batch(batch.features(), batch.len()), batch.targets())
            };
            let (loss, g) = gradient(loss, by_hand.parameters());
            optimizer.step(by_hand.parameters_mut(), &g);
            total += loss * batch.len() as f64;
        }
        losses.push(total / 40.0);
        let outputs = by_hand.forward_batch(validation.features(), validation.len());
        validation_losses.push(Some(cross_entropy(&outputs, validation.targets())));
    }

    let mut trained = network::<f64>();
    let mut trainer = Trainer::new(adam()).epochs(3).batch(16).seed(7);
    let ending = trainer.fit(&Supervised::new(&trained), trained.parameters_mut(), &data, Some(&validation));
    assert_eq!(ending.unwrap(), Ending::Epochs);
    assert_eq!(bits(trained.parameters()), bits(by_hand.parameters()));
    assert_eq!(trainer.history().iter().map(|epoch| epoch.loss).collect::<Vec<_>>(), losses);
    assert_eq!(trainer.history().iter().map(|epoch| epoch.validation_loss).collect::<Vec<_>>(), validation_losses);
    assert_eq!(trainer.optimizer(), &optimizer);
}

#[test]
fn a_resumed_training_goes_on_bit_for_bit() {
    resumes::<f64>();
    resumes::<f32>();
}

fn resumes<R: Real>() {
    let numbers = sectors(90, 2);
    let features: Vec<R> = numbers.features().iter().map(|&x| R::from_f64(x)).collect();
    let (data, validation) = Dataset::new((2, 1), features, numbers.targets().to_vec()).split(0.2, 1);
    let objective = Supervised::new(&network::<R>()).dropout(0.3).l2(1e-3);
    let new = || Trainer::new(adam()).batch(8).seed(5).check(8);
    let mut whole = network::<R>();
    let mut trainer = new().epochs(10);
    trainer.fit(&objective, whole.parameters_mut(), &data, Some(&validation)).unwrap();
    let end = trainer.tensors();

    // Stopped after the epoch 4, after each of the nine steps of an epoch, and never begun.
    for stop in (0..=9).map(|step| if step == 0 { (4, 9) } else { (5, step) }) {
        struct Stop((usize, usize));
        impl<R> Callback<R> for Stop {
            fn step(&mut self, step: &Step) -> std::ops::ControlFlow<()> {
                if (step.epoch, step.number) == self.0 { Break(()) } else { Continue(()) }
            }
        }
        let mut halves = network::<R>();
        let mut first = new().epochs(10).callback(Stop(stop));
        let ending = first.fit(&objective, halves.parameters_mut(), &data, Some(&validation));
        assert_eq!(ending.unwrap(), Ending::Callback);
        let mut second = Trainer::new(adam()).epochs(10).check(8);
        second.load_tensors(&first.tensors()).unwrap();
        halves.parameters_mut().fill(R::zero());
        second.fit(&objective, halves.parameters_mut(), &data, Some(&validation)).unwrap();
        assert_eq!(bits(halves.parameters()), bits(whole.parameters()), "{stop:?}");
        assert_eq!((second.tensors(), second.history()), (end.clone(), trainer.history()));
    }

    // The same trainer, with more epochs.
    let mut halves = network::<R>();
    let mut first = new().epochs(4);
    first.fit(&objective, halves.parameters_mut(), &data, Some(&validation)).unwrap();
    first.epochs(10).fit(&objective, halves.parameters_mut(), &data, Some(&validation)).unwrap();
    assert_eq!(bits(halves.parameters()), bits(whole.parameters()));
}

#[cfg(feature = "parallel")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let data = sectors(1000, 4);
    let objective = Supervised::new(&network::<f64>()).dropout(0.2);
    let trained = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut network = network();
            let mut trainer = Trainer::new(adam()).epochs(3).batch(300).check(16);
            trainer.fit(&objective, network.parameters_mut(), &data, None).unwrap();
            (bits(network.parameters()), trainer.history().to_vec())
        })
    };
    let one = trained(1);
    assert_eq!(trained(2), one);
    assert_eq!(trained(8), one);
}

/// A large minibatch is taken in pieces, and has the mean loss of all its rows.
#[test]
fn pieces_add_up() {
    let data = sectors(1000, 4);
    for rows in [63, 64, 100, 1000] {
        let mut network = network();
        let objective = Supervised::new(&network).l2(0.1);
        let batch = data.select(&(0..rows).collect::<Vec<_>>());
        let (loss, g) = gradient(|p| objective.loss(p, &Batch::new(&batch)), network.parameters());
        let expected: Vec<f64> = network.parameters().iter().zip(&g).map(|(p, g)| p - g).collect();
        let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(1.0))).epochs(1).batch(1000);
        trainer.fit(&objective, network.parameters_mut(), &batch, None).unwrap();
        assert!((trainer.history()[0].loss - loss).abs() < 1e-13 * loss);
        for (p, expected) in network.parameters().iter().zip(expected) {
            assert!((p - expected).abs() < 1e-13, "{rows} rows: {p} instead of {expected}");
        }
    }
}

/// The best of the parameters for the validation data are what is left, whatever comes after.
#[test]
fn the_best_parameters_are_kept() {
    let (data, validation) = sectors(80, 6).split(0.5, 1);
    for patience in [usize::MAX, 7] {
        let (best, mut trained) = (RefCell::new((f64::INFINITY, 0, Vec::new())), network::<f64>());
        let watch = |epoch: &Epoch, parameters: &[f64]| {
            if epoch.validation_loss.unwrap() < best.borrow().0 {
                best.replace((epoch.validation_loss.unwrap(), epoch.number, parameters.to_vec()));
            }
            Continue(())
        };
        let rate = Adam::new(Schedule::Constant(0.1));
        let mut trainer = Trainer::new(rate).epochs(100).patience(patience).on_epoch(watch);
        let objective = Supervised::new(&trained);
        let ending = trainer.fit(&objective, trained.parameters_mut(), &data, Some(&validation)).unwrap();
        let epochs = trainer.history().len();
        drop(trainer);
        let (loss, epoch, parameters) = best.into_inner();
        assert!(epoch < 100, "the network does not learn by heart");
        assert_eq!(bits(trained.parameters()), bits(&parameters));
        assert_eq!(objective.loss(trained.parameters(), &Batch::new(&validation)), loss);
        let expected = if patience == 7 { (Ending::Patience, epoch + 7) } else { (Ending::Epochs, 100) };
        assert_eq!((ending, epochs), expected);
    }
}

/// A loss of one parameter, which is of no use from a step on.
struct Breaking {
    /// The loss from there on, as a function of the parameter.
    after: fn(f64) -> f64,
    limit: f64,
}

impl Objective for Breaking {
    fn loss<S: Scalar<Real = f64>>(&self, x: &[S], _: &Batch<'_>) -> S {
        if x[0].value() > self.limit { x[0] * (self.after)(x[0].value()) } else { -x[0] }
    }
}

fn one_row() -> Dataset {
    Dataset::new((1, 1), vec![0.0], vec![0.0])
}

#[test]
fn a_loss_that_is_not_finite_ends_the_training_with_the_last_good_weights() {
    for (after, value) in [((|_| f64::NAN) as fn(f64) -> f64, "NaN"), (|_| f64::INFINITY, "inf")] {
        let (objective, mut x) = (Breaking { after, limit: 2.75 }, [0.0]);
        let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.5))).epochs(20);
        let error = trainer.fit(&objective, &mut x, &one_row(), None).unwrap_err();
        let expected = format!(
            "epoch 7, step 1: the loss is {value}; the weights from before are kept; try a smaller learning rate, \
             and check the data for NaN or infinity"
        );
        assert_eq!((error.to_string(), x), (expected, [2.5]));
        assert_eq!(trainer.history().len(), 6);
    }
}

#[test]
fn a_derivative_that_is_not_finite_is_named() {
    struct Root(Mlp);
    impl Objective for Root {
        fn loss<S: Scalar<Real = f64>>(&self, p: &[S], _: &Batch<'_>) -> S {
            p[4].sqrt()
        }

        fn parameter_name(&self, index: usize) -> String {
            self.0.parameter_name(index)
        }
    }
    let mut network = Mlp::zeros(2, &[(3, Activation::Tanh)]);
    let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.5)));
    let error = trainer.fit(&Root(network.clone()), network.parameters_mut(), &one_row(), None).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("epoch 1, step 1: the derivative with respect to layer 1, neuron 2, weight 2 is inf; "),
        "{text}"
    );
}

#[test]
fn a_validation_loss_that_is_not_finite_ends_the_training() {
    let line = Mlp::new(1, &[(1, Activation::Linear)], &[1.0, 0.0]);
    let validation = Dataset::new((1, 1), vec![f64::NAN], vec![0.0]);
    let mut x = [1.0, 0.0];
    let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.5)));
    let error = trainer.fit(&Supervised::new(&line), &mut x, &one_row(), Some(&validation)).unwrap_err();
    assert!(error.to_string().starts_with("epoch 1, step 1: the loss of the validation data is NaN; "), "{error}");
}

/// An error of 0.05 % in the derivative with respect to one weight, in the recorded reading.
struct Faulty {
    network: Mlp,
    index: usize,
    factor: f64,
}

impl Objective<f64, usize> for Faulty {
    fn loss<S: Scalar<Real = f64>>(&self, p: &[S], batch: &Batch<'_, f64, usize>) -> S {
        let loss = Supervised::new(&self.network).loss(p, batch);
        let nothing = p[self.index] - p[self.index].value();
        if TypeId::of::<S>() == TypeId::of::<Var>() { loss + nothing * self.factor } else { loss }
    }

    fn parameter_name(&self, index: usize) -> String {
        self.network.parameter_name(index)
    }
}

#[test]
fn modes_that_disagree_end_the_training_with_the_name_of_the_parameter() {
    let (data, shape) = (sectors(40, 1), network());
    let train = |factor: f64| {
        let faulty = Faulty { network: shape.clone(), index: 7, factor };
        let mut parameters = shape.parameters().to_vec();
        Trainer::new(adam()).epochs(30).batch(8).check(10).fit(&faulty, &mut parameters, &data, None)
    };
    // Ten of 75 parameters are looked at after an epoch, so that the one is found within some.
    let error = train(5e-4).unwrap_err();
    let TrainError::Disagreement { epoch, ref parameter, reverse, forward, relative } = error else {
        panic!("{error}");
    };
    assert_eq!(parameter, "layer 1, neuron 3, weight 2");
    assert!(epoch > 1 && (reverse - forward - 5e-4).abs() < 1e-9 && relative > 1e-4);
    let text = error.to_string();
    assert!(
        text.contains("the derivative with respect to layer 1, neuron 3, weight 2 is")
            && text.contains("in forward mode"),
        "{text}"
    );
    assert!(matches!(train(1e-8), Err(TrainError::Disagreement { .. })));
    assert_eq!(train(0.0).unwrap(), Ending::Epochs);
}

#[test]
fn single_precision_is_confirmed_too() {
    let (mut line, data) = (
        Mlp::new(1, &[(1, Activation::Tanh)], &[0.5_f32, 0.0]),
        Dataset::new((1, 1), vec![0.1_f32, 0.7], vec![0.3, 0.9]),
    );
    let objective = Supervised::new(&line);
    let before = mean_squared_error(&line.forward_all(&[[0.1], [0.7]]), &[0.3, 0.9]);
    let mut trainer = Trainer::new(adam()).epochs(50).check(2);
    trainer.fit(&objective, line.parameters_mut(), &data, None).unwrap();
    assert!(trainer.history()[49].loss < f64::from(before));
}

#[test]
fn other_data_than_before_is_refused() {
    let (data, validation) = sectors(40, 1).split(0.25, 1);
    let mut network = network::<f64>();
    let objective = Supervised::new(&network);
    let mut first = Trainer::new(adam()).epochs(2);
    first.fit(&objective, network.parameters_mut(), &data, Some(&validation)).unwrap();
    let learned = network.clone();

    let mut relabelled = data.clone();
    relabelled.targets_mut()[29] += 1;
    let mut shifted = data.clone();
    shifted.features_mut()[0] += f64::EPSILON;
    let swapped = data.select(&(0..30).map(|i| i ^ 1).collect::<Vec<_>>());
    let shorter = data.select(&(0..29).collect::<Vec<_>>());
    let others = [relabelled, shifted, swapped, shorter].map(|other| (other, Some(&validation)));
    for (train, validation) in others.into_iter().chain([(data.clone(), None), (data.clone(), Some(&data))]) {
        let mut second = Trainer::new(adam()).epochs(4);
        second.load_tensors(&first.tensors()).unwrap();
        let error = second.fit(&objective, network.parameters_mut(), &train, validation).unwrap_err();
        assert!(matches!(error, TrainError::Data { .. }), "{error}");
        assert_eq!((second.history().len(), &network), (2, &learned));
    }
    let error = first.fit(&objective, network.parameters_mut(), &data, None).unwrap_err().to_string();
    let begin = "other data than the training was begun with: 30 rows with the checksum ";
    let end = " to validate with; resume it with the same rows in the same order, or begin another `Trainer` at these parameters";
    assert!(error.starts_with(begin) && error.ends_with(end), "{error}");
    first.epochs(4).fit(&objective, network.parameters_mut(), &data, Some(&validation)).unwrap();
    assert_ne!(network, learned);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (data, mut x) = (one_row(), [0.0]);
    let objective = Breaking { after: |_| 1.0, limit: f64::INFINITY };
    let mut trainer = Trainer::new(adam()).epochs(2);
    trainer.fit(&objective, &mut x, &data, None).unwrap();
    let error = trainer.fit(&objective, &mut [0.0, 1.0], &data, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 parameters for a training of 1; resume it with a network of the shape that it was begun with"
    );

    let tensors = trainer.tensors();
    let mut other: Trainer<'_, _> = Trainer::new(Sgd::new(Schedule::Constant(0.1)));
    let expected = TensorError::Shape { name: "optimizer".to_string(), wanted: vec![0], found: vec![2] };
    assert_eq!(other.load_tensors(&tensors), Err(expected));
    let mut broken = tensors.clone();
    broken.insert_text("batch", 0);
    assert!(matches!(Trainer::<_, f64>::new(adam()).load_tensors(&broken), Err(TensorError::Text { .. })));
    let mut broken = tensors;
    broken.insert("best", &[2], vec![0.0, 1.0]);
    assert!(matches!(Trainer::<_, f64>::new(adam()).load_tensors(&broken), Err(TensorError::Shape { .. })));
}

#[test]
fn no_rows_are_refused() {
    let none = Dataset::<f64, f64>::new((1, 1), vec![], vec![]);
    let objective = Breaking { after: |_| 1.0, limit: f64::INFINITY };
    let fit =
        |train: &Dataset<f64, f64>, validation| Trainer::new(adam()).fit(&objective, &mut [0.0], train, validation);
    assert_eq!(message(|| fit(&none, None)), "Trainer::fit: there are no rows to train with; pass at least one");
    assert_eq!(
        message(|| fit(&one_row(), Some(&none))),
        "Trainer::fit: there are no rows to validate with; pass at least one, or None"
    );
    let batch = || drop(Trainer::<_, f64>::new(adam()).batch(0));
    assert_eq!(message(batch), "Trainer::batch: minibatches of 0 rows; pass at least 1");
}
