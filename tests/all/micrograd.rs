//! Every computation of micrograd and its lecture, in reverse and in forward mode.
//!
//! The numbers in `tests/data/micrograd` come from micrograd 0.1.0, from the
//! `Value` of the lecture, and from PyTorch in double precision.

use std::collections::HashMap;

use dualtape::nn::{Activation, Mlp, Schedule, Sgd, squared_error};
use dualtape::{Dual, Scalar, Tape, Var, derivative, gradient, gradient_forward, sum};
use serde_json::Value;

use crate::support::compare::{assert_all_close, assert_close};
use crate::support::example::example;
use crate::support::expression::{evaluate, run};
use crate::support::reference::{number, numbers, read};

const TOLERANCE: f64 = 1e-12;

/// A case of the reference: inputs, statements, and their values and gradients.
struct Case {
    json: Value,
}

impl Case {
    fn named(name: &str) -> Self {
        let all = read("reference.json");
        let mut cases = all["cases"].as_array().expect("a list of cases").iter();
        let json = cases.find(|case| case["name"] == name).unwrap_or_else(|| panic!("no case {name}")).clone();
        Case { json }
    }

    fn inputs(&self) -> Vec<(&str, f64)> {
        let inputs = self.json["inputs"].as_object().expect("the inputs");
        inputs.iter().map(|(name, value)| (name.as_str(), number(value))).collect()
    }

    fn statements(&self) -> Vec<&str> {
        let statements = self.json["statements"].as_array().expect("the statements");
        statements.iter().map(|statement| statement.as_str().expect("text")).collect()
    }

    fn root(&self) -> &str {
        self.json["root"].as_str().expect("the name of the root")
    }

    fn run<S: Scalar<Real = f64>>(&self, watch: impl Fn(&str, S) -> S) -> HashMap<&str, S> {
        run(self.inputs(), &self.statements(), watch)
    }

    /// Runs the case on a tape: the inputs become variables.
    fn record(&self, tape: &Tape) -> HashMap<&str, Var> {
        self.run(|_, x: Var| if x.is_constant() { tape.var(x.value()) } else { x })
    }

    /// Runs the case in forward mode, with the derivative with respect to the value called `name`.
    fn forward(&self, name: &str) -> HashMap<&str, Dual> {
        self.run(|watched, x: Dual| if watched == name { Dual::variable(x.primal) } else { x })
    }

    /// All named values and gradients, in three readings.
    fn assert_named(&self) {
        let plain: HashMap<&str, f64> = self.run(|_, x| x);
        let tape = Tape::new();
        let reverse = self.record(&tape);
        let gradients = tape.backward(reverse[self.root()]);

        assert_close("the value", plain[self.root()], number(&self.json["value"]), TOLERANCE);
        let named = self.json["named"].as_object().expect("the named values");
        assert_eq!(named.len(), plain.len(), "the number of names");
        for (name, expected) in named {
            let (data, grad) = (number(&expected["data"]), number(&expected["grad"]));
            let name = name.as_str();
            assert_close(name, plain[name], data, TOLERANCE);
            assert_eq!(reverse[name].value(), plain[name], "{name} on the tape");
            assert_close(&format!("reverse ∂/∂{name}"), gradients[reverse[name]], grad, TOLERANCE);
            let [slope] = self.forward(name)[self.root()].partials;
            assert_close(&format!("forward ∂/∂{name}"), slope, grad, TOLERANCE);
        }
    }
}

