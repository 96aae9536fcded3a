//! Traced computations and their drawings.
//!
//! micrograd's `draw_dot` made the drawings in `tests/data/micrograd/dot`, of the same expressions.

use std::collections::HashMap;

use dualtape::graph::{Direction, Graph, Role, Traced, TracedTape, trace, trace_parametric};
use dualtape::implicit::root;
use dualtape::nn::{Activation, Mlp, squared_error};
use dualtape::{
    Block, Dual, Real, Rule, Scalar, Tape, Var, derivative, dot, function, fuse, fuse_map, gradient, log_sum_exp,
    softmax, sum, taylor, weighted_sum,
};

use crate::support::refusals::message;

/// The neuron of the lecture.
fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (x1, x2, w1, w2) = (x[0].label("x1"), x[1].label("x2"), x[2].label("w1"), x[3].label("w2"));
    let products = (x1 * w1).label("x1*w1") + (x2 * w2).label("x2*w2");
    (products.label("x1*w1 + x2*w2") + x[4].label("b")).label("n").tanh().label("o")
}

const NEURON: [f64; 5] = [2.0, 0.0, -3.0, 1.0, 6.881373587019543];

/// The expression of micrograd's front page, as micrograd computes it: `a - b` is `a + (-1)·b`, and `a / b` is `a·b⁻¹`.
fn seed003<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (a, b) = (x[0], x[1]);
    let c1 = a + b;
    let d1 = a * b + b.powi(3);
    let c2 = c1 + (c1 + 1.0);
    let c3 = c2 + (c2 + 1.0 + a * -1.0);
    let d2 = d1 + (d1 * 2.0 + (b + a).relu());
    let d3 = d2 + (d2 * 3.0 + (b + a * -1.0).relu());
    let e = c3 + d3 * -1.0;
    let f = e.powi(2);
    f * 0.5 + f.powi(-1) * 10.0
}

