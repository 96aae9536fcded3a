//! micrograd's demo, number by number, and the example that runs it.

use std::fs;
use std::path::Path;
use std::process::Output;

use dualtape::nn::{Activation, Mlp, Schedule, Sgd, accuracy, hinge, l2};
use dualtape::{Scalar, gradient, gradient_forward};

use crate::support::compare::{assert_all_close, assert_close};
use crate::support::example::{example, fresh_folder};
use crate::support::reference::{number, numbers, read};

const TOLERANCE: f64 = 1e-12;

struct Moons {
    points: Vec<[f64; 2]>,
    labels: Vec<f64>,
}

impl Moons {
    fn read() -> Self {
        let text = fs::read_to_string(data("moons.csv")).unwrap();
        let rows = text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect());
        let rows: Vec<Vec<f64>> = rows.collect();
        Moons {
            points: rows.iter().map(|row| [row[0], row[1]]).collect(),
            labels: rows.iter().map(|row| row[2]).collect(),
        }
    }

    fn loss<S: Scalar<Real = f64>>(&self, mlp: &Mlp<S>) -> S {
        hinge(&mlp.forward_all(&self.points), &self.labels) + l2(mlp.parameters()) * 1e-4
    }
}

fn data(name: &str) -> String {
    format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_training_equals_micrograd() {
    let (moons, reference) = (Moons::read(), read("moons_reference.json"));
    let layers = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];
    let mut mlp = Mlp::new(2, &layers, &numbers(&reference["initial_weights"]));
    let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.1, steps: 100 });

    let steps = reference["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 100);
    for (k, step) in steps.iter().enumerate() {
        let (loss, g) = gradient(|p| moons.loss(&mlp.with_parameters(p)), mlp.parameters());
        assert_eq!(loss, moons.loss(&mlp), "plain evaluation at step {k}");
        assert_close("loss", loss, number(&step["loss"]), TOLERANCE);
        assert_eq!(
            accuracy(&mlp.forward_all(&moons.points), &moons.labels),
            number(&step["acc"]),
            "accuracy at step {k}"
        );
        assert_close("rate", sgd.rate(), number(&step["lr"]), TOLERANCE);
        if k == 0 {
            assert_all_close("the first gradient", &g, &numbers(&reference["grads_step0"]), TOLERANCE);
        }
        if [0, 50, 99].contains(&k) {
            let forward = gradient_forward(|p| moons.loss(&mlp.with_parameters(p)), mlp.parameters());
            assert_all_close("forward mode", &forward.1, &g, TOLERANCE);
        }
        sgd.step(mlp.parameters_mut(), &g);
    }
    assert_all_close("final weights", mlp.parameters(), &numbers(&reference["final_weights"]), TOLERANCE);
    assert_close("final loss", moons.loss(&mlp), number(&reference["loss_after_100_updates"]), TOLERANCE);

    let grid = &reference["boundary_grid"];
    let (rows, columns) = (number(&grid["shape"][0]) as usize, number(&grid["shape"][1]) as usize);
    let at = |i: usize| {
        let step = number(&grid["h"]);
        [number(&grid["x_min"]) + (i % columns) as f64 * step, number(&grid["y_min"]) + (i / columns) as f64 * step]
    };
    let points: Vec<[f64; 2]> = (0..rows * columns).map(at).collect();
    assert_all_close("scores", &mlp.forward_all(&points), &numbers(&grid["scores"]), TOLERANCE);
}

#[test]
fn the_weights_of_the_example_equal_micrograd() {
    let text = fs::read_to_string(data("moons_weights.csv")).unwrap();
    let weights: Vec<f64> =
        text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(weights, numbers(&read("moons_reference.json")["initial_weights"]));
}

