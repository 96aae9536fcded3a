//! Reverse mode: the tape.
//!
//! Evaluating a function on [`Var`]s records one *statement* for every operation: the earlier variables that the result
//! depends on, and the partial derivatives with respect to them. One reverse sweep over the statements carries the
//! adjoint `∂y/∂(result)` of every result to its arguments,
//!
//! ```text
//!     adjoint[argument] += partial · adjoint[result]
//! ```
//!
//! and leaves the derivative of the output with respect to every variable. It costs a small multiple of the function,
//! whatever the number of inputs. (Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 3. Statements of any
//! number of arguments follow Adept, Hogan 2014, and CoDiPack, Sagebaum et al. 2019.)
//!
//! In reading order:
//!
//! - here: [`Tape`] and [`Gradients`];
//! - `reverse/var.rs`: [`Var`];
//! - `reverse/recording.rs`: the stored statements;
//! - `reverse/operands.rs`: statements of many operands, called *long*;
//! - `reverse/block.rs`, `reverse/layers.rs`, `reverse/elements.rs`: statements of several results, called *blocks*;
//! - `reverse/sweep.rs`: the reverse sweep; `reverse/fast.rs`: the same for plain numbers, quicker; `reverse/tiles.rs`: the
//!   same for kernels at the elements of slices;
//! - `reverse/slot.rs`: how a variable finds the tape of its thread, and knows that it is still the right one;
//! - `reverse/dependencies.rs`: which inputs an output depends on.
//!
//! # Invariants
//!
//! The code relies on these, and cites them by number.
//!
//! - **I1, order.** The arguments of a statement stand before its results.
//! - **I2, positions.** Positions are consecutive: a node takes one, a block of n results takes n. So the number of
//!   a node is its position less the results of the blocks before it. The variables of one call of [`Tape::vars`]
//!   are one block.
//! - **I3, marks.** Every position is below `LIMIT`. `NONE`, `LONG` and a position marked `BESIDE` are past the end
//!   of any adjoints. A chunk of nodes is counted against the limit when it is opened, so a node that finds room
//!   needs no test.
//! - **I4, zeros.** A node has no argument whose partial is identically zero, and the sweep skips an adjoint that
//!   is. So in one lane neither factor of `partial·adjoint` is identically zero, and no zero meets an infinity.
//! - **I5, partials beside.** A chunk has a cell beside every node it has room for. The cell holds the partial by
//!   the second operand where the node is marked `BESIDE`; elsewhere it is stale.
//! - **I6, head.** The last chunk of the current recording is in the head of the slot, or, while the recordings are
//!   borrowed (`Borrowed`), in the recording. The other of the two has no room then.
//! - **I7, stamps.** No two recordings share a stamp, up to a wrap after 2³². Clearing and rewinding change it; 0
//!   belongs to constants, and `NO_RECORDING` is never issued. So a place with an admitted stamp is still in the
//!   recording.
//! - **I8, finite kernels.** The partials of a kernel marked `is_finite` are finite plain numbers, so their
//!   products with finite adjoints need no zero rule.

mod block;
mod dependencies;
mod elements;
mod fast;
mod layers;
mod operands;
mod recording;
mod slot;
mod sweep;
mod tiles;
mod var;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use num_traits::Float;

use crate::scalar::Scalar;
use block::Source;
use recording::Recording;
use slot::{Recordings, lend_slot, on_recording, on_slot, refuse};
pub(crate) use slot::{Slot, registered_slot};
pub use var::Var;

