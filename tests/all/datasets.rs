//! Splitting, scaling, minibatches, and measures of success.

use dualtape::nn::{
    Confusion, Dataset, Minibatches, Standardizer, Tensors, one_hot, predictions, r_squared, root_mean_squared_error,
};
use dualtape::{Function, Scalar, check, function};

use crate::support::refusals::message;

fn ramp(rows: usize) -> Dataset<f64, usize> {
    Dataset::new((2, 1), (0..2 * rows).map(|i| i as f64).collect(), (0..rows).collect())
}

fn order(minibatches: &mut Minibatches, epoch: u64) -> Vec<usize> {
    minibatches.epoch(epoch).collect::<Vec<_>>().concat()
}

/// A training that is resumed with another version of the crate sees the same minibatches.
#[test]
fn orders_never_change() {
    let mut minibatches = Minibatches::shuffled(10, 4, 42);
    assert_eq!(order(&mut minibatches, 0), [7, 1, 5, 4, 6, 9, 3, 8, 2, 0]);
    assert_eq!(order(&mut minibatches, 1), [8, 9, 5, 3, 2, 1, 0, 7, 6, 4]);
    assert_eq!(order(&mut Minibatches::shuffled(10, 4, 43), 0), [2, 8, 5, 9, 0, 7, 3, 6, 1, 4]);
    assert_eq!(ramp(10).split(0.3, 42).1.targets(), [2, 7, 4]);
}

#[test]
fn an_epoch_has_every_row_once() {
    for (rows, size, groups) in [(0, 3, 0), (1, 3, 1), (9, 3, 3), (10, 3, 4), (10, 100, 1)] {
        let mut minibatches = Minibatches::shuffled(rows, size, 5);
        for epoch in [0, 1, u64::MAX - 1] {
            assert_eq!(minibatches.epoch(epoch).len(), groups);
            let mut all = order(&mut minibatches, epoch);
            all.sort_unstable();
            assert!(all.into_iter().eq(0..rows));
        }
    }
}

#[test]
fn an_epoch_depends_on_seed_and_number_alone() {
    let mut straight = Minibatches::shuffled(100, 32, 1);
    let orders: Vec<_> = (0..5).map(|epoch| order(&mut straight, epoch)).collect();
    let mut resumed = Minibatches::shuffled(100, 7, 1);
    for epoch in [4, 0, 2] {
        assert_eq!(order(&mut resumed, epoch), orders[epoch as usize]);
    }
    assert!(orders.windows(2).all(|pair| pair[0] != pair[1]));
    assert_ne!(order(&mut Minibatches::shuffled(100, 32, 2), 0), orders[0]);
}

#[test]
fn a_split_takes_every_row_once() {
    for (held_out, expected) in [(0.0, 0), (0.04, 0), (0.05, 1), (0.2, 2), (1.0, 10)] {
        let (train, test) = ramp(10).split(held_out, 3);
        assert_eq!((train.len(), test.len()), (10 - expected, expected));
        let mut all = [train.targets(), test.targets()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10));
        for data in [train, test] {
            assert!((0..data.len()).all(|i| data.row(i).0[0] == 2.0 * data.row(i).1[0] as f64), "rows stay together");
        }
    }
}

/// The memory of a batch is used again.
#[test]
fn minibatches_do_not_move_in_memory() {
    let data = ramp(100);
    let mut minibatches = Minibatches::shuffled(data.len(), 32, 0);
    let mut batch = data.select(&[]);
    let mut places = Vec::new();
    for epoch in 0..3 {
        for rows in minibatches.epoch(epoch) {
            data.select_into(rows, &mut batch);
            assert_eq!(batch, data.select(rows));
            places.push((batch.features().as_ptr(), batch.targets().as_ptr()));
        }
    }
    assert!(places.iter().all(|place| *place == places[0]));
}

#[test]
fn a_standardizer_only_shifts_equal_numbers() {
    let mut rows = vec![0.1, 1.0, 0.1, 3.0, 0.1, 5.0];
    let scale = Standardizer::fit(&rows, 2);
    assert_eq!((scale.means(), scale.deviations()[0]), (&[0.1, 3.0][..], 1.0));
    let before = rows.clone();
    scale.apply(&mut rows);
    assert_eq!([rows[0], rows[2], rows[4], rows[3]], [0.0; 4]);
    scale.invert(&mut rows);
    assert!(rows.iter().zip(&before).all(|(a, b)| (a - b).abs() < 1e-15));

    let single = Standardizer::fit(&[0.1_f32, 0.2, 0.4], 1);
    assert!((single.means()[0] - 0.7 / 3.0).abs() < 1e-7);
}

fn standardized<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mut row = [x[0], x[1]];
    Standardizer::new(&[1.0, -2.0], &[0.5, 4.0]).apply(&mut row);
    row[0] * row[1].sin()
}

fn fit_of_outputs<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let targets = [1.0, 2.5, 4.0];
    vec![r_squared(x, &targets), root_mean_squared_error(x, &targets)]
}

#[test]
fn measures_and_scales_run_in_every_scalar() {
    check(&function!(standardized), &[0.3, 0.7]).assert_agreement();
    check(&function!(fit_of_outputs: &[S] -> Vec<S>), &[1.5, 2.0, 3.0]).assert_agreement();
    assert_eq!(function!(fit_of_outputs: &[S] -> Vec<S>).eval(&[1.0, 2.5, 4.0]), [1.0, 0.0]);
}

