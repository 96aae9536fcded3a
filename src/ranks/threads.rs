//! Ranks that are threads.

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::scope;

use super::Ranks;

/// Runs a program on ranks that are threads of this process, and returns what it returned on each: to try a program
/// that is to run over MPI.
///
/// # Panics
///
/// When the program panics on a rank: then it ends on all ranks, with this panic.
///
/// ```
/// use dualtape::ranks::{Ranks, on_threads};
/// use dualtape::{Terms, Var};
///
/// let term = |i: usize, x: &[Var]| (x[0] - i as f64) * x[1];
/// let alone = Terms::all(100).gradient(term, &[0.3, 0.7]);
/// assert_eq!(on_threads(3, |ranks| Terms::all(100).over(ranks).gradient(term, &[0.3, 0.7])), vec![alone; 3]);
/// ```
pub fn on_threads<Out: Send>(size: usize, program: impl Fn(&dyn Ranks) -> Out + Sync) -> Vec<Out> {
    let mut ranks: Vec<_> = (0..size).map(|rank| Thread { rank, to: Vec::new(), from: Vec::new() }).collect();
    for (receiver, sender) in (0..size).flat_map(|receiver| (0..size).map(move |sender| (receiver, sender))) {
        let (to, from) = channel();
        ranks[sender].to.push(to);
        ranks[receiver].from.push(Mutex::new(from));
    }
    let program = &program;
    let ended: Vec<_> = scope(|threads| {
        let started: Vec<_> = ranks.into_iter().map(|rank| threads.spawn(move || program(&rank))).collect();
        started.into_iter().map(|thread| thread.join()).collect()
    });
    let (results, panics): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    // Ranks that waited for the one that panicked have ended after it.
    let followed = |payload: &Box<dyn Any + Send>| payload.is::<OtherRankEnded>();
    if let Some(payload) = panics.into_iter().filter_map(Result::err).min_by_key(followed) {
        resume_unwind(payload);
    }
    results.into_iter().flatten().collect()
}

struct Thread {
    rank: usize,
    to: Vec<Sender<Vec<f64>>>,
    from: Vec<Mutex<Receiver<Vec<f64>>>>,
}

/// What a rank panics with because another one has.
struct OtherRankEnded;

impl Thread {
    fn send(&self, rank: usize, numbers: &[f64]) {
        self.to[rank].send(numbers.to_vec()).unwrap_or_else(|_| resume_unwind(Box::new(OtherRankEnded)));
    }

    fn receive(&self, mut into: &mut [f64], received: &[usize]) {
        for (rank, (from, &len)) in self.from.iter().zip(received).enumerate() {
            let from = from.lock().expect("one thread uses it");
            let numbers = from.recv().unwrap_or_else(|_| resume_unwind(Box::new(OtherRankEnded)));
            let came = numbers.len();
            assert_eq!(
                came, len,
                "rank {rank} sent {came} numbers in place of {len}; make the same calls on all ranks"
            );
            into.split_off_mut(..len).expect("room for all numbers").copy_from_slice(&numbers);
        }
    }
}

impl Ranks for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn all_to_all(&self, mut numbers: &[f64], sent: &[usize], into: &mut [f64], received: &[usize]) {
        for (rank, &len) in sent.iter().enumerate() {
            self.send(rank, numbers.split_off(..len).expect("as many numbers as are sent"));
        }
        self.receive(into, received);
    }

    fn all_gather(&self, numbers: &[f64], into: &mut [f64], received: &[usize]) {
        (0..self.size()).for_each(|rank| self.send(rank, numbers));
        self.receive(into, received);
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {} threads", self.rank, self.size())
    }
}
