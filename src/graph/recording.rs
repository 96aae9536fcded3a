//! The trace: it records a function while it runs.
//!
//! As with tapes, each thread has one stack of traces for each scalar type, and a traced number carries the stamp of
//! its trace.

use std::borrow::Cow;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Index, Range};
use std::panic::Location;

use num_traits::{NumCast, ToPrimitive};

use super::{Argument, Call, Graph, Group, Node, Role, Traced};
use crate::memory::stamp::{issue_stamp, issued_here};
use crate::memory::thread::registered;
use crate::scalar::zero;
use crate::scalar::{Real, Scalar};

/// Returns the graph of `f` at `x`, with the gradient of the result with respect to every node.
///
/// It costs about 100 bytes and a third of a microsecond for each operation, plus the cost of `T`. Inputs have the
/// names `x[0]`, `x[1]`, ..., until `f` [labels](Scalar::label) them.
///
/// # Panics
///
/// When `f` uses a traced number of another trace.
///
/// ```
/// use dualtape::{Scalar, gradient, graph::trace};
///
/// fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     (x[0] * x[1]).sin() + x[1].powi(2) * 0.5
/// }
///
/// let graph = trace(f, &[0.5, 2.0]);
/// assert_eq!(graph.len(), 2 + 5 + 1); // inputs, operations, the constant 0.5
/// let of_inputs: Vec<f64> = graph.nodes()[..2].iter().map(|node| node.gradient()).collect();
/// assert_eq!((graph.output().value(), of_inputs), gradient(f, &[0.5, 2.0]));
/// ```
#[track_caller]
pub fn trace<T: Scalar>(f: impl FnOnce(&[Traced<T>]) -> Traced<T>, x: &[T]) -> Graph {
    trace_parametric(|x, _| f(x), x, &[])
}

/// Returns the graph of a function of two slices, as [`trace`] does. The second slice holds parameters, which have a
/// colour of their own and are drawn with the group that uses them.
///
/// # Panics
///
/// As [`trace`].
///
/// ```
/// use dualtape::graph::{Role, trace_parametric};
/// use dualtape::nn::{Activation, Mlp};
///
/// let mlp = Mlp::new(2, &[(1, Activation::Tanh)], &[3.0, 0.5, -1.0]);
/// let graph = trace_parametric(|x, p| mlp.with_parameters(p).forward(x)[0], &[1.0, 2.0], mlp.parameters());
/// assert_eq!(graph.nodes().iter().filter(|node| node.role() == Role::Parameter).count(), 3);
/// assert_eq!(graph.groups().collect::<Vec<_>>(), ["layer 1", "neuron 1"]);
/// ```
#[track_caller]
pub fn trace_parametric<T: Scalar>(f: impl FnOnce(&[Traced<T>], &[Traced<T>]) -> Traced<T>, x: &[T], p: &[T]) -> Graph {
    let tape = TracedTape::new();
    let [x, p] = tape.leaves(x, p);
    let output = f(&x, &p);
    tape.into_graph(output)
}

/// Returns the graph of a function with several outputs, without gradients, and the nodes of the outputs.
#[cfg(feature = "source")]
#[track_caller]
pub(crate) fn trace_outputs<T: Scalar>(
    f: impl FnOnce(&[Traced<T>], &[Traced<T>]) -> Vec<Traced<T>>,
    x: &[T],
    p: &[T],
) -> (Graph, Vec<u32>) {
    let tape = TracedTape::new();
    let [x, p] = tape.leaves(x, p);
    let outputs = f(&x, &p).into_iter().map(place).collect();
    (tape.on_own(|recording| std::mem::replace(&mut recording.graph, Graph::of::<T::Real>(tape.stamp))), outputs)
}