/// A network with the weights of `random.seed(1337)`, and no biases, at plain inputs.
fn network(layers: &[usize], inputs: &[f64]) -> Graph {
    let mut weights = include_str!("../../data/moons_weights.csv").lines().filter_map(|line| {
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
fn sets(dot: &str, with_labels: bool) -> [Vec<String>; 2] {
    let statements = || dot.lines().map(str::trim);
    let texts: HashMap<&str, &str> = statements()
        .filter_map(|statement| statement.strip_suffix(']')?.split_once(" [label="))
        .map(|(name, text)| (name, text.trim_end_matches(" shape=record").trim_matches('"')))
        .map(|(name, text)| (name, if with_labels { text } else { text.find("data").map_or(text, |at| &text[at..]) }))
        .collect();
    let records = texts.iter().filter(|(name, _)| !name.ends_with("op")).map(|(_, text)| text.to_string());
    let arrows = statements().filter_map(|statement| statement.split_once(" -> "));
    let arrows = arrows.filter(|(from, _)| !from.ends_with("op"));
    let arrows = arrows.map(|(from, to)| [from, to, to.trim_end_matches("op")].map(|name| texts[name]).join(" "));
    let mut sets = [records.collect::<Vec<_>>(), arrows.collect()];
    sets.iter_mut().for_each(|set| set.sort());
    sets
}

#[track_caller]
fn assert_like_micrograd(graph: &Graph, direction: Direction, name: &str, with_labels: bool) {
    let path = format!("{}/tests/data/micrograd/dot/{name}.dot", env!("CARGO_MANIFEST_DIR"));
    let theirs = std::fs::read_to_string(&path).expect("a drawing");
    let ours = graph.dot(direction).expect("it is small");
    assert_eq!(ours.lines().nth(1), theirs.lines().nth(1), "{name}: the direction");
    let ([records, arrows], [their_records, their_arrows]) = (sets(&ours, with_labels), sets(&theirs, with_labels));
    assert_eq!(records, their_records, "{name}: nodes");
    assert_eq!(arrows, their_arrows, "{name}: arrows");
}

#[test]
fn the_drawings_equal_micrograd() {
    let lecture = trace(neuron, &NEURON);
    assert_like_micrograd(&lecture, Direction::LeftToRight, "lecture_neuron_LR", true);
    assert_like_micrograd(&lecture, Direction::TopToBottom, "lecture_neuron_TB", true);
    assert_like_micrograd(&trace(seed003, &[-4.0, 2.0]), Direction::LeftToRight, "seed003", true);
    for (layers, inputs, name) in [
        (&[4, 4, 1][..], &[2.0, 3.0, -1.0][..], "mlp_3_4_4_1"),
        (&[8, 8, 1], &[2.0, 3.0], "mlp_2_8_8_1"),
        (&[16, 16, 1], &[2.0, 3.0], "mlp_2_16_16_1_one_sample"),
    ] {
        assert_like_micrograd(&network(layers, inputs), Direction::LeftToRight, name, false);
    }
    let weights = [0.23550571390294128, 0.06653114721000164, 0.0];
    let single = Mlp::new(2, &[(1, Activation::Relu)], &weights);
    let graph = trace(|p| single.with_parameters(p).forward_all(&[[1.0, -2.0]])[0], &weights);
    assert_like_micrograd(&graph, Direction::LeftToRight, "trace_graph_neuron", false);
}

/// Returns the gradient of the first nodes, the inputs.
fn gradient_of(graph: &Graph, inputs: usize) -> Vec<f64> {
    graph.nodes()[..inputs].iter().map(|node| node.gradient()).collect()
}

/// Every elementary operator and a few functions, without slices.
fn mixture<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    let c = |c: f64| R::from_f64(c);
    let (a, b) = (x[0], x[1]);
    let mut y = (a * b - a / b + -a) % (b + c(3.0)) + a.powf(c(2.5)).sin().max(b) - b.atan2(a).relu();
    y += (a * c(2.0) + c(1.0) - b * c(0.5)).mul_add(a, b) / c(3.0) + (S::from_real(c(2.0)) / b).tanh();
    y *= (S::from_real(c(1.0)) - a).leaky_relu(c(0.1)) + (a % c(0.3)).clamp(c(-1.0), c(1.0)) + a.polygamma(2);
    (y * y).sqrt() + S::from_real(c(7.0)).ln() * b.pow(a)
}

#[test]
fn values_and_gradients_equal_the_tape_bit_for_bit() {
    for x in [[0.7, 1.3], [1.9, 0.2], [0.1, 2.0]] {
        let (y, g) = gradient(mixture, &x);
        let graph = trace(mixture, &x);
        assert_eq!((graph.output().value(), gradient_of(&graph, 2)), (y, g));

        let x = x.map(|x| x as f32);
        let (y, g) = gradient(mixture, &x);
        let graph = trace(mixture, &x);
        let g: Vec<f64> = g.into_iter().map(f64::from).collect();
        assert_eq!((graph.output().value(), gradient_of(&graph, 2)), (f64::from(y), g));
    }
}

#[derive(Clone)]
struct Rotation;

impl Block for Rotation {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        vec![x[0] * 0.6 - x[1] * 0.8, x[0] * 0.8 + x[1] * 0.6]
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        vec![u[0] * 0.6 + u[1] * 0.8, u[1] * 0.6 - u[0] * 0.8]
    }
}

struct Cube;

impl Rule<1> for Cube {
    fn value(&self, [x]: [f64; 1]) -> f64 {
        x * x * x
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [x * x * 3.0]
    }
}

fn wave<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> S {
    (x * y).sin() + x * 0.5
}

fn waves<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
    [(x * y).sin(), x.exp()]
}

/// Every operation that is one statement or block on a tape.
fn of_slices<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let n = x.len();
    let turned = Rotation.apply(&[x[0], x[1]]);
    let [sines, powers] = fuse_map(&function!(waves: [S; 2] -> [S; 2]), [x, x]);
    let fused = fuse(&function!(wave: [S; 2] -> S), [x[1], x[2]]);
    let mlp: Mlp<S> = Mlp::new(n, &[(2, Activation::Tanh), (1, Activation::Linear)], &[x; 4].concat()[..2 * n + 5]);
    let weights = vec![0.5; n];
    dot(x, &sines) * sum(&powers)
        + weighted_sum(x, &weights) * fused
        + Cube.apply([turned[0]]) * turned[1]
        + log_sum_exp(x) * softmax(x)[1]
        + mlp.forward(x)[0]
        + squared_error(x, &weights)
}

