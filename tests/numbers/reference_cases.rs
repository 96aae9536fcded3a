//! Every reading against answers computed elsewhere with many digits.
//!
//! The cases are in `tests/data`: elementary functions with the conventions at their kinks and ends, composite
//! functions, functions of matrices and rotations, and special functions. The environment variable `DUALTAPE_CASES`
//! names further files of these formats, separated by `:`. The tests print a line for every failing case in a reading,
//! and a count for every reading at the end. `cargo test --test numbers reference_cases -- --nocapture` shows the
//! counts without failures too.

mod cases;
mod composite;
mod elementary;
mod formula;
mod matrix;
pub(crate) mod readings;
pub(crate) mod special;
mod third;

use std::collections::BTreeMap;
use std::{fs, thread};

use cases::{Case, Fault};
use composite::composite;
use dualtape::{Dual, Var, gradient, jvp};
use serde_json::Value;

const FAILURES: &str = "some cases fail, and are printed above";

#[test]
fn elementary_functions_agree_with_the_stored_cases() {
    run_stored("elementary.json", include_str!("../data/elementary.json"), 555);
}

#[test]
fn composite_functions_agree_with_the_stored_cases() {
    run_stored("composite.json", include_str!("../data/composite.json"), 64);
}

/// `special_hard.json` has points near transitions, in tails, at small and large parameters and far beyond, from mpmath at 50
/// to 600 digits, by differences.
#[test]
fn special_functions_agree_with_the_stored_cases() {
    run_stored("special.json", include_str!("../data/special.json"), 95);
    run_stored("special_hard.json", include_str!("../data/special_hard.json"), 145);
}

#[test]
fn functions_of_matrices_and_rotations_agree_with_the_stored_cases() {
    run_stored("matrix.json", include_str!("../data/matrix.json"), 97);
}

#[test]
fn functions_agree_with_further_files() {
    let paths = std::env::var("DUALTAPE_CASES").unwrap_or_default();
    let reports: Vec<Report> = paths
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| run(path, &fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))))
        .collect();
    assert!(reports.iter().all(|report| report.failing == 0), "{FAILURES}");
}

/// A loop that stops by the value has derivatives one step behind it.
#[test]
fn an_iteration_of_unknown_length_is_differentiated() {
    for x in [2.0, 0.3, 50.0] {
        let exact = 0.5 / f64::sqrt(x);
        for (name, tolerance) in [("newton_sqrt_while", 1e-6), ("newton_sqrt_while_and_step", 1e-12)] {
            let f = |x: Var| composite(name, &[x]).expect("a known function");
            let slope = gradient(|x| f(x[0]), &[x]).1[0];
            assert!((slope - exact).abs() <= tolerance * exact, "{name}({x}): {slope}, not {exact}");
        }
    }
}

#[test]
fn a_chain_of_a_million_operations_agrees_in_both_modes() {
    let (_, forward) =
        jvp(|x: &[Dual]| vec![composite("deep_chain_1000000", x).expect("a known function")], &[1.3], &[1.0]);
    let (_, reverse) = gradient(|x| composite("deep_chain_1000000", x).expect("a known function"), &[1.3]);
    assert!((forward[0] - reverse[0]).abs() <= 1e-12 * forward[0].abs(), "{forward:?} forward, {reverse:?} reverse");
}

/// Runs a file whose functions are all known.
fn run_stored(name: &str, json: &str, cases: usize) {
    let report = run(name, json);
    assert_eq!((report.cases, report.unknown), (cases, 0));
    assert_eq!(report.failing, 0, "{FAILURES}");
}

/// Runs a file on a large stack: without optimization, a function keeps room on the stack for the numbers of all its
/// arms.
fn run(name: &str, json: &str) -> Report {
    thread::scope(|scope| {
        let run = || Report::new(name, json);
        thread::Builder::new()
            .stack_size(64 << 20)
            .spawn_scoped(scope, run)
            .expect("a thread")
            .join()
            .expect("no panic")
    })
}

/// The outcome of the cases of one file.
struct Report {
    cases: usize,
    unknown: usize,
    /// Cases that fail in some reading.
    failing: usize,
}

impl Report {
    /// Runs the cases, and prints every failure and a count for every reading.
    fn new(name: &str, json: &str) -> Report {
        let cases: Vec<Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut report = Report { cases: cases.len(), unknown: 0, failing: 0 };
        let mut passed_and_failed: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        let mut text = String::new();
        for case in cases.iter().map(Case::new) {
            let label = case.label();
            if !case.is_known() {
                report.unknown += 1;
                continue;
            }
            let faults = case.faults();
            report.failing += usize::from(faults.values().any(|faults| !faults.is_empty()));
            for (reading, faults) in faults {
                for Fault { what, got, wanted } in &faults {
                    text += &format!("{label} in {reading}: {what} is {got}, wanted {wanted}\n");
                }
                passed_and_failed.entry(reading).or_default()[usize::from(!faults.is_empty())] += 1;
            }
        }
        for (reading, [passed, failed]) in passed_and_failed {
            text += &format!("{name} in {reading}: {passed} passed, {failed} failed\n");
        }
        println!("{text}{name}: {} cases, {} of them of unknown functions", report.cases, report.unknown);
        report
    }
}
