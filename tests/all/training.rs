//! The trainer: its effect on parameters, its ends, and trainings that are resumed bit for bit.

use std::any::TypeId;
use std::cell::RefCell;
use std::ops::ControlFlow::{Break, Continue};

use dualtape::nn::{
    Activation, Adam, Batch, Callback, Dataset, Ending, Epoch, Init, MeanSquare, Minibatches, Mlp, Moments, Momentum,
    Objective, Optimizer, RmsProp, Schedule, Sgd, Step, Supervised, TensorError, Tensors, TrainError, Trainer, Update,
    cross_entropy, mean_squared_error,
};
use dualtape::ranks::{Ranks, on_threads};
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

#[test]
fn any_number_of_ranks_gives_the_same_bits() {
    let (data, validation) = sectors(1000, 4).split(0.3, 1);
    let objective = Supervised::new(&network::<f64>()).dropout(0.2);
    let trained = |trainer: Trainer<'_, _>| {
        let mut network = network();
        let mut trainer = trainer.epochs(3).batch(300).check(16);
        trainer.fit(&objective, network.parameters_mut(), &data, Some(&validation)).unwrap();
        (bits(network.parameters()), trainer.history().to_vec())
    };
    let alone = trained(Trainer::new(adam()));
    for size in [1, 2, 3, 4, 7, 20] {
        let ranks = on_threads(size, |ranks| trained(Trainer::new(adam()).over(ranks)));
        assert!(ranks.iter().all(|trained| *trained == alone), "{size} ranks");
    }
}

#[test]
fn a_training_is_resumed_with_another_number_of_ranks() {
    let (data, validation) = sectors(400, 4).split(0.2, 1);
    let objective = Supervised::new(&network::<f64>());
    let trained = |trainer: Trainer<'_, _>, epochs, begun: Option<&Tensors>| {
        let mut network = network();
        let mut trainer = trainer.epochs(epochs).batch(200);
        begun.into_iter().for_each(|tensors| trainer.load_tensors(tensors).unwrap());
        trainer.fit(&objective, network.parameters_mut(), &data, Some(&validation)).unwrap();
        trainer.tensors()
    };
    let whole = trained(Trainer::new(adam()), 6, None);
    let first = on_threads(3, |ranks| trained(Trainer::new(adam()).over(ranks), 2, None));
    let second = on_threads(2, |ranks| trained(Trainer::new(adam()).over(ranks), 4, Some(&first[2])));
    assert_eq!(trained(Trainer::new(adam()), 6, Some(&second[1])), whole);
}

#[test]
fn ranks_that_train_something_else_are_refused_on_all() {
    let data = sectors(100, 4);
    let objective = Supervised::new(&network::<f64>());
    let refused = |other: &(dyn Fn(&mut Mlp) -> (usize, usize) + Sync)| {
        on_threads(3, |ranks| {
            let mut network = network();
            let (rows, epochs) = if ranks.rank() == 1 { other(&mut network) } else { (100, 1) };
            let data = data.select(&(0..rows).collect::<Vec<_>>());
            let mut trainer = Trainer::new(adam()).over(ranks).epochs(epochs);
            trainer.fit(&objective, network.parameters_mut(), &data, None).unwrap_err().to_string()
        })
    };
    let different = |what: &str| {
        [(); 3].map(|()| format!("rank 1: it has {what} different from rank 0; pass the same on all ranks"))
    };
    assert_eq!(refused(&|_| (99, 1)), different("data"));
    assert_eq!(refused(&|_| (100, 2)), different("settings"));
    assert_eq!(
        refused(&|network| (100, {
            network.parameters_mut()[3] += 1e-9;
            1
        })),
        different("parameters")
    );
    let errors = on_threads(3, |ranks| {
        let momentum = if ranks.rank() == 1 { 0.5 } else { 0.9 };
        let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1)).momentum(momentum)).over(ranks);
        trainer.fit(&objective, network().parameters_mut(), &data, None).unwrap_err().to_string()
    });
    assert_eq!(errors, different("settings"));
}