#[test]
fn slice_operations_have_the_values_and_gradients_of_the_tape() {
    let x: Vec<f64> = (0..11).map(|i| f64::from(i) * 0.1 - 0.4).collect();
    let (y, g) = gradient(of_slices, &x);
    let graph = trace(of_slices, &x);
    assert_eq!(graph.output().value(), y);
    let ours = gradient_of(&graph, x.len());
    assert!(ours.iter().zip(&g).all(|(a, b)| (a - b).abs() <= 1e-13 * b.abs().max(1.0)), "{ours:?} {g:?}");

    let names: Vec<&str> = graph.nodes().iter().map(|node| node.name()).collect();
    for name in ["Rotation[0]", "Rotation[1]", "Cube", "log_sum_exp"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let groups: Vec<&str> = graph.groups().collect();
    for name in ["dot", "sum", "weighted_sum", "fuse", "layer 1", "neuron 2"] {
        assert!(groups.contains(&name), "{name} in {groups:?}");
    }
}

/// Solvers run on plain numbers. The trace has only the step with their derivative.
#[test]
fn solutions_of_equations_depend_on_their_parameters() {
    fn square<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
        vec![x[0] * x[0] - p[0]]
    }
    let graph = trace(|p| root(&function!(square: &[S], &[S] -> Vec<S>), &[3.0], p)[0], &[9.0]);
    assert_eq!((graph.output().value(), graph.nodes()[0].gradient()), (3.0, 1.0 / 6.0));
}

#[test]
fn a_folded_group_has_the_slopes_of_the_whole() {
    let graph = trace(|x| dot(x, x).label("square") * 0.5, &[3.0, 5.0]);
    let tree = "\
*                data 17.0000 | grad  1.0000
├─ square = dot  data 34.0000 | grad  0.5000
│  ├─ x[0]       data  3.0000 | grad  3.0000
│  └─ x[1]       data  5.0000 | grad  5.0000
└─ constant      data  0.5000 | grad 34.0000
";
    assert_eq!(graph.to_string(), tree);
    let dot = graph.dot(Direction::LeftToRight).expect("it is small");
    assert!(dot.contains("n2op [label=\"dot\"]") && !dot.contains("cluster"), "{dot}");
    let dot = graph.open("dot").dot(Direction::LeftToRight).expect("it is small");
    assert!(dot.contains("subgraph cluster_1 {\n\t\tlabel=\"dot\""), "{dot}");
}

#[test]
fn a_trace_nests_with_every_scalar() {
    // The graph of a derivative, forward and in reverse: its value is the slope, its gradient the curvature.
    let f = |x: &[Traced]| derivative(|y| y.powi(3) * 2.0, x[0]).1;
    let graph = trace(f, &[1.5]);
    assert_eq!((graph.output().value(), graph.nodes()[0].gradient()), (13.5, 18.0));
    let graph = trace(|x| gradient(|y| y[0].powi(3) * 2.0, x).1[0], &[1.5]);
    assert_eq!((graph.output().value(), graph.nodes()[0].gradient()), (13.5, 18.0));

    // A trace of numbers with derivatives keeps the derivatives.
    let tape = Tape::new();
    let x = tape.var(Dual::<f64>::variable(0.7));
    let mut inside = None;
    let sine = |x: &[Traced<Var<Dual>>]| {
        let y = x[0].sin() * x[0];
        inside = Some(y.primal());
        y
    };
    let graph = trace(sine, &[x]);
    let ours = tape.backward(inside.expect("it ran"))[x];
    let expected = gradient(|x| x[0].sin() * x[0], &[Dual::<f64>::variable(0.7)]).1[0];
    assert_eq!((ours.primal, ours.partials), (expected.primal, expected.partials));
    assert_eq!(graph.nodes()[0].gradient(), expected.primal);

    // A trace within a trace, of another level.
    let graph = trace(|x| x[0] * trace(|y| y[0] * y[0], &[x[0].primal()]).output().value(), &[3.0]);
    assert_eq!(graph.output().value(), 27.0);
}

