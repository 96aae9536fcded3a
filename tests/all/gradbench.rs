//! The example that solves the problems of GradBench: its protocol, known results, and its derivatives compared with
//! differences of its plain functions.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::compare::{assert_all_close, assert_close};
use crate::support::example::example;
use crate::support::reference::{number, numbers};

/// Returns the output of the program for the messages, a line each.
fn output(options: &[&str], messages: &[Value]) -> Output {
    let mut program = example("gradbench");
    program.args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().unwrap();
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    let mut stdin = program.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = program.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output
}

/// Returns the answers to the messages.
#[track_caller]
fn answers(options: &[&str], messages: &[Value]) -> Vec<Value> {
    let output = output(options, messages);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the results of functions of a module, each at its input. Both forms of the derivatives have to agree.
#[track_caller]
fn evaluate<'a>(module: &str, calls: impl IntoIterator<Item = (&'a str, Value)>) -> Vec<Value> {
    let message = |(id, (function, input))| json!({ "id": id, "kind": "evaluate", "module": module, "function": function, "input": input });
    let messages: Vec<Value> = (0..).zip(calls).map(|call: (i32, _)| message(call)).collect();
    let [tuned, plain] = [&[][..], &["--plain"]].map(|options| {
        let mut answers = answers(options, &messages);
        assert_eq!(answers.len(), messages.len());
        let output = |answer: &mut Value| {
            assert_eq!(answer["success"], true, "{answer}");
            answer["output"].take()
        };
        answers.iter_mut().map(output).collect::<Vec<Value>>()
    });
    for (tuned, plain) in tuned.iter().zip(&plain) {
        assert_all_close("both forms", &flat(tuned), &flat(plain), 1e-10);
    }
    tuned
}

/// Returns all numbers of a result, in order.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(flat).collect(),
        Value::Object(fields) => fields.values().flat_map(flat).collect(),
        _ => vec![number(value)],
    }
}

/// Returns numbers between −1 and 1 that look random.
fn scattered(n: usize) -> Vec<f64> {
    (1..=n).map(|i| (i as f64 * 78.233).sin()).collect()
}

/// Returns rows of `columns` such numbers, other ones for every `start`.
fn rows(n: usize, columns: usize, start: usize) -> Vec<Vec<f64>> {
    scattered(start + n * columns)[start..].chunks(columns).map(<[f64]>::to_vec).collect()
}

/// Returns the paths of the numbers in a field of an input.
fn places(input: &Value, path: &str) -> Vec<String> {
    match input.pointer(path).unwrap() {
        Value::Array(elements) => (0..elements.len()).flat_map(|i| places(input, &format!("{path}/{i}"))).collect(),
        _ => vec![path.to_string()],
    }
}

/// Returns the central differences of all outputs with respect to each number at `paths`.
#[track_caller]
fn differences(module: &str, function: &str, input: &Value, paths: &[&str]) -> Vec<Vec<f64>> {
    const STEP: f64 = 1e-5;
    let places: Vec<String> = paths.iter().flat_map(|path| places(input, path)).collect();
    let shifted = |place: &str, step: f64| {
        let mut input = input.clone();
        let value = input.pointer_mut(place).unwrap();
        *value = json!(number(value) + step);
        input
    };
    let calls = places.iter().flat_map(|place| [STEP, -STEP].map(|step| (function, shifted(place, step))));
    let outputs: Vec<Vec<f64>> = evaluate(module, calls).iter().map(flat).collect();
    let slope =
        |pair: &[Vec<f64>]| pair[0].iter().zip(&pair[1]).map(|(above, below)| (above - below) / (2.0 * STEP)).collect();
    outputs.chunks_exact(2).map(slope).collect()
}

/// Asserts that a gradient agrees with the differences of the function's only output.
#[track_caller]
fn assert_gradient(module: &str, [function, gradient]: [&str; 2], input: Value, paths: &[&str]) {
    let expected: Vec<f64> = differences(module, function, &input, paths).concat();
    let actual = evaluate(module, [(gradient, input)]);
    assert_all_close(module, &flat(&actual[0]), &expected, 1e-7);
}

