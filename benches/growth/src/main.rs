//! The cost of derivatives as problems grow: the time and the memory for each operation.
//!
//! ```sh
//! taskset -c 1 cargo run --release --manifest-path benches/growth/Cargo.toml
//! ```
//!
//! prints the figures as CSV and draws `docs/performance-time.svg` and
//! `docs/performance-memory.svg`. An operation is one of the plain function: a chain of n, and
//! Rosenbrock's function of n inputs with nine for each term.

#[path = "../../support/chain.rs"]
#[expect(dead_code, reason = "chains of many lengths")]
mod chain;
#[path = "../../support/fused.rs"]
mod fused;
#[path = "../../support/heap.rs"]
mod heap;
#[path = "../../support/rosenbrock.rs"]
#[expect(dead_code, reason = "the Hessian is sparse")]
mod rosenbrock;
#[path = "../../support/turns.rs"]
mod turns;

use std::hint::black_box;
use std::path::Path;
use std::{fs, io};

use chain::{chain, chain_slope};
use dualtape::plot::Curves;
use dualtape::sparse::SparseHessian;
use dualtape::{function, gradient, gradient_forward};
use fused::fused_rosenbrock;
use rosenbrock::{point, rosenbrock, rosenbrock_band, rosenbrock_gradient};
use turns::medians;

const SIZES: [usize; 11] = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const ROUNDS: usize = 11;

/// A program to time.
type Run = Box<dyn FnMut() + Send>;

/// A derivative at any size.
struct Subject {
    name: &'static str,
    /// The largest size that takes neither long nor much memory.
    largest: usize,
    operations: fn(usize) -> usize,
    /// Compares the answer at a size with the hand-written one, and returns the program to time.
    make: fn(usize) -> Run,
}

/// The measurement of a subject at a size.
#[derive(Clone, Copy)]
struct Figure {
    size: usize,
    nanoseconds: f64,
    bytes: f64,
}

const SUBJECTS: [Subject; 5] = [
    Subject {
        name: "chain, reverse",
        largest: 1_000_000,
        operations: |n| n / 4 * 4,
        make: |n| {
            let slope = |x: f64| gradient(|x| chain(x[0], n), &[x]);
            assert_close(&slope(0.7).1, &chain_slope(0.7, n).1);
            Box::new(move || drop(black_box(gradient(|x| chain(x[0], n), &[black_box(0.7)]))))
        },
    },
    Subject {
        name: "Rosenbrock, reverse",
        largest: 1_000_000,
        operations: terms,
        make: |n| of_gradient(n, |x| gradient(rosenbrock, x).1),
    },
    Subject {
        name: "Rosenbrock, reverse, fused",
        largest: 1_000_000,
        operations: terms,
        make: |n| of_gradient(n, |x| gradient(fused_rosenbrock, x).1),
    },
    Subject {
        name: "Rosenbrock, forward",
        largest: 10_000,
        operations: terms,
        make: |n| of_gradient(n, |x| gradient_forward(rosenbrock, x).1),
    },
    Subject {
        name: "Rosenbrock, sparse Hessian",
        largest: 300_000,
        operations: terms,
        make: |n| {
            let x = point(n);
            let hessian = SparseHessian::new(&function!(rosenbrock), &x);
            assert_close(hessian.at(&function!(rosenbrock), &x).2.values(), &rosenbrock_band(&x));
            Box::new(move || drop(black_box(hessian.at(&function!(rosenbrock), black_box(&x)))))
        },
    },
];

/// The operations of Rosenbrock's function.
fn terms(n: usize) -> usize {
    9 * (n - 1)
}

fn of_gradient(n: usize, gradient: fn(&[f64]) -> Vec<f64>) -> Run {
    let x = point(n);
    assert_close(&gradient(&x), &rosenbrock_gradient(&x).1);
    Box::new(move || drop(black_box(gradient(black_box(&x)))))
}

fn assert_close(found: &[f64], expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-10 * largest), "not the hand-written answer");
}

/// The figures of every subject, size by size.
fn measure() -> Vec<Vec<Figure>> {
    let mut figures = vec![Vec::new(); SUBJECTS.len()];
    for size in SIZES {
        let (subjects, mut runs): (Vec<usize>, Vec<Run>) =
            (0..SUBJECTS.len()).filter(|&i| size <= SUBJECTS[i].largest).map(|i| (i, (SUBJECTS[i].make)(size))).unzip();
        // On a thread of its own nothing is kept from before.
        let alone =
            |run: &mut Run| std::thread::scope(|scope| scope.spawn(|| heap::peak(run)).join().expect("no panic"));
        let bytes: Vec<usize> = runs.iter_mut().map(alone).collect();
        let mut runs: Vec<&mut dyn FnMut()> = runs.iter_mut().map(|run| run as &mut dyn FnMut()).collect();
        let seconds = medians(&mut runs, ROUNDS);
        for (i, (seconds, bytes)) in subjects.into_iter().zip(seconds.into_iter().zip(bytes)) {
            let operations = (SUBJECTS[i].operations)(size) as f64;
            figures[i].push(Figure { size, nanoseconds: 1e9 * seconds / operations, bytes: bytes as f64 / operations });
        }
    }
    figures
}

/// A line for each subject, over the sizes.
fn curves(title: &str, unit: &str, figures: &[Vec<Figure>], of: fn(&Figure) -> f64) -> Curves {
    let x = "n: operations of the chain, inputs of Rosenbrock's function";
    let curves = Curves::new(title, x, unit).log_x().log_y().marks().size(760.0, 480.0);
    let line = |figures: &[Figure]| -> Vec<(f64, f64)> { figures.iter().map(|f| (f.size as f64, of(f))).collect() };
    SUBJECTS.iter().zip(figures).fold(curves, |curves, (subject, figures)| curves.line(subject.name, line(figures)))
}

fn main() -> io::Result<()> {
    let figures = measure();
    println!("derivative,n,nanoseconds per operation,bytes per operation");
    for (subject, figures) in SUBJECTS.iter().zip(&figures) {
        for Figure { size, nanoseconds, bytes } in figures {
            println!("\"{}\",{size},{nanoseconds:.2},{bytes:.1}", subject.name);
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let time = curves("Time", "nanoseconds for each operation", &figures, |figure| figure.nanoseconds);
    let memory = curves("Memory", "bytes for each operation", &figures, |figure| figure.bytes);
    fs::write(docs.join("performance-time.svg"), time.svg())?;
    fs::write(docs.join("performance-memory.svg"), memory.svg())
}