/// A trace that records.
pub(super) struct Recording {
    /// The stamp of the numbers of this trace.
    pub(super) stamp: u32,
    pub(super) graph: Graph,
    /// The number of variables that a [`TracedTape`] has given out.
    inputs: usize,
    /// The current group.
    pub(super) group: u32,
    /// The caller of the current slice operation.
    caller: Caller,
}

/// The traces of a thread over the scalar `T`. The last one records, the others wait.
struct Traces<T> {
    stack: RefCell<Vec<Recording>>,
    scalar: PhantomData<T>,
}

impl<T> Default for Traces<T> {
    fn default() -> Self {
        Traces { stack: RefCell::default(), scalar: PhantomData }
    }
}

fn on_traces<T: Scalar, Out>(act: impl FnOnce(&mut Vec<Recording>) -> Out) -> Out {
    let act = |traces: &Traces<T>| act(&mut traces.stack.borrow_mut());
    registered(act).expect("a trace lives on a thread that is not ending")
}

pub(super) fn on_recording<T: Scalar, Out>(act: impl FnOnce(&mut Recording) -> Out) -> Option<Out> {
    on_traces::<T, _>(|stack| stack.last_mut().map(act))
}

/// A tape that can be drawn: a [`Tape`](crate::Tape) for expressions that are written line by line.
///
/// Its variables are [`Traced`] in place of [`Var`](crate::Var), and everything else is written alike. Ask for the
/// [`graph`](TracedTape::graph) of any variable, as often as you want; it has the gradient of every intermediate.
/// Unlike a [`Tape`](crate::Tape) it records names, values and lines of the program too: about 100 bytes and a third
/// of a microsecond for each operation.
///
/// The variables belong to the tape, and to its thread. Another trace over the same scalar that starts in its lifetime
/// has to end before this tape goes on.
///
/// ```
/// use dualtape::{Scalar, graph::TracedTape};
///
/// let tape = TracedTape::new();
/// let (a, b, c) = (tape.var(2.0).label("a"), tape.var(-3.0).label("b"), tape.var(10.0).label("c"));
/// let e = (a * b).label("e");
/// let d = (e + c).label("d");
/// let loss = (d * -2.0).label("L");
///
/// let graph = tape.graph(loss);
/// assert_eq!((graph[a].gradient(), graph[e].gradient(), graph[d].value()), (6.0, -2.0, 4.0));
/// assert!(graph.svg()?.contains("data"));
/// assert_eq!(tape.graph(d)[a].gradient(), -3.0); // for another output
/// # Ok::<(), dualtape::graph::TooLarge>(())
/// ```
#[derive(Debug)]
pub struct TracedTape<T: Scalar = f64> {
    stamp: u32,
    /// A trace stays on its thread.
    thread: PhantomData<*const T>,
}

impl<T: Scalar> TracedTape<T> {
    /// Starts a tape.
    ///
    /// ```
    /// let tape = dualtape::graph::TracedTape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!(tape.graph(x * x)[x].gradient(), 6.0);
    /// ```
    #[expect(clippy::new_without_default, reason = "a default should not start to record")]
    pub fn new() -> Self {
        let stamp = issue_stamp();
        let recording = Recording { stamp, graph: Graph::of::<T::Real>(stamp), inputs: 0, group: 0, caller: None };
        on_traces::<T, _>(|stack| stack.push(recording));
        TracedTape { stamp, thread: PhantomData }
    }

    /// Records and returns an independent variable. Its name is `x[0]`, `x[1]`, ... in order, until it is
    /// [labelled](Scalar::label).
    ///
    /// # Panics
    ///
    /// When another trace over the same scalar has not ended.
    ///
    /// ```
    /// let tape = dualtape::graph::TracedTape::new();
    /// assert_eq!(tape.graph(tape.var(3.0)).output().name(), "x[0]");
    /// ```
    #[track_caller]
    pub fn var(&self, value: T) -> Traced<T> {
        let inputs = self.on_own(|recording| {
            recording.inputs += 1;
            recording.inputs - 1
        });
        self.leaf(Role::Input, Cow::Owned(format!("x[{inputs}]")), value)
    }