/// An error of one rank, which was resumed from another training.
#[test]
fn an_error_of_one_rank_reaches_all() {
    let data = sectors(100, 4);
    let objective = Supervised::new(&network::<f64>());
    let mut other = Trainer::new(adam()).epochs(1);
    other.fit(&objective, network::<f64>().parameters_mut(), &sectors(90, 4), None).unwrap();
    let other = other.tensors();
    let errors = on_threads(3, |ranks| {
        let mut network = network();
        let mut trainer = Trainer::new(adam()).over(ranks);
        if ranks.rank() == 2 {
            trainer.load_tensors(&other).unwrap();
        }
        trainer.fit(&objective, network.parameters_mut(), &data, None).unwrap_err()
    });
    assert!(matches!(errors[2], TrainError::Data { .. }));
    for error in &errors[..2] {
        assert_eq!(error.to_string(), format!("rank 2: {}", errors[2]));
    }
}

/// A callback of one rank that stops.
#[test]
fn a_callback_stops_all_ranks() {
    let data = sectors(100, 4);
    let objective = Supervised::new(&network::<f64>());
    let stopped = |ranks: &dyn Ranks| {
        let mut network = network();
        let stop = |epoch: &Epoch, _: &[f64]| {
            if ranks.rank() == 1 && epoch.number == 3 { Break(()) } else { Continue(()) }
        };
        let mut trainer = Trainer::new(adam()).over(ranks).on_epoch(stop);
        let ending = trainer.fit(&objective, network.parameters_mut(), &data, None).unwrap();
        (ending, trainer.history().len())
    };
    assert_eq!(on_threads(3, stopped), [(Ending::Callback, 3); 3]);
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

/// The parameters that are best for the validation data remain, for any later steps.
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

/// A loss of one parameter that breaks from a step on.
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
        // The step of the sixth epoch was undone.
        assert_eq!(trainer.history().len(), 5);
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
    assert_eq!((x, trainer.tensors().text("epoch.steps")), ([1.0, 0.0], Ok(0)), "the step is undone");
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
fn parameters_and_tensors_that_do_not_fit_are_refused() {
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
    assert!(matches!(other.load_tensors(&tensors), Err(TensorError::Different { .. })));
    let mut broken = tensors.clone();
    broken.insert("optimizer", &[3], vec![0.0; 3]);
    let expected = TensorError::Shape { name: "optimizer".to_string(), wanted: vec![2], found: vec![3] };
    assert_eq!(Trainer::<_, f64>::new(adam()).load_tensors(&broken), Err(expected));
    let mut broken = tensors.clone();
    broken.insert_text("batch", 0);
    assert!(matches!(Trainer::<_, f64>::new(adam()).load_tensors(&broken), Err(TensorError::Text { .. })));
    let mut broken = tensors;
    broken.insert("best", &[2], vec![0.0, 1.0]);
    assert!(matches!(Trainer::<_, f64>::new(adam()).load_tensors(&broken), Err(TensorError::Shape { .. })));
}

/// Rows of `y = 2x + 1`.
fn line() -> Dataset {
    let x: Vec<f64> = (0..12).map(f64::from).collect();
    Dataset::new((1, 1), x.clone(), x.iter().map(|x| 2.0 * x + 1.0).collect())
}

/// A custom rule that moves every parameter to a number, with a number to remember.
#[derive(Clone)]
struct MoveTo(f64, f64);

impl Update for MoveTo {
    fn numbers(&self) -> usize {
        1
    }

    fn update<R: Real>(&self, _: f64, _: usize, parameters: &mut [R], _: &[R], memory: &mut [f64]) {
        parameters.fill(R::from_f64(self.0));
        memory.fill(self.1);
    }
}

/// Every number, also where there are no validation losses: NaN, which is not equal to itself.
fn shown(tensors: &Tensors) -> String {
    format!("{tensors:?}")
}

/// Trains until numbers are no longer finite, and compares what remains.
fn diverges<U: Update, R: Real>(optimizer: impl Fn() -> Optimizer<U>, rows: usize, epochs: usize, expected: &str) {
    let numbers = |numbers: &[f64]| numbers.iter().map(|&x| R::from_f64(x)).collect::<Vec<R>>();
    let data = Dataset::new((1, 1), numbers(line().features()), numbers(line().targets()));
    let start = Mlp::new(1, &[(1, Activation::Linear)], &[R::from_f64(0.5), R::zero()]);
    let objective = Supervised::new(&start);
    for validation in [None, Some(&data)] {
        let mut line = start.clone();
        let mut trainer = Trainer::new(optimizer()).epochs(epochs).batch(rows);
        let error = trainer.fit(&objective, line.parameters_mut(), &data, validation).unwrap_err();
        assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error} instead of {expected}");
        let loss = objective.loss(line.parameters(), &Batch::new(&data));
        assert!(line.parameters().iter().all(|&p| Scalar::is_finite(p)) && Scalar::is_finite(loss), "{loss}");

        // The saved state is from before the step that went wrong, and another optimizer continues from it.
        let saved = trainer.tensors();
        let steps: usize = saved.text("optimizer.steps").unwrap();
        assert_eq!(
            steps,
            trainer.history().len() * 12_usize.div_ceil(rows) + saved.text::<usize>("epoch.steps").unwrap()
        );
        let mut again = Trainer::new(optimizer()).epochs(epochs).batch(rows);
        again.load_tensors(&saved).unwrap();
        let same = again.fit(&objective, line.parameters_mut(), &data, validation).unwrap_err();
        assert_eq!((same.to_string(), shown(&again.tensors())), (error.to_string(), shown(&saved)));
    }
}