#[test]
fn messages_are_answered() {
    let llsq = |input| json!({ "id": 7, "kind": "evaluate", "module": "llsq", "function": "gradient", "input": input });
    let messages = [
        json!({ "id": 0, "kind": "start", "eval": "llsq" }),
        json!({ "id": 1, "kind": "define", "module": "llsq" }),
        json!({ "id": 2, "kind": "define", "module": "origami" }),
        llsq(json!({ "x": [0.5, -0.25], "n": 3, "min_runs": 3, "min_seconds": 0 })),
        llsq(json!({ "x": [0.5, -0.25], "n": 3, "min_runs": 1, "min_seconds": 0.001 })),
        json!({ "id": 3, "kind": "analysis", "of": 7, "valid": true }),
        json!({ "id": 4, "kind": "evaluate", "module": "llsq", "function": "hessian", "input": { "x": [1.0], "n": 2 } }),
        json!({ "id": 5, "kind": "something new" }),
        llsq(json!({ "x": [0.5] })),
        json!({ "id": 8, "kind": "evaluate", "module": "det", "function": "primal", "input": { "A": [1.0, 2.0], "ell": 2 } }),
        json!({ "id": 9, "kind": "evaluate", "module": "lse", "function": "primal", "input": { "x": [] } }),
        json!({ "id": 10, "kind": "evaluate", "module": "hello", "function": "double", "input": 3 }),
    ];
    let answers = answers(&[], &messages);
    assert_eq!(answers.len(), messages.len());
    for (message, answer) in messages.iter().zip(&answers) {
        assert_eq!(message["id"], answer["id"]);
    }
    assert_eq!(answers[0], json!({ "id": 0, "tool": "dualtape" }));
    assert_eq!(answers[1], json!({ "id": 1, "success": true }));
    assert_eq!(answers[2], json!({ "id": 2, "success": false, "error": "unknown module origami" }));
    assert_eq!((&answers[3]["success"], &answers[3]["output"]), (&json!(true), &json!([1.5, -2.5])));
    assert_eq!(answers[3]["timings"].as_array().unwrap().len(), 3);
    let timings = answers[4]["timings"].as_array().unwrap();
    assert!(timings.iter().all(|timing| timing["name"] == "evaluate"));
    assert!(timings.iter().map(|timing| number(&timing["nanoseconds"])).sum::<f64>() >= 1e6);
    assert_eq!(answers[5], json!({ "id": 3 }));
    assert_eq!(answers[6], json!({ "id": 4, "success": false, "error": "no function hessian in module llsq" }));
    assert_eq!(answers[7], json!({ "id": 5 }));
    assert_eq!(answers[8]["error"], "missing field `n`");
    assert_eq!(answers[9]["error"], "a matrix of 2 rows has 4 entries, and not 2");
    assert_eq!(answers[10]["error"], "the result is not finite");
    assert_eq!(answers[11]["output"], 6.0);
}

#[test]
fn a_line_that_is_no_message_ends_the_program() {
    let output = output(&[], &[json!("hello")]);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("gradbench: "));
}

#[test]
fn determinants_and_their_gradients_are_right() {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
    let input = json!({ "A": a, "ell": 3 });
    let results = evaluate("det", [("primal", input.clone()), ("gradient", input)]);
    assert_eq!(results, [json!(-3.0), json!([2.0, 2.0, -3.0, 4.0, -11.0, 6.0, -3.0, 6.0, -3.0])]);
    for ell in 1..=5 {
        let input = json!({ "A": scattered(ell * ell), "ell": ell });
        assert_gradient("det", ["primal", "gradient"], input, &["/A"]);
    }
}

#[test]
fn least_squares_and_their_gradients_are_right() {
    let input = json!({ "x": [0.5, -0.25], "n": 3 });
    assert_eq!(evaluate("llsq", [("primal", input.clone()), ("gradient", input)]), [json!(1.9375), json!([1.5, -2.5])]);
    for (m, n) in [(1, 2), (6, 40)] {
        assert_gradient("llsq", ["primal", "gradient"], json!({ "x": scattered(m), "n": n }), &["/x"]);
    }
}

