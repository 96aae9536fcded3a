//! The graph as an indented tree, for the terminal.

use std::fmt::{self, Write};
use std::io::{self, IsTerminal};

use super::picture::{Picture, Shown};
use super::{Graph, Role, TooLarge};

/// What is written before a node at its own line, and before those under it.
const BRANCHES: [(&str, &str); 2] = [("├─ ", "│  "), ("└─ ", "   ")];

impl Graph {
    /// Prints the graph as a tree from the output to the inputs, with the value and the gradient of every node; what is
    /// used a second time refers to the first. In colour when the output is a terminal and `NO_COLOR` is not set, else it is the
    /// plain text of [`Display`](fmt::Display).
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
        let picture = self.picture()?;
        let lines = Lines::of(&picture);
        let width = lines.iter().map(|line| line.text.chars().count()).max().unwrap_or(0) + 2;
        let mut text = String::new();
        for Line { indent, text: own, node } in lines {
            let node = &picture.nodes[node];
            let padding = " ".repeat(width - own.chars().count());
            let [start, end] = if in_colour { [colour_of(node), "\x1b[0m"] } else { [""; 2] };
            let numbers = if own.ends_with(ABOVE) { String::new() } else { numbers_of(node) };
            let line = format!("{}{start}{}{end}{padding}{numbers}", &own[..indent], &own[indent..]);
            writeln!(text, "{}", line.trim_end()).expect("a string takes all");
        }
        Ok(text)
    }
}

/// After what is written out further up.
const ABOVE: &str = "(above)";

struct Line {
    text: String,
    /// Where the text proper begins.
    indent: usize,
    node: usize,
}

struct Lines;

impl Lines {
    /// Walks the picture from the output, without recursion.
    fn of(picture: &Picture) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut is_written = vec![false; picture.nodes.len()];
        let mut waiting = vec![(picture.output, String::new(), ["", ""])];
        while let Some((number, around, [own, under])) = waiting.pop() {
            let node = &picture.nodes[number];
            let again = std::mem::replace(&mut is_written[number], true) && !node.arrows.is_empty();
            let indent = around.len() + own.len();
            let above = if again { format!(" {ABOVE}") } else { String::new() };
            lines.push(Line { text: format!("{around}{own}{}{above}", node.equation()), indent, node: number });
            if !again {
                for (i, arrow) in node.arrows.iter().enumerate().rev() {
                    let (own, within) = BRANCHES[usize::from(i + 1 == node.arrows.len())];
                    waiting.push((arrow.from, format!("{around}{under}"), [own, within]));
                }
            }
        }
        lines
    }
}

fn numbers_of(node: &Shown) -> String {
    match node.results[..] {
        [(value, gradient)] => format!("data {value:.4} | grad {gradient:.4}"),
        _ => format!("{} results", node.results.len()),
    }
}

fn colour_of(node: &Shown) -> &'static str {
    match node.role {
        Role::Input => "\x1b[34m",
        Role::Parameter => "\x1b[32m",
        Role::Constant => "\x1b[2m",
        Role::Operation => "\x1b[1m",
    }
}

/// The tree, or why there is none.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tree(false) {
            Ok(tree) => f.write_str(&tree),
            Err(refusal) => refusal.fmt(f),
        }
    }
}
