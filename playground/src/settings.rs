//! The settings of the tab of networks, as a text in the address of the page.

use std::fmt;
use std::str::FromStr;

use dualtape::nn::Activation;

/// Points of the plane with their classes.
pub type Points = Vec<([f64; 2], usize)>;

/// The largest sizes. They keep a browser responsive, and a link harmless.
const MOST_POINTS: usize = 500;
const MOST_LAYERS: usize = 6;
const MOST_NEURONS: usize = 64;

/// Returns what is wrong with a text that is no choice.
fn none_of(text: &str, choices: &[&str]) -> String {
    format!("{text:?} is none of {}", choices.join(", "))
}

/// A choice among some, each with its name in the address.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($name::$variant => $text,)* })
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err(none_of(text, &[$($text),*])),
                }
            }
        }
    };
}

choice! {
    /// Where the points come from.
    Source {
        /// Two half circles.
        Moons = "moons",
        /// A circle in a circle.
        Circles = "circles",
        /// Opposite quadrants.
        Xor = "xor",
        /// Two arms.
        Spirals = "spirals",
        /// Three classes.
        YinYang = "yinyang",
        /// The reader's clicks.
        Own = "own",
    }
}

impl Source {
    /// Returns the number of classes. The reader's points have two.
    pub fn classes(self) -> usize {
        if self == Source::YinYang { 3 } else { 2 }
    }
}

choice! {
    /// The function of the hidden neurons.
    Shape {
        /// max(x, 0)
        Relu = "relu",
        /// The hyperbolic tangent.
        Tanh = "tanh",
        /// The logistic function.
        Sigmoid = "sigmoid",
        /// x·Φ(x)
        Gelu = "gelu",
        /// x·σ(x)
        Silu = "silu",
        /// x
        Linear = "linear",
    }
}

impl Shape {
    /// Returns the activation.
    pub fn activation(self) -> Activation {
        match self {
            Shape::Relu => Activation::Relu,
            Shape::Tanh => Activation::Tanh,
            Shape::Sigmoid => Activation::Sigmoid,
            Shape::Gelu => Activation::Gelu,
            Shape::Silu => Activation::Silu,
            Shape::Linear => Activation::Linear,
        }
    }
}

choice! {
    /// What the training makes small.
    Loss {
        /// −ln of the probability of the class.
        CrossEntropy = "cross-entropy",
        /// relu(1 − label·score)
        Hinge = "hinge",
        /// (score − label)²
        Squared = "squared",
    }
}

choice! {
    /// How a step follows from the gradient.
    Rule {
        /// Against the gradient.
        Sgd = "sgd",
        /// With the momentum 0.9.
        Momentum = "momentum",
        /// In units of the root mean square.
        RmsProp = "rmsprop",
        /// Both.
        Adam = "adam",
    }
}

/// All settings of a training. Two trainings with equal settings have equal bits at every step.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the points come from.
    pub source: Source,
    /// The number of points that are drawn.
    pub points: usize,
    /// The deviation of the noise on them.
    pub noise: f64,
    /// The seed of points, first weights and minibatches.
    pub seed: u64,
    /// The widths of the hidden layers.
    pub layers: Vec<usize>,
    /// The function of the hidden neurons.
    pub activation: Shape,
    /// What the training makes small.
    pub loss: Loss,
    /// How a step follows from the gradient.
    pub rule: Rule,
    /// The learning rate.
    pub rate: f64,
    /// The number of points of a step; 0 for all.
    pub batch: usize,
    /// The weight of the sum of the squared weights in the loss.
    pub penalty: f64,
    /// The points of the source [`Own`](Source::Own).
    pub own: Points,
}

/// micrograd's network of 337 parameters at the moons.
impl Default for Settings {
    fn default() -> Self {
        Settings {
            source: Source::Moons,
            points: 100,
            noise: 0.1,
            seed: 7,
            layers: vec![16, 16],
            activation: Shape::Relu,
            loss: Loss::Hinge,
            rule: Rule::Adam,
            rate: 0.02,
            batch: 0,
            penalty: 1e-4,
            own: Vec::new(),
        }
    }
}

/// `source=moons&points=100&...`, each setting once.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { source, points, noise, seed, activation, loss, rule, rate, batch, penalty, .. } = self;
        write!(f, "source={source}&points={points}&noise={noise}&seed={seed}&layers={}", joined(&self.layers))?;
        write!(f, "&activation={activation}&loss={loss}&rule={rule}&rate={rate}&batch={batch}&penalty={penalty}")?;
        let own = self.own.iter().map(|([x, y], class)| format!("{x},{y},{class}"));
        write!(f, "&own={}", own.collect::<Vec<_>>().join("_"))
    }
}

