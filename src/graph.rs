//! Drawings of the graph of a computation.
//!
//! A new interpretation is a new number type. [`Traced<T>`] computes the same values as `T` and records every
//! operation: its name, its inputs, its value and its local slopes. One reverse sweep over them, as on a tape, gives
//! every node its gradient, constants too. The result is a [`Graph`], which is plain data:
//!
//! ```
//! use dualtape::{Scalar, graph::trace};
//!
//! fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
//!     let (x1, x2, w1, w2) = (x[0].label("x1"), x[1].label("x2"), x[2].label("w1"), x[3].label("w2"));
//!     (x1 * w1 + x2 * w2).label("n").tanh().label("o")
//! }
//!
//! let graph = trace(neuron, &[2.0, 0.0, -0.25, 1.0]);
//! let tree = "\
//! o = tanh     data -0.4621 | grad  1.0000
//! └─ n = +     data -0.5000 | grad  0.7864
//!    ├─ *      data -0.5000 | grad  0.7864
//!    │  ├─ x1  data  2.0000 | grad -0.1966
//!    │  └─ w1  data -0.2500 | grad  1.5729
//!    └─ *      data  0.0000 | grad  0.7864
//!       ├─ x2  data  0.0000 | grad  0.7864
//!       └─ w2  data  1.0000 | grad  0.0000
//! ";
//! assert_eq!(graph.to_string(), tree);
//! ```
//!
//! - [`Display`](std::fmt::Display) writes this tree; [`print`](Graph::print) prints it in colour;
//! - [`dot`](Graph::dot) writes the drawing of micrograd (Karpathy 2020) for graphviz;
//! - [`svg`](Graph::svg) draws it without graphviz or a script;
//! - [`page`](Graph::page) makes an HTML page that plays the reverse sweep, one operation at a time;
//! - [`evcxr_display`](Graph::evcxr_display) shows it in a notebook;
//! - `formulas` (feature `source`) writes the derivative in mathematics;
//! - [`first_non_finite`](Graph::first_non_finite) finds the origin of an infinity or a NaN.
//!
//! For an expression that is written line by line, without a function, use a [`TracedTape`].
//!
//! Code names its numbers by [`Scalar::label`](crate::Scalar::label) and its parts by
//! [`Scalar::group`](crate::Scalar::group), as networks do; both cost nothing in other readings. Sums and products over
//! slices and [fused](crate::fuse()) kernels are groups too. A group is drawn in a frame, or
//! [folded](Graph::fold) into one node. Drawings refuse a graph that is too large, and name the groups to fold.
//!
//! In reading order: the graph here, the scalar in `graph/traced.rs`, its trace in `graph/recording.rs`; which nodes
//! are drawn in `graph/fold.rs` and `graph/picture.rs`; and the drawings, `tree.rs`, `dot.rs`, `svg.rs` on `layout.rs`
//! on `layers.rs`, and `page.rs`.

use std::borrow::Cow;
use std::panic::Location;

mod dot;
mod fold;
mod layers;
mod layout;
mod non_finite;
mod page;
mod picture;
#[cfg_attr(not(feature = "source"), expect(dead_code, reason = "`source` reads what is noted here"))]
pub(crate) mod questions;
mod recording;
mod rule;
mod svg;
mod traced;
mod tree;

pub use dot::Direction;
pub use fold::TooLarge;
pub use non_finite::NonFinite;
use questions::Questions;
pub use recording::{TracedTape, trace, trace_parametric};
#[cfg(feature = "source")]
pub(crate) use recording::{kernel, trace_outputs};
#[cfg(feature = "plot")]
pub(crate) use svg::escaped;
pub use traced::Traced;

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An element of the point at which the function is traced.
    Input,
    /// An element of the second point of [`trace_parametric`].
    Parameter,
    /// A number that does not depend on the inputs.
    Constant,
    /// The result of an operation.
    Operation,
}

/// A number of a traced computation.
#[derive(Clone, Debug)]
pub struct Node {
    name: Cow<'static, str>,
    label: Option<Box<str>>,
    role: Role,
    value: f64,
    gradient: f64,
    /// The range of its arguments in the list of all.
    end: u32,
    group: u32,
    location: Option<&'static Location<'static>>,
    /// Whether its derivatives are written by a [`Rule`](crate::Rule) or a [`Block`](crate::Block).
    is_custom: bool,
}

impl Node {
    /// Returns the operation with its parameters, `+`, `tanh`, `powi(3)`, or the place of an input, `x[0]`.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// assert_eq!(trace(|x| x[0].powi(3), &[2.0]).output().name(), "powi(3)");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name given by [`Scalar::label`](crate::Scalar::label).
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// assert_eq!(trace(|x| x[0].exp().label("y"), &[2.0]).output().label(), Some("y"));
    /// ```
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Returns the kind of the node.
    ///
    /// ```
    /// use dualtape::graph::{Role, trace};
    ///
    /// assert_eq!(trace(|x| x[0] + 1.0, &[2.0]).output().role(), Role::Operation);
    /// ```
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns the value.
    ///
    /// ```
    /// assert_eq!(dualtape::graph::trace(|x| x[0] + 1.0, &[2.0]).output().value(), 3.0);
    /// ```
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Returns the derivative of the output with respect to the node.
    ///
    /// ```
    /// assert_eq!(dualtape::graph::trace(|x| x[0] * x[0], &[3.0]).nodes()[0].gradient(), 6.0);
    /// ```
    pub fn gradient(&self) -> f64 {
        self.gradient
    }

