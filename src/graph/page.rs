//! An HTML page that plays the reverse sweep over a graph.

use std::fmt::Write;

use super::picture::Picture;
use super::svg::{drawn, escaped, short};
use super::{Graph, Role, TooLarge};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Graph {
    /// Returns an HTML page, complete in one file, that plays the computation and then the reverse sweep, one
    /// operation at a time. Values fill in from left to right, then gradients flow back, with the chain rule written
    /// out in numbers. It has buttons, keys (space plays, the arrow keys step) and a slider.
    ///
    /// The page works from a file, without a network. Without JavaScript it shows the picture.
    ///
    /// # Errors
    ///
    /// When there are too many nodes to draw. Then [fold](Graph::fold) groups.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let page = trace(|x| x[0].label("angle").sin(), &[0.5]).page("A sine").unwrap();
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<title>A sine</title>"));
    /// ```
    pub fn page(&self, title: &str) -> Result<String, TooLarge> {
        let (title, player) = (escaped(title), self.player()?);
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{player}\
             <script>\n{SCRIPT}player(document.body).load(0);\n</script>\n</body>\n</html>\n"
        ))
    }

    /// Returns the part of the [`page`](Graph::page) that plays, for a page of one's own: the controls, the picture and the
    /// steps. The script and the style of the page are `src/graph/page.js` and `src/graph/page.css` of this crate.
    ///
    /// # Errors
    ///
    /// As [`page`](Graph::page).
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let graph = trace(|x| x[0].label("angle").sin(), &[0.5]);
    /// let player = graph.player().unwrap();
    /// assert!(player.starts_with("<div class=\"controls\">") && graph.page("A sine").unwrap().contains(&player));
    /// ```
    pub fn player(&self) -> Result<String, TooLarge> {
        let picture = self.picture()?;
        let (svg, steps) = (drawn(&picture), steps(&picture));
        Ok(format!(
            "<div class=\"controls\">\n\
             <button class=\"first\" title=\"Home\">Start</button>\n\
             <button class=\"back\" title=\"Left arrow\">Step back</button>\n\
             <button class=\"play\" title=\"Space\">Play</button>\n\
             <button class=\"next\" title=\"Right arrow\">Step</button>\n\
             <button class=\"last\" title=\"End\">End</button>\n\
             <input class=\"slider\" type=\"range\" min=\"0\" value=\"0\" step=\"1\" aria-label=\"Step\">\n\
             <output class=\"count\"></output>\n</div>\n\
             <div class=\"explanation\" aria-live=\"polite\"><noscript>Playing takes a script; this is the whole.</noscript></div>\n\
             <div class=\"picture\">\n{svg}</div>\n\
             <script type=\"application/json\" class=\"steps\">{steps}</script>\n"
        ))
    }
}

/// Returns the input of the script, in JSON: the nodes, each after its arguments, and the index of the output.
fn steps(picture: &Picture) -> String {
    let mut json = format!("{{\"output\":{},\"nodes\":[", picture.output);
    for (number, node) in picture.nodes.iter().enumerate() {
        let arrows = node.arrows.iter().map(|arrow| {
            let slope = arrow.slope.map_or("null".to_string(), |slope| quoted(&short(slope)));
            let (from, gives) = (arrow.from, json_number(arrow.contribution));
            format!("{{\"from\":{from},\"slope\":{slope},\"gives\":{gives}}}")
        });
        let arrows: Vec<String> = arrows.collect();
        let rule = node.rule().unwrap_or_default();
        let value = match node.results[..] {
            [(value, _)] => short(value),
            _ => format!("{} results", node.results.len()),
        };
        let separator = if number > 0 { "," } else { "" };
        let (name, equation) = (quoted(node.title()), quoted(&node.equation()));
        write!(
            json,
            "{separator}\n{{\"name\":{name},\"equation\":{equation},\"operation\":{},\"value\":{},\"rule\":{},\"arrows\":[{}]}}",
            node.role == Role::Operation,
            quoted(&value),
            quoted(rule),
            arrows.join(",")
        )
        .expect("a string takes all");
    }
    json + "\n]}"
}

/// Returns a string in JSON that cannot end the script around it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                quoted += &format!("\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// Returns a number in JSON. Infinities and NaN are texts that JavaScript reads as numbers.
fn json_number(x: f64) -> String {
    match x {
        f64::INFINITY => "\"Infinity\"".to_string(),
        f64::NEG_INFINITY => "\"-Infinity\"".to_string(),
        x if x.is_nan() => "\"NaN\"".to_string(),
        x => x.to_string(),
    }
}
