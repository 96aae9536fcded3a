//! What does a sum cost whose bits do not depend on the number of ranks?
//!
//! It is timed against the all-reduce of MPI, which adds in an order of its own. Each rank has one piece, or so
//! many that it completes several nodes of the tree.
//!
//! ```text
//! cargo build --release --example all_reduce
//! mpirun -n 2 target/release/examples/all_reduce
//! ```

use std::time::Instant;

use dualtape::ranks::{Ranks, sum_by_index};
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::CommunicatorCollectives;

fn main() {
    dualtape_mpi::run(|ranks| {
        for len in [1, 100, 10_000, 100_000, 1_000_000] {
            compare(ranks, len);
        }
        Ok::<(), String>(())
    });
}

fn compare(ranks: &dyn Ranks, len: usize) {
    let numbers: Vec<f64> = (0..len).map(|i| (i + ranks.rank()) as f64).collect();
    let mut sum = vec![0.0; len];
    let plain = shortest(|| {
        SimpleCommunicator::world().all_reduce_into(&numbers[..], &mut sum[..], SystemOperation::sum());
    });
    // `sum_by_index` takes its pieces by value.
    let copy = shortest(|| drop(std::hint::black_box(numbers.clone())));
    let by_index = |pieces| shortest(|| drop(sum_by_index(ranks, pieces, len, |_| numbers.clone())));
    let (one, several) = (by_index(ranks.size()), by_index(2 * ranks.size() - 1));
    if ranks.rank() == 0 {
        let [plain, copy, one, several] = [plain, copy, one, several].map(|seconds| 1e6 * seconds);
        println!(
            "{len:7} numbers: all-reduce {plain:8.1} µs, by index {one:8.1} µs, {several:8.1} µs with {} pieces; \
             a copy {copy:.1} µs",
            2 * ranks.size() - 1
        );
    }
}

/// The shortest of the times, in seconds; the ranks begin together.
fn shortest(mut act: impl FnMut()) -> f64 {
    let times = (0..101).map(|_| {
        SimpleCommunicator::world().barrier();
        let start = Instant::now();
        act();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
