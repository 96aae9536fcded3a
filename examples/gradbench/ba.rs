//! Bundle adjustment: where cameras see points, compared with where they were seen.

use dualtape::{Function, Scalar, derivative, linearize};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The numbers of cameras, points and observations, and one of each: all others are copies.
#[derive(Deserialize)]
pub(crate) struct Bundle {
    n: usize,
    m: usize,
    p: usize,
    cam: [f64; 11],
    x: [f64; 3],
    w: f64,
    feat: [f64; 2],
}

impl Problem for Bundle {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let scene = Scene {
            cameras: vec![self.cam; self.n],
            points: vec![self.x; self.m],
            weights: vec![self.w; self.p],
            features: vec![self.feat; self.p],
            observations: (0..self.p).map(|i| (i % self.n, i % self.m)).collect(),
        };
        match (function, form) {
            ("objective", _) => clock.time(|| scene.residuals()).map(|(errors, weight_errors)| {
                json!({
                    "reproj_error": { "elements": errors[0], "repeated": self.p },
                    "w_err": { "element": weight_errors[0], "repeated": self.p },
                })
            }),
            (_, Form::Plain) => clock.time(|| scene.jacobian(plain)).map(Sparse::shortened),
            (_, Form::Tuned) => clock.time(|| scene.jacobian(tuned)).map(Sparse::shortened),
        }
    }
}

/// Returns the slopes of the errors of an observation, in forward mode with a lane for each input.
#[inline(always)]
fn plain(observation: &Observation, inputs: [f64; ENTRIES]) -> [[f64; ENTRIES]; 2] {
    observation.jacobian_array(&inputs).1
}

/// The same as a kernel, whose zeros LLVM knows.
#[inline(always)]
fn tuned(observation: &Observation, inputs: [f64; ENTRIES]) -> [[f64; ENTRIES]; 2] {
    linearize(observation, inputs).map(|error| error.partials)
}

/// The cameras, points and observations. Each observation is one camera's view of one point.
struct Scene {
    cameras: Vec<[f64; 11]>,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    features: Vec<[f64; 2]>,
    observations: Vec<(usize, usize)>,
}

/// The number of inputs of an observation.
const ENTRIES: usize = 15;

/// A sparse matrix, row by row.
struct Sparse {
    /// The start of each row, and the end of the last one.
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Scene {
    /// Returns the errors of all observations, and of their weights.
    fn residuals(&self) -> (Vec<[f64; 2]>, Vec<f64>) {
        let error = |i| {
            let (observation, inputs) = self.observation(i);
            observation.eval(&inputs)
        };
        let errors = (0..self.observations.len()).map(error).collect();
        (errors, self.weights.iter().map(|&weight| of_weight(weight)).collect())
    }

    /// Returns an observation, and its inputs.
    #[inline(always)]
    fn observation(&self, i: usize) -> (Observation, [f64; ENTRIES]) {
        let (camera, point) = self.observations[i];
        let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2] = self.cameras[camera];
        let [x0, x1, x2] = self.points[point];
        let inputs = [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x0, x1, x2, self.weights[i]];
        (Observation { feature: self.features[i] }, inputs)
    }

    /// Returns the Jacobian, whose two rows for an observation are `slopes`.
    #[inline(always)]
    fn jacobian(&self, slopes: impl Fn(&Observation, [f64; ENTRIES]) -> [[f64; ENTRIES]; 2]) -> Sparse {
        let count = self.observations.len();
        let points_start = 11 * self.cameras.len();
        let weights_start = points_start + 3 * self.points.len();
        let mut jacobian = Sparse::with_capacity(3 * count, (2 * ENTRIES + 1) * count);
        for (i, &(camera, point)) in self.observations.iter().enumerate() {
            let (observation, inputs) = self.observation(i);
            let [camera, point, weight] = [11 * camera, points_start + 3 * point, weights_start + i];
            let column = |entry| {
                if entry < 11 {
                    camera + entry
                } else if entry < 14 {
                    point + entry - 11
                } else {
                    weight
                }
            };
            let columns = std::array::from_fn(|entry| column(entry) as u32);
            for row in slopes(&observation, inputs) {
                jacobian.push(columns, row);
            }
        }
        for (i, &weight) in self.weights.iter().enumerate() {
            jacobian.push([(weights_start + i) as u32], [derivative(of_weight, weight).1]);
        }
        jacobian
    }
}

