//! Evaluates recorded inputs, and compares with recorded outputs: the errors and the times.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::PROBLEMS;

/// The largest relative difference of an answer from the recorded one that passes.
const TOLERANCE: f64 = 1e-6;

/// Prints a line for every function and input of a folder, and returns whether all answers agree.
pub(crate) fn table(folder: &Path, only: Option<&str>, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
    writeln!(out, "{:9} {:6} {:10} {:>8} {:>12} {:>8}", "problem", "size", "function", "error", "median", "ratio")?;
    let mut agree = true;
    for problem in PROBLEMS.iter().filter(|problem| only.is_none_or(|only| only == problem.name)) {
        let inputs = folder.join("inputs").join(problem.name);
        let mut inputs: Vec<_> =
            fs::read_dir(&inputs).and_then(Iterator::collect).map_err(|error| at(&inputs, error))?;
        inputs.sort_by_key(|input| input.metadata().map_or(0, |data| data.len()));
        for input in inputs {
            let path = input.path();
            let size = path.file_stem().unwrap_or_default().to_string_lossy();
            let mut input = read(&path)?;
            if let Some(fields) = input.as_object_mut() {
                fields.insert("min_runs".into(), json!(15));
            }
            let mut plain = None;
            for function in problem.functions {
                let measured = problem.evaluate(function, &input)?;
                let golden = folder.join("golden").join(problem.name).join(format!("{size}.{function}.json"));
                let error = error(&measured.output, &read(&golden)?);
                agree &= error <= TOLERANCE;
                let mut runs = measured.runs;
                runs.sort();
                let median = runs[runs.len() / 2].as_secs_f64();
                write!(out, "{:9} {size:6} {function:10} {error:8.1e} {:9.4} ms", problem.name, median * 1e3)?;
                match plain {
                    Some(plain) if problem.functions.len() == 2 => writeln!(out, " {:8.2}", median / plain)?,
                    _ => writeln!(out)?,
                }
                plain.get_or_insert(median);
            }
        }
    }
    Ok(agree)
}

/// Reads a JSON file.
fn read(path: &Path) -> Result<Value, String> {
    serde_json::from_slice(&fs::read(path).map_err(|error| at(path, error))?).map_err(|error| at(path, error))
}

/// Returns an error with the path in front.
fn at(path: &Path, error: impl Display) -> String {
    format!("{}: {error}", path.display())
}

/// Returns the largest relative difference of two numbers in the same place, or infinity when the shapes differ.
fn error(actual: &Value, golden: &Value) -> f64 {
    match (actual, golden) {
        (Value::Array(actual), Value::Array(golden)) if actual.len() == golden.len() => {
            actual.iter().zip(golden).map(|(actual, golden)| error(actual, golden)).fold(0.0, f64::max)
        }
        (Value::Object(actual), Value::Object(golden)) if actual.len() == golden.len() => actual
            .iter()
            .map(|(key, actual)| golden.get(key).map_or(f64::INFINITY, |golden| error(actual, golden)))
            .fold(0.0, f64::max),
        _ => match (actual.as_f64(), golden.as_f64()) {
            (Some(actual), Some(golden)) if actual == golden => 0.0,
            // Numbers that are not normal have lost digits.
            (Some(actual), Some(golden)) => (actual - golden).abs() / golden.abs().max(f64::MIN_POSITIVE),
            _ => f64::INFINITY,
        },
    }
}