#[test]
fn numbers_of_other_traces_are_refused() {
    let mut kept = Vec::new();
    trace(
        |x: &[Traced]| {
            kept.push(x[0]);
            x[0]
        },
        &[1.0],
    );
    let stale = kept[0];
    assert_eq!(
        message(|| stale + 1.0),
        "a traced number was used after its trace had ended: keep plain numbers (`.value()`) and trace anew"
    );
    assert!(message(|| trace(|x| x[0] * stale, &[1.0])).contains("after its trace had ended"));
    assert!(
        message(|| trace(|x| trace(|y| y[0] * x[0], &[1.0]).output().value() * x[0], &[1.0])).contains("outer trace")
    );
    let elsewhere = std::thread::scope(|scope| {
        scope.spawn(|| message(|| trace(|x| x[0] * stale, &[1.0]))).join().expect("it catches the panic")
    });
    assert!(elsewhere.contains("another thread"), "{elsewhere}");
    // A panic leaves nothing behind.
    assert_eq!(trace(|x| x[0] * 2.0, &[1.0]).len(), 3);
}

#[test]
fn a_traced_tape_has_the_graph_of_the_function() {
    fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0] * x[1] + x[2]).label("n").tanh().label("o")
    }
    let x = [2.0, -0.25, 0.3];
    let tape = TracedTape::new();
    let vars = tape.vars(&x);
    let output = neuron(&vars);
    let graph = tape.graph(output);
    assert_eq!(graph.to_string(), trace(neuron, &x).to_string());
    let of_inputs: Vec<f64> = vars.iter().map(|&x| graph[x].gradient()).collect();
    assert_eq!((graph[output].value(), of_inputs), gradient(neuron, &x));
    // The tape goes on, and the graph from before stays as it is.
    let later = output * 2.0;
    assert_eq!((tape.graph(later)[output].gradient(), graph[output].gradient()), (2.0, 1.0));
    // A trace in between has its own numbers, and ends before the tape goes on.
    assert_eq!(trace(neuron, &x).output().value(), output.value());
    assert_eq!(tape.graph(later + vars[0])[vars[0]].role(), Role::Input);
}

#[test]
fn a_traced_tape_refuses_numbers_that_are_not_on_it() {
    let tape = TracedTape::new();
    let x = tape.var(3.0);
    let before = tape.graph(x);
    let y = x * x;
    assert!(message(|| before[y].value()).starts_with("the number is not in this graph"));
    assert!(message(|| tape.graph(y)[Traced::constant(1.0)].value()).starts_with("a constant has no node"));
    let other = TracedTape::new();
    let z = other.var(1.0);
    assert!(message(|| x * 2.0).contains("outer trace"));
    assert!(message(|| tape.var(1.0)).contains("outer trace"));
    assert!(message(|| other.graph(z)[x].value()).starts_with("the number is not in this graph"));
    drop(tape);
    // The later tape lives on.
    assert_eq!(other.graph(z * 5.0)[z].gradient(), 5.0);
    assert!(message(|| x * 2.0).contains("after its trace had ended"));
}

#[test]
fn constants_are_nodes_where_they_are_used() {
    let graph = trace(
        |x| {
            let c = Traced::constant(2.0) * 3.0;
            x[0] * c + c.label("six") + 1.0
        },
        &[1.0],
    );
    let constants: Vec<_> = graph.nodes().iter().filter(|node| node.role() == Role::Constant).collect();
    assert_eq!(constants.iter().map(|node| node.value()).collect::<Vec<_>>(), [6.0, 6.0, 1.0]);
    assert_eq!(constants[1].label(), Some("six"));
    assert_eq!(trace(|_| Traced::constant(2.0), &[1.0]).output().value(), 2.0);
}