#[test]
fn logarithms_of_sums_and_their_gradients_are_right() {
    let input = json!({ "x": [-5.0, -7.0, -6.0] });
    let results = evaluate("lse", [("primal", input.clone()), ("gradient", input)]);
    assert_close("lse", number(&results[0]), -4.592394035555619, 1e-15);
    assert_all_close("gradient", &numbers(&results[1]), &[0.6652409558, 0.09003057317, 0.2447284711], 1e-10);
    assert_gradient("lse", ["primal", "gradient"], json!({ "x": scattered(9) }), &["/x"]);
}

#[test]
fn differential_equations_and_their_gradients_are_right() {
    for (s, y, g) in [
        (1, [1.0, -1.5, -2.0, -0.25, 0.0], [0.0; 5]),
        (2, [1.0, -1.5, -2.0, -0.25, -0.28125], [-0.5625, 0.1875, -0.140625, -1.125, -0.09375]),
    ] {
        let input = json!({ "x": [0.5, -1.5, 2.0, 0.25, 3.0], "s": s });
        let results = evaluate("ode", [("primal", input.clone()), ("gradient", input)]);
        assert_all_close("y", &numbers(&results[0]), &y, 1e-15);
        assert_all_close("gradient", &numbers(&results[1]), &g, 1e-15);
    }
    for (n, s) in [(1, 1), (3, 4), (14, 3)] {
        let input = json!({ "x": rows(1, n, 5)[0], "s": s });
        let by_x = differences("ode", "primal", &input, &["/x"]);
        let expected: Vec<f64> = by_x.iter().map(|y| y[n - 1]).collect();
        assert_all_close("ode", &numbers(&evaluate("ode", [("gradient", input)])[0]), &expected, 1e-8);
    }
}

#[test]
fn costs_of_clusters_and_their_directions_are_right() {
    let input = json!({ "points": [[0, 0], [1, 0], [4, 4], [6, 3]], "centroids": [[0, 1], [5, 5]] });
    let results = evaluate("kmeans", [("cost", input.clone()), ("dir", input)]);
    assert_eq!(results, [json!(10.0), json!([[-0.5, 1.0], [0.0, 1.5]])]);

    // J = H·dir, and H of a coordinate is twice the number of points of its centroid.
    let (points, centroids) = (rows(30, 3, 0), rows(2, 3, 400));
    let input = json!({ "points": points, "centroids": centroids });
    let gradient = differences("kmeans", "cost", &input, &["/centroids"]).concat();
    let square = |c: &[f64], p: &[f64]| c.iter().zip(p).map(|(c, p)| (c - p).powi(2)).sum::<f64>();
    let first = points.iter().filter(|p| square(&centroids[0], p) <= square(&centroids[1], p)).count();
    let expected: Vec<f64> =
        (0..6).map(|i| gradient[i] / (2 * if i < 3 { first } else { 30 - first }) as f64).collect();
    assert_all_close("dir", &flat(&evaluate("kmeans", [("dir", input)])[0]), &expected, 1e-8);
}

#[test]
fn mixtures_and_their_gradients_are_right() {
    let input = json!({
        "d": 3, "k": 2, "n": 2, "m": 2, "gamma": 0.5, "alpha": [0.5, -0.25], "mu": [[0, 1, 2], [1, 0, -1]],
        "q": [[0.1, 0.2, -0.3], [0, -0.5, 0.4]], "l": [[1, 2, 3], [-1, 0.5, 0.25]], "x": [[1, 1, 1], [0, 2, -1]]
    });
    let results = evaluate("gmm", [("objective", input.clone()), ("jacobian", input)]);
    assert_close("objective", number(&results[0]), -54.95519307789186, 1e-14);
    assert_all_close("alpha", &numbers(&results[1]["alpha"]), &[0.5689577256, -0.5689577256], 1e-10);
    let l = [-1.237366798, -1.743274282, -1.480852439, 0.3828980369, -0.125, -0.1033513461];
    assert_all_close("l", &flat(&results[1]["l"]), &l, 1e-9);

    // More points than one block; the fields of an object are sorted by name.
    let input = json!({
        "d": 4, "k": 3, "n": 60, "m": 1, "gamma": 1.5, "alpha": scattered(3), "mu": rows(3, 4, 3), "q": rows(3, 4, 15),
        "l": rows(3, 6, 27), "x": rows(60, 4, 45)
    });
    assert_gradient("gmm", ["objective", "jacobian"], input, &["/alpha", "/l", "/mu", "/q"]);
    let input = json!({
        "d": 1, "k": 2, "n": 3, "m": 0, "gamma": 1, "alpha": scattered(2), "mu": rows(2, 1, 2), "q": rows(2, 1, 4),
        "l": [[], []], "x": rows(3, 1, 6)
    });
    assert_gradient("gmm", ["objective", "jacobian"], input, &["/alpha", "/l", "/mu", "/q"]);
}

