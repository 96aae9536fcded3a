//! Losses and penalties: right to the last digits for any logits, in every reading.

use dualtape::nn::{
    Activation, Mlp, binary_cross_entropy, cross_entropy, hinge, huber, l1, l2, mean_absolute_error,
    mean_squared_error, weighted_binary_cross_entropy, weighted_cross_entropy,
};
use dualtape::{Real, Scalar, Tape, check, function, gradient, gradient_forward};

use crate::support::compare::assert_near;
use crate::support::refusals::message;

/// Every loss of six outputs: the mean of all of them.
fn losses<R: Real, S: Scalar<Real = R>>(x: &[S]) -> Vec<S> {
    let real = |x: f64| R::from_f64(x);
    let targets = [0.5, -1.0, 0.25, 3.0, -2.0, 0.0].map(real);
    let labels = [1.0, -1.0, 1.0, 1.0, -1.0, -1.0].map(real);
    let probabilities = [1.0, 0.0, 0.25, 1.0, 0.0, 0.75].map(real);
    vec![
        mean_squared_error(x, &targets),
        mean_absolute_error(x, &targets),
        huber(x, &targets, real(1.5)),
        hinge(x, &labels),
        binary_cross_entropy(x, &probabilities),
        weighted_binary_cross_entropy(x, &probabilities, [real(1.0), real(3.0)]),
        cross_entropy(x, &[2, 0]),
        weighted_cross_entropy(x, &[2, 0], &[real(0.5), real(1.0), real(4.0)]),
        l1(x),
        l2(x),
    ]
}

#[test]
fn all_modes_agree_to_the_second_derivative() {
    for x in [[0.1, -0.2, 0.7, 2.0, 1.0, -3.0], [10.0, -20.0, 3.0, -4.0, 5.0, 0.5], [1e-3, 1e4, -1e4, 20.0, -1e4, 1e3]]
    {
        check(&function!(losses: &[S] -> Vec<S>), &x).assert_agreement();
    }
    check(&function!(f32, losses: &[S] -> Vec<S>), &[0.1, -0.2, 0.7, 2.0, 1.0, -3.0]).assert_agreement();
}

/// `−ln` of a probability that is nearly 1, `ln(1 + e⁻⁴⁰)`.
const NEARLY_SURE: f64 = 4.248354255291589e-18;

#[track_caller]
fn close(actual: f64, expected: f64) {
    assert_near("the loss", actual, expected, 1e-14, 0.0);
}

#[test]
fn cross_entropy_keeps_its_digits_at_large_logits() {
    for shift in [0.0, 1e4, -1e4] {
        close(cross_entropy(&[shift + 40.0, shift], &[0]), NEARLY_SURE);
        close(cross_entropy(&[shift + 40.0, shift], &[1]), 40.0);
        for verb in [gradient(|x| cross_entropy(x, &[0]), &[shift + 40.0, shift]), {
            gradient_forward(|x| cross_entropy(x, &[0]), &[shift + 40.0, shift])
        }] {
            close(verb.1[0], -NEARLY_SURE);
            close(verb.1[1], NEARLY_SURE);
        }
    }
    assert_eq!(gradient(|x| cross_entropy(x, &[1]), &[1e4, -1e4, 0.0]), (2e4, vec![1.0, -1.0, 0.0]));
    assert_eq!(gradient(|x| cross_entropy(x, &[0]), &[1e4, -1e4, 0.0]), (0.0, vec![0.0; 3]));
    assert_eq!(gradient(|x| cross_entropy(x, &[0]), &[1e300, -1e300]), (0.0, vec![0.0; 2]));
    assert_eq!(gradient(|x| cross_entropy(x, &[1]), &[1e4_f32, -1e4]), (2e4, vec![1.0, -1.0]));
    // One class is sure.
    assert_eq!(gradient(|x| cross_entropy(x, &[0, 0]), &[1e4, -1e4]), (0.0, vec![0.0; 2]));
}

