//! The decision boundary as text.

use std::io::{IsTerminal, stdout};

use dualtape::nn::Mlp;

use crate::data::Data;
use crate::grid::Grid;

/// Whether the output is a terminal that wants colours (<https://no-color.org>).
pub(crate) fn colours() -> bool {
    stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The plane with the points: `o` and `x` for the labels −1 and 1, on a ground of
/// blanks and dots where the network says −1 and 1, or of two colours.
pub(crate) fn draw(mlp: &Mlp, data: &Data, colours: bool) -> String {
    let grid = Grid::new(mlp, data, 72, 24);
    let mut signs = vec![None; grid.columns * grid.rows];
    for (&point, &label) in data.points.iter().zip(&data.labels) {
        let (column, row) = grid.nearest(point);
        signs[row * grid.columns + column] = Some(label > 0.0);
    }
    let mut text = String::new();
    for row in (0..grid.rows).rev() {
        for column in 0..grid.columns {
            let (positive, sign) = (grid.score(column, row) > 0.0, signs[row * grid.columns + column]);
            if colours {
                // Colours 17 and 52 of the palette are a dark blue and a dark red, 117 and 217 light ones.
                let ground = if positive { 17 } else { 52 };
                let (ink, symbol) = match sign {
                    Some(true) => (117, '●'),
                    Some(false) => (217, '●'),
                    None => (ground, ' '),
                };
                text += &format!("\x1b[48;5;{ground};38;5;{ink}m{symbol}");
            } else {
                text.push(match sign {
                    Some(true) => 'x',
                    Some(false) => 'o',
                    None if positive => '.',
                    None => ' ',
                });
            }
        }
        text.truncate(if colours { text.len() } else { text.trim_end_matches(' ').len() });
        text += if colours { "\x1b[0m\n" } else { "\n" };
    }
    text
}