#[test]
fn recurrent_networks_and_their_gradients_are_right() {
    let input = json!({
        "main_params": [
            [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [-0.1, 0.2, -0.3, 0.4, -0.5, 0.6, -0.7, 0.8],
            [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], [0, 0, 0, 0, 0, 0, 0, 0]
        ],
        "extra_params": [[1, 2], [0.5, -1], [0.25, 0.75]], "state": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]],
        "sequence": [[1, 0], [0, 1], [1, 1]]
    });
    let results = evaluate("lstm", [("objective", input.clone()), ("jacobian", input)]);
    assert_close("objective", number(&results[0]), 0.8760800085266647, 1e-15);
    let g = numbers(&results[1]);
    assert_eq!(g.len(), 38);
    assert_all_close("start", &g[..4], &[-2.759807297e-6, 0.0005743654714, -7.76831492e-6, 0.0004565296145], 1e-12);
    let end = [-1.243897665e-5, 0.0003133256078, 0.001014282356, -0.05255730509, -0.0492911754, -0.2434525926];
    assert_all_close("end", &g[32..], &end, 1e-10);

    // The second is longer than one recording.
    for (layers, bits, characters) in [(2, 2, 30), (1, 1, 5000)] {
        let sequence: Vec<Vec<u8>> =
            rows(characters, bits, 0).iter().map(|x| x.iter().map(|x| u8::from(*x > 0.0)).collect()).collect();
        let input = json!({
            "main_params": rows(2 * layers, 4 * bits, 0), "extra_params": rows(3, bits, 32),
            "state": rows(2 * layers, bits, 38), "sequence": sequence
        });
        assert_gradient("lstm", ["objective", "jacobian"], input, &["/main_params", "/extra_params"]);
    }
}

#[test]
fn bundles_and_their_jacobians_are_right() {
    let input = |r: [f64; 3], n, m, p| {
        let cam = [&r[..], &[0.5, -0.5, -4.0, 100.0, 3.0, -2.0, 0.1, -0.05]].concat();
        json!({ "n": n, "m": m, "p": p, "cam": cam, "x": [1, 2, 3], "w": 0.5, "feat": [10, 20] })
    };
    for (r, error) in [([0.0; 3], [0.1156623728, 7.078311864]), ([0.1, -0.2, 0.3], [-14.5390409, 0.561109854])] {
        let results = evaluate("ba", [("objective", input(r, 2, 3, 12)), ("jacobian", input(r, 2, 3, 12))]);
        assert_eq!(results[0]["w_err"], json!({ "element": 0.75, "repeated": 12 }));
        assert_eq!(results[0]["reproj_error"]["repeated"], 12);
        assert_all_close("error", &numbers(&results[0]["reproj_error"]["elements"]), &error, 1e-9);
        let (row_ends, columns, values) = (&results[1]["rows"], &results[1]["cols"], numbers(&results[1]["vals"]));
        assert_eq!(row_ends.as_array().unwrap()[..4], [json!(0), json!(15), json!(30), json!(45)]);
        assert_eq!(row_ends[30], 372);
        assert_eq!(columns.as_array().unwrap()[11..15], [json!(22), json!(23), json!(24), json!(31)]);
        assert_eq!((&columns[30], values[30]), (&json!(42), -1.0));

        let differences = differences("ba", "objective", &input(r, 1, 1, 1), &["/cam", "/x", "/w"]);
        let rows: Vec<f64> =
            [0, 1].iter().flat_map(|&row| differences.iter().map(move |by| elements(by)[row])).collect();
        // At r = 0 the differences leave the branch, which is exact to first order only.
        assert_all_close("jacobian", &values[..30], &rows, if r[0] == 0.0 { 1e-3 } else { 1e-7 });
    }
}

