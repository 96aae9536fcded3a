//! Every reading against answers computed elsewhere with many digits.
//!
//! The cases are in `tests/data`: elementary functions with the conventions at
//! their kinks and ends, and composite functions. Further files of either format
//! are run when the environment variable `DUALTAPE_CASES` names them, separated by
//! `:`. A line is printed for every failing case in a reading, and a count for
//! every reading at the end; `cargo test --test reference_cases -- --nocapture`
//! shows the counts when all is well, too.

mod cases;
mod composite;
mod elementary;
mod readings;
mod third;

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, thread};

use cases::{Case, Fault};
use composite::composite;
use dualtape::{Dual, Var, gradient, jvp};
use serde_json::Value;

/// What fails for a reason outside this crate, with the reason.
const EXPECTED_FAILURES: &[(&str, &str)] =
    &[("acosh(1.0000000000000002): value", STD_ACOSH), ("acosh(1.000001): value", STD_ACOSH)];

const STD_ACOSH: &str = "std takes the logarithm of a number near 1, and the value is that of f64::acosh bit for bit";

#[test]
fn elementary_functions() {
    run_stored("elementary.json", include_str!("../data/elementary.json"), 555, EXPECTED_FAILURES);
}

#[test]
fn composite_functions() {
    run_stored("composite.json", include_str!("../data/composite.json"), 64, &[]);
}

#[test]
fn further_files() {
    let paths = std::env::var("DUALTAPE_CASES").unwrap_or_default();
    let reports: Vec<Report> = paths
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| run(path, &fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))))
        .collect();
    assert!(reports.iter().all(|report| report.failures.is_empty()), "there are failures, printed above");
}

/// A loop that stops by the value has derivatives one step behind it.
#[test]
fn newton_iteration_of_unknown_length() {
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
fn chain_of_a_million_operations() {
    let (_, forward) =
        jvp(|x: &[Dual]| vec![composite("deep_chain_1000000", x).expect("a known function")], &[1.3], &[1.0]);
    let (_, reverse) = gradient(|x| composite("deep_chain_1000000", x).expect("a known function"), &[1.3]);
    assert!((forward[0] - reverse[0]).abs() <= 1e-12 * forward[0].abs(), "{forward:?} forward, {reverse:?} reverse");
}

/// Runs a file whose functions are all known, and whose failures are the expected ones.
fn run_stored(name: &str, json: &str, cases: usize, expected: &[(&str, &str)]) {
    let report = run(name, json);
    assert_eq!((report.cases, report.unknown), (cases, 0));
    let expected = expected.iter().map(|&(failure, _reason)| failure.to_owned()).collect();
    assert_eq!(report.failures, expected, "the failures, and the expected ones");
}

/// Runs a file on a large stack: without optimization, a function of many arms
/// keeps room for the numbers of all of them.
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

/// How the cases of one file went.
struct Report {
    cases: usize,
    unknown: usize,
    /// Case and what is wrong, in whatever readings.
    failures: BTreeSet<String>,
}

impl Report {
    /// Runs the cases, and prints every failure and a count for every reading.
    fn new(name: &str, json: &str) -> Report {
        let cases: Vec<Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut report = Report { cases: cases.len(), unknown: 0, failures: BTreeSet::new() };
        let mut passed_and_failed: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        let mut text = String::new();
        for case in cases.iter().map(Case::new) {
            let label = case.label();
            if !case.is_known() {
                report.unknown += 1;
                continue;
            }
            for (reading, faults) in case.faults() {
                for Fault { what, got, wanted } in &faults {
                    text += &format!("{label} in {reading}: {what} is {got}, wanted {wanted}\n");
                    report.failures.insert(format!("{label}: {what}"));
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