#[test]
fn labels_are_escaped() {
    let graph = trace(|x| x[0].label("a|b {\"c\"} <d> \\ &").exp(), &[0.0]);
    let dot = graph.dot(Direction::LeftToRight).expect("it is small");
    assert!(dot.contains(r#"{ a\|b \{\"c\"\} \<d\> \\ & | data 0.0000 | grad 1.0000 }"#), "{dot}");
}

#[test]
fn nodes_without_influence_are_not_drawn() {
    let graph = trace(
        |x| {
            let _unused = x[1].ln() * 2.0;
            x[0] * x[0]
        },
        &[3.0, -1.0],
    );
    assert_eq!(graph.to_string().lines().count(), 3);
    assert_eq!(graph.dot(Direction::LeftToRight).expect("it is small").matches("record").count(), 2);
    let found = graph.first_non_finite().expect("a logarithm of −1");
    assert_eq!((found.operation.as_str(), found.number.is_nan()), ("ln", true));
}

#[test]
#[cfg(debug_assertions)]
fn the_first_operation_that_is_not_finite_is_found_in_its_line() {
    let line_of = |graph: &Graph| {
        let location = graph.first_non_finite().expect("something is not finite").location.expect("a debug build");
        assert!(location.file().ends_with("graphs.rs"), "{location}");
        location.line()
    };
    fn ratio<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let a = x[0] * 2.0;
        a / x[1]
    }
    assert_eq!(line_of(&trace(ratio, &[1.0, 0.0])), line!() - 2);
    let of_slice = trace(|x| sum(&[x[0], x[0]]) + x[1], &[f64::MAX, 1.0]);
    assert_eq!(line_of(&of_slice), line!() - 1);
    let mlp = Mlp::new(1, &[(1, Activation::Linear)], &[f64::MAX, 0.0]);
    let of_layer = trace(|p| dualtape::affine(p, &[p[0]], 1)[0], mlp.parameters());
    assert_eq!(line_of(&of_layer), line!() - 1);

    let of_gradient = trace(|x| (x[0] - 1.0).label("d").sqrt(), &[1.0]);
    let found = of_gradient.first_non_finite().expect("an infinite slope").to_string();
    let sentence = format!("the gradient of d is inf from `sqrt`, of d = 0, in {}:{}:", file!(), line!() - 2);
    assert!(found.starts_with(&sentence), "{found}");
}

#[test]
fn parameters_are_drawn_with_their_group() {
    let mlp: Mlp = Mlp::zeros(3, &[(4, Activation::Tanh), (1, Activation::Linear)]);
    let f = |x: &[Traced], p: &[Traced]| mlp.with_parameters(p).forward(x)[0];
    let graph = trace_parametric(f, &[1.0, 2.0, 3.0], mlp.parameters());
    let dot = graph.clone().fold("layer").dot(Direction::LeftToRight).expect("it is small");
    assert!(dot.contains("{ layer 1 | 16 parameters, 28 operations | 4 results }"), "{dot}");
    assert_eq!(dot.matches("shape=record").count(), 3 + 2);
    let dot = graph.fold("neuron").dot(Direction::LeftToRight).expect("it is small");
    assert_eq!(dot.matches("shape=record").count(), 3 + 5);
}

/// Nothing recurses over the nodes.
#[test]
fn a_million_nodes_are_traced_and_refused_to_be_drawn() {
    fn long<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let steps = |y: S| (0..500).fold(y, |y, _| y * 0.999);
        (0..1000).fold(x[0], |y, step| S::group(format_args!("step {step}"), || steps(y)))
    }
    let graph = trace(long, &[1.0]);
    assert_eq!(graph.len(), 1_000_001);
    assert_eq!(
        graph.dot(Direction::LeftToRight).expect_err("it is large").to_string(),
        "the graph has 1000001 nodes to be drawn, and a drawing holds 10000: fold groups; there are `step` \
         (1000): `graph.fold(\"step\")`"
    );
    let folded = graph.fold("step");
    let dot = folded.dot(Direction::LeftToRight).expect("it is small");
    assert_eq!(dot.matches("shape=record").count(), 1001);
    // The tree stops at its greatest depth.
    assert!(folded.to_string().lines().count() == 65 && folded.to_string().ends_with(" ...\n"), "{folded}");
}

/// Returns the blocks that a program prints for evcxr: the type and the content of each.
fn blocks(output: &str) -> Vec<(&str, &str)> {
    let blocks = output.split("EVCXR_BEGIN_CONTENT ").skip(1);
    blocks
        .map(|block| block.split_once("EVCXR_END_CONTENT").expect("an end").0.split_once('\n').expect("a type"))
        .collect()
}

