//! Traced computations and their drawings.
//!
//! The drawings in `tests/data/micrograd/dot` were made by micrograd's `draw_dot`, of the same expressions.

#[path = "support/refusals.rs"]
mod refusals;

use std::f64::consts::FRAC_1_SQRT_2;
use std::time::{Duration, Instant};

use dualtape::graph::{Direction, Graph, Node, Role, Traced, trace, trace_parametric};
use dualtape::nn::{Activation, Mlp, squared_error};
use dualtape::{
    Block, Dual, Real, Rule, Scalar, Var, derivative, dot, fuse, fuse_map, function, gradient, log_sum_exp, softmax, sum,
    weighted_sum,
};
use refusals::message;

/// The neuron of the lecture.
fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (x1, x2, w1, w2) = (x[0].label("x1"), x[1].label("x2"), x[2].label("w1"), x[3].label("w2"));
    let products = (x1 * w1).label("x1*w1") + (x2 * w2).label("x2*w2");
    (products.label("x1*w1 + x2*w2") + x[4].label("b")).label("n").tanh().label("o")
}

const NEURON: [f64; 5] = [2.0, 0.0, -3.0, 1.0, 6.881373587019543];

/// The expression of micrograd's front page, as micrograd computes it: a difference is the sum with −1 times the
/// other, a quotient the product with a power.
fn seed003<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (a, b) = (x[0], x[1]);
    let mut c = a + b;
    let mut d = a * b + b.powi(3);
    c += c + 1.0;
    c += c + 1.0 + a * -1.0;
    d += d * 2.0 + (b + a).relu();
    d += d * 3.0 + (b + a * -1.0).relu();
    let e = c + d * -1.0;
    let f = e.powi(2);
    f * 0.5 + f.powi(-1) * 10.0
}

/// A network with the weights of `random.seed(1337)`, and no biases, at plain inputs.
fn network(layers: &[usize], inputs: &[f64]) -> Graph {
    let mut weights = include_str!("../data/moons_weights.csv").lines().filter_map(|line| {
        let (at, value) = line.rsplit_once(',')?;
        at.rsplit_once(",w").map(|_| value.parse::<f64>().expect("a number"))
    });
    let last = layers.len() - 1;
    let activation = |layer| if layer < last { Activation::Relu } else { Activation::Linear };
    let shape: Vec<_> = layers.iter().enumerate().map(|(layer, &neurons)| (neurons, activation(layer))).collect();
    let mut mlp: Mlp = Mlp::zeros(inputs.len(), &shape);
    for index in 0..mlp.parameters().len() {
        if !mlp.parameter_name(index).ends_with("bias") {
            mlp.parameters_mut()[index] = weights.next().expect("a weight");
        }
    }
    trace(|p| mlp.with_parameters(p).forward_all(&[inputs])[0], mlp.parameters())
}

/// The records of a drawing, and its arrows as record, operation, record; without the numbers of nodes.
fn sets(dot: &str, labels: bool) -> [Vec<String>; 2] {
    let statements = || dot.lines().map(str::trim);
    let quoted = |statement: &str| {
        let (_, label) = statement.split_once("[label=").expect("a label");
        label.trim_end_matches(']').trim_end_matches(" shape=record").trim_matches('"').to_string()
    };
    let find = |name: &str| -> String {
        let start = format!("{name} [label=");
        let text = quoted(statements().find(|statement| statement.starts_with(&start)).expect(name));
        if labels || name.ends_with("op") { text } else { text[text.find("data").expect("data")..].to_string() }
    };
    let is_record = |statement: &&str| statement.contains("shape=record");
    let names = statements().filter(is_record).map(|statement| statement.split_once(' ').expect("a name").0);
    let mut records: Vec<String> = names.map(find).collect();
    let arrows = statements().filter_map(|statement| statement.split_once(" -> "));
    let mut arrows: Vec<String> = arrows
        .filter(|(from, _)| !from.ends_with("op"))
        .map(|(from, to)| format!("{} {} {}", find(from), find(to), find(to.trim_end_matches("op"))))
        .collect();
    records.sort();
    arrows.sort();
    [records, arrows]
}

#[track_caller]
fn assert_like_micrograd(graph: &Graph, direction: Direction, name: &str, labels: bool) {
    let path = format!("{}/tests/data/micrograd/dot/{name}.dot", env!("CARGO_MANIFEST_DIR"));
    let theirs = std::fs::read_to_string(&path).expect("a drawing");
    let ours = graph.dot(direction).expect("it is small");
    assert_eq!(ours.lines().nth(1), theirs.lines().nth(1), "{name}: the direction");
    let ([records, arrows], [their_records, their_arrows]) = (sets(&ours, labels), sets(&theirs, labels));
    assert_eq!(records, their_records, "{name}: nodes");
    assert_eq!(arrows, their_arrows, "{name}: arrows");
}

#[test]
fn the_drawings_are_those_of_micrograd() {
    let lecture = trace(neuron, &NEURON);
    assert_like_micrograd(&lecture, Direction::LeftToRight, "lecture_neuron_LR", true);
    assert_like_micrograd(&lecture, Direction::TopToBottom, "lecture_neuron_TB", true);
    assert_like_micrograd(&trace(seed003, &[-4.0, 2.0]), Direction::LeftToRight, "seed003", true);
    for (layers, inputs, name) in [
        (&[1][..], &[1.0, -2.0][..], "trace_graph_neuron"),
        (&[4, 4, 1], &[2.0, 3.0, -1.0], "mlp_3_4_4_1"),
        (&[8, 8, 1], &[2.0, 3.0], "mlp_2_8_8_1"),
        (&[16, 16, 1], &[2.0, 3.0], "mlp_2_16_16_1_one_sample"),
    ] {
        if name != "trace_graph_neuron" {
            assert_like_micrograd(&network(layers, inputs), Direction::LeftToRight, name, false);
        }
    }
    let weights = [0.23550571390294128, 0.06653114721000164, 0.0];
    let single = Mlp::new(2, &[(1, Activation::Relu)], &weights);
    let graph = trace(|p| single.with_parameters(p).forward_all(&[[1.0, -2.0]])[0], &weights);
    assert_like_micrograd(&graph, Direction::LeftToRight, "trace_graph_neuron", false);
}
