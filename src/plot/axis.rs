//! Axes: map numbers to places between 0 and 1, and choose round numbers for the labels (Heckbert, *Nice numbers for
//! graph labels*, 1990).

/// A map from numbers to places along a side of a chart.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) high: f64,
    log: bool,
    /// The labelled places, each as a fraction of the side.
    pub(super) ticks: Vec<(f64, String)>,
}

/// The largest number that has a place, so that lengths are finite.
const LARGEST: f64 = 1e300;

impl Axis {
    /// Returns an axis over the numbers that have a place, longer at both ends by the fraction `margin`.
    pub(super) fn over(label: &str, numbers: impl Iterator<Item = f64>, log: bool, margin: f64) -> Self {
        let placed =
            numbers.filter(|&x| x.abs() <= LARGEST && (!log || x > 0.0)).map(|x| if log { x.log10() } else { x });
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let (low, high) = match high - low {
            d if d > 0.0 && d.is_finite() => (low - margin * d, high + margin * d),
            _ if low.is_finite() && high.is_finite() => {
                (low - 0.5 * low.abs().max(1.0), high + 0.5 * high.abs().max(1.0))
            }
            _ => (0.0, 1.0),
        };
        let unit = |x: f64| if log { 10.0_f64.powf(x) } else { x };
        Axis::between(label, unit(low), unit(high), log)
    }

    /// Returns an axis between two different numbers.
    pub(super) fn between(label: &str, low: f64, high: f64, log: bool) -> Self {
        let mut axis = Axis { label: label.to_string(), low, high, log, ticks: Vec::new() };
        let values = if log { round_powers(low, high) } else { round_numbers(low, high) };
        axis.ticks = values.into_iter().map(|value| (axis.fraction(value), short(value))).collect();
        axis
    }

    /// Returns an axis with a place for each class, from the start on.
    pub(super) fn of_classes(label: &str, names: impl ExactSizeIterator<Item = String>) -> Self {
        let n = names.len() as f64;
        let ticks = names.enumerate().map(|(i, name)| ((i as f64 + 0.5) / n, name)).collect();
        Axis { label: label.to_string(), low: 0.0, high: n, log: false, ticks }
    }

    /// Returns the place of a number, or `None` if the axis has no place for it.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        Some(self.fraction(value)).filter(|place| place.abs() < 1e6)
    }

    /// Returns the number at a place.
    pub(super) fn value(&self, place: f64) -> f64 {
        if self.log {
            return self.low * (self.high / self.low).powf(place);
        }
        self.low + (self.high - self.low) * place
    }

    fn fraction(&self, value: f64) -> f64 {
        let unit = |x: f64| if self.log { x.log10() } else { x };
        (unit(value) - unit(self.low)) / (unit(self.high) - unit(self.low))
    }
}

/// Returns the multiples of 1, 2 or 5 times a power of ten between `low` and `high`, about five of them.
fn round_numbers(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough * 0.75).unwrap_or(rough);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // Where the step is a fraction, divide by its whole inverse, so that 3 times 0.1 is 0.3.
    let value = |i: f64| if step < 1.0 { i / (1.0 / step).round() } else { i * step };
    (0..=(last - first).max(0.0) as usize).map(|i| value(first + i as f64)).collect()
}

/// Returns the powers of ten between `low` and `high`. When they are many it leaves some out, and when they are few it
/// adds 2 and 5 times each.
fn round_powers(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let every = (last - first).unsigned_abs() as usize / 8 + 1;
    let factors: &[f64] = if high / low < 200.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let within = |value: &f64| (low * 0.999..=high * 1.001).contains(value);
    let value = |power: i32, factor: f64| {
        if power < 0 { factor / 10.0_f64.powi(-power) } else { factor * 10.0_f64.powi(power) }
    };
    let powers = (first..=last).step_by(every);
    let values: Vec<f64> =
        powers.flat_map(|power| factors.iter().map(move |&factor| value(power, factor))).filter(within).collect();
    if values.len() < 2 { round_numbers(low, high) } else { values }
}

/// Returns a number to three digits.
pub(super) fn rounded(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return short(value);
    }
    let text = format!("{value:.2e}");
    text.parse().map_or(text, short)
}

/// Returns a number in few characters: at most six digits, or a power of ten.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e5).contains(&magnitude) {
        let decimals = if magnitude < 1.0 { 5 } else { 3 };
        let text = format!("{value:.decimals$}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return if text == "-0" { "0".to_string() } else { text.to_string() };
    }
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| &label[..]).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::between("", 0.0, 100.0, false)), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::between("", -0.13, 0.42, false)), ["-0.1", "0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(labels(&Axis::between("", 1e-9, 5e-9, false)), ["1e-9", "2e-9", "3e-9", "4e-9", "5e-9"]);
        assert_eq!(labels(&Axis::between("", 0.03, 2.0, true)), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(&Axis::between("", 10.0, 1e6, true)), ["10", "100", "1000", "10000", "1e5", "1e6"]);
        assert_eq!(labels(&Axis::between("", 3.1, 3.3, true)), ["3.1", "3.15", "3.2", "3.25", "3.3"]);
        assert_eq!(Axis::between("", 1e-300, 1e300, true).ticks.len(), 8);
    }

    #[test]
    fn numbers_without_a_place_are_left_out() {
        let axis = Axis::over("", [f64::NAN, 2.0, f64::INFINITY, 4.0, -1.0].into_iter(), true, 0.0);
        assert!((axis.low - 2.0).abs() < 1e-15 && (axis.high - 4.0).abs() < 1e-15);
        assert_eq!((axis.place(-1.0), axis.place(0.0), axis.place(f64::NAN)), (None, None, None));
        assert!((axis.place(8.0_f64.sqrt()).unwrap() - 0.5).abs() < 1e-15);
        for numbers in [&[][..], &[f64::NAN], &[3.0], &[0.0, 0.0], &[f64::MIN, f64::MAX]] {
            let axis = Axis::over("", numbers.iter().copied(), false, 0.05);
            assert!(axis.low < axis.high && !axis.ticks.is_empty(), "{numbers:?}: {axis:?}");
        }
    }
}