    /// Records and returns an independent variable for each value.
    ///
    /// # Panics
    ///
    /// As [`var`](TracedTape::var).
    ///
    /// ```
    /// let tape = dualtape::graph::TracedTape::new();
    /// let x = tape.vars(&[1.0, 2.0]);
    /// assert_eq!(tape.graph(x[0] * x[1])[x[0]].gradient(), 2.0);
    /// ```
    #[track_caller]
    pub fn vars(&self, values: &[T]) -> Vec<Traced<T>> {
        values.iter().map(|&value| self.var(value)).collect()
    }

    /// Returns the graph of all operations on the tape, with the gradient of `output` with respect to every node. The
    /// tape may go on.
    ///
    /// # Panics
    ///
    /// When `output` belongs to another tape, or another trace over the same scalar has not ended.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::TracedTape};
    ///
    /// let tape = TracedTape::new();
    /// let x = tape.var(0.5);
    /// let y = x.tanh();
    /// let before = tape.graph(y).len();
    /// assert_eq!(tape.graph(y * y).len(), before + 1);
    /// ```
    #[track_caller]
    pub fn graph(&self, output: Traced<T>) -> Graph {
        let output = place(output);
        self.on_own(|recording| recording.graph.clone()).swept_from::<T::Real>(output)
    }

    /// Returns the [`graph`](TracedTape::graph), and ends the tape.
    #[track_caller]
    fn into_graph(self, output: Traced<T>) -> Graph {
        let output = place(output);
        let graph = self.on_own(|recording| std::mem::replace(&mut recording.graph, Graph::of::<T::Real>(self.stamp)));
        graph.swept_from::<T::Real>(output)
    }

    /// Records the inputs `x[0]`, `x[1]`, ... and the parameters `p[0]`, `p[1]`, ....
    #[track_caller]
    fn leaves(&self, x: &[T], p: &[T]) -> [Vec<Traced<T>>; 2] {
        [(x, Role::Input, "x"), (p, Role::Parameter, "p")].map(|(values, role, letter)| {
            let named = values.iter().enumerate().map(|(i, &value)| (value, Cow::Owned(format!("{letter}[{i}]"))));
            named.map(|(value, name)| self.leaf(role, name, value)).collect()
        })
    }

    #[track_caller]
    fn leaf(&self, role: Role, name: Cow<'static, str>, value: T) -> Traced<T> {
        let (location, plain) = (here(), plain(value.value()));
        let index = self.on_own(|recording| recording.push(name, role, plain, location));
        Traced::at(value, self.stamp, index)
    }

    #[track_caller]
    fn on_own<Out>(&self, act: impl FnOnce(&mut Recording) -> Out) -> Out {
        let own = |recording: &mut Recording| (recording.stamp == self.stamp).then(|| act(recording));
        match on_recording::<T, _>(own).flatten() {
            Some(out) => out,
            None => refuse::<T>(self.stamp),
        }
    }
}

impl<T: Scalar> Drop for TracedTape<T> {
    fn drop(&mut self) {
        on_traces::<T, _>(|stack| stack.retain(|recording| recording.stamp != self.stamp));
    }
}

/// Returns the node of a number.
///
/// # Panics
///
/// When the number is a constant, which has no node of its own, or belongs to another graph.
///
/// ```
/// let tape = dualtape::graph::TracedTape::new();
/// let x = tape.var(3.0);
/// assert_eq!(tape.graph(x * 2.0)[x].gradient(), 2.0);
/// ```
impl<T: Scalar> Index<Traced<T>> for Graph {
    type Output = Node;

    #[track_caller]
    fn index(&self, x: Traced<T>) -> &Node {
        assert!(!x.is_constant(), "a constant has no node: ask for the result of an operation, or label the constant");
        let own = if x.stamp() == self.stamp { self.nodes.get(x.index() as usize) } else { None };
        own.expect("the number is not in this graph: take the graph after the operation, from the tape of the number")
    }
}