macro_rules! expressions {
    ($($name:ident)*) => {
        #[expect(non_snake_case, reason = "the tests bear the names of the cases")]
        mod expressions {
            $(#[test] fn $name() { super::Case::named(stringify!($name)).assert_named(); })*
        }

        const EXPRESSIONS: &[&str] = &[$(stringify!($name)),*];
    };
}

expressions! {
    seed003_readme_more_ops
    test_sanity_check
    lecture_L
    lecture_neuron_tanh
    lecture_neuron_exp
    reuse_a_plus_a
    reuse_mul_add
    pr64_nonleaf_reuse
    issue68_diamond
    trace_graph_simple
    relu_at_zero
    relu_neg_zero
    reflected_ops
    pow_kinds
    pow_neg_base
    exercise_softmax_nll
    trace_graph_neuron
}

#[test]
fn every_case_is_tested() {
    let elsewhere = [
        "issue53_backward_twice",
        "pr8_backward_twice_cube",
        "lecture_numerical_derivatives",
        "lecture_L_one_step_up",
        "lecture_neuron_torch_printed",
        "exercise_section1",
    ];
    let all = read("reference.json");
    let cases: Vec<&str> = all["cases"].as_array().unwrap().iter().map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(cases, [EXPRESSIONS, &elsewhere].concat());
}

/// Nothing accumulates: a second sweep gives the first result again, and the caller adds two if needed.
#[test]
fn issue53_backward_twice() {
    let case = Case::named("issue53_backward_twice");
    let tape = Tape::new();
    let variables = case.record(&tape);
    let first = tape.backward(variables[case.root()]);
    let second = tape.backward(variables[case.root()]);
    for (name, expected) in case.json["after_first"].as_object().unwrap() {
        let variable = variables[name.as_str()];
        assert_eq!(first[variable], number(expected), "{name}");
        assert_eq!(second[variable], first[variable], "{name}");
        assert_eq!(case.forward(name)[case.root()].partials, [number(expected)], "{name}");
    }
    for (name, expected) in case.json["after_second_torch"].as_object().unwrap() {
        let variable = variables[name.as_str()];
        assert_eq!(first[variable] + second[variable], number(expected), "{name}");
    }
}

#[test]
fn pr8_backward_twice_cube() {
    let case = Case::named("pr8_backward_twice_cube");
    let tape = Tape::new();
    let variables = case.record(&tape);
    for _ in 0..2 {
        assert_eq!(tape.backward(variables["y"])[variables["x"]], number(&case.json["first"]));
    }
    assert_eq!(case.forward("x")["y"].partials, [number(&case.json["first"])]);
}

#[test]
fn lecture_numerical_derivatives() {
    let case = Case::named("lecture_numerical_derivatives").json;
    let polynomial = case["f"].as_str().unwrap();

    fn f<S: Scalar<Real = f64>>(polynomial: &str, x: S) -> S {
        evaluate(polynomial, &HashMap::from([("x", x)]))
    }

    assert_eq!(f(polynomial, 3.0), number(&case["f_at_3"]));
    for row in case["table"].as_array().unwrap() {
        let (x, h) = (number(&row["x"]), number(&row["h"]));
        assert_eq!((f(polynomial, x + h) - f(polynomial, x)) / h, number(&row["slope"]), "x = {x}, h = {h}");
        assert_close("the exact slope", derivative(|x| f(polynomial, x), x).1, 6.0 * x - 4.0, TOLERANCE);
        assert_close("the exact slope", gradient(|x| f(polynomial, x[0]), &[x]).1[0], 6.0 * x - 4.0, TOLERANCE);
    }
    let curve = &case["curve"];
    for (i, y) in numbers(&curve["y"]).into_iter().enumerate() {
        assert_eq!(f(polynomial, number(&curve["x_from"]) + i as f64 * number(&curve["step"])), y);
    }
}

/// The slopes of `d = a*b + c` and of `L = (a*b + c) * f`, each value moved by h.
#[test]
fn lecture_numerical_derivatives_of_expressions() {
    let case = Case::named("lecture_numerical_derivatives").json;
    let (abc, lecture) = (&case["abc"], Case::named("lecture_L"));

    let inputs = [("a", 2.0), ("b", -3.0), ("c", 10.0)];
    let d =
        |moved: &str, h: f64| run(inputs, &["d = a*b + c"], |name, x: f64| if name == moved { x + h } else { x })["d"];
    let h = number(&abc["h"]);
    assert_eq!(d("none", h), number(&abc["d1"]));
    for name in ["a", "b", "c"] {
        assert_eq!(d(name, h), number(&abc[format!("d2_{name}")]));
        assert_eq!((d(name, h) - d("none", h)) / h, number(&abc[format!("slope_{name}")]));
    }

    let l = |moved: &str, h: f64| lecture.run(|name, x: f64| if name == moved { x + h } else { x })["L"];
    let slopes = case["lol_h_0.001"].as_object().unwrap();
    for (key, slope) in slopes {
        let name = key.strip_suffix('h').unwrap_or(key);
        assert_eq!((l(name, 0.001) - l("none", 0.001)) / 0.001, number(slope), "{name}");
    }
}

#[test]
fn lecture_l_one_step_up() {
    let (case, lecture) = (Case::named("lecture_L_one_step_up").json, Case::named("lecture_L"));
    let tape = Tape::new();
    let before = lecture.record(&tape);
    let gradients = tape.backward(before["L"]);
    assert_eq!(before["L"].value(), number(&case["L_before"]));

    let up: Vec<(&str, f64)> = case["inputs"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| {
            let x = before[name.as_str()];
            (name.as_str(), x.value() + 0.01 * gradients[x])
        })
        .collect();
    for &(name, moved) in &up {
        assert_close(name, moved, number(&case["new"][name]), TOLERANCE);
    }
    let after: HashMap<&str, f64> = run(up, &lecture.statements(), |_, x| x);
    assert_close("L", after["L"], number(&case["L_after"]), TOLERANCE);
}

/// The lecture prints numbers of PyTorch, whose bias went through single precision.
#[test]
fn lecture_neuron_torch_printed() {
    let (case, neuron) = (Case::named("lecture_neuron_torch_printed").json, Case::named("lecture_neuron_tanh"));
    let bias = f64::from(6.881_373_587_019_543_f64 as f32);
    assert_eq!(bias, number(&case["bias_f32"]));

    let inputs: Vec<(&str, f64)> =
        neuron.inputs().into_iter().map(|(name, x)| (name, if name == "b" { bias } else { x })).collect();
    let tape = Tape::new();
    let values =
        run(inputs.clone(), &neuron.statements(), |_, x: Var| if x.is_constant() { tape.var(x.value()) } else { x });
    let gradients = tape.backward(values["o"]);
    assert_close("o", values["o"].value(), number(&case["o"]), TOLERANCE);
    for name in ["x1", "x2", "w1", "w2"] {
        assert_close(name, gradients[values[name]], number(&case[name]), TOLERANCE);
        let forward =
            run(
                inputs.clone(),
                &neuron.statements(),
                |watched, x: Dual| {
                    if watched == name { Dual::variable(x.primal) } else { x }
                },
            );
        assert_close(name, forward["o"].partials[0], number(&case[name]), TOLERANCE);
    }
}

#[test]
fn exercise_section1() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let [a, b, c] = [x[0], x[1], x[2]];
        -a.powi(3) + (b * 3.0).sin() - c.recip() + b.powf(2.5) - a.powf(0.5)
    }

    let case = Case::named("exercise_section1").json;
    let x = [2.0, 3.0, 4.0];
    for (y, g) in [gradient(f, &x), gradient_forward(f, &x)] {
        assert_close("the value", y, number(&case["value"]), TOLERANCE);
        assert_all_close("the gradient", &g, &numbers(&case["grads"]), TOLERANCE);
    }

    let h = 1e-6;
    let moved = |i: usize, h: f64| f::<f64>(&std::array::from_fn::<_, 3, _>(|j| if i == j { x[j] + h } else { x[j] }));
    let forward: Vec<f64> = (0..3).map(|i| (moved(i, h) - f(&x)) / h).collect();
    let central: Vec<f64> = (0..3).map(|i| (moved(i, h) - moved(i, -h)) / (2.0 * h)).collect();
    // A last bit of f, divided by h.
    assert_all_close("forward differences", &forward, &numbers(&case["forward_diff_h1e6"]), 1e-8);
    assert_all_close("central differences", &central, &numbers(&case["central_diff_h1e6"]), 1e-8);
}

