//! Points of the plane in classes, to learn from. All lie around the origin, within 2 of it.

use std::f64::consts::{PI, TAU};

use dualtape::nn::Dataset;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::settings::{Points, Settings, Source};

/// Returns the points of the settings.
pub fn points(settings: &Settings) -> Points {
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let draw: fn(usize, f64, &mut ChaCha8Rng) -> [f64; 2] = match settings.source {
        Source::Own => return settings.own.clone(),
        Source::Moons => moon,
        Source::Circles => circle,
        Source::Xor => quadrant,
        Source::Spirals => spiral,
        Source::YinYang => yin_yang,
    };
    let (classes, n) = (settings.source.classes(), settings.points);
    let point = |i: usize| {
        let [x, y] = draw(i % classes, (i / classes) as f64 / n.div_ceil(classes) as f64, &mut random);
        let mut noise = || settings.noise * normal(&mut random);
        ([x + noise(), y + noise()], i % classes)
    };
    (0..n).map(point).collect()
}

/// Returns the points as data for a network.
pub fn dataset(points: &Points) -> Dataset<f64, usize> {
    let features = points.iter().flat_map(|(point, _)| *point).collect();
    Dataset::new((2, 1), features, points.iter().map(|&(_, class)| class).collect())
}

/// Two half circles that hold each other. `along` runs from 0 to 1 in every class.
fn moon(class: usize, along: f64, _: &mut ChaCha8Rng) -> [f64; 2] {
    let (sin, cos) = (PI * along).sin_cos();
    if class == 0 { [cos - 0.5, sin - 0.25] } else { [0.5 - cos, 0.25 - sin] }
}

/// A circle around a circle.
fn circle(class: usize, along: f64, _: &mut ChaCha8Rng) -> [f64; 2] {
    let radius = if class == 0 { 1.5 } else { 0.6 };
    [radius * (TAU * along).cos(), radius * (TAU * along).sin()]
}

/// Opposite quadrants.
fn quadrant(class: usize, _: f64, random: &mut ChaCha8Rng) -> [f64; 2] {
    let [x, y]: [f64; 2] = [random.random_range(0.1..1.5), random.random_range(0.1..1.5)];
    let [side, sign] = [random.random(), class == 0].map(|is: bool| if is { 1.0 } else { -1.0 });
    [side * x, side * sign * y]
}

/// Two arms around each other.
fn spiral(class: usize, along: f64, _: &mut ChaCha8Rng) -> [f64; 2] {
    let (angle, radius) = (3.0 * PI * along + PI * class as f64, 0.15 + 1.4 * along);
    [radius * angle.cos(), radius * angle.sin()]
}

/// The sign of yin and yang: one half, the other, and the two dots (Kriener et al. 2022).
fn yin_yang(class: usize, _: f64, random: &mut ChaCha8Rng) -> [f64; 2] {
    const RADIUS: f64 = 1.5;
    loop {
        let [x, y]: [f64; 2] = [random.random_range(-RADIUS..RADIUS), random.random_range(-RADIUS..RADIUS)];
        if x.hypot(y) > RADIUS {
            continue;
        }
        let [left, right] = [-0.5, 0.5].map(|middle| (x - middle * RADIUS).hypot(y));
        let (dot, half) = (0.2 * RADIUS, 0.5 * RADIUS);
        let is_dot = left <= dot || right <= dot;
        let is_yin = (y > 0.0 && right > half) || left <= half;
        let found = if is_dot { 2 } else { usize::from(is_yin) };
        if found == class {
            return [x, y];
        }
    }
}

/// A number of the normal distribution, by the method of Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let [a, b]: [f64; 2] = random.random();
    (-2.0 * (1.0 - a).ln()).sqrt() * (TAU * b).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_classes_in_turn_and_within_the_plane() {
        for source in [Source::Moons, Source::Circles, Source::Xor, Source::Spirals, Source::YinYang] {
            let settings = Settings { source, points: 101, noise: 0.0, ..Settings::default() };
            let points = points(&settings);
            assert_eq!(points.len(), 101);
            for (i, &([x, y], class)) in points.iter().enumerate() {
                assert!(class == i % source.classes() && x.hypot(y) < 2.2, "{source:?}: {x}, {y}");
            }
        }
    }

    #[test]
    fn points_depend_on_the_seed_and_the_noise_alone() {
        let settings = Settings::default();
        assert_eq!(points(&settings), points(&settings.clone()));
        assert_ne!(points(&settings), points(&Settings { seed: 8, ..settings.clone() }));
        let quiet = Settings { noise: 0.0, ..settings.clone() };
        let (quiet, noisy) = (points(&quiet), points(&settings));
        let pairs = quiet.iter().zip(&noisy);
        let moved: Vec<f64> = pairs.map(|(([a, b], _), ([c, d], _))| (a - c).hypot(b - d)).collect();
        assert!(moved.iter().any(|&d| d > 0.02) && moved.iter().all(|&d| d < 0.8), "{moved:?}");
    }

    #[test]
    fn xor_is_the_sign_of_the_product_and_the_dots_are_small() {
        let of = |source| points(&Settings { source, points: 300, noise: 0.0, ..Settings::default() });
        assert!(of(Source::Xor).iter().all(|&([x, y], class)| (x * y > 0.0) == (class == 0)));
        let is_dot = |x: f64, y: f64| (x.abs() - 0.75).hypot(y) <= 0.3;
        assert!(of(Source::YinYang).iter().all(|&([x, y], class)| is_dot(x, y) == (class == 2)));
    }
}
