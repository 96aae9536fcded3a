//! The graph as an SVG file, a layered drawing from left to right. It needs no other program.

use std::fmt::Write;

use super::layers::Point;
use super::layout::{Layout, lay_out};
use super::picture::{Arrow, Picture, Shown};
use super::{Graph, Role, TooLarge};

/// The size of a letter. The font has a fixed width.
const LETTER: f64 = 7.3;
const LINE: f64 = 16.0;
const PADDING: f64 = 8.0;

/// Longer names are cut.
const LONGEST: usize = 28;

const STYLE: &str = include_str!("svg.css");

impl Graph {
    /// Returns the graph as a complete SVG file, in light or dark colours as its reader prefers. A tool-tip on every
    /// node shows the rule and the local slopes.
    ///
    /// Boxes hold the label, the operation, the value (`data`) and the gradient (`grad`); constants are small. Groups
    /// have frames, and a [folded](Graph::fold) group is one box. The columns follow the order of the computation.
    /// The layout of 1,000 nodes takes a few hundredths of a second.
    ///
    /// # Errors
    ///
    /// When there are too many nodes to draw. Then [fold](Graph::fold) groups.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let svg = trace(|x| x[0].label("angle").sin(), &[0.5]).svg().unwrap();
    /// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    /// assert!(svg.contains(">angle</text>") && svg.contains("(sin x)′ = cos x"));
    /// ```
    pub fn svg(&self) -> Result<String, TooLarge> {
        Ok(drawn(&self.picture()?))
    }

    /// Prints the graph as evcxr notebooks expect it, as a picture and as text.
    ///
    /// ```
    /// dualtape::graph::trace(|x| x[0] * x[0], &[3.0]).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        if let Ok(svg) = self.svg() {
            println!("EVCXR_BEGIN_CONTENT image/svg+xml\n{svg}EVCXR_END_CONTENT");
        }
        println!("EVCXR_BEGIN_CONTENT text/plain\n{self}\nEVCXR_END_CONTENT");
    }
}

/// Returns the picture as SVG.
pub(super) fn drawn(picture: &Picture) -> String {
    let contents: Vec<Content> = picture.nodes.iter().map(Content::of).collect();
    let sizes: Vec<Point> = contents.iter().map(|content| content.size).collect();
    let layout = lay_out(picture, &sizes);
    let mut svg = String::new();
    write_svg(&mut svg, picture, &contents, &layout).expect("a string takes all");
    svg
}

/// The text in the box of a node.
struct Content {
    size: Point,
    lines: Vec<TextLine>,
}

/// A text at the left, and one at the right.
struct TextLine {
    class: &'static str,
    left: String,
    right: String,
}

impl Content {
    fn of(node: &Shown) -> Content {
        let line = |class, left: &str, right: &str| TextLine { class, left: cut(left), right: cut(right) };
        let mut lines = match (node.role, &node.label) {
            (Role::Constant, None) => {
                let value = node.results[0].0.to_string();
                let value = if value.len() > 9 { short(node.results[0].0) } else { value };
                let line = line("value", &value, "");
                return Content { size: [line.width() + PADDING * 1.5, LINE + 4.0], lines: vec![line] };
            }
            (Role::Operation, Some(label)) => vec![line("name", label, &node.name)],
            (Role::Operation, None) => vec![line("name", "", &node.name)],
            (_, label) => vec![line("name", label.as_deref().unwrap_or(&node.name), "")],
        };
        match node.results[..] {
            [(value, gradient)] => {
                lines.push(line("data", "data", &short(value)));
                lines.push(line("grad", "grad", &short(gradient)));
            }
            _ => lines.push(line("contents", "", &format!("{} results", node.results.len()))),
        }
        for part in node.contents().iter().flat_map(|contents| contents.split(", ")) {
            lines.push(line("contents", "", part));
        }
        let width = lines.iter().map(TextLine::width).fold(11.0 * LETTER, f64::max) + 2.0 * PADDING;
        Content { size: [width, LINE * lines.len() as f64 + PADDING], lines }
    }
}

impl TextLine {
    fn width(&self) -> f64 {
        let [left, right] = [&self.left, &self.right].map(|text| letters(text));
        LETTER * (left + right + usize::from(left > 0 && right > 0)) as f64
    }
}

/// Returns the width of a text in letters; East Asian letters are twice as wide.
pub(super) fn letters(text: &str) -> usize {
    text.chars()
        .map(|letter| if letter >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(&letter) { 2 } else { 1 })
        .sum()
}

fn cut(text: &str) -> String {
    if letters(text) <= LONGEST { text.to_string() } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

/// Returns a number with four decimals, or with more digits where four decimals say little.
pub(super) fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || (1e-3..1e7).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.4e}") }
}

