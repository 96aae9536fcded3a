//! Times of several runs that hold beside each other.

use std::time::Instant;

/// The median time of each run in seconds.
///
/// They run in turn, `rounds` times, so that ratios hold on a machine whose speed drifts; short
/// ones are repeated until they take a measurable time.
pub(crate) fn medians(runs: &mut [&mut dyn FnMut()], rounds: usize) -> Vec<f64> {
    let time = |run: &mut dyn FnMut(), repeats: u32| {
        let start = Instant::now();
        for _ in 0..repeats {
            run();
        }
        start.elapsed().as_secs_f64() / f64::from(repeats)
    };
    let repeats_of = |run: &mut &mut dyn FnMut()| {
        // The first time takes longer than all others.
        run();
        (2e-3 / time(run, 1).max(1e-9)).clamp(1.0, 1e5) as u32
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