/// The place where an operation was called.
pub(super) type Caller = Option<&'static Location<'static>>;

/// Returns the place of the caller in debug builds; it would cost other builds time.
#[track_caller]
pub(super) fn here() -> Caller {
    if cfg!(debug_assertions) { Some(Location::caller()) } else { None }
}

impl Recording {
    fn push(&mut self, name: Cow<'static, str>, role: Role, value: f64, location: Caller) -> u32 {
        let index = u32::try_from(self.graph.nodes.len()).expect("a trace holds at most 2³² operations");
        let end = u32::try_from(self.graph.arguments.len()).expect("a trace holds at most 2³² arguments");
        let (group, location) = (self.group, self.caller.or(location));
        let node = Node { name, label: None, role, value, gradient: 0.0, end, group, location, is_custom: false };
        self.graph.nodes.push(node);
        index
    }

    /// Adds nodes for the constants among the numbers. Returns their range, or the stamp of a number of another trace.
    fn constants<T: Scalar>(&mut self, numbers: &[Traced<T>], location: Caller) -> Result<Range<u32>, u32> {
        if let Some(foreign) = numbers.iter().find(|x| !x.is_constant() && x.stamp() != self.stamp) {
            return Err(foreign.stamp());
        }
        let first = self.graph.nodes.len() as u32;
        for x in numbers.iter().filter(|x| x.is_constant()) {
            self.push(Cow::Borrowed("constant"), Role::Constant, plain(x.plain()), location);
        }
        Ok(first..self.graph.nodes.len() as u32)
    }
}

pub(super) fn plain(x: impl ToPrimitive) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

/// Records an operation and returns its result, which is a node unless all operands are constants.
#[track_caller]
pub(super) fn record<T: Scalar>(
    name: Cow<'static, str>,
    value: T,
    operands: &[Traced<T>],
    slopes: &[T::Real],
) -> Traced<T> {
    if operands.iter().all(|x| x.is_constant()) {
        return Traced::constant(value);
    }
    let location = here();
    let recorded = on_recording::<T, _>(|recording| {
        let mut constants = recording.constants(operands, location)?;
        for (&x, &slope) in operands.iter().zip(slopes) {
            let node = if x.is_constant() { constants.next().expect("one for each") } else { x.index() };
            recording.graph.arguments.push(Argument { node, slope: plain(slope) });
        }
        let index = recording.push(name, Role::Operation, plain(value.value()), location);
        Ok(Traced::at(value, recording.stamp, index))
    });
    match recorded {
        Some(Ok(y)) => y,
        Some(Err(stamp)) => refuse::<T>(stamp),
        None => refuse::<T>(operands.iter().map(|x| x.stamp()).fold(0, u32::max)),
    }
}

/// Records an operation with custom derivatives.
#[track_caller]
pub(super) fn record_custom<T: Scalar>(
    name: String,
    value: T,
    operands: &[Traced<T>],
    slopes: &[T::Real],
) -> Traced<T> {
    let y = record(Cow::Owned(name), value, operands, slopes);
    if !y.is_constant() {
        on_recording::<T, _>(|recording| recording.graph.nodes[y.index() as usize].is_custom = true);
    }
    y
}

/// Returns the node of a number of the current trace; a constant gets a new one.
#[track_caller]
fn place<T: Scalar>(x: Traced<T>) -> u32 {
    let location = here();
    match on_recording::<T, _>(|recording| {
        recording.constants(&[x], location).map(|mut new| new.next().unwrap_or(x.index()))
    }) {
        Some(Ok(index)) => index,
        _ => refuse::<T>(x.stamp()),
    }
}

