//! [dualtape](https://docs.rs/dualtape) over MPI: sums of terms and trainings on several processes and machines, with
//! the bits of one process.
//!
//! ```no_run
//! use dualtape::{Terms, Var};
//!
//! fn main() {
//!     dualtape_mpi::run(|ranks| {
//!         let term = |i: usize, x: &[Var]| (x[0] - i as f64) * (x[0] - i as f64);
//!         let (y, g) = Terms::all(1_000_000).over(ranks).gradient(term, &[0.5]);
//!         if ranks.rank() == 0 {
//!             println!("{y} {g:?}");
//!         }
//!         Ok::<(), String>(())
//!     });
//! }
//! ```
//!
//! The program starts as `mpirun -n 4 target/release/program`. It needs an MPI library (Open MPI or MPICH) when it
//! runs, and libclang too when it is compiled. That is why this is a crate of its own, and no feature of dualtape.
//!
//! # When a rank fails
//!
//! - **It panics, or returns an error**: [`run`] prints the message with the number of the rank and calls `MPI_Abort`,
//!   which ends all ranks. `mpirun` then ends with a status that is not 0.
//! - **It has other numbers than rank 0**, such as another point or other data: dualtape compares them before it sums,
//!   and all ranks fail with a message that names the rank.
//! - **Its process dies**, by a signal or for lack of memory: MPI itself does not say what happens to the others. The
//!   launchers of Open MPI and MPICH see that a process ended without a word, end the others, and print which one it
//!   was.
//! - **Its machine or the network dies**: the launcher sees it when the system gives up the connection, which may take
//!   minutes.
//! - **It hangs**, in an endless loop or on a file: nobody sees it, and the others wait for ever. Give the run a limit:
//!   `timeout 1h mpirun ...`, or the limit of the batch system.
//!
//! A run that has ended is not repaired. It is started again from its last checkpoint, on as many ranks as there are.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dualtape::ranks::Ranks;
use mpi::datatype::{Partition, PartitionMut};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use mpi::{Count, Threading};

/// Runs a program on this rank of an MPI run, and returns its result.
///
/// If it panics or returns an error on one rank, the run ends on all, and `mpirun` fails. [The crate](crate) says what
/// else can happen.
///
/// # Panics
///
/// When MPI was started before, or the MPI library allows no threads.
pub fn run<Out, E: Display>(program: impl FnOnce(&dyn Ranks) -> Result<Out, E>) -> Out {
    // The threads of a rank take turns to speak, as `par_gradient` does in a pool.
    let started = mpi::initialize_with_threading(Threading::Serialized);
    let (_universe, threading) = started.expect("dualtape_mpi::run: MPI was started before; call `run` once");
    assert!(threading >= Threading::Serialized, "dualtape_mpi::run: the MPI library gives {threading:?} to threads");
    let world = SimpleCommunicator::world();
    match catch_unwind(AssertUnwindSafe(|| program(&World))) {
        Ok(Ok(out)) => return out,
        Ok(Err(error)) => eprintln!("rank {} of {}: {error}", world.rank(), world.size()),
        // The panic has printed its message.
        Err(_) => eprintln!("rank {} of {} panicked", world.rank(), world.size()),
    }
    world.abort(1)
}

/// All processes that `mpirun` started.
#[derive(Debug)]
struct World;

impl Ranks for World {
    fn rank(&self) -> usize {
        SimpleCommunicator::world().rank() as usize
    }

    fn size(&self) -> usize {
        SimpleCommunicator::world().size() as usize
    }

    fn all_to_all(&self, numbers: &[f64], sent: &[usize], into: &mut [f64], received: &[usize]) {
        let (sent, received) = (counts(sent), counts(received));
        let parts = Partition::new(numbers, &sent[..], places(&sent));
        let mut coming = PartitionMut::new(into, &received[..], places(&received));
        SimpleCommunicator::world().all_to_all_varcount_into(&parts, &mut coming);
    }

    fn all_gather(&self, numbers: &[f64], into: &mut [f64], received: &[usize]) {
        let received = counts(received);
        let mut coming = PartitionMut::new(into, &received[..], places(&received));
        SimpleCommunicator::world().all_gather_varcount_into(numbers, &mut coming);
    }
}

/// Lengths as MPI has them.
fn counts(lengths: &[usize]) -> Vec<Count> {
    let total: usize = lengths.iter().sum();
    assert!(
        Count::try_from(total).is_ok(),
        "MPI counts up to {}, and a rank has {total} numbers to move; take fewer parameters at once, or a power of two as the \
         number of ranks",
        Count::MAX
    );
    lengths.iter().map(|&length| length as Count).collect()
}

/// Where the parts begin.
fn places(lengths: &[Count]) -> Vec<Count> {
    let place = |end: &mut Count, length: &Count| {
        let start = *end;
        *end += length;
        Some(start)
    };
    lengths.iter().scan(0, place).collect()
}