/// Records the operations on its variables, to differentiate them in reverse.
///
/// For a gradient call [`gradient`](crate::gradient), which makes a tape of its own. A tape in your hands also gives
/// the gradient of every intermediate, several reverse sweeps over one recording, and several outputs:
///
/// ```
/// use dualtape::{Scalar, Tape};
///
/// let tape = Tape::new();
/// let a = tape.var(-4.0);
/// let b = tape.var(2.0);
/// let c = a * b + b.powi(3);
/// let d = c.relu();
///
/// let gradients = tape.backward(c + d);
/// assert_eq!(gradients[c], 1.0);
/// assert_eq!((gradients[a], gradients[b]), (2.0, 8.0));
/// ```
///
/// A tape records on the thread that made it, from [`new`](Tape::new) until it is dropped. A second tape over the same
/// scalar pauses the first until the second is dropped, so a gradient may be taken inside a function that is being
/// differentiated. Tapes over different scalars are independent. A `Tape<Var>`, over variables, is itself recorded by
/// the tape of those variables and gives second derivatives.
///
/// A variable is usable only while its own tape records. If that tape was cleared or dropped, is paused, or belongs to
/// another thread, the operation panics and says which.
///
/// A tape knows slopes and no names; `graph::TracedTape` draws its computation.
///
/// An operation in `f64` takes 24 bytes, and 8 for its adjoint. Of the 24, 8 are not touched where the partial
/// derivative with respect to the second operand is 1. The thread keeps the memory for its next tape, even after a
/// drop, until 64 recordings have needed far less, or [`release_memory`](crate::release_memory) is called.
pub struct Tape<T: Scalar = f64> {
    stamp: Cell<u32>,
    /// A tape stays on its thread.
    thread: PhantomData<*const T>,
}

impl<T: Scalar> Tape<T> {
    /// Returns a tape that records from now on, and pauses the tape over the same scalar that recorded so far.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!(tape.backward(x * x)[x], 6.0);
    /// ```
    #[expect(clippy::new_without_default, reason = "starting to record is no default")]
    #[inline]
    pub fn new() -> Self {
        Tape { stamp: Cell::new(on_slot::<T, _>(Recordings::start)), thread: PhantomData }
    }

    /// Records and returns a new independent variable.
    ///
    /// # Panics
    ///
    /// When this tape is paused by a later one.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// assert_eq!(format!("{:?}", tape.var(3.0)), "3.0 (variable 0)");
    /// ```
    #[track_caller]
    pub fn var(&self, value: T) -> Var<T> {
        self.on_recording_under_way(|recording| Var::at(value, recording.variable()))
    }