/// Names the node of a number. A constant gets a node first.
#[track_caller]
pub(super) fn label<T: Scalar>(x: Traced<T>, label: String, keeps_other: bool) -> Traced<T> {
    if on_recording::<T, _>(|_| ()).is_none() && x.is_constant() {
        return x;
    }
    let index = place(x);
    let labelled = on_recording::<T, _>(|recording| {
        let own = &mut recording.graph.nodes[index as usize].label;
        if !(keeps_other && own.is_some()) {
            *own = Some(label.into_boxed_str());
        }
        Traced::at(x.primal(), recording.stamp, index)
    });
    labelled.expect("a trace records")
}

/// Runs `inside` as a group of nodes. If there is a `location`, all of them have it.
pub(super) fn group<T: Scalar, Out>(name: String, folded: bool, location: Caller, inside: impl FnOnce() -> Out) -> Out {
    let outer = on_recording::<T, _>(|recording| {
        let outer = (recording.group, recording.caller);
        let groups = &mut recording.graph.groups;
        groups.push(Group { name, parent: recording.group, folded, call: None });
        recording.group = (groups.len() - 1) as u32;
        recording.caller = recording.caller.or(location);
        (recording.stamp, outer)
    });
    let _within = outer.map(|(stamp, outer)| Within::<T> { stamp, outer, scalar: PhantomData });
    inside()
}

/// Runs a fused kernel as a group of nodes. It may be a part of the map with this number.
#[track_caller]
pub(crate) fn kernel<T: Scalar, Out>(map: Option<u32>, inside: impl FnOnce() -> Out) -> Out {
    group::<T, _>("fuse".to_string(), true, here(), || {
        let call = Some(Call { map });
        on_recording::<T, _>(|recording| recording.graph.groups[recording.group as usize].call = call);
        inside()
    })
}

/// Returns the number of the map of a kernel that begins here.
pub(super) fn next_map<T: Scalar>() -> Option<u32> {
    on_recording::<T, _>(|recording| recording.graph.groups.len() as u32)
}

/// Ends a group when it is dropped.
struct Within<T: Scalar> {
    stamp: u32,
    outer: (u32, Caller),
    scalar: PhantomData<T>,
}

impl<T: Scalar> Drop for Within<T> {
    fn drop(&mut self) {
        on_recording::<T, _>(|recording| {
            if recording.stamp == self.stamp {
                (recording.group, recording.caller) = self.outer;
            }
        });
    }
}

/// Panics, and says why a number does not belong to the current trace.
#[cold]
#[track_caller]
fn refuse<T: Scalar>(stamp: u32) -> ! {
    if on_traces::<T, _>(|stack| stack.iter().any(|recording| recording.stamp == stamp)) {
        panic!(
            "a number of an outer trace was used inside a trace over the same scalar: pass `.primal()` to treat it as \
             a constant"
        );
    }
    if issued_here(stamp) {
        panic!("a traced number was used after its trace had ended: keep plain numbers (`.value()`) and trace anew");
    }
    panic!("a traced number of another thread was used: send plain numbers (`.value()`) and trace on each thread");
}

impl Graph {
    /// Sweeps in reverse: computes the gradient of the output with respect to every node. It sums as a tape does, from
    /// the last operation to the first, and within one from the first argument to the last. A zero beats an infinity.
    fn swept_from<R: Real>(mut self, output: u32) -> Graph {
        self.output = output;
        let mut adjoints = vec![R::zero(); self.nodes.len()];
        adjoints[self.output as usize] = R::one();
        for index in (0..=self.output as usize).rev() {
            let adjoint = adjoints[index];
            self.nodes[index].gradient = plain(adjoint);
            if adjoint.is_zero() {
                continue;
            }
            for &Argument { node, slope } in self.arguments_of(index) {
                let slope: R = NumCast::from(slope).expect("it was of this type");
                zero::add_product(&mut adjoints[node as usize], slope, adjoint);
            }
        }
        self
    }
}