fn write_svg(svg: &mut String, picture: &Picture, contents: &[Content], layout: &Layout) -> std::fmt::Result {
    let [width, height] = layout.size.map(f64::ceil);
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dualtape\" role=\"img\" aria-label=\"Graph of a computation\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n<style>\n{STYLE}</style>\n\
         <defs><marker id=\"dualtape-tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\"><path class=\"tip\" d=\"M0 1 L7 4 L0 7 z\"/></marker></defs>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"
    )?;
    for (frame, [[x, y], [width, height]]) in picture.frames.iter().zip(&layout.frames).skip(1) {
        let room = ((width - 16.0) / LETTER) as usize;
        let name: String = frame.name.chars().take(room).collect();
        writeln!(
            svg,
            "<g class=\"frame\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"8\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            escaped(&frame.name),
            x + 10.0,
            y + 18.0,
            escaped(&name)
        )?;
    }
    for (number, (node, ways)) in picture.nodes.iter().zip(&layout.arrows).enumerate() {
        for (place, (arrow, way)) in node.arrows.iter().zip(ways).enumerate() {
            writeln!(
                svg,
                "<path class=\"arrow\" data-arrow=\"{number}.{place}\" d=\"{}\"><title>{}</title></path>",
                path(way),
                escaped(&arrow_text(picture, node, arrow))
            )?;
        }
    }
    for (number, ((node, content), middle)) in picture.nodes.iter().zip(contents).zip(&layout.nodes).enumerate() {
        write_node(svg, picture, number, node, content, *middle)?;
    }
    writeln!(svg, "</svg>")
}

fn write_node(
    svg: &mut String,
    picture: &Picture,
    number: usize,
    node: &Shown,
    content: &Content,
    [x, y]: Point,
) -> std::fmt::Result {
    let role = match node.role {
        _ if number == picture.output => "output",
        Role::Input => "input",
        Role::Parameter => "parameter",
        Role::Constant => "constant",
        Role::Operation => "operation",
    };
    let small = if content.lines.len() == 1 { " small" } else { "" };
    let folded = if node.folded.is_some() { " folded" } else { "" };
    let [width, height] = content.size;
    let (left, top) = (x - width / 2.0, y - height / 2.0);
    let tip = escaped(&node_text(picture, node));
    write!(svg, "<g class=\"node {role}{small}{folded}\" data-node=\"{number}\"><title>{tip}</title>")?;
    if node.folded.is_some() {
        let (x, y) = (left + 4.0, top + 4.0);
        write!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"5\"/>")?;
    }
    let radius = if small.is_empty() { 5.0 } else { height / 2.0 };
    write!(svg, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>")?;
    for (index, TextLine { class, left: start, right: end }) in content.lines.iter().enumerate() {
        let y = top + PADDING / 2.0 + LINE * index as f64 + 12.0;
        let [start, end] = [start, end].map(|text| escaped(text));
        let mut text = |x: f64, anchor: &str, class: &str, text: &str| {
            let y = if small.is_empty() { y } else { y - 2.0 };
            write!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>")
        };
        match (*class, start.is_empty(), end.is_empty()) {
            // An operation with its label before it, or alone in the middle.
            ("name", false, false) => {
                text(left + PADDING, "start", "label", &start)?;
                text(left + width - PADDING, "end", "name", &end)?;
            }
            ("data" | "grad", ..) => {
                text(left + PADDING, "start", "key", &start)?;
                text(left + width - PADDING, "end", class, &end)?;
            }
            (class, ..) => {
                let class = if class == "name" && end.is_empty() { "label" } else { class };
                text(x, "middle", class, &format!("{start}{end}"))?;
            }
        }
    }
    writeln!(svg, "</g>")
}

/// Returns the path of an arrow: lines and curves in turn. Neighbours at one height are joined to one line.
fn path(way: &[Point]) -> String {
    let [x, y] = way[0];
    let mut path = format!("M{x:.1} {y:.1}");
    let mut level = None;
    for (index, pair) in way.windows(2).enumerate() {
        let ([x0, y0], [x1, y1]) = (pair[0], pair[1]);
        if index % 2 == 0 || (y1 - y0).abs() < 0.05 {
            level = Some(x1);
            continue;
        }
        let line = level.take().map_or(String::new(), |x: f64| format!(" H{x:.1}"));
        let middle = (x0 + x1) / 2.0;
        path += &format!("{line} C{middle:.1} {y0:.1} {middle:.1} {y1:.1} {x1:.1} {y1:.1}");
    }
    path + &level.map_or(String::new(), |x| format!(" H{x:.1}"))
}

/// Returns `∂(o)/∂(n) = 0.5`, and the term that it adds to the gradient.
fn arrow_text(picture: &Picture, node: &Shown, arrow: &Arrow) -> String {
    let (name, contribution) = (picture.nodes[arrow.from].title(), arrow.contribution);
    match arrow.slope {
        Some(slope) => {
            let gradient = node.results[0].1;
            format!("∂({})/∂({name}) = {slope}\nto its gradient: {slope} · {gradient} = {contribution}", node.title())
        }
        None => format!("to the gradient of {name}: {contribution}"),
    }
}

/// Returns the text of a tool-tip: everything about a node.
fn node_text(picture: &Picture, node: &Shown) -> String {
    let mut text = node.equation();
    if let Some(contents) = node.contents() {
        text += &format!("\n{contents}");
    }
    for (value, gradient) in &node.results {
        text += &format!("\ndata {value}, grad {gradient}");
    }
    text += &node.rule().map_or(String::new(), |rule| format!("\n{rule}"));
    for arrow in &node.arrows {
        let name = picture.nodes[arrow.from].title();
        text += &arrow.slope.map_or(String::new(), |slope| format!("\nslope by {name}: {slope}"));
    }
    text + &node.location.map_or(String::new(), |location| format!("\n{location}"))
}

/// Returns a text escaped for XML, and replaces the control characters that XML cannot hold.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped.push('\n'),
            letter if letter.is_control() || ['\u{fffe}', '\u{ffff}'].contains(&letter) => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