    /// Records and returns new independent variables, in order.
    ///
    /// # Panics
    ///
    /// When this tape is paused by a later one.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.vars(&[1.0, 2.0]);
    /// assert_eq!(tape.backward(x[0] * x[1]).wrt(&x), [2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn vars(&self, values: &[T]) -> Vec<Var<T>> {
        self.variables(values).collect()
    }

    /// Calls `f` with constants followed by new independent [`vars`](Tape::vars). The slice reuses memory of the slot.
    #[track_caller]
    pub(crate) fn with_variables<Out>(&self, constants: &[T], values: &[T], f: impl FnOnce(&[Var<T>]) -> Out) -> Out {
        let variables = self.spare_variables(constants, values);
        let out = f(&variables);
        let _ = T::with_slot(|slot| slot.spare_variables.set(variables));
        out
    }

    #[track_caller]
    fn spare_variables(&self, constants: &[T], values: &[T]) -> Vec<Var<T>> {
        let mut variables = T::with_slot(|slot| slot.spare_variables.take()).unwrap_or_default();
        variables.clear();
        variables.extend(constants.iter().map(|&value| Var::constant(value)));
        variables.extend(self.variables(values));
        variables
    }

    #[inline]
    #[track_caller]
    fn variables<'a>(&self, values: &'a [T]) -> impl ExactSizeIterator<Item = Var<T>> + use<'a, T> {
        let first = self.on_recording_under_way(|recording| recording.block(values.len(), Source::Nothing));
        values.iter().enumerate().map(move |(i, &value)| Var::at(value, first.later(i)))
    }

    /// Returns the derivative of `output` with respect to every variable of the recording, by one reverse sweep.
    ///
    /// The recording is unchanged: any number of sweeps, from any variables, may follow. A constant output has
    /// derivative 0 with respect to everything.
    ///
    /// # Panics
    ///
    /// When `output` is a variable of another recording.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(3.0);
    /// let (y, z) = (x * x, x * 5.0);
    /// assert_eq!(tape.backward(y)[x], 6.0);
    /// assert_eq!(tape.backward(z)[x], 5.0);
    /// assert_eq!(tape.backward(z)[y], 0.0);
    /// ```
    #[doc(alias = "backprop")]
    #[track_caller]
    pub fn backward(&self, output: Var<T>) -> Gradients<T> {
        self.backward_seeded(&[(output, T::one())])
    }

    /// Returns the derivative of `Σ seed·output`, by one reverse sweep from all outputs.
    ///
    /// With the outputs of a function this is the product of the seeds, as a row vector, with its Jacobian.
    ///
    /// # Panics
    ///
    /// When an output is a variable of another recording.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(3.0);
    /// let gradients = tape.backward_seeded(&[(x * x, 1.0), (x * 5.0, 10.0)]);
    /// assert_eq!(gradients[x], 56.0);
    /// ```
    #[track_caller]
    pub fn backward_seeded(&self, outputs: &[(Var<T>, T)]) -> Gradients<T> {
        self.sweep(outputs.iter().map(|&(output, seed)| (output, [seed])))
    }

    /// Returns the derivatives of `Σ seed[l]·output` for `L` lanes l, by one reverse sweep.
    ///
    /// The sweep reads the recording once for all lanes, so a lane costs less than a sweep where memory is the limit.
    ///
    /// # Panics
    ///
    /// When an output is a variable of another recording.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(3.0);
    /// let gradients = tape.backward_lanes(&[(x * x, [1.0, 0.0]), (x * 5.0, [0.0, 1.0])]);
    /// assert_eq!(gradients.lanes(x), [6.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn backward_lanes<const L: usize>(&self, outputs: &[(Var<T>, [T; L])]) -> Gradients<T, L> {
        self.sweep(outputs.iter().copied())
    }

    /// Writes the derivatives of `output` with respect to the first variables, the whole first block, into `gradient`.
    #[inline]
    #[track_caller]
    pub(crate) fn gradient_into(&self, output: Var<T>, gradient: &mut [T]) {
        if output.is_constant() {
            return gradient.fill(T::zero());
        }
        let swept = self.backward(output);
        // All are there, because they are the results of one block (I2).
        gradient.copy_from_slice(&swept.adjoints[..gradient.len()]);
        // A recording of these sweeps would have adjoints in these units itself.
        if const { T::ORDER > 0 && !T::RECORDS }
            && T::with_slot(|slot| slot.in_factors.get() == self.stamp.get()).unwrap_or(false)
        {
            self.gradient_in_units(output, gradient);
        }
    }

    /// Sweeps again with the output in the smallest of some units in which no adjoint overflows. Fewer underflow in it. The
    /// values are those of the first sweep, as without derivatives.
    #[cold]
    #[track_caller]
    fn gradient_in_units(&self, output: Var<T>, gradient: &mut [T]) {
        let half_of_exponents = Float::sqrt(Float::recip(T::Real::min_positive_value()));
        for per_unit in [half_of_exponents, Float::sqrt(half_of_exponents)] {
            // A power of 2 changes no digits.
            let per_unit = Float::exp2(Float::floor(Float::log2(per_unit)));
            let swept = self.backward_seeded(&[(output, T::from_real(per_unit))]);
            let in_units = &swept.adjoints[..gradient.len()];
            if gradient.iter().chain(in_units).all(|x| x.is_finite_throughout()) {
                let with_value = |x: T, value: T::Real| x + (value - x.value());
                let others = in_units.iter().map(|&x| x / per_unit);
                return gradient.iter_mut().zip(others).for_each(|(x, other)| *x = with_value(other, x.value()));
            }
        }
    }

    #[track_caller]
    fn sweep<const L: usize>(&self, outputs: impl Iterator<Item = (Var<T>, [T; L])> + Clone) -> Gradients<T, L> {
        let stamp = self.stamp.get();
        let foreign = outputs.clone().map(|(output, _)| output.place().stamp()).find(|&own| own != 0 && own != stamp);
        if let Some(foreign) = foreign {
            refuse::<T>(foreign);
        }
        let seeds = outputs.filter(|(output, _)| !output.is_constant()).map(|(output, seed)| (output.place(), seed));
        let memory = T::with_slot(|slot| slot.spare_adjoints.take()).unwrap_or_default();
        Gradients { adjoints: on_recording(stamp, |recording| recording.sweep(seeds, memory)), stamp }
    }

    /// Forgets all variables and keeps the memory, except the numbers that layers and [blocks](crate::Block) kept for
    /// the reverse sweep.
    ///
    /// A variable from before panics when it is used.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let mut x: f64 = 4.0;
    /// for _ in 0..50 {
    ///     let v = tape.var(x);
    ///     x -= 0.3 * tape.backward((v - 1.0) * (v - 1.0))[v];
    ///     tape.clear();
    /// }
    /// assert!((x - 1.0).abs() < 1e-12);
    /// ```
    pub fn clear(&self) {
        self.restamp(Recording::clear);
    }

    /// Returns the number of results so far: of variables, and of operations on them.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(1.0);
    /// let _ = x * x + 1.0;
    /// assert_eq!(tape.len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.inspect(Recording::len)
    }

    /// Returns whether nothing has been recorded.
    ///
    /// ```
    /// assert!(dualtape::Tape::<f64>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the memory held by the recording, in bytes.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// tape.vars(&[0.0; 100]);
    /// let before = tape.capacity_bytes();
    /// tape.clear();
    /// assert_eq!(tape.capacity_bytes(), before);
    /// ```
    pub fn capacity_bytes(&self) -> usize {
        self.inspect(Recording::capacity_bytes)
    }

    /// Records and returns independent variables that survive a [rewind](Tape::rewind).
    pub(crate) fn kept_vars(&self, values: &[T]) -> Vec<Var<T>> {
        let variables = self.vars(values);
        self.restamp(Recording::keep);
        variables
    }

    /// Returns the memory in use by the recording, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.inspect(Recording::bytes)
    }

    /// Forgets all but the first `len` variables, which are [kept](Tape::kept_vars).
    pub(crate) fn rewind(&self, len: usize) {
        self.restamp(|recording, stamp| recording.rewind(len, stamp));
    }

    /// Adds the derivatives of `Σ seed·output` with respect to the first variables, which are [kept](Tape::kept_vars),
    /// to `adjoints`, one for each of them. Forgets all other variables.
    #[track_caller]
    pub(crate) fn sweep_and_rewind(&self, outputs: &[(Var<T>, T)], adjoints: &mut Vec<T>) {
        let (kept, stamp) = (adjoints.len(), self.stamp.get());
        let foreign = on_slot::<T, _>(|slot| {
            let recording = slot.find(stamp);
            outputs.iter().map(|(output, _)| output.place().stamp()).find(|&own| !recording.admits(own))
        });
        if let Some(foreign) = foreign {
            refuse::<T>(foreign);
        }
        let seeds = outputs.iter().filter(|(output, _)| !output.is_constant());
        let seeds = seeds.map(|&(output, seed)| (output.place(), seed));
        on_recording(stamp, |recording| recording.sweep_further(seeds, adjoints));
        adjoints.truncate(kept);
        self.rewind(kept);
    }

    #[track_caller]
    fn on_recording_under_way<Out>(&self, record: impl FnOnce(&mut Recording<T>) -> Out) -> Out {
        let stamp = self.stamp.get();
        match on_slot::<T, _>(|slot| slot.recording(stamp).map(record)) {
            Some(out) => out,
            None => refuse::<T>(stamp),
        }
    }

    fn restamp(&self, change: impl FnOnce(&mut Recording<T>, u32)) {
        self.stamp.set(lend_slot::<T, _>(|slot| {
            let (needed, stamp) = {
                let mut recordings = slot.borrow_mut();
                (recordings.needed(self.stamp.get()), recordings.restamp(self.stamp.get(), change))
            };
            slot.count_use(needed);
            stamp
        }));
    }

    fn inspect<Out>(&self, look: impl FnOnce(&Recording<T>) -> Out) -> Out {
        on_slot::<T, _>(|slot| look(slot.find(self.stamp.get())))
    }
}