/// The numbers of `sklearn.metrics`: `classification_report` and `confusion_matrix`.
#[test]
fn ratios_equal_scikit_learn() {
    let (actual, predicted) = ([0, 0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 2, 1, 1, 2, 1]);
    let confusion = Confusion::of(&predicted, &actual, 3);
    let counts: Vec<usize> = (0..9).map(|i| confusion.count(i / 3, i % 3)).collect();
    assert_eq!(counts, [2, 1, 1, 0, 2, 0, 0, 1, 1]);
    assert_eq!([0, 1, 2].map(|class| confusion.precision(class)), [1.0, 0.5, 0.5]);
    assert_eq!([0, 1, 2].map(|class| confusion.recall(class)), [0.5, 1.0, 0.5]);
    assert_eq!([0, 1, 2].map(|class| confusion.f1(class)), [2.0 / 3.0, 2.0 / 3.0, 0.5]);
    assert_eq!((confusion.accuracy(), confusion.mean(Confusion::f1)), (0.625, (4.0 / 3.0 + 0.5) / 3.0));

    // A class without rows that is never predicted.
    let absent = Confusion::of(&[0, 0], &[0, 0], 2);
    assert_eq!((absent.precision(1), absent.recall(1), absent.f1(1)), (0.0, 0.0, 0.0));
    assert!(Confusion::of(&[], &[], 2).accuracy().is_nan());
    assert!(Confusion::of(&[], &[], 0).mean(Confusion::f1).is_nan());
}

#[test]
fn r_squared_of_equal_targets_is_one_or_zero() {
    assert_eq!(r_squared(&[0.1, 0.1, 0.1], &[0.1, 0.1, 0.1]), 1.0);
    assert_eq!(r_squared(&[0.1, 0.1, 0.2], &[0.1, 0.1, 0.1]), 0.0);
    assert!(r_squared::<f64>(&[], &[]).is_nan() && root_mean_squared_error::<f64>(&[], &[]).is_nan());
}

#[test]
fn misuse_is_named() {
    let data = ramp(3);
    let cases: [(&dyn Fn(), &str); 19] = [
        (
            &|| drop(Dataset::new((2, 1), vec![1.0; 3], vec![1.0])),
            "Dataset: 3 features in rows of 2 and 1 targets in rows of 1; pass the same whole number of rows of each",
        ),
        (
            &|| drop(Dataset::new((0, 1), Vec::<f64>::new(), vec![1.0])),
            "Dataset: rows of width (0, 1); give each a feature and a target",
        ),
        (&|| drop(ramp(3).select(&[3])), "Dataset: there is no row 3 among 3, counted from 0"),
        (
            &|| data.select_into(&[0], &mut Dataset::new((1, 1), vec![], vec![])),
            "Dataset: rows of width (2, 1) for a batch of (1, 1); make it of the same data",
        ),
        (&|| drop(ramp(3).split(1.5, 0)), "Dataset::split: a fraction of 1.5; pass one between 0 and 1"),
        (&|| drop(one_hot::<f64>(&[0, 2], 2)), "nn::one_hot: there is a label 2 and 2 classes, counted from 0"),
        (
            &|| drop(Standardizer::<f64>::fit(&[1.0; 3], 2)),
            "Standardizer::fit: 3 numbers in rows of 2; pass a whole number of rows, at least one",
        ),
        (
            &|| Standardizer::fit(&[1.0, 2.0], 2).apply(&mut [1.0; 3]),
            "Standardizer: 3 numbers do not divide into rows of 2; pass rows as wide as those it was fitted to",
        ),
        (
            &|| drop(Standardizer::new(&[1.0], &[1.0; 2])),
            "Standardizer: 1 means and 2 deviations; pass one of each for every column",
        ),
        (
            &|| drop(Standardizer::new(&[1.0, 2.0], &[1.0, 0.0])),
            "Standardizer: the mean 2 and the deviation 0 of column 1, counted from 0; pass finite numbers without NaN, \
             and 1 as the deviation of a constant column",
        ),
        (
            &|| drop(Standardizer::new(&[f64::NAN], &[1.0])),
            "Standardizer: the mean NaN and the deviation 1 of column 0, counted from 0; pass finite numbers without NaN, \
             and 1 as the deviation of a constant column",
        ),
        (
            &|| drop(Standardizer::fit(&[1e200, -1e200], 1)),
            "Standardizer: the mean 0 and the deviation inf of column 0, counted from 0; pass finite numbers without NaN, \
             and 1 as the deviation of a constant column",
        ),
        (&|| drop(Minibatches::in_order(3, 0)), "Minibatches: groups of 0 rows; pass a size of at least 1"),
        (
            &|| drop(predictions(&[1.0; 3], 2)),
            "nn::predictions: 3 outputs do not divide into rows of 2 classes; pass the width of the last layer as the \
             number of classes",
        ),
        (&|| drop(Confusion::of(&[0, 2], &[0, 1], 2)), "Confusion: there is a class 2 and 2 classes, counted from 0"),
        (
            &|| drop(Confusion::of(&[0, 1], &[0], 2)),
            "Confusion: 2 predicted classes and 1 actual ones; pass one for each",
        ),
        (
            &|| assert_eq!(Confusion::of(&[0], &[0], 2).count(0, 2), 0),
            "Confusion: there is no class 2 among 2, counted from 0",
        ),
        (
            &|| Tensors::new().insert("__metadata__", &[], vec![1.0]),
            "Tensors: this name is where files keep the texts; choose another",
        ),
        (
            &|| Tensors::new().insert("x", &[2, 2], vec![1.0; 3]),
            "Tensors: 3 numbers for \"x\" of the shape [2, 2]; pass as many as the product of the shape",
        ),
    ];
    for (act, expected) in cases {
        assert_eq!(message(act), expected);
    }
}