#[test]
fn a_training_that_diverges_ends_with_an_error_and_finite_weights() {
    let sgd = |rate| move || Sgd::new(Schedule::Constant(rate));
    for rate in [1e200, -1e200, 1e155, f64::MAX] {
        // In the last step too, with no step after it.
        for (rows, epochs) in [(12, 1), (12, 5), (1, 1), (5, 2)] {
            diverges::<_, f64>(sgd(rate), rows, epochs, "; the weights from before are kept");
        }
    }
    diverges::<_, f32>(sgd(1e30), 12, 1, "epoch 1, step 1: the loss after the last step is inf");
    diverges::<_, f32>(sgd(1e200), 12, 1, "epoch 1, step 1: layer 1, neuron 1, weight 1 after the step is");
    diverges::<_, f64>(sgd(1e200), 12, 9, "epoch 2, step 1: the loss is inf");
    diverges::<_, f64>(sgd(1.0), 12, 2000, "is inf");
    diverges::<_, f64>(|| Sgd::new(Schedule::Constant(1e3)).momentum(1.0), 12, 2000, "is inf");
    let growing = || Sgd::new(Schedule::Step { from: 1e-300, factor: 1e305, every: 1 });
    diverges::<_, f64>(growing, 12, 9, "epoch 3, step 1: the learning rate is inf");
    // Of the step after the last one too.
    diverges::<_, f64>(growing, 12, 2, "epoch 2, step 1: the learning rate after the last step is inf");
    diverges::<_, f64>(growing, 4, 1, "epoch 1, step 3: the learning rate is inf");
    diverges::<_, f64>(|| Adam::new(Schedule::Constant(1e200)), 4, 1, "is inf");
    diverges::<_, f64>(|| RmsProp::new(Schedule::Constant(1e300)), 4, 1, "is inf");
    for (optimizer, expected) in [
        (MoveTo(f64::NAN, 0.0), "epoch 1, step 1: layer 1, neuron 1, weight 1 after the step is NaN"),
        (MoveTo(f64::INFINITY, 0.0), "epoch 1, step 1: layer 1, neuron 1, weight 1 after the step is inf"),
        (MoveTo(0.0, f64::NAN), "epoch 1, step 1: a number of the optimizer after the step is NaN"),
    ] {
        diverges::<_, f64>(|| Optimizer::with(optimizer.clone(), Schedule::Constant(0.1)), 12, 1, expected);
    }
}