impl<T: Scalar> Drop for Tape<T> {
    #[inline]
    fn drop(&mut self) {
        // While the thread ends, its slot may be gone before the tape: nothing is left to do.
        let _ = T::with_slot(|slot| {
            let needed = {
                let mut recordings = slot.borrow_mut();
                let needed = recordings.needed(self.stamp.get());
                recordings.stop(self.stamp.get());
                needed
            };
            slot.count_use(needed);
        });
    }
}

impl<T: Scalar> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("len", &self.len()).field("capacity_bytes", &self.capacity_bytes()).finish()
    }
}

/// The derivatives of an output with respect to every variable of a recording. With `L` lanes, of L outputs or
/// directions.
///
/// Indexing by a variable gives its derivative: exactly 0 for constants, and for variables that the output does not
/// depend on. The gradients outlive the recording.
///
/// ```
/// use dualtape::{Scalar, Tape};
///
/// let tape = Tape::new();
/// let x = tape.var(0.0);
/// let y = x.sin();
/// let gradients = tape.backward(y * y + y);
/// assert_eq!(gradients[y], 1.0);
/// assert_eq!(gradients[x], 1.0);
/// ```
pub struct Gradients<T: Scalar = f64, const L: usize = 1> {
    /// The lanes of every variable up to the output, and a row of zeros.
    adjoints: Vec<T>,
    stamp: u32,
}

