//! Clustering: the squared distances of points to their nearest centroids.

use dualtape::{Dual, Scalar};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct Clusters {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

impl Problem for Clusters {
    const FUNCTIONS: &'static [&'static str] = &["cost", "dir"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        let dimension = self.centroids[0].len();
        let centroids = self.centroids.concat();
        match function {
            "cost" => clock.time(|| cost(&self.points, &centroids)).map(Value::from),
            _ => clock
                .time(|| newton_direction(&self.points, &centroids))
                .map(|direction| direction.chunks(dimension).map(<[f64]>::to_vec).collect()),
        }
    }
}

fn cost(points: &[Vec<f64>], centroids: &[f64]) -> f64 {
    let centroids = Groups::of(centroids, points[0].len());
    points.iter().map(|point| centroids.nearest(point).1).sum()
}

/// Divides the gradient by the diagonal of the Hessian, element by element.
///
/// Each square depends on one coordinate of one centroid, so one direction differentiates them all twice.
fn newton_direction(points: &[Vec<f64>], centroids: &[f64]) -> Vec<f64> {
    let dimension = points[0].len();
    let groups = Groups::of(centroids, dimension);
    let mut sums = vec![(0.0, 0.0); centroids.len()];
    for point in points {
        let (nearest, _) = groups.nearest(point);
        let coordinates = nearest * dimension..(nearest + 1) * dimension;
        for ((first, second), (&c, &p)) in
            sums[coordinates.clone()].iter_mut().zip(centroids[coordinates].iter().zip(point))
        {
            let Dual { partials: [slope], .. } = square(Dual::variable(Dual::variable(c)), p);
            *first += slope.primal;
            *second += slope.partials[0];
        }
    }
    sums.iter().map(|(first, second)| first / second).collect()
}

/// Returns the contribution of a coordinate to the squared distance.
#[inline(always)]
fn square<S: Scalar<Real = f64>>(c: S, p: f64) -> S {
    (c - p) * (c - p)
}

/// The number of centroids that are compared at once.
const GROUP: usize = 8;

/// Centroids in groups, each coordinate by coordinate.
struct Groups {
    coordinates: Vec<[f64; GROUP]>,
    dimension: usize,
}

impl Groups {
    /// Returns the centroids in groups. The last group is filled up with centroids that are nearest to no point.
    fn of(centroids: &[f64], dimension: usize) -> Self {
        let groups = centroids.chunks(GROUP * dimension).flat_map(|group| {
            let coordinate = move |l: usize, i| group.get(l * dimension + i).copied().unwrap_or(f64::INFINITY);
            (0..dimension).map(move |i| std::array::from_fn(|l| coordinate(l, i)))
        });
        Groups { coordinates: groups.collect(), dimension }
    }

    /// Returns the first of the centroids that are nearest to a point, and its squared distance.
    fn nearest(&self, point: &[f64]) -> (usize, f64) {
        let mut best = [(0, f64::INFINITY); GROUP];
        for (number, group) in self.coordinates.chunks_exact(self.dimension).enumerate() {
            let mut distances = [0.0; GROUP];
            for (coordinates, &p) in group.iter().zip(point) {
                distances.iter_mut().zip(coordinates).for_each(|(distance, &c)| *distance += square(c, p));
            }
            for (best, distance) in best.iter_mut().zip(distances) {
                if distance < best.1 {
                    *best = (number, distance);
                }
            }
        }
        let numbered = best.iter().enumerate().map(|(l, &(group, distance))| (group * GROUP + l, distance));
        numbered.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).expect("a group has centroids")
    }
}