#[test]
fn binary_cross_entropy_keeps_its_digits_at_large_logits() {
    close(binary_cross_entropy(&[40.0], &[1.0]), NEARLY_SURE);
    close(binary_cross_entropy(&[-40.0], &[0.0]), NEARLY_SURE);
    close(binary_cross_entropy(&[40.0], &[0.0]), 40.0);
    close(gradient(|x| binary_cross_entropy(x, &[1.0]), &[40.0]).1[0], -NEARLY_SURE);
    assert_eq!(gradient(|x| binary_cross_entropy(x, &[0.0]), &[1e4]), (1e4, vec![1.0]));
    assert_eq!(gradient(|x| binary_cross_entropy(x, &[1.0]), &[-1e4]), (1e4, vec![-1.0]));
    assert_eq!(gradient(|x| binary_cross_entropy(x, &[0.25]), &[1e4]), (7.5e3, vec![0.75]));
    // A probability as a label: the loss is least where the sigmoid equals the label.
    let (loss, slope) = gradient(|x| binary_cross_entropy(x, &[0.25]), &[-(3.0_f64.ln())]);
    close(loss, -(0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln()));
    assert!(slope[0].abs() < 1e-16);
    // Two classes are the same either way.
    close(binary_cross_entropy(&[0.3, -2.0], &[1.0, 0.0]), cross_entropy(&[0.0, 0.3, 0.0, -2.0], &[1, 0]));
}

#[test]
fn infinite_logits_have_the_limits() {
    let inf = f64::INFINITY;
    assert_eq!(cross_entropy(&[inf, 0.0], &[0]), 0.0);
    assert_eq!(cross_entropy(&[inf, 0.0], &[1]), inf);
    assert_eq!(cross_entropy(&[-inf, 0.0], &[0]), inf);
    assert!(cross_entropy(&[f64::NAN, 0.0], &[1]).is_nan());
    assert_eq!(binary_cross_entropy(&[inf, -inf], &[1.0, 0.0]), 0.0);
    assert_eq!(binary_cross_entropy(&[-inf], &[1.0]), inf);
    assert!(binary_cross_entropy(&[f64::NAN], &[1.0]).is_nan());
}

#[test]
fn means_are_over_the_rows_and_weights_count_them() {
    let logits = [0.3, -1.0, 2.0, 1.5, 0.0, -0.5, 0.1, 0.2, 0.3];
    let rows = [(0, 2), (1, 0), (2, 1)].map(|(row, class)| cross_entropy(&logits[3 * row..3 * (row + 1)], &[class]));
    let classes = [2, 0, 1];
    close(cross_entropy(&logits, &classes), rows.iter().sum::<f64>() / 3.0);
    close(weighted_cross_entropy(&logits, &classes, &[5.0; 3]), cross_entropy(&logits, &classes));
    assert!([cross_entropy::<f64>(&[], &[]), binary_cross_entropy(&[], &[])].iter().all(|mean| mean.is_nan()));
    let (loss, g) = gradient(|x| cross_entropy(x, &[]), &[] as &[f64]);
    assert!(loss.is_nan() && g.is_empty());
    // A class of weight 2 equals a class whose rows stand there twice.
    let twice = [&logits[..], &logits[3..6]].concat();
    close(weighted_cross_entropy(&logits, &classes, &[2.0, 1.0, 1.0]), cross_entropy(&twice, &[2, 0, 1, 0]));
    // A class of weight 0 equals a class without rows.
    close(weighted_cross_entropy(&logits, &classes, &[0.0, 1.0, 1.0]), (rows[0] + rows[2]) / 2.0);

    let (scores, labels) = ([0.3, -1.0, 2.0], [0.0, 1.0, 1.0]);
    let twice = binary_cross_entropy(&[0.3, -1.0, 2.0, -1.0, 2.0], &[0.0, 1.0, 1.0, 1.0, 1.0]);
    close(weighted_binary_cross_entropy(&scores, &labels, [1.0, 2.0]), twice);
    close(
        weighted_binary_cross_entropy(&scores, &labels, [0.0, 2.0]),
        binary_cross_entropy(&scores[1..], &labels[1..]),
    );
}

