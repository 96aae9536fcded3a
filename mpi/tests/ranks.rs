//! Programs on several ranks, each against one process, to the bit.
//!
//! A test starts itself again under `mpirun`.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dualtape::nn::{Activation, Adam, Dataset, Epoch, Init, Mlp, Schedule, Supervised, Trainer};
use dualtape::ranks::Ranks;
use dualtape::{Scalar, Terms, Var, dot, sum};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Is set in the processes that `mpirun` starts.
const STARTED: &str = "DUALTAPE_STARTED";

/// Runs a program on ranks, if this is one of them; else starts the test of this name on so many, and returns how they
/// ended.
fn on_ranks(test: &str, size: usize, program: impl FnOnce(&dyn Ranks) -> Result<(), String>) -> Option<Output> {
    if std::env::var_os(STARTED).is_some() {
        dualtape_mpi::run(program);
        return None;
    }
    let mut run = Command::new("mpirun");
    run.args(["-n", &size.to_string()]).arg(std::env::current_exe().expect("the test"));
    run.args(["--exact", test, "--nocapture"]).env(STARTED, "1");
    Some(run.output().expect("mpirun"))
}

/// The numbers of ranks: those that divide the pieces evenly, and others.
const SIZES: [usize; 5] = [1, 2, 3, 4, 7];

fn succeeds(test: &str, program: impl Fn(&dyn Ranks) -> Result<(), String>) {
    for size in SIZES {
        let Some(output) = on_ranks(test, size, &program) else { return };
        assert!(output.status.success(), "{size} ranks: {output:?}");
    }
}

/// The program fails on all ranks within a time, with these words.
fn fails(test: &str, words: &[&str], program: impl Fn(&dyn Ranks) -> Result<(), String>) {
    let start = Instant::now();
    let Some(output) = on_ranks(test, 3, program) else { return };
    assert!(!output.status.success(), "{output:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "it took {:?}", start.elapsed());
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(words.iter().all(|words| text.contains(words)), "{text}");
}

fn same<T: PartialEq>(what: &str, ranks: T, alone: T) -> Result<(), String> {
    if ranks == alone { Ok(()) } else { Err(format!("{what} differs from one process")) }
}

fn term<S: Scalar<Real = f64>>(i: usize, x: &[S]) -> S {
    let a = x[i % x.len()];
    (a * (i as f64 + 0.5)).sin() * sum(x) + dot(x, x).sqrt() * (x[(i * 7) % x.len()] - a).exp()
}

#[test]
fn sums_have_the_bits_of_one_process() {
    succeeds("sums_have_the_bits_of_one_process", |ranks| {
        for (n, inputs) in [(1000, 12), (7, 3), (5000, 1), (100, 500)] {
            let x: Vec<f64> = (0..inputs).map(|i| (i as f64 * 0.37).cos()).collect();
            let (alone, terms) = (Terms::all(n), Terms::all(n).over(ranks));
            same("the gradient", terms.gradient(term, &x), alone.gradient(term, &x))?;
            same("the gradient on threads", terms.par_gradient(term, &x), alone.gradient(term, &x))?;
            same("H·v", terms.hvp(term, &x, &x), alone.hvp(term, &x, &x))?;
            if inputs < 100 {
                same("the Hessian", terms.hessian(term, &x), alone.hessian(term, &x))?;
            }
        }
        let large = |i: usize, x: &[Var<f32>]| (0..3000).fold(x[0] * i as f32, |y, k| (y + x[k % 3]).sin());
        let x = [0.3, 0.7, -0.2];
        let (alone, terms) = (Terms::all(100), Terms::all(100).over(ranks));
        same("the gradient in f32", terms.gradient(large, &x), alone.gradient(large, &x))
    });
}

/// Points of a wave.
fn wave() -> Dataset {
    let x: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.006 - 3.0).collect();
    Dataset::new((1, 1), x.clone(), x.iter().map(|x| x.sin()).collect())
}

fn trained(trainer: Trainer<'_, dualtape::nn::Moments>) -> Result<(Mlp, Vec<Epoch>), String> {
    let layers = [(8, Activation::Tanh), (1, Activation::Linear)];
    let mut network = Mlp::random(1, &layers, Init::Xavier, &mut StdRng::seed_from_u64(1));
    let (train, validation) = wave().split(0.2, 1);
    let objective = Supervised::new(&network).dropout(0.1);
    let mut trainer = trainer.epochs(5).batch(300).check(5);
    let ending = trainer.fit(&objective, network.parameters_mut(), &train, Some(&validation));
    ending.map(|_| (network, trainer.history().to_vec())).map_err(|error| error.to_string())
}

fn adam() -> Adam {
    Adam::new(Schedule::Constant(0.01))
}

#[test]
fn a_training_has_the_bits_of_one_process() {
    succeeds("a_training_has_the_bits_of_one_process", |ranks| {
        same("the training", trained(Trainer::new(adam()).over(ranks))?, trained(Trainer::new(adam()))?)
    });
}

#[test]
fn a_panic_ends_all_ranks() {
    fails("a_panic_ends_all_ranks", &["row 11 has no data", "rank 1 of 3 panicked"], |ranks| {
        let term = |i: usize, x: &[Var]| if i == 11 { panic!("row 11 has no data") } else { x[0] };
        Terms::all(30)
            .over(ranks)
            .gradient(|i, x| if ranks.rank() == 1 { term(11, x) } else { term(i % 10, x) }, &[1.0]);
        Ok(())
    });
}

#[test]
fn an_error_ends_all_ranks() {
    fails("an_error_ends_all_ranks", &["rank 2 of 3: no rows"], |ranks| {
        if ranks.rank() == 2 {
            return Err("no rows".to_string());
        }
        Terms::all(30).over(ranks).gradient(|_, x| x[0], &[1.0]);
        Ok(())
    });
}

#[test]
fn another_point_is_refused() {
    fails("another_point_is_refused", &["rank 2 has another point than rank 0"], |ranks| {
        Terms::all(30).over(ranks).gradient(|_, x| x[0], &[if ranks.rank() == 2 { 1.5 } else { 1.0 }]);
        Ok(())
    });
}

/// Without a message of its own.
#[cfg(unix)]
#[test]
fn a_killed_rank_ends_all() {
    fails("a_killed_rank_ends_all", &["signal"], |ranks| {
        if ranks.rank() == 1 {
            Command::new("kill").args(["-9", &std::process::id().to_string()]).status().expect("kill");
        }
        Terms::all(30).over(ranks).gradient(|_, x| x[0], &[1.0]);
        Ok(())
    });
}
