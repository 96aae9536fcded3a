//! The graph as an indented tree, for the terminal.

use std::fmt::{self, Write};
use std::io::{self, IsTerminal};

use super::picture::{Picture, Shown};
use super::svg::{letters, short};
use super::{Graph, Role, TooLarge};

/// The text before a node on its own line, and before the nodes under it.
const BRANCHES: [(&str, &str); 2] = [("├─ ", "│  "), ("└─ ", "   ")];

/// Deeper levels are left out.
const DEEPEST: usize = 64;

impl Graph {
    /// Prints the graph as a tree from the output to the inputs, with the value and the gradient of every node. A node
    /// that is used again refers to its first place. Arguments from the 64th level on are left out. Colours appear
    /// when the output is a terminal and `NO_COLOR` is not set; otherwise it is the plain text of
    /// [`Display`](fmt::Display).
    ///
    /// # Errors
    ///
    /// When the output cannot be written to.
    ///
    /// ```
    /// dualtape::graph::trace(|x| x[0] * x[0], &[3.0]).print().unwrap();
    /// ```
    pub fn print(&self) -> io::Result<()> {
        let in_colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let text = match self.tree(in_colour) {
            Ok(tree) => tree,
            Err(refusal) => format!("{refusal}\n"),
        };
        io::Write::write_all(&mut io::stdout().lock(), text.as_bytes())
    }

    fn tree(&self, in_colour: bool) -> Result<String, TooLarge> {
        let lines = lines(&self.picture()?);
        let widest = |width: fn(&Line) -> usize| lines.iter().map(width).max().unwrap_or(0);
        let width = widest(|line| line.width()) + 2;
        let [values, gradients] = [widest(|line| line.numbers[0].len()), widest(|line| line.numbers[1].len())];
        let mut text = String::new();
        for line in &lines {
            let [start, end] = if in_colour { [line.colour, "\x1b[0m"] } else { [""; 2] };
            let padding = " ".repeat(width - line.width());
            write!(text, "{}{start}{}{end}", line.branch, line.title).expect("a string takes all");
            let [value, gradient] = &line.numbers;
            match (value.is_empty(), line.remark) {
                (false, "") => writeln!(text, "{padding}data {value:>values$} | grad {gradient:>gradients$}"),
                (_, remark) => writeln!(text, "{padding}{remark}"),
            }
            .expect("a string takes all");
        }
        Ok(text)
    }
}

/// A node in the tree.
struct Line {
    branch: String,
    title: String,
    colour: &'static str,
    /// The value and the gradient, if there is one of each.
    numbers: [String; 2],
    /// The text if there are several.
    remark: &'static str,
}

impl Line {
    fn width(&self) -> usize {
        letters(&self.branch) + letters(&self.title)
    }
}

/// Returns the lines of the tree, from the output on, without recursion.
fn lines(picture: &Picture) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut is_written = vec![false; picture.nodes.len()];
    let mut waiting = vec![(picture.output, 0, String::new(), ["", ""])];
    while let Some((number, depth, around, [own, under])) = waiting.pop() {
        let node = &picture.nodes[number];
        let again = std::mem::replace(&mut is_written[number], true) && !node.arrows.is_empty();
        let is_deepest = depth == DEEPEST && !node.arrows.is_empty();
        let remark = match node.results[..] {
            _ if again => "(above)",
            _ if is_deepest => "...",
            [_] => "",
            _ => "(several results)",
        };
        let numbers = match node.results[..] {
            [(value, gradient)] if remark.is_empty() => [short(value), short(gradient)],
            _ => [String::new(), String::new()],
        };
        let branch = format!("{around}{own}");
        lines.push(Line { branch, title: node.equation(), colour: colour_of(node), numbers, remark });
        if !again && !is_deepest {
            for (i, arrow) in node.arrows.iter().enumerate().rev() {
                let (own, within) = BRANCHES[usize::from(i + 1 == node.arrows.len())];
                waiting.push((arrow.from, depth + 1, format!("{around}{under}"), [own, within]));
            }
        }
    }
    lines
}

fn colour_of(node: &Shown) -> &'static str {
    match node.role {
        Role::Input => "\x1b[34m",
        Role::Parameter => "\x1b[32m",
        Role::Constant => "\x1b[2m",
        Role::Operation => "\x1b[1m",
    }
}

/// Writes the tree, or why there is none.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tree(false) {
            Ok(tree) => f.write_str(&tree),
            Err(refusal) => refusal.fmt(f),
        }
    }
}