#[test]
fn notebooks_get_a_picture_and_a_text() {
    const PRINTS: &str = "DUALTAPE_PRINTS_A_GRAPH";
    let graph = trace(neuron, &NEURON);
    if std::env::var_os(PRINTS).is_some() {
        return graph.evcxr_display();
    }
    let test = std::env::current_exe().expect("a test is a program");
    let mut command = std::process::Command::new(test);
    let output = command
        .args(["--exact", "graphs::notebooks_get_a_picture_and_a_text", "--nocapture"])
        .env(PRINTS, "1")
        .output();
    let output = String::from_utf8(output.expect("it runs").stdout).expect("text");
    let svg = graph.svg().expect("it is small");
    assert_eq!(blocks(&output), [("image/svg+xml", svg.as_str()), ("text/plain", &format!("{graph}\n"))]);
}

#[test]
fn pictures_and_pages_hold_any_label() {
    let graph = trace(|x| x[0].label("</script><b> & \"quoted\" \u{7}\u{2028}").exp(), &[0.0]);
    let page = graph.page("<1 & 2>").expect("it is small");
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<b>") && !page.contains('\u{7}') && page.contains("<title>&lt;1 &amp; 2&gt;</title>"));
    assert!(page.contains(r#""name":"\u003c/script\u003e\u003cb\u003e \u0026 \"quoted\" \u0007\u2028""#));
    let json = page.split_once("class=\"steps\">").and_then(|(_, rest)| rest.split_once("</script>")).expect("steps").0;
    let steps: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(steps["nodes"][0]["name"], "</script><b> & \"quoted\" \u{7}\u{2028}");
}

#[test]
fn pictures_are_the_same_every_time() {
    let graph = network(&[4, 4, 1], &[2.0, 3.0, -1.0]);
    assert_eq!(graph.svg(), graph.clone().svg());
    assert_eq!(graph.svg(), network(&[4, 4, 1], &[2.0, 3.0, -1.0]).svg());
}

#[test]
fn numbers_that_are_not_finite_are_drawn() {
    let graph = trace(|x| x[0].ln().sqrt() * 1e300 * 1e300, &[0.0]);
    let page = graph.page("infinite").expect("it is small");
    assert!(page.contains("\"gives\":\"NaN\"") && graph.to_string().contains("NaN"), "{graph}");
}

#[test]
fn too_many_arrows_are_refused() {
    let mlp: Mlp = Mlp::zeros(230, &[(230, Activation::Relu)]);
    let sum_of_all = |x: &[Traced]| mlp.lift().forward(x).into_iter().sum();
    let graph = trace(sum_of_all, &[0.5; 230]).fold("neuron");
    assert_eq!(
        graph.svg().expect_err("it is dense").to_string(),
        "the graph has 53358 arrows to be drawn, and a drawing holds 50000: fold groups; there are `layer` (1): \
         `graph.fold(\"layer\")`"
    );
    assert!(graph.fold("layer").svg().is_ok());
}

/// A name or group given to a number with derivatives goes to the number inside.
#[test]
fn names_reach_the_inner_number() {
    fn named<S: Scalar<Real = f64>>(x: S) -> S {
        S::group("wave", || (x.label("angle") * 2.0).sin())
    }
    let readings: [fn(&[Traced]) -> Traced; 5] = [
        |x| derivative(named, x[0]).1,
        |x| gradient(|x| named(x[0]), x).1[0],
        |x| taylor::<_, 1>(named, x[0])[1],
        |x| fuse(&function!(named: S -> S), [x[0]]),
        |x| gradient(|x| fuse(&function!(named: S -> S), [x[0]]), x).1[0],
    ];
    for (number, reading) in readings.into_iter().enumerate() {
        let graph = trace(reading, &[0.5]);
        assert!(graph.nodes().iter().any(|node| node.label() == Some("angle")), "reading {number} has no name");
        assert!(graph.groups().any(|group| group == "wave"), "reading {number} has no group");
    }
}
