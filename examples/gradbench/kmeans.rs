//! Clustering: the squared distances of points to their nearest centroids.

use dualtape::{Scalar, Terms, function, fuse, hvp};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

#[derive(Deserialize)]
pub(crate) struct Clusters {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

impl Problem for Clusters {
    const FUNCTIONS: &'static [&'static str] = &["cost", "dir"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let centroids = self.centroids.concat();
        let rows = |direction: Vec<f64>| direction.chunks(self.dimension()).map(<[f64]>::to_vec).collect();
        match (function, form) {
            ("cost", _) => clock.time(|| self.cost(&centroids)).map(Value::from),
            (_, Form::Plain) => clock.time(|| self.plain(&centroids)).map(rows),
            (_, Form::Tuned) => clock.time(|| self.tuned(&centroids)).map(rows),
        }
    }
}

impl Clusters {
    fn dimension(&self) -> usize {
        self.points[0].len()
    }

    fn cost<S: Scalar<Real = f64>>(&self, centroids: &[S]) -> S {
        let distances = |point| centroids.chunks_exact(self.dimension()).map(move |c| squared_distance(c, point));
        self.points.iter().map(|point| distances(point).reduce(S::min).expect("there are centroids")).sum()
    }

    /// Each square depends on one coordinate, so the Hessian is diagonal, and its product with ones is the diagonal.
    fn plain(&self, centroids: &[f64]) -> Vec<f64> {
        let (_, g, diagonal) = hvp(|centroids| self.cost(centroids), centroids, &vec![1.0; centroids.len()]);
        quotients(&g, &diagonal)
    }

    /// Finds the nearest centroids by value, so that only the distances from these are recorded.
    fn tuned(&self, centroids: &[f64]) -> Vec<f64> {
        let d = self.dimension();
        let groups = Groups::of(centroids, d);
        let nearest: Vec<usize> = self.points.iter().map(|point| groups.nearest(point)).collect();
        let term = |i: usize, centroids: &[_]| kernels(&centroids[nearest[i] * d..][..d], &self.points[i]);
        let (_, g, diagonal) = Terms::all(self.points.len()).hvp(term, centroids, &vec![1.0; centroids.len()]);
        quotients(&g, &diagonal)
    }
}

fn squared_distance<S: Scalar<Real = f64>>(centroid: &[S], point: &[f64]) -> S {
    centroid.iter().zip(point).map(|(&c, &p)| square(c, p)).sum()
}

/// Returns [`squared_distance`] by kernels of eight coordinates.
fn kernels<S: Scalar<Real = f64>>(centroid: &[S], point: &[f64]) -> S {
    let ((eights, last), (points, last_point)) = (centroid.as_chunks::<8>(), point.as_chunks::<8>());
    let mut sum = squared_distance(last, last_point);
    for (&c, p) in eights.iter().zip(points) {
        let kernel = function!([p: &[f64; 8]] |[c0, c1, c2, c3, c4, c5, c6, c7]: [S; 8]| -> S {
            let low = square(c0, p[0]) + square(c1, p[1]) + square(c2, p[2]) + square(c3, p[3]);
            low + (square(c4, p[4]) + square(c5, p[5]) + square(c6, p[6]) + square(c7, p[7]))
        });
        sum += fuse(&kernel, c);
    }
    sum
}

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

    /// Returns the first of the centroids that are nearest to a point.
    fn nearest(&self, point: &[f64]) -> usize {
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
        numbered.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).expect("a group has centroids").0
    }
}

fn quotients(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a / b).collect()
}