/// The two errors among the numbers of ba's objective, which are sorted by name.
fn elements(objective: &[f64]) -> &[f64] {
    &objective[..2]
}

/// A hand of 22 bones with one triangle.
fn hand(us: Value, correspondence: usize, mirrored: bool) -> Value {
    let moved = |x: f64, y: f64, z: f64| json!([[1, 0, 0, x], [0, 1, 0, y], [0, 0, 1, z], [0, 0, 0, 1]]);
    let mut weights = vec![vec![0.0; 22]; 3];
    (weights[0][2], weights[0][3], weights[1][8], weights[2][20], weights[2][21]) = (0.5, 0.5, 1.0, 0.25, 0.75);
    json!({
        "theta": (1..=26).map(|k| 0.1 * k as f64).collect::<Vec<_>>(),
        "us": us,
        "data": {
            "model": {
                "bone_count": 22, "bone_names": vec!["bone"; 22],
                "parents": [-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19, 0],
                "base_relatives": vec![moved(0.1, 0.2, 0.3); 22],
                "inverse_base_absolutes": vec![moved(0.0, 0.0, -0.5); 22],
                "base_positions": [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]],
                "weights": weights, "triangles": [[0, 1, 2]], "is_mirrored": mirrored
            },
            "correspondences": [correspondence],
            "points": [[1, 2, 3]]
        }
    })
}

#[test]
fn hands_and_their_jacobians_are_right() {
    let on_triangle = hand(json!([[0.2, 0.3]]), 0, false);
    let results = evaluate("ht", [("objective", on_triangle.clone()), ("jacobian", on_triangle.clone())]);
    assert_all_close("objective", &numbers(&results[0]), &[-0.2119116737, 0.6701701505, 1.515304830], 1e-9);
    let row = numbers(&results[1][0]);
    assert_all_close(
        "row",
        &row[..6],
        &[-0.119456152, -1.588833339, -0.2119908306, -0.8208030398, 0.857898706, -1.0],
        1e-9,
    );
    assert_eq!(row.len(), 28);

    let at_vertex = hand(json!([]), 2, false);
    let results = evaluate("ht", [("objective", at_vertex.clone()), ("jacobian", at_vertex.clone())]);
    assert_all_close("objective", &numbers(&results[0]), &[0.2886295584, 0.9435748028, 1.352830749], 1e-9);
    assert_eq!(numbers(&results[1][0]).len(), 26);

    // Where the whole hand is not rotated, no derivative with respect to its rotation is asked for.
    let mut straight = on_triangle.clone();
    (0..3).for_each(|i| straight["theta"][i] = json!(0));
    for (hand, paths) in [
        (on_triangle, &["/us", "/theta"][..]),
        (at_vertex, &["/theta"]),
        (hand(json!([[0.2, 0.3]]), 0, true), &["/us", "/theta"]),
        (straight, &["/us", "/theta"]),
    ] {
        let by_columns = differences("ht", "objective", &hand, paths);
        let rows: Vec<f64> = (0..3).flat_map(|row| by_columns.iter().map(move |column| column[row])).collect();
        assert_all_close("ht", &flat(&evaluate("ht", [("jacobian", hand)])[0]), &rows, 1e-8);
    }
}

#[test]
fn nested_derivatives_agree_in_all_modes() {
    const MODES: [&str; 4] = ["rr", "ff", "fr", "rf"];
    for (mode, w) in MODES.iter().zip(evaluate("particle", MODES.map(|mode| (mode, json!({ "w": 0.0 }))))) {
        assert_close(mode, number(&w), 0.2071918746486116, 1e-12);
    }
    for (mode, saddle) in MODES.iter().zip(evaluate("saddle", MODES.map(|mode| (mode, json!({ "start": [1, 1] }))))) {
        assert_all_close(mode, &numbers(&saddle), &[8.246324826140356e-6; 4], 1e-15);
    }
}
