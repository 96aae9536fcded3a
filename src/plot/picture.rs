//! SVG: the colours, and pictures beside, above and after each other.

use std::fmt::Write;

/// A drawing in SVG, with its size.
///
/// ```
/// use dualtape::plot::{Curves, Picture};
///
/// let half = |name: &str| Curves::new(name, "x", "y").line("", [(0.0, 1.0), (1.0, 2.0)]).picture();
/// let both = half("left").beside(half("right"));
/// assert_eq!(both.size(), (1120.0, 400.0));
/// assert!(both.svg().contains("left") && both.svg().contains("right"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: f64,
    height: f64,
    body: String,
}

/// The colours of series and classes on a light and on a dark ground. No two differ by red and green alone.
const COLOURS: [(u32, u32); 8] = [
    (0x235fa0, 0x6cb0f0),
    (0xbe3c32, 0xf0857c),
    (0xc27a10, 0xf0b450),
    (0x2f8050, 0x74cc90),
    (0x7a4fa8, 0xbb98e6),
    (0x108890, 0x5cccd2),
    (0x6a6a74, 0xb0b0ba),
    (0x8a563a, 0xd6a080),
];
/// The colours of the ground and the text, light and dark.
const GROUND: (u32, u32) = (0xffffff, 0x16181d);
const INK: (u32, u32) = (0x2d2d32, 0xe2e2e6);

impl Picture {
    pub(super) fn new(width: f64, height: f64, body: String) -> Self {
        Picture { width, height, body }
    }

    /// Returns the width and the height, in pixels of CSS.
    ///
    /// [`Picture`] has an example.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Puts another picture on the right of this one.
    ///
    /// [`Picture`] has an example.
    pub fn beside(self, right: Picture) -> Picture {
        let (width, height) = (self.width + right.width, self.height.max(right.height));
        Picture { width, height, body: self.body + &moved(&right.body, self.width, 0.0) }
    }

    /// Puts another picture below this one.
    ///
    /// ```
    /// use dualtape::plot::Histogram;
    ///
    /// let layers = [1, 2].map(|i| Histogram::new(&format!("layer {i}"), "weight", &[0.1, 0.2, -0.3], 10).picture());
    /// let [first, second] = layers;
    /// assert_eq!(first.above(second).size(), (560.0, 800.0));
    /// ```
    pub fn above(self, below: Picture) -> Picture {
        let (width, height) = (self.width.max(below.width), self.height + below.height);
        Picture { width, height, body: self.body + &moved(&below.body, 0.0, self.height) }
    }

    /// Shows pictures one after the other in a loop, each for some seconds and the last for two seconds more. Where
    /// nothing moves, as on paper, the last one shows.
    ///
    /// The animation is part of the SVG (SMIL), so it runs in an `img` of a page too.
    ///
    /// ```
    /// use dualtape::plot::{Curves, Picture};
    ///
    /// let frame = |n: u32| Curves::new("A parabola", "x", "y").line("", (0..=n).map(|x| (x.into(), (x * x).into())));
    /// let growing = Picture::animation((1..10).map(|n| frame(n).picture()), 0.2);
    /// assert_eq!(growing.svg().matches("<animate ").count(), 9);
    /// ```
    pub fn animation(frames: impl IntoIterator<Item = Picture>, seconds: f64) -> Picture {
        let frames: Vec<Picture> = frames.into_iter().collect();
        let (last, whole) = (frames.len().saturating_sub(1), seconds * frames.len() as f64 + 2.0);
        let mut animation = Picture::new(0.0, 0.0, String::new());
        for (i, frame) in frames.iter().enumerate() {
            let [start, end] = [i, i + 1].map(|i| number(1e4 * i as f64 * seconds / whole) + "e-4");
            let (values, times) = match i {
                _ if last == 0 => ("visible", "0".to_string()),
                0 => ("visible;hidden", format!("0;{end}")),
                _ if i == last => ("hidden;visible", format!("0;{start}")),
                _ => ("hidden;visible;hidden", format!("0;{start};{end}")),
            };
            let still = if i == last { "visible" } else { "hidden" };
            let _ = write!(
                animation.body,
                "<g visibility=\"{still}\"><animate attributeName=\"visibility\" calcMode=\"discrete\" dur=\"{}s\" \
                 repeatCount=\"indefinite\" values=\"{values}\" keyTimes=\"{times}\"/>\n{}</g>\n",
                number(whole),
                frame.body
            );
            animation.width = animation.width.max(frame.width);
            animation.height = animation.height.max(frame.height);
        }
        animation
    }

    /// Returns the drawing as a complete SVG file.
    ///
    /// [`Picture`] has an example.
    pub fn svg(&self) -> String {
        let [width, height] = [self.width, self.height].map(number);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dualtape\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">\n<style>\n{}</style>\n\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            style(),
            self.body
        )
    }

    /// Shows the picture in a notebook of evcxr, which calls this for the last value of a cell.
    ///
    /// ```
    /// # use dualtape::plot::Curves;
    /// Curves::new("A line", "x", "y").line("", [(0.0, 1.0), (1.0, 2.0)]).picture().evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT image/svg+xml\n{}EVCXR_END_CONTENT", self.svg());
    }
}

fn moved(body: &str, right: f64, down: f64) -> String {
    format!("<g transform=\"translate({} {})\">\n{body}</g>\n", number(right), number(down))
}

/// Returns the style sheet of the elements: `s0` is a colour, `t0` and `w0` a strong and a weak tint of it.
fn style() -> String {
    let colours = |dark: bool| {
        let of = |(on_light, on_dark): (u32, u32)| if dark { on_dark } else { on_light };
        let (ground, ink) = (of(GROUND), of(INK));
        let mut rules = format!(
            ".dualtape .ground{{fill:#{ground:06x}}}\n.dualtape text{{fill:#{ink:06x}}}\n\
             .dualtape .frame{{stroke:#{ink:06x}}}\n.dualtape .rim{{stroke:#{ground:06x}}}\n"
        );
        for (i, colour) in COLOURS.into_iter().map(of).enumerate() {
            let [strong, weak] = [0.38, 0.2].map(|part| mixed(ground, colour, part));
            let _ = writeln!(
                rules,
                ".dualtape .s{i}{{color:#{colour:06x}}}.dualtape .t{i}{{fill:#{strong:06x}}}.dualtape .w{i}{{fill:#{weak:06x}}}"
            );
        }
        rules
    };
    format!(
        ".dualtape{{font:13px system-ui,sans-serif}}\n.dualtape .title{{font-size:16px;font-weight:600}}\n\
         .dualtape .frame{{fill:none}}\n.dualtape .grid{{stroke-opacity:.13}}\n{}@media (prefers-color-scheme:dark){{\n{}}}\n",
        colours(false),
        colours(true)
    )
}

/// Returns a mixture: a part of one colour in another.
fn mixed(ground: u32, colour: u32, part: f64) -> u32 {
    [16, 8, 0].into_iter().fold(0, |mixed, shift| {
        let [a, b] = [ground, colour].map(|c| f64::from(c >> shift & 0xff));
        mixed | ((a + (b - a) * part).round() as u32) << shift
    })
}

/// Returns the number of the colour of a series. After the last colour comes the first again.
pub(super) fn colour(series: usize) -> usize {
    series % COLOURS.len()
}

/// Returns a number of pixels, to a tenth.
pub(super) fn number(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_string(),
        Some(whole) => whole.to_string(),
        None => text,
    }
}