/// Runs the example in a folder of its own, which is passed as `--out`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    example("moons").arg("--out").arg(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_example_prints_the_trajectory_and_draws_the_picture() {
    let folder = fresh_folder("trajectory");
    let output = run(&folder, &[]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert_eq!(err, "");

    let trajectory =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/micrograd/moons_trajectory.csv"));
    let printed: Vec<&str> = out.lines().filter(|line| line.starts_with("step ")).collect();
    assert_eq!(printed.len(), 100);
    for (line, expected) in printed.iter().zip(trajectory.unwrap().lines().skip(1)) {
        let expected: Vec<&str> = expected.split(',').collect();
        let words: Vec<&str> = line.split([' ', ',', '%']).filter(|word| !word.is_empty()).collect();
        let ["step", step, "loss", loss, "accuracy", accuracy] = words[..] else { panic!("{line}") };
        assert_eq!(step, expected[0]);
        assert_close("loss", loss.parse().unwrap(), expected[2].parse().unwrap(), TOLERANCE);
        assert_close("accuracy", accuracy.parse().unwrap(), 100.0 * expected[3].parse::<f64>().unwrap(), TOLERANCE);
    }
    assert_eq!(out.matches("  in forward mode: all 337 partial derivatives, largest difference ").count(), 3);
    assert!(out.contains("accuracy 100.0% after 100 steps."), "{out}");
    assert!(out.contains("µs for loss and gradient, "), "{out}");
    assert!(!out.contains('\x1b'), "colours outside of a terminal");

    assert_eq!(files(&folder), ["moons.svg", "moons_training.svg"]);
    let picture = fs::read_to_string(folder.join("moons.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    for label in ["Decision boundary", "label -1", "label 1", "boundary", "x1", "x2", "step", "loss", "accuracy / %"] {
        assert!(picture.contains(&format!(">{label}</text>")), "no {label:?} in the picture");
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/moons.svg");
    assert!(picture == fs::read_to_string(ours).unwrap(), "docs/moons.svg is another picture");
    let animation = fs::read_to_string(folder.join("moons_training.svg")).unwrap();
    assert_eq!(animation.matches("<animate ").count(), 26);
    assert!(animation.contains(">Step 0, loss 0.896</text>") && animation.contains(">Step 100, loss 0.011</text>"));
}

#[test]
fn a_seed_determines_every_digit() {
    let folder = fresh_folder("seed");
    let losses = |seed: &str| {
        let output = run(&folder, &["--seed", seed, "--steps", "3"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines: Vec<String> =
            text(&output.stdout).lines().filter(|line| line.starts_with("step")).map(String::from).collect();
        (lines, fs::read(folder.join("moons.svg")).unwrap())
    };
    let first = losses("7");
    assert_eq!(first.0.len(), 3);
    assert_eq!(first, losses("7"));
    assert_ne!(first.0, losses("8").0);
}

#[test]
fn help_is_no_error() {
    let output = example("moons").arg("--help").output().unwrap();
    assert!(output.status.success());
    for option in ["--data FILE", "--weights FILE", "--seed N", "--steps N", "--out DIR", "--help"] {
        assert!(text(&output.stdout).contains(option), "{option}");
    }
}

/// Exit code 2, one line on the standard error, nothing on the output, and no file.
fn assert_refused(test: &str, arguments: &[&str], complaint: &str) {
    let folder = fresh_folder(test);
    let output = run(&folder, arguments);
    assert_eq!(text(&output.stderr), format!("moons: {complaint}\n"));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(files(&folder), [""; 0]);
}

#[test]
fn wrong_options_are_refused() {
    assert_refused("option", &["--stepz"], "invalid option '--stepz'; see --help");
    assert_refused("argument", &["100"], "unexpected argument \"100\"; see --help");
    assert_refused("value", &["--seed"], "missing argument for option '--seed'; see --help");
    assert_refused("both", &["--seed", "1", "--weights", "w"], "--seed and --weights exclude each other; see --help");
    for steps in ["many", "-1", "0", "1.5"] {
        let complaint = format!("--steps {steps:?}: expected a whole number of at least 1; see --help");
        assert_refused("steps", &["--steps", steps], &complaint);
    }
}

#[test]
fn wrong_points_are_refused() {
    let rows = [
        ("", "row 1, column 1: the file is empty, and must begin with the header x1,x2,y"),
        ("1,2,1\n", "row 1, column 1 (x1): the header is missing or has another name here"),
        ("x1,x2\n1,2\n", "row 1, column 3 (y): the row ends before it"),
        ("x1,x2,y\n", "row 2, column 1 (x1): there are no points"),
        ("x1,x2,y\n1,2,1\n1,2\n", "row 3, column 3 (y): the row ends before it"),
        ("x1,x2,y\n1,2,1\n\n1,,1\n", "row 4, column 2 (x2): \"\" is not a number"),
        ("x1,x2,y\n1,2,1,5\n", "row 2, column 4: one column too many, the file has 3"),
        ("x1,x2,y\n1,two,1\n", "row 2, column 2 (x2): \"two\" is not a number"),
        ("x1,x2,y\n1,2,1\nNaN,2,1\n", "row 3, column 1 (x1): NaN is not a finite number"),
        ("x1,x2,y\n1e999,2,1\n", "row 2, column 1 (x1): inf is not a finite number"),
        ("x1,x2,y\n1,2,0\n", "row 2, column 3 (y): the label is 0, and must be -1 or 1"),
    ];
    let folder = fresh_folder("wrong_points");
    for (content, complaint) in rows {
        let path = folder.join("points.csv");
        fs::write(&path, content).unwrap();
        let path = path.to_str().unwrap();
        assert_refused("points", &["--data", path], &format!("{path}: {complaint}"));
    }
}

#[test]
fn wrong_weights_are_refused() {
    let ours = fs::read_to_string(data("moons_weights.csv")).unwrap();
    let lines: Vec<&str> = ours.lines().collect();
    let swapped = [&lines[..2], &[lines[3], lines[2]], &lines[4..]].concat();
    let extra = [&lines[..], &["337,3,0,b,0.0"]].concat();
    let cases = [
        (&lines[..11], "row 12, column 5 (value): the file ends after 10 of 337 weights"),
        (&swapped[..], "row 3, column 1 (index): weight 2 instead of weight 1"),
        (
            &extra[..],
            "row 339, column 1 (index): weight 337 instead of the end of the file, as the network has 337 weights",
        ),
    ];
    let folder = fresh_folder("wrong_weights");
    for (lines, complaint) in cases {
        let path = folder.join("weights.csv");
        fs::write(&path, lines.join("\n")).unwrap();
        let path = path.to_str().unwrap();
        assert_refused("weights", &["--weights", path], &format!("{path}: {complaint}"));
    }
}

#[test]
fn unreadable_files_are_refused() {
    let folder = fresh_folder("unreadable");
    let path = folder.join("missing.csv");
    for option in ["--data", "--weights"] {
        let output = run(&folder, &[option, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with(&format!("moons: {}: ", path.display())), "{}", text(&output.stderr));
    }
    // Bytes that are no text are no number either.
    let path = folder.join("binary.csv");
    fs::write(&path, b"x1,x2,y\n\xff\xfe,2,1\n").unwrap();
    let path = path.to_str().unwrap();
    assert_refused(
        "binary",
        &["--data", path],
        &format!("{path}: row 2, column 1 (x1): \"\u{fffd}\u{fffd}\" is not a number"),
    );
}

#[test]
fn a_missing_folder_is_refused_before_training() {
    let folder = fresh_folder("no_folder").join("missing");
    let output = run(&folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    let err = text(&output.stderr);
    assert!(err.starts_with(&format!("moons: cannot write to the folder {}: ", folder.display())), "{err}");
    assert_eq!(text(&output.stdout), "");
}

/// Numbers whose loss overflows end the training with exit code 1 and leave no file.
#[test]
fn an_overflow_is_an_outcome() {
    let folder = fresh_folder("overflow");
    let path = fresh_folder("overflow_data").join("huge.csv");
    fs::write(&path, "x1,x2,y\n1e300,2,1\n-1e300,1e300,-1\n").unwrap();
    let output = run(&folder, &["--data", path.to_str().unwrap()]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("moons: ") && err.contains(" at step "), "{err}");
    assert_eq!(files(&folder), [""; 0]);
}
