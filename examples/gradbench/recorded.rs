//! Recorded inputs and outputs, in a folder.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The largest relative difference of an answer from the recorded one, or of two forms of one, that passes.
pub(crate) const TOLERANCE: f64 = 1e-6;

/// Returns the inputs of a problem with the names of their sizes, the smallest first.
pub(crate) fn inputs(folder: &Path, problem: &str) -> Result<Vec<(String, Value)>, Box<dyn Error>> {
    let folder = folder.join("inputs").join(problem);
    let mut files: Vec<_> = fs::read_dir(&folder).and_then(Iterator::collect).map_err(|error| at(&folder, error))?;
    files.sort_by_key(|file| file.metadata().map_or(0, |data| data.len()));
    let input = |file: &fs::DirEntry| {
        let path = file.path();
        Ok((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), read(&path)?))
    };
    files.iter().map(input).collect()
}

/// Returns the recorded output of a function.
pub(crate) fn golden(folder: &Path, problem: &str, size: &str, function: &str) -> Result<Value, String> {
    read(&folder.join("golden").join(problem).join(format!("{size}.{function}.json")))
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
pub(crate) fn error(actual: &Value, golden: &Value) -> f64 {
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
