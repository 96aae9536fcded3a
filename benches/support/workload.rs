//! Ways to compute something, compared in their answers and then in their times.

#[path = "turns.rs"]
mod turns;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use dualtape::{Dual, Matrix};

/// A number and its derivatives.
pub(crate) struct Answer {
    value: f64,
    derivatives: Vec<f64>,
}

impl<D: Into<Vec<f64>>> From<(f64, D)> for Answer {
    fn from((value, derivatives): (f64, D)) -> Self {
        Answer { value, derivatives: derivatives.into() }
    }
}

impl From<(f64, Vec<f64>, Matrix<f64>)> for Answer {
    fn from((value, gradient, hessian): (f64, Vec<f64>, Matrix<f64>)) -> Self {
        Answer { value, derivatives: [&gradient, hessian.as_slice()].concat() }
    }
}

impl<const N: usize> From<Dual<f64, N>> for Answer {
    fn from(y: Dual<f64, N>) -> Self {
        (y.primal, y.partials).into()
    }
}

/// A way to compute them; when timed, its result is not converted into an answer.
type Run = Box<dyn Fn(Wanted) -> Option<Answer>>;

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Nothing,
    Answer,
}

/// One function and the ways to it: the plain function first, then derivatives.
pub(crate) struct Workload {
    name: &'static str,
    runs: Vec<(&'static str, Run)>,
}

impl Workload {
    pub(crate) fn new(name: &'static str, plain: impl Fn() -> f64 + 'static) -> Self {
        Workload { name, runs: Vec::new() }.with("f64", move || (plain(), []))
    }

    pub(crate) fn with<A: Into<Answer>>(mut self, way: &'static str, run: impl Fn() -> A + 'static) -> Self {
        let run = move |wanted| {
            let result = run();
            black_box(&result);
            (wanted == Wanted::Answer).then(|| result.into())
        };
        self.runs.push((way, Box::new(run)));
        self
    }

    /// Panics unless all ways agree with the plain value and the second way's derivatives.
    fn assert_answers(&self) {
        let answer = |run: &Run| run(Wanted::Answer).expect("it was wanted");
        let (value, expected) = (answer(&self.runs[0].1).value, answer(&self.runs[1].1).derivatives);
        let largest = expected.iter().fold(0.0_f64, |largest, g| largest.max(g.abs()));
        for (way, run) in &self.runs[1..] {
            let found = answer(run);
            assert!((found.value - value).abs() <= 1e-12 * value.abs(), "{}, {way}: {}", self.name, found.value);
            assert_eq!(found.derivatives.len(), expected.len(), "{}, {way}", self.name);
            for (i, (a, b)) in found.derivatives.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() <= 1e-10 * largest, "{}, {way}, derivative {i}: {a} is not {b}", self.name);
            }
        }
    }
}

/// The median time of each way of a workload, in seconds, run in turn `rounds` times.
fn medians(workload: &Workload, rounds: usize) -> Vec<f64> {
    let mut runs: Vec<_> = workload.runs.iter().map(|(_, run)| move || _ = run(Wanted::Nothing)).collect();
    let mut runs: Vec<&mut dyn FnMut()> = runs.iter_mut().map(|run| run as &mut dyn FnMut()).collect();
    turns::medians(&mut runs, rounds)
}

/// Prints, for every workload, the time of the plain function and all ways as ratios to it.
fn print_table(workloads: &[Workload], rounds: usize) {
    println!("\nTimes as ratios to the plain f64 evaluation (medians of {rounds} runs in turn)\n");
    println!("{:<38} {:>12}   ratios", "", "f64");
    for workload in workloads {
        let times = medians(workload, rounds);
        print!("{:<38} {:>9.3} µs ", workload.name, times[0] * 1e6);
        for ((way, _), time) in workload.runs.iter().zip(&times).skip(1) {
            print!("  {way} {:.1}", time / times[0]);
        }
        println!();
    }
}

/// Compares the answers of all workloads, times them, and prints the table.
pub(crate) fn run(workloads: &[Workload]) {
    workloads.iter().for_each(Workload::assert_answers);

    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    for workload in workloads {
        let mut group = criterion.benchmark_group(workload.name);
        for (way, run) in &workload.runs {
            group.bench_function(*way, |bencher| bencher.iter(|| run(Wanted::Nothing)));
        }
        group.finish();
    }
    criterion.final_summary();

    let once = std::env::args().any(|argument| argument == "--test");
    print_table(workloads, if once { 1 } else { 31 });
}
