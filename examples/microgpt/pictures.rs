//! Pictures of the training.

use std::fmt::Write;

use dualtape::plot::Curves;

use crate::model::{Gpt, HEADS, Slices, text, tokens};

/// The number of losses that a point of the smooth line averages.
const WINDOW: usize = 50;

/// Returns the curves: the loss of every step from `first` on, their running mean, and the losses of unseen names.
pub(crate) fn losses(first: usize, losses: &[f64], unseen: &[(f64, f64)]) -> Curves {
    let at = |step: usize| (first + step) as f64;
    let mean =
        |(end, window): (usize, &[f64])| (at(end + window.len() - 1), window.iter().sum::<f64>() / window.len() as f64);
    Curves::new("microgpt", "step", "loss / nats a letter")
        .line("a step", losses.iter().enumerate().map(|(step, &loss)| (at(step), loss)))
        .line("mean of 50", losses.windows(WINDOW).enumerate().map(mean))
        .line("unseen names", unseen.iter().copied())
}

/// Returns a picture with a square for each head of the last layer: a row for each letter, in which the letters that it
/// looks at are dark.
pub(crate) fn attention(gpt: &Gpt, parameters: &[f64], name: &str) -> String {
    const FIELD: usize = 20;
    const MARGIN: usize = 30;
    let tokens = &tokens(name)[..=name.len()];
    let mut rows: Vec<Vec<f64>> = Vec::new();
    gpt.logits::<Slices, f64>(parameters, tokens, &mut |weights| rows.push(weights.to_vec()));
    let rows = &rows[rows.len() - tokens.len() * HEADS..];

    let side = MARGIN + FIELD * tokens.len();
    let (width, height) = (HEADS * side + MARGIN, side + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\" fill=\"#235fa0\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let letters: Vec<char> = ['·'].into_iter().chain(text(&tokens[1..]).chars()).collect();
    for (i, weights) in rows.iter().enumerate() {
        let (row, head) = (i / HEADS, i % HEADS);
        let (left, y) = (MARGIN + head * side, MARGIN + row * FIELD);
        let letter = |x: usize, y: usize| format!("<text x=\"{x}\" y=\"{y}\">{}</text>\n", letters[row]);
        svg += &letter(left - FIELD / 2, y + FIELD * 3 / 4);
        svg += &letter(left + row * FIELD + FIELD / 2, MARGIN - FIELD / 4);
        for (column, weight) in weights.iter().enumerate() {
            let x = left + column * FIELD;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{FIELD}\" height=\"{FIELD}\" fill-opacity=\"{weight:.3}\"/>"
            );
        }
    }
    svg + "</svg>\n"
}