/// Settings that are left out are the default's, and others than these are ignored.
impl FromStr for Settings {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut settings = Settings::default();
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let of = |what: String| format!("{name}: {what}");
            match name {
                "source" => settings.source = value.parse().map_err(of)?,
                "points" => settings.points = whole(value, 2..=MOST_POINTS).map_err(of)?,
                "noise" => settings.noise = real(value, 0.0..=1.0).map_err(of)?,
                "seed" => settings.seed = value.parse().map_err(|_| of(format!("{value:?} is no whole number")))?,
                "layers" => settings.layers = layers(value).map_err(of)?,
                "activation" => settings.activation = value.parse().map_err(of)?,
                "loss" => settings.loss = value.parse().map_err(of)?,
                "rule" => settings.rule = value.parse().map_err(of)?,
                "rate" => settings.rate = real(value, 0.0..=10.0).map_err(of)?,
                "batch" => settings.batch = whole(value, 0..=MOST_POINTS).map_err(of)?,
                "penalty" => settings.penalty = real(value, 0.0..=1.0).map_err(of)?,
                "own" => settings.own = own(value).map_err(of)?,
                _ => {}
            }
        }
        Ok(settings)
    }
}

fn joined(widths: &[usize]) -> String {
    widths.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

fn whole(text: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{text:?} is no whole number from {} to {}", range.start(), range.end()))
}

fn real(text: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{text:?} is no number from {} to {}", range.start(), range.end()))
}

/// The widths of the hidden layers, `16,16`; none of an empty text.
fn layers(text: &str) -> Result<Vec<usize>, String> {
    let widths = text.split(',').filter(|width| !width.trim().is_empty());
    let widths: Vec<usize> = widths.map(|width| whole(width, 1..=MOST_NEURONS)).collect::<Result<_, _>>()?;
    if widths.len() > MOST_LAYERS {
        return Err(format!("{} hidden layers are more than {MOST_LAYERS}", widths.len()));
    }
    Ok(widths)
}

/// Points with their classes, `0.5,-1,0_1,1,1`.
fn own(text: &str) -> Result<Points, String> {
    let points = text.split('_').filter(|point| !point.is_empty()).map(|point| {
        let mut parts = point.splitn(3, ',');
        let mut next = || parts.next().ok_or_else(|| format!("{point:?} is not x,y,class"));
        Ok(([real(next()?, -2.0..=2.0)?, real(next()?, -2.0..=2.0)?], whole(next()?, 0..=1)?))
    });
    let points: Points = points.collect::<Result<_, String>>()?;
    if points.len() > MOST_POINTS {
        return Err(format!("{} points are more than {MOST_POINTS}", points.len()));
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_their_text() {
        let other = Settings {
            source: Source::Own,
            points: 12,
            noise: 0.25,
            seed: u64::MAX,
            layers: vec![3, 64, 1],
            activation: Shape::Gelu,
            loss: Loss::CrossEntropy,
            rule: Rule::Momentum,
            rate: 0.1 + 0.2,
            batch: 7,
            penalty: 1e-7,
            own: vec![([0.5, -1.25], 1), ([2.0, 0.1], 0)],
        };
        for settings in [Settings::default(), Settings { layers: vec![], ..Settings::default() }, other] {
            assert_eq!(settings.to_string().parse(), Ok(settings));
        }
        assert_eq!("".parse(), Ok(Settings::default()));
        assert_eq!("rate=0.5&tab=networks".parse(), Ok(Settings { rate: 0.5, ..Settings::default() }));
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_the_range() {
        for (text, error) in [
            ("source=sun", "source: \"sun\" is none of moons, circles, xor, spirals, yinyang, own"),
            ("points=1", "points: \"1\" is no whole number from 2 to 500"),
            ("rate=NaN", "rate: \"NaN\" is no number from 0 to 10"),
            ("layers=4,65", "layers: \"65\" is no whole number from 1 to 64"),
            ("layers=1,1,1,1,1,1,1", "layers: 7 hidden layers are more than 6"),
            ("seed=-1", "seed: \"-1\" is no whole number"),
            ("own=1,2", "own: \"1,2\" is not x,y,class"),
            ("own=1,9,0", "own: \"9\" is no number from -2 to 2"),
            ("own=1,1,2", "own: \"2\" is no whole number from 0 to 1"),
        ] {
            assert_eq!(text.parse::<Settings>(), Err(error.to_string()), "{text}");
        }
    }
}