#[test]
fn huber_is_half_the_square_and_then_a_line() {
    let at = |x: f64| gradient(|x| huber(x, &[1.0], 0.5), &[x]);
    assert_eq!(at(1.0), (0.0, vec![0.0]));
    assert_eq!(at(1.25), (0.03125, vec![0.25]));
    assert_eq!(at(1.5), (0.125, vec![0.5])); // where both meet
    assert_eq!(at(3.0), (0.875, vec![0.5]));
    assert_eq!(at(-1e4), (0.5 * (10_001.0 - 0.25), vec![-0.5]));
    assert_eq!(gradient(|x| mean_absolute_error(x, &[1.0]), &[1.0]), (0.0, vec![0.0]));
}

#[test]
fn penalties_leave_biases_out() {
    let layers = [(2, Activation::Tanh), (1, Activation::Linear)];
    let mlp = Mlp::new(2, &layers, &[1.0, -2.0, 10.0, 0.0, 4.0, 20.0, -5.0, 6.0, 30.0]);
    assert_eq!(mlp.weights(), [1.0, -2.0, 0.0, 4.0, -5.0, 6.0]);
    let slopes = |penalty: fn(&Mlp<dualtape::Var>) -> dualtape::Var| {
        gradient(|p| penalty(&mlp.with_parameters(p)), mlp.parameters())
    };
    assert_eq!(slopes(|mlp| l1(&mlp.weights())), (18.0, vec![1.0, -1.0, 0.0, 0.0, 1.0, 0.0, -1.0, 1.0, 0.0]));
    assert_eq!(slopes(|mlp| l2(&mlp.weights())), (82.0, vec![2.0, -4.0, 0.0, 0.0, 8.0, 0.0, -10.0, 12.0, 0.0]));
    assert_eq!(slopes(|mlp| l1(mlp.parameters())).0, 78.0);
}

#[test]
fn a_loss_records_a_statement_for_each_output_and_few_more() {
    let statements = |outputs: usize, loss: &dyn Fn(&[dualtape::Var]) -> dualtape::Var| {
        let tape = Tape::new();
        loss(&tape.vars(&vec![0.5; outputs]));
        tape.len() - outputs
    };
    let zeros = [0.0; 20];
    assert_eq!(statements(20, &|x| mean_absolute_error(x, &zeros)), 22);
    assert_eq!(statements(20, &|x| huber(x, &zeros, 1.0)), 22);
    assert_eq!(statements(20, &|x| hinge(x, &zeros)), 22);
    assert_eq!(statements(20, &|x| binary_cross_entropy(x, &zeros)), 22);
    assert_eq!(statements(20, &|x| cross_entropy(x, &[3, 4])), 22);
    assert_eq!(statements(20, &l1), 1);
}

#[test]
fn refusals_say_what_to_do() {
    let x = [0.5; 6];
    assert_eq!(
        message(|| cross_entropy(&x, &[0, 1, 0, 1])),
        "nn::cross_entropy: 6 logits and 4 classes; pass a row of logits for each class"
    );
    assert_eq!(
        message(|| cross_entropy(&x, &[0, 3])),
        "nn::cross_entropy: row 1 is of class 3 and there are 3 logits for it; classes count from 0"
    );
    assert_eq!(
        message(|| weighted_cross_entropy(&x, &[0, 1], &[1.0; 2])),
        "nn::weighted_cross_entropy: 3 classes and 2 weights; pass one for each"
    );
    assert_eq!(
        message(|| binary_cross_entropy(&x[..2], &[1.0, -1.0])),
        "nn::binary_cross_entropy: label 1 is -1; pass 0, 1, or a probability (labels of -1 and 1 are for nn::hinge)"
    );
    assert_eq!(
        message(|| binary_cross_entropy(&x, &[1.0])),
        "nn::binary_cross_entropy: 6 outputs and 1 labels; pass one for each"
    );
    assert_eq!(
        message(|| huber(&x, &x, 0.0)),
        "nn::huber: delta is 0; pass the error, above 0, from which on it is linear"
    );
    assert_eq!(
        message(|| mean_absolute_error(&x, &[1.0])),
        "nn::mean_absolute_error: 6 outputs and 1 targets; pass one for each"
    );
}
