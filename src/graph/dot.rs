//! The graph for graphviz, in the manner of micrograd (Karpathy 2020): a record for every number, and an ellipse for
//! every operation with an arrow to its result.

use std::borrow::Cow;
use std::fmt::Write;

use super::picture::{Frame, Picture, Shown};
use super::{Graph, TooLarge};

/// The way that arrows point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From left to right, `LR`.
    LeftToRight,
    /// From top to bottom, `TB`.
    TopToBottom,
}

impl Graph {
    /// Returns the graph in the language of graphviz: records `{ label | data | grad }` with four decimals, and an
    /// ellipse for every operation. An argument that is used twice has two arrows. A group is a cluster. A folded
    /// group is a record of its name and its contents.
    ///
    /// # Errors
    ///
    /// When there are too many nodes to draw. Then [fold](Graph::fold) groups.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::{Direction, trace}};
    ///
    /// let graph = trace(|x| { let a = x[0].label("a"); a + a }, &[3.0]);
    /// let dot = "\
    /// digraph {
    /// \tgraph [rankdir=LR]
    /// \tn0 [label=\"{ a | data 3.0000 | grad 2.0000 }\" shape=record]
    /// \tn1 [label=\"{ data 6.0000 | grad 1.0000 }\" shape=record]
    /// \tn1op [label=\"+\"]
    /// \tn1op -> n1
    /// \tn0 -> n1op
    /// \tn0 -> n1op
    /// }
    /// ";
    /// assert_eq!(graph.dot(Direction::LeftToRight).unwrap(), dot);
    /// ```
    pub fn dot(&self, direction: Direction) -> Result<String, TooLarge> {
        let picture = self.picture()?;
        let rankdir = match direction {
            Direction::LeftToRight => "LR",
            Direction::TopToBottom => "TB",
        };
        let mut text = format!("digraph {{\n\tgraph [rankdir={rankdir}]\n");
        write_frame(&mut text, &picture, 0, 1).expect("a string takes all");
        for (number, node) in picture.nodes.iter().enumerate() {
            for arrow in &node.arrows {
                let (from, to) = (arrow.from, if node.has_ellipse() { "op" } else { "" });
                text += &format!("\tn{from} -> n{number}{to}\n");
            }
        }
        Ok(text + "}\n")
    }
}

/// Writes the nodes of a frame, and the frames within it. They nest no deeper than the groups of a program.
fn write_frame(text: &mut String, picture: &Picture, frame: usize, depth: usize) -> std::fmt::Result {
    let indent = "\t".repeat(depth);
    for (number, node) in picture.nodes.iter().enumerate().filter(|(_, node)| node.frame == frame) {
        writeln!(text, "{indent}n{number} [label=\"{{ {} }}\" shape=record]", node.fields())?;
        if node.has_ellipse() {
            writeln!(text, "{indent}n{number}op [label=\"{}\"]", escaped(&operation(&node.name)))?;
            writeln!(text, "{indent}n{number}op -> n{number}")?;
        }
    }
    for (inner, Frame { name, parent }) in picture.frames.iter().enumerate().skip(1) {
        if *parent == frame {
            writeln!(text, "{indent}subgraph cluster_{inner} {{\n{indent}\tlabel=\"{}\"", escaped(name))?;
            write_frame(text, picture, inner, depth + 1)?;
            writeln!(text, "{indent}}}")?;
        }
    }
    Ok(())
}

impl Shown {
    /// Returns whether an ellipse is drawn: a folded group of several results is a record alone.
    fn has_ellipse(&self) -> bool {
        !self.arrows.is_empty() && self.results.len() == 1
    }

    fn fields(&self) -> String {
        match self.results[..] {
            [(data, grad)] => {
                let label = self.label.as_deref().map_or(String::new(), |label| format!("{} | ", escaped_field(label)));
                format!("{label}data {data:.4} | grad {grad:.4}")
            }
            _ => {
                let contents = self.contents().unwrap_or_default();
                format!("{} | {contents} | {} results", escaped_field(&self.name), self.results.len())
            }
        }
    }
}

/// Returns micrograd's name of an operation.
fn operation(name: &str) -> Cow<'_, str> {
    let power = ["powi(", "powf("].into_iter().find_map(|power| name.strip_prefix(power)?.strip_suffix(')'));
    match (name, power) {
        ("relu", _) => "ReLU".into(),
        (_, Some(exponent)) => format!("**{exponent}").into(),
        _ => name.into(),
    }
}

/// Returns a string in quotation marks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Returns a field of a record, in which braces, bars and angles are escaped too.
fn escaped_field(text: &str) -> String {
    let mut field = escaped(text);
    for special in ['{', '}', '|', '<', '>'] {
        field = field.replace(special, &format!("\\{special}"));
    }
    field
}