/// Whether it would take a step or not.
#[test]
fn parameters_that_are_not_finite_are_not_trained() {
    let mut line: Mlp = Mlp::zeros(1, &[(1, Activation::Linear)]);
    let objective = Supervised::new(&line);
    for (epochs, value) in [(0, f64::NAN), (0, f64::INFINITY), (1, f64::NEG_INFINITY)] {
        line.parameters_mut()[1] = value;
        let mut trainer = Trainer::new(adam()).epochs(epochs);
        let error = trainer.fit(&objective, line.parameters_mut(), &one_row(), None).unwrap_err();
        let expected = format!("epoch 1, step 1: layer 1, neuron 1, bias before the step is {value}; ");
        assert!(error.to_string().starts_with(&expected), "{error}");
        // It has not begun.
        let ending = trainer.fit(&objective, &mut [0.0; 2], &one_row(), None);
        assert_eq!(ending.unwrap(), Ending::Epochs);
    }
}

/// A loss that is finite in every row, and not in their sum.
#[test]
fn losses_that_add_up_to_infinity_end_the_training() {
    struct Huge;
    impl Objective for Huge {
        fn loss<S: Scalar<Real = f64>>(&self, x: &[S], _: &Batch<'_>) -> S {
            x[0] * 1e-10 + 1e308
        }
    }
    let mut x = [0.0];
    let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(3).batch(1);
    let error = trainer.fit(&Huge, &mut x, &line(), None).unwrap_err();
    assert!(error.to_string().starts_with("epoch 1, step 2: the sum of the losses of the epoch is inf; "), "{error}");
    assert!(x[0].is_finite() && trainer.tensors().get::<f64>("epoch.loss", &[]).unwrap()[0].is_finite());
}