/// A point as a camera sees it, and its measured feature.
struct Observation {
    feature: [f64; 2],
}

impl Function for Observation {
    type Output = [f64; 2];

    /// Returns the weighted errors. The inputs are the camera's rotation, centre, focal length, principal point and
    /// distortion, the point, and the weight.
    #[inline(always)]
    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 2] {
        let &[r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x0, x1, x2, weight] = x else {
            panic!("an observation has {ENTRIES} inputs, and not {}", x.len())
        };
        let (r, z, lens) = ([r0, r1, r2], [x0 - c0, x1 - c1, x2 - c2], [f, u, v, k1, k2]);
        let square = dot(r, r);
        // Each case is written to its end, so that LLVM knows which inputs each number depends on.
        if square == 0.0 {
            self.errors(hardly_rotated(r, z), lens, weight)
        } else {
            self.errors(rotated(r, square.sqrt(), z), lens, weight)
        }
    }
}

impl Observation {
    /// Returns the weighted distance of a point's distorted projection from the feature.
    #[inline(always)]
    fn errors<S: Scalar<Real = f64>>(&self, y: [S; 3], [f, u, v, k1, k2]: [S; 5], weight: S) -> [S; 2] {
        let inverse = y[2].recip();
        let (a, b) = (y[0] * inverse, y[1] * inverse);
        let square = a * a + b * b;
        let scale = f * (square * (k1 + k2 * square) + 1.0);
        [(scale * a + u - self.feature[0]) * weight, (scale * b + v - self.feature[1]) * weight]
    }
}

/// Returns a point rotated about the axis `r` by an angle, the length of `r` (Rodrigues).
#[inline(always)]
fn rotated<S: Scalar<Real = f64>>(r: [S; 3], angle: S, z: [S; 3]) -> [S; 3] {
    let inverse = angle.recip();
    let axis = [r[0] * inverse, r[1] * inverse, r[2] * inverse];
    let (sin, cos) = angle.sin_cos();
    let (turned, along) = (cross(axis, z), dot(axis, z) * (-cos + 1.0));
    [
        z[0] * cos + turned[0] * sin + axis[0] * along,
        z[1] * cos + turned[1] * sin + axis[1] * along,
        z[2] * cos + turned[2] * sin + axis[2] * along,
    ]
}

/// Returns [`rotated`] by a rotation whose length rounds to 0.
#[inline(always)]
fn hardly_rotated<S: Scalar<Real = f64>>(r: [S; 3], z: [S; 3]) -> [S; 3] {
    let turned = cross(r, z);
    [z[0] + turned[0], z[1] + turned[1], z[2] + turned[2]]
}

fn of_weight<S: Scalar<Real = f64>>(w: S) -> S {
    -(w * w) + 1.0
}

#[inline(always)]
fn dot<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> S {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline(always)]
fn cross<S: Scalar<Real = f64>>(a: [S; 3], b: [S; 3]) -> [S; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

impl Sparse {
    fn with_capacity(rows: usize, entries: usize) -> Self {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        Sparse { rows: starts, columns: Vec::with_capacity(entries), values: Vec::with_capacity(entries) }
    }

    #[inline(always)]
    fn push<const N: usize>(&mut self, columns: [u32; N], values: [f64; N]) {
        self.columns.extend_from_slice(&columns);
        self.values.extend_from_slice(&values);
        self.rows.push(self.values.len() as u32);
    }

    /// Returns the first 30 elements and the last of each list.
    fn shortened(self) -> Value {
        fn ends<T: Copy + Into<Value>>(list: &[T]) -> Value {
            list.iter().take(30).chain(list.last()).copied().collect()
        }
        json!({ "rows": ends(&self.rows), "cols": ends(&self.columns), "vals": ends(&self.values) })
    }
}