    /// Returns the line of the program that the operation is in, in debug builds. An operation within a layer, or
    /// within a sum or a product over a slice, has the line of that call.
    ///
    /// ```
    /// let graph = dualtape::graph::trace(|x| x[0] * x[0], &[3.0]);
    /// if let Some(location) = graph.output().location() {
    ///     assert_eq!(location.file(), file!());
    /// }
    /// ```
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// Returns whether its derivatives are custom.
    #[cfg(feature = "source")]
    pub(crate) fn is_custom(&self) -> bool {
        self.is_custom
    }

    /// Returns the label, or the name.
    fn title(&self) -> &str {
        self.label().unwrap_or(&self.name)
    }

    /// Returns `o = tanh` for an operation, and the title for others.
    fn equation(&self) -> String {
        match self.label() {
            Some(label) if self.role == Role::Operation => format!("{label} = {}", self.name),
            _ => self.title().to_string(),
        }
    }
}

/// An argument of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Argument {
    node: u32,
    slope: f64,
}

impl Argument {
    /// Returns the index of its node.
    pub fn node(&self) -> usize {
        self.node as usize
    }

    /// Returns the derivative of the operation with respect to the argument.
    pub fn slope(&self) -> f64 {
        self.slope
    }
}

/// Nodes that are drawn together.
#[derive(Clone, Debug)]
struct Group {
    name: String,
    /// The group around it; the first group, around all, has itself.
    parent: u32,
    folded: bool,
    call: Option<Call>,
}

/// A call of a [fused](crate::fuse()) kernel, which is a group.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// The number of the [map](crate::fuse_map) that it is a part of.
    map: Option<u32>,
}

/// A traced computation: all nodes in the order in which they were computed, and the output among them. See the
/// [module](self).
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// The arguments of all nodes, one after the other.
    arguments: Vec<Argument>,
    groups: Vec<Group>,
    questions: Questions,
    output: u32,
    /// The stamp of the trace.
    stamp: u32,
    /// The bytes of a plain number.
    #[cfg_attr(not(feature = "source"), expect(dead_code, reason = "`source` writes numbers of this size"))]
    size: usize,
}

impl Graph {
    /// Returns the empty graph of the trace with this stamp, over the plain numbers `R`. It becomes valid when it has an
    /// output.
    fn of<R>(stamp: u32) -> Self {
        let around_all = Group { name: String::new(), parent: 0, folded: false, call: None };
        Graph {
            nodes: Vec::new(),
            arguments: Vec::new(),
            groups: vec![around_all],
            questions: Questions::default(),
            output: 0,
            stamp,
            size: size_of::<R>(),
        }
    }

    /// Returns whether the plain numbers are `f32`.
    #[cfg(feature = "source")]
    pub(crate) fn is_single(&self) -> bool {
        self.size == size_of::<f32>()
    }

    /// Returns the place of the output among the nodes.
    #[cfg(feature = "source")]
    pub(crate) fn place_of_output(&self) -> u32 {
        self.output
    }

    /// Returns the number of nodes.
    ///
    /// ```
    /// assert_eq!(dualtape::graph::trace(|x| x[0] * x[0], &[3.0]).len(), 2);
    /// ```
    #[expect(clippy::len_without_is_empty, reason = "the output is always there")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns all nodes in the order in which they were computed, the inputs first.
    ///
    /// ```
    /// let graph = dualtape::graph::trace(|x| x[0] * 2.0, &[3.0]);
    /// let names: Vec<&str> = graph.nodes().iter().map(|node| node.name()).collect();
    /// assert_eq!(names, ["x[0]", "constant", "*"]);
    /// ```
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the node that the function returned.
    ///
    /// ```
    /// assert_eq!(dualtape::graph::trace(|x| x[0], &[3.0]).output().name(), "x[0]");
    /// ```
    pub fn output(&self) -> &Node {
        &self.nodes[self.output as usize]
    }

    /// Returns the arguments of a node, with their slopes, by its place among all nodes.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    ///
    /// ```
    /// let graph = dualtape::graph::trace(|x| x[0] * x[1], &[3.0, 5.0]);
    /// let arguments: Vec<(usize, f64)> = graph.arguments_of(2).iter().map(|x| (x.node(), x.slope())).collect();
    /// assert_eq!(arguments, [(0, 5.0), (1, 3.0)]);
    /// ```
    #[track_caller]
    pub fn arguments_of(&self, index: usize) -> &[Argument] {
        let start = if index == 0 { 0 } else { self.nodes[index - 1].end };
        &self.arguments[start as usize..self.nodes[index].end as usize]
    }

    /// Returns the names of the groups in the order in which they were opened.
    ///
    /// ```
    /// use dualtape::{dot, graph::trace};
    ///
    /// assert_eq!(trace(|x| dot(x, x), &[3.0, 5.0]).groups().collect::<Vec<_>>(), ["dot"]);
    /// ```
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups[1..].iter().map(|group| group.name.as_str())
    }
}