impl<T: Scalar> Gradients<T> {
    /// Returns the derivatives with respect to several variables, in order.
    ///
    /// # Panics
    ///
    /// When one is a variable of another recording.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.vars(&[1.0, 2.0, 3.0]);
    /// assert_eq!(tape.backward(x[0] * x[2]).wrt(&x), [3.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn wrt(&self, variables: &[Var<T>]) -> Vec<T> {
        variables.iter().map(|&x| self[x]).collect()
    }
}

impl<T: Scalar, const L: usize> Gradients<T, L> {
    /// Returns the derivatives in all lanes with respect to a variable.
    ///
    /// # Panics
    ///
    /// When it is a variable of another recording.
    ///
    /// ```
    /// let tape = dualtape::Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!(tape.backward(x * x).lanes(x), [6.0]);
    /// ```
    #[track_caller]
    pub fn lanes(&self, x: Var<T>) -> [T; L] {
        *self.of(x)
    }

    #[track_caller]
    fn of(&self, x: Var<T>) -> &[T; L] {
        if !x.is_constant() && x.place().stamp() != self.stamp {
            panic!(
                "these gradients are of another recording than the variable {x:?}: index them by variables that the \
                 output was computed from"
            );
        }
        // Constants (by I3) and variables after the output share the zeros at the end.
        let (lanes, _) = self.adjoints.as_chunks::<L>();
        lanes.get(x.place().position() as usize).unwrap_or(&lanes[lanes.len() - 1])
    }
}

impl<T: Scalar> Index<Var<T>> for Gradients<T> {
    type Output = T;

    #[track_caller]
    fn index(&self, x: Var<T>) -> &T {
        let [adjoint] = self.of(x);
        adjoint
    }
}

impl<T: Scalar, const L: usize> Drop for Gradients<T, L> {
    fn drop(&mut self) {
        let adjoints = std::mem::take(&mut self.adjoints);
        let _ = T::with_slot(|slot| {
            let spare = slot.spare_adjoints.take();
            slot.spare_adjoints.set(if spare.capacity() < adjoints.capacity() { adjoints } else { spare });
        });
    }
}

impl<T: Scalar, const L: usize> fmt::Debug for Gradients<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lanes, _) = self.adjoints.as_chunks::<L>();
        let variables = &lanes[..lanes.len() - 1];
        if L == 1 {
            f.debug_list().entries(variables.as_flattened()).finish()
        } else {
            f.debug_list().entries(variables).finish()
        }
    }
}