#[test]
fn a_training_with_a_number_that_is_not_finite_is_not_resumed() {
    let mut trainer = Trainer::new(adam()).epochs(2);
    let objective = Supervised::new(&network::<f64>());
    trainer.fit(&objective, network().parameters_mut(), &sectors(30, 1), Some(&sectors(9, 2))).unwrap();
    for name in ["parameters", "best", "optimizer"] {
        for number in [f64::NAN, f64::INFINITY] {
            let mut broken = trainer.tensors();
            let shape = broken.shape(name).unwrap().to_vec();
            let mut numbers: Vec<f64> = broken.get(name, &shape).unwrap();
            numbers[7] = number;
            broken.insert(name, &shape, numbers);
            let error = Trainer::<_, f64>::new(adam()).load_tensors(&broken).unwrap_err();
            let expected =
                format!("tensor {name:?} has {number} at place 7, counted from 0, from which no training can continue");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}

/// With the epoch 2 of three steps under way.
#[test]
fn other_minibatches_in_the_middle_of_an_epoch_are_refused() {
    struct Stop(usize);
    impl Callback for Stop {
        fn step(&mut self, step: &Step) -> std::ops::ControlFlow<()> {
            if step.epoch == 2 && step.number == self.0 { Break(()) } else { Continue(()) }
        }
    }
    let (data, mut network) = (sectors(30, 1), network::<f64>());
    let objective = Supervised::new(&network);
    let new = || Trainer::new(adam()).epochs(4).batch(10).seed(3);
    let mut stopped = new().callback(Stop(2));
    assert_eq!(stopped.fit(&objective, network.parameters_mut(), &data, None).unwrap(), Ending::Callback);
    let saved = stopped.tensors();
    let resumed = || {
        let mut trainer = new();
        trainer.load_tensors(&saved).unwrap();
        trainer
    };
    for (mut other, expected) in [
        (
            resumed().batch(5),
            "minibatches of 5 rows with the seed 3 in the middle of an epoch that was begun with 10 rows and the seed 3; ",
        ),
        (resumed().batch(30), "minibatches of 30 rows with the seed 3 in the middle of an epoch"),
        (resumed().seed(4), "minibatches of 10 rows with the seed 4 in the middle of an epoch"),
        (stopped.batch(7), "minibatches of 7 rows with the seed 3 in the middle of an epoch"),
    ] {
        let before = network.clone();
        let error = other.fit(&objective, network.parameters_mut(), &data, None).unwrap_err();
        assert!(matches!(error, TrainError::Minibatches { begun: (3, 10), .. }));
        assert!(error.to_string().starts_with(expected), "{error}");
        // Nothing is lost, and a saved state still names the minibatches that the epoch began with.
        assert_eq!((shown(&other.tensors()), &network), (shown(&saved), &before));
        let mut right = other.batch(10).seed(3);
        right.fit(&objective, network.clone().parameters_mut(), &data, None).unwrap();
    }

    // At the end of an epoch they can be changed: every row comes once in each epoch.
    let mut ended = new().callback(Stop(4)).epochs(2);
    ended.fit(&objective, network.parameters_mut(), &data, None).unwrap();
    let mut other = new();
    other.load_tensors(&ended.tensors()).unwrap();
    let mut other = other.batch(5).seed(9).epochs(4);
    other.fit(&objective, network.parameters_mut(), &data, None).unwrap();
    assert_eq!(other.tensors().text::<usize>("optimizer.steps").unwrap(), 2 * 3 + 2 * 6);
}

/// Another network with as many parameters, or another optimizer with as many numbers, would misread the numbers of
/// the first.
#[test]
fn another_objective_or_optimizer_than_before_is_refused() {
    let data = sectors(30, 1);
    let of = |hidden: Activation| -> Mlp { Mlp::zeros(2, &[(4, hidden), (3, Activation::Linear)]) };
    let mut network = of(Activation::Tanh);
    let mut first = Trainer::new(RmsProp::new(Schedule::Constant(0.1))).epochs(1);
    first.fit(&Supervised::new(&network), network.parameters_mut(), &data, None).unwrap();
    let (saved, learned) = (first.tensors(), network.clone());

    let mut other = Trainer::new(RmsProp::new(Schedule::Constant(0.1))).epochs(2);
    other.load_tensors(&saved).unwrap();
    let error = other.fit(&Supervised::new(&of(Activation::Relu)), network.parameters_mut(), &data, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "another objective than the training was begun with: MLP of [Layer of [ReLU(2) x 4], Layer of [Linear(4) x 3]]; and \
         it had MLP of [Layer of [Tanh(2) x 4], Layer of [Linear(4) x 3]]; resume it with the same one, or begin another \
         `Trainer` at these parameters"
    );
    assert_eq!(network, learned);
    // A penalty and a dropout may change.
    other.fit(&Supervised::new(&network).l2(0.1).dropout(0.1), network.parameters_mut(), &data, None).unwrap();

    let mut sgd = Trainer::<_, f64>::new(Sgd::new(Schedule::Constant(0.1)).momentum(0.9));
    assert_eq!(
        sgd.load_tensors(&saved).unwrap_err().to_string(),
        "optimizer: the tensors were made with RmsProp with decay 0.99 and epsilon 1e-8, and Sgd with momentum 0.9 is wanted"
    );
}

/// The first rule, and it with another number in each of its settings.
fn refuses_each_other<U: Update + Copy>(rules: &[U]) {
    let trainer = |rule, rate| Trainer::<_, f64>::new(Optimizer::with(rule, Schedule::Constant(rate))).epochs(1);
    let saved = rules.iter().map(|&rule| {
        let mut trainer = trainer(rule, 0.1);
        trainer.fit(&Supervised::new(&network()), network().parameters_mut(), &sectors(30, 1), None).unwrap();
        trainer.tensors()
    });
    for (begun, saved) in saved.enumerate() {
        for (resumed, &rule) in rules.iter().enumerate() {
            // The learning rate may change.
            let loaded = trainer(rule, 0.2).load_tensors(&saved).map_err(|error| error.to_string());
            let [found, wanted] = [begun, resumed].map(|place| rules[place].description());
            let error = format!("optimizer: the tensors were made with {found}, and {wanted} is wanted");
            assert_eq!(loaded, if begun == resumed { Ok(()) } else { Err(error) });
        }
    }
}

#[test]
fn an_optimizer_with_other_settings_is_refused() {
    let sgd = |momentum, nesterov| Momentum { momentum, nesterov };
    refuses_each_other(&[sgd(0.9, false), sgd(0.9, true), sgd(0.5, false), sgd(0.0, false)]);
    let rms_prop = |decay, epsilon| MeanSquare { decay, epsilon };
    refuses_each_other(&[rms_prop(0.99, 1e-8), rms_prop(0.9, 1e-8), rms_prop(0.99, 1e-9)]);
    let adam = |b1, b2, epsilon, weight_decay| Moments { betas: [b1, b2], epsilon, weight_decay };
    refuses_each_other(&[
        adam(0.9, 0.999, 1e-8, 0.0),
        adam(0.8, 0.999, 1e-8, 0.0),
        adam(0.9, 0.99, 1e-8, 0.0),
        adam(0.9, 0.999, 1e-9, 0.0),
        adam(0.9, 0.999, 1e-8, 0.1),
    ]);
    assert_eq!(MoveTo(0.5, 0.0).description(), "MoveTo", "a custom rule has the name of its type");
}

/// The trainer tells every callback that the training ends, also after a panic of a callback or of the objective.
#[test]
fn a_panic_ends_a_training_for_all_callbacks() {
    #[derive(Clone, Copy, PartialEq)]
    enum When {
        Step,
        Epoch,
        End,
        Loss,
    }
    struct Panics(When);
    impl Callback for Panics {
        fn step(&mut self, _: &Step) -> std::ops::ControlFlow<()> {
            assert!(self.0 != When::Step, "at a step");
            Continue(())
        }

        fn epoch(&mut self, _: &Epoch, _: &[f64]) -> std::ops::ControlFlow<()> {
            assert!(self.0 != When::Epoch, "at an epoch");
            Continue(())
        }

        fn end(&mut self) {
            assert!(self.0 != When::End, "at the end");
        }
    }
    struct Ends<'a>(&'a RefCell<usize>);
    impl Callback for Ends<'_> {
        fn end(&mut self) {
            *self.0.borrow_mut() += 1;
        }
    }
    impl Objective for When {
        fn loss<S: Scalar<Real = f64>>(&self, x: &[S], _: &Batch<'_>) -> S {
            assert!(*self != When::Loss || x[0].value() == 0.0, "in the loss");
            x[0] + 1.0
        }
    }
    for (when, text) in [
        (When::Step, "at a step"),
        (When::Epoch, "at an epoch"),
        (When::End, "at the end"),
        (When::Loss, "in the loss"),
    ] {
        let ends = RefCell::new(0);
        let mut trainer = Trainer::new(Sgd::new(Schedule::Constant(0.1))).epochs(2);
        trainer = trainer.callback(Ends(&ends)).callback(Panics(when)).callback(Ends(&ends));
        let (mut x, data) = ([0.0], line());
        assert_eq!(message(|| trainer.fit(&when, &mut x, &data, None)), text);
        assert_eq!(*ends.borrow(), 2, "{text}");
    }
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