/// The lecture's net on four samples.
struct FourSamples {
    json: Value,
    points: Vec<Vec<f64>>,
    targets: Vec<f64>,
}

impl FourSamples {
    fn read() -> Self {
        let json = read("mlp_4samples.json");
        let points = json["xs"].as_array().unwrap().iter().map(numbers).collect();
        let targets = numbers(&json["ys"]);
        FourSamples { json, points, targets }
    }

    fn initial(&self) -> Mlp {
        let layers = [(4, Activation::Tanh), (4, Activation::Tanh), (1, Activation::Tanh)];
        Mlp::new(3, &layers, &numbers(&self.json["initial_weights"]))
    }

    fn runs(&self) -> &[Value] {
        let runs = self.json["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 4);
        runs
    }

    fn loss<S: Scalar<Real = f64>>(&self, mlp: &Mlp<S>) -> S {
        squared_error(&mlp.forward_all(&self.points), &self.targets)
    }
}

/// Returns whether a run resets the gradients before each step. The other run follows the sum of all gradients so far.
fn resets(run: &Value) -> bool {
    run["zero_grad"].as_bool().unwrap()
}

#[test]
fn four_sample_net_trains_as_in_the_lecture() {
    let samples = FourSamples::read();
    for run in samples.runs() {
        // Without resets the training magnifies a last bit by 10⁷; see the next test.
        let tolerance = if resets(run) { 1e-10 } else { 1e-6 };
        let mut mlp = samples.initial();
        let mut sgd = Sgd::new(Schedule::Constant(number(&run["lr"])));
        let mut grad = vec![0.0; mlp.parameters().len()];
        let (mut losses, mut predictions) = (Vec::new(), Vec::new());
        for step in 0..number(&run["steps"]) as usize {
            predictions.push(mlp.forward_all(&samples.points));
            let (loss, g) = gradient(|p| samples.loss(&mlp.with_parameters(p)), mlp.parameters());
            let forward = gradient_forward(|p| samples.loss(&mlp.with_parameters(p)), mlp.parameters()).1;
            assert_all_close("forward and reverse mode", &forward, &g, TOLERANCE);
            if step == 0 {
                assert_all_close("the first gradient", &g, &numbers(&run["grads_step0"]), TOLERANCE);
            }
            losses.push(loss);
            for (sum, g) in grad.iter_mut().zip(g) {
                *sum = if resets(run) { g } else { *sum + g };
            }
            sgd.step(mlp.parameters_mut(), &grad);
        }
        assert_all_close("losses", &losses, &numbers(&run["losses"]), tolerance);
        assert_all_close("first predictions", &predictions[0], &numbers(&run["preds_first"]), tolerance);
        assert_all_close("last predictions", predictions.last().unwrap(), &numbers(&run["preds_last"]), tolerance);
        assert_all_close("final weights", mlp.parameters(), &numbers(&run["final_weights"]), tolerance);
    }
}

/// Every run again, in the very operations of the lecture: sums from the bias on, the tanh of exponentials with slope
/// `1 − t²`, and gradients summed on the tape, which gets the sums so far as seeds.
#[test]
fn four_sample_net_follows_the_lecture_to_ten_digits_in_its_order() {
    fn tanh(x: Var) -> Var {
        let e = (2.0 * x.value()).exp();
        let t = (e - 1.0) / (e + 1.0);
        (x - x.value()) * (1.0 - t * t) + t
    }

    fn forward(mut parameters: &[Var], x: &[f64]) -> Var {
        let mut outputs: Vec<Var> = x.iter().map(|&x| Var::constant(x)).collect();
        for neurons in [4, 4, 1] {
            let block = outputs.len() + 1;
            let (layer, rest) = parameters.split_at(neurons * block);
            let neuron = |p: &[Var]| tanh(p.iter().zip(&outputs).fold(p[block - 1], |sum, (&w, &x)| sum + w * x));
            outputs = layer.chunks(block).map(neuron).collect();
            parameters = rest;
        }
        outputs[0]
    }

    let samples = FourSamples::read();
    for run in samples.runs() {
        let mut mlp = samples.initial();
        let mut sgd = Sgd::new(Schedule::Constant(number(&run["lr"])));
        let mut grad = vec![0.0; mlp.parameters().len()];
        let mut losses = Vec::new();
        for _ in 0..number(&run["steps"]) as usize {
            let tape = Tape::new();
            let parameters = tape.vars(mlp.parameters());
            let pairs = samples.points.iter().zip(&samples.targets);
            let loss: Var = pairs.map(|(x, &y)| (forward(&parameters, x) - y).powi(2)).sum();
            let mut seeds = vec![(loss, 1.0)];
            if !resets(run) {
                seeds.extend(parameters.iter().copied().zip(grad));
            }
            grad = tape.backward_seeded(&seeds).wrt(&parameters);
            losses.push(loss.value());
            sgd.step(mlp.parameters_mut(), &grad);
        }
        assert_all_close("losses", &losses, &numbers(&run["losses"]), 1e-10);
        assert_all_close("final weights", mlp.parameters(), &numbers(&run["final_weights"]), 1e-10);
    }
}

/// A function's value and slope at a point where micrograd gives the pair of text
/// that `edge_cases.json` holds under `name`.
fn assert_edge(name: &str, f: impl Fn(Var) -> Var, forward: impl Fn(Dual) -> Dual, x: f64) {
    let edges = read("edge_cases.json");
    let pair = edges[name].as_str().unwrap().trim_matches(['(', ')']).split(", ");
    let expected: Vec<f64> = pair.map(|number| number.parse().unwrap()).collect();
    let (y, g) = gradient(|x| f(x[0]), &[x]);
    let (y2, slope) = derivative(forward, x);
    for (value, slope) in [(y, g[0]), (y2, slope)] {
        assert_eq!(value.to_string(), expected[0].to_string(), "{name}: the value");
        assert_eq!(slope, expected[1], "{name}: the slope");
    }
}

#[test]
fn edge_cases_that_micrograd_has_right() {
    assert_edge("-0.0.relu()", Scalar::relu, Scalar::relu, -0.0);
    assert_edge("inf.relu()", Scalar::relu, Scalar::relu, f64::INFINITY);
    assert_edge("relu(x) at 0", Scalar::relu, Scalar::relu, 0.0);
    assert_edge("0.0**1", |x| x.powf(1.0), |x| x.powf(1.0), 0.0);
    assert_edge("0.0**2", |x| x.powf(2.0), |x| x.powf(2.0), 0.0);
    assert_eq!(sum::<Var>(&[]).value().to_string(), read("edge_cases.json")["sum([])"].as_str().unwrap());
}

#[test]
fn edge_cases_where_micrograd_raises_or_errs() {
    assert_eq!(derivative(|x| x.powi(-1), 0.0), (f64::INFINITY, f64::NEG_INFINITY));
    assert_eq!(derivative(|x| x.powi(0), 0.0), (1.0, 0.0));
    assert_eq!(derivative(|x| x.powf(0.5), 0.0), (0.0, f64::INFINITY));
    // The real power of a negative number, where Python leaves the real line.
    assert!(derivative(|x| x.powf(1.0 / 3.0), -8.0_f64).0.is_nan());
    // A number or a variable to the power of a variable.
    assert_eq!(derivative(|x| Dual::constant(2.0).pow(x), 3.0), (8.0, 8.0 * 2.0_f64.ln()));
    assert_eq!(derivative(|x| x.pow(x), 2.0), (4.0, 4.0 * (2.0_f64.ln() + 1.0)));
    // Comparisons are of values.
    assert!(Dual::variable(1.0) < Dual::variable(2.0) && Dual::variable(1.0) == Dual::constant(1.0));
    // A NaN stays one in the slope too, where micrograd has 0.
    let (y, slope) = derivative(|x| x.relu(), f64::NAN);
    assert!(y.is_nan() && slope.is_nan());
    // The lecture's tanh overflows at 355 and loses its digits near 0.
    assert_eq!(derivative(|x| x.tanh(), 355.0).0, 1.0);
    assert_eq!(derivative(|x| x.tanh(), 1e-9), (1e-9, 1.0));
}

/// micrograd's recursion ends at 996 operations.
#[test]
fn long_chains_do_not_overflow_the_stack() {
    let (y, g) = gradient(|x| (0..100_000).fold(x[0], |y, _| y + 1.0), &[1.0]);
    assert_eq!((y, g), (100_001.0, vec![1.0]));
}

#[test]
fn networks_read_as_micrograd_prints_them() {
    let mlp: Mlp = Mlp::zeros(2, &[(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)]);
    assert_eq!(
        mlp.to_string(),
        "MLP of [Layer of [ReLU(2) x 16], Layer of [ReLU(16) x 16], Layer of [Linear(16) x 1]]"
    );
    assert_eq!(mlp.parameters().len(), 337);
}

/// micrograd truncates the longer of the two.
#[test]
#[should_panic = "Mlp::forward: the point has 2 elements and the network has 3 inputs; pass one for each"]
fn a_wrong_number_of_inputs_is_refused() {
    Mlp::<f64>::zeros(3, &[(1, Activation::Relu)]).forward(&[1.0, 2.0]);
}

#[test]
#[should_panic = "Mlp: 3 parameters were passed and the layers have 4; pass one for each, in the order layer, neuron, \
                  weights, bias"]
fn a_wrong_number_of_parameters_is_refused() {
    Mlp::<f64>::zeros(3, &[(1, Activation::Relu)]).with_parameters(&[1.0, 2.0, 3.0]);
}

#[test]
#[should_panic = "Optimizer::step: 2 parameters and 1 derivatives; pass one derivative for each parameter"]
fn a_wrong_number_of_derivatives_is_refused() {
    Sgd::new(Schedule::Constant(1.0)).step(&mut [1.0, 2.0], &[1.0]);
}

#[test]
#[should_panic = "nn::squared_error: 1 outputs and 2 targets; pass one for each"]
fn a_wrong_number_of_targets_is_refused() {
    squared_error(&[1.0], &[1.0, 2.0]);
}

/// The example prints the expression of micrograd's README in micrograd's own text,
/// every statement with its value and then with its gradient.
#[test]
fn the_example_prints_what_micrograd_prints() {
    let output = example("micrograd").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<&str> =
        text.lines().filter_map(|line| line.find("  Value(").map(|start| &line[start + 2..])).collect();

    let case = Case::named("seed003_readme_more_ops");
    let named = &case.json["named"];
    let statements = case.statements();
    let results = statements.iter().map(|statement| statement.split(' ').next().unwrap());
    let names: Vec<&str> = ["a", "b"].into_iter().chain(results).collect();
    for (index, &name) in names.iter().enumerate() {
        if let Some(before) = named[name]["repr_forward"].as_str() {
            assert_eq!(printed[index], before, "{name} forward");
        }
        let after = named[name]["repr_backward"].as_str().unwrap();
        assert_eq!(printed[names.len() + index], after, "{name} backward");
    }

    let slopes = Case::named("lecture_numerical_derivatives").json;
    let first = &slopes["table"][0];
    assert!(text.contains(&format!("at x = 3.0, pushed by 0.001: {}\n", number(&first["slope"]))));
    assert!(text.contains("at x = 3.0, pushed by 1e-08: 14.00000009255109\n"));
}
