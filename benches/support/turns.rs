//! Times of several runs that hold beside each other.

use std::time::Instant;

/// The median time of each run in seconds.
///
/// They run in turn, `rounds` times, so that ratios hold on a machine whose speed drifts; short
/// ones are repeated until they take two milliseconds.
pub(crate) fn medians(runs: &mut [&mut dyn FnMut()], rounds: usize) -> Vec<f64> {
    let time = |run: &mut dyn FnMut(), repeats: u32| {
        let start = Instant::now();
        for _ in 0..repeats {
            run();
        }
        start.elapsed().as_secs_f64() / f64::from(repeats)
    };
    // The first times take longer than those that follow.
    let repeats_of = |run: &mut &mut dyn FnMut()| {
        let mut repeats = 1;
        while f64::from(repeats) * time(run, repeats) < 2e-3 {
            repeats *= 2;
        }
        repeats
    };
    let repeats: Vec<u32> = runs.iter_mut().map(repeats_of).collect();
    let mut times = vec![Vec::with_capacity(rounds); runs.len()];
    for _ in 0..rounds {
        for ((times, run), &repeats) in times.iter_mut().zip(&mut *runs).zip(&repeats) {
            times.push(time(run, repeats));
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[rounds / 2]
        })
        .collect()
}
