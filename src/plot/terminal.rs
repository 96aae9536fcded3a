//! Pictures as text, for terminals.

use std::io::{IsTerminal, stdout};

use super::axis::{Axis, rounded};

/// A place for pictures of characters: their size, and whether they are in colour.
///
/// In colour, curves are drawn in braille dots, two by four in a character.
///
/// ```
/// use dualtape::plot::{Curves, Terminal};
///
/// let parabola = Curves::new("", "x", "x squared").line("", (0..20).map(|x| (x.into(), (x * x).into())));
/// let small = Terminal { columns: 30, rows: 5, colours: false };
/// assert_eq!(
///     parabola.text(&small),
///     "x squared
///    361 |                    **
///        |                 ***
///    180 |              ****
///        |        ******
///      0 | ********
///        +----------------------
///        0                x   19
/// "
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The width in characters.
    pub columns: usize,
    /// The height in lines, without labels.
    pub rows: usize,
    /// Whether pictures are in colour and braille, or in plain characters.
    pub colours: bool,
}

impl Terminal {
    /// Returns a place of 72 by 16 plain characters, as for pictures written with `{}`.
    ///
    /// ```
    /// assert_eq!(dualtape::plot::Terminal::plain().columns, 72);
    /// ```
    pub fn plain() -> Self {
        Terminal { columns: 72, rows: 16, colours: false }
    }

    /// Returns the same place for the standard output: in colour when it is a terminal and `NO_COLOR` is not set
    /// (<https://no-color.org>).
    ///
    /// ```
    /// use dualtape::plot::{Curves, Terminal};
    ///
    /// let line = Curves::new("A line", "x", "y").line("", [(0.0, 1.0), (1.0, 2.0)]);
    /// print!("{}", line.text(&Terminal::stdout()));
    /// ```
    pub fn stdout() -> Self {
        let colours = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Terminal { colours, ..Terminal::plain() }
    }

    /// Returns a text in the colour of a series.
    pub(super) fn coloured(&self, series: usize, text: &str) -> String {
        if self.colours { format!("{}{text}{PLAIN}", ink(series)) } else { text.to_string() }
    }
}

/// Returns the code of the colour of a series, in the palette of 256.
fn ink(series: usize) -> String {
    /// The colours of the SVG: blue, red, orange, green, violet, cyan, grey, brown.
    const COLOURS: [u8; 8] = [75, 203, 214, 77, 141, 80, 247, 173];
    format!("\x1b[38;5;{}m", COLOURS[series % COLOURS.len()])
}

/// The code of the default colour.
const PLAIN: &str = "\x1b[0m";

/// The signs of series in plain characters.
pub(super) const SIGNS: [char; 8] = ['*', 'o', '+', 'x', '#', '@', '%', '&'];

/// Lines in characters, with an axis on the left and one below.
pub(super) struct Canvas<'a> {
    terminal: &'a Terminal,
    columns: usize,
    /// The dots of a character, to the right and down.
    dots: (usize, usize),
    /// The dots set in every character, and the series of the last one.
    cells: Vec<(u8, usize)>,
}

/// The width of the labels left of the lines.
const GUTTER: usize = 9;

impl<'a> Canvas<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        let columns = terminal.columns.saturating_sub(GUTTER).max(2);
        let dots = if terminal.colours { (2, 4) } else { (1, 1) };
        Canvas { terminal, columns, dots, cells: vec![(0, 0); columns * terminal.rows.max(2)] }
    }

    fn rows(&self) -> usize {
        self.cells.len() / self.columns
    }

    /// Draws a line of a series through places between 0 and 1, from the left and from below.
    pub(super) fn line(&mut self, series: usize, places: &[(f64, f64)]) {
        let (width, height) = ((self.columns * self.dots.0 - 1) as f64, (self.rows() * self.dots.1 - 1) as f64);
        let dots: Vec<(f64, f64)> = places.iter().map(|&(x, y)| (x * width, (1.0 - y) * height)).collect();
        if let [(x, y)] = dots[..] {
            self.dot(series, x, y);
        }
        for ends in dots.windows(2) {
            let [(x, y), (u, v)] = [ends[0], ends[1]];
            let steps = (u - x).abs().max((v - y).abs()).ceil().max(1.0);
            for step in 0..=steps as usize {
                let t = step as f64 / steps;
                self.dot(series, x + t * (u - x), y + t * (v - y));
            }
        }
    }

    fn dot(&mut self, series: usize, x: f64, y: f64) {
        /// The bits of the braille patterns of Unicode, row by row.
        const BITS: [u8; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        let (column, row) = (x.round() as usize, y.round() as usize);
        let bit = BITS[row % self.dots.1 * 2 + column % self.dots.0];
        let cell = row / self.dots.1 * self.columns + column / self.dots.0;
        if let Some((dots, of)) = self.cells.get_mut(cell) {
            *dots |= bit;
            *of = series;
        }
    }

    /// Returns the lines, the axes, and the names of the series as text.
    pub(super) fn finish(self, title: &str, x: &Axis, y: &Axis, names: &[String]) -> String {
        let [bar, corner, dash] = if self.terminal.colours { ["│", "└", "─"] } else { ["|", "+", "-"] };
        let rows = self.rows();
        let heading = if title.is_empty() { y.label.clone() } else { format!("{title}: {}", y.label) };
        let mut text = format!("{heading}\n");
        for (row, cells) in self.cells.chunks(self.columns).enumerate() {
            let label = if row == 0 || row == rows - 1 || (row == rows / 2 && rows > 4) {
                rounded(y.value(1.0 - row as f64 / (rows - 1) as f64))
            } else {
                String::new()
            };
            let (mut line, mut last) = (format!("{label:>6} {bar} "), None);
            for &(dots, series) in cells {
                match char::from_u32(0x2800 + u32::from(dots)) {
                    Some(braille) if dots > 0 && self.terminal.colours => {
                        if last.replace(series) != Some(series) {
                            line += &ink(series);
                        }
                        line.push(braille);
                    }
                    _ if dots > 0 => line.push(SIGNS[series % SIGNS.len()]),
                    _ => line.push(' '),
                }
            }
            text += line.trim_end();
            text += if last.is_some() { PLAIN } else { "" };
            text.push('\n');
        }
        let [low, high] = [rounded(x.low), rounded(x.high)];
        let between = self.columns + 2 - low.len().min(self.columns);
        let (space, label) = (high.len() + 3, &x.label);
        text += &format!("{:7}{corner}{}\n", "", dash.repeat(self.columns + 1));
        text += &format!("{:7}{low}{label:>1$}   {high}\n", "", between.saturating_sub(space));
        let sign = |series: usize| {
            if self.terminal.colours { "━━".to_string() } else { SIGNS[series % SIGNS.len()].to_string() }
        };
        let named = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let names: Vec<String> =
            named.map(|(series, name)| format!("{} {name}", self.terminal.coloured(series, &sign(series)))).collect();
        if !names.is_empty() {
            text += &format!("{:7}{}\n", "", names.join("   "));
        }
        text
    }
}
