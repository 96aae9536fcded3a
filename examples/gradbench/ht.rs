//! Hand tracking: the skin of a posed hand, and points that were measured on it.

use dualtape::{Function, Scalar};
use serde::Deserialize;
use serde_json::Value;

use crate::form::Form;
use crate::problem::{Clock, Measured, Problem};

/// The pose, the assumed place of each measured point in its triangle, and the hand.
#[derive(Deserialize)]
pub(crate) struct Hand {
    theta: [f64; 26],
    us: Vec<[f64; 2]>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    model: Model,
    correspondences: Vec<usize>,
    points: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Model {
    parents: Vec<i64>,
    base_relatives: Vec<Matrix<f64>>,
    inverse_base_absolutes: Vec<Matrix<f64>>,
    base_positions: Vec<[f64; 4]>,
    weights: Vec<Vec<f64>>,
    triangles: Vec<[usize; 3]>,
    is_mirrored: bool,
}

type Matrix<S> = [[S; 4]; 4];

impl Problem for Hand {
    const FUNCTIONS: &'static [&'static str] = &["objective", "jacobian"];

    fn run(&self, function: &str, form: Form, clock: Clock) -> Measured<Value> {
        let shifts = if self.us.is_empty() { 0 } else { 2 };
        let x = [&[0.0; 2][..shifts], &self.theta].concat();
        match function {
            "objective" => clock.time(|| Residuals { hand: self, form: Form::Plain }.eval(&x)).map(Value::from),
            _ => clock
                .time(|| Residuals { hand: self, form }.jacobian(&x).1)
                .map(|rows| rows.rows().map(<[f64]>::to_vec).collect()),
        }
    }
}

/// Point minus skin, three numbers for each point.
///
/// The inputs are the pose and, before it, a shift of all places in triangles. A point has a place of its own, so the slopes
/// with respect to the shift are the slopes with respect to the places, in two columns.
struct Residuals<'a> {
    hand: &'a Hand,
    form: Form,
}

impl Function for Residuals<'_> {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        let Hand { us, data, .. } = self.hand;
        let (shift, theta) = x.split_at(x.len() - 26);
        let vertices = self.hand.posed(theta, self.form);
        let mut residuals = Vec::with_capacity(3 * data.points.len());
        for (i, (point, &corner)) in data.points.iter().zip(&data.correspondences).enumerate() {
            let skin = match shift {
                &[dp, dq] => {
                    let [a, b, c] = data.model.triangles[corner].map(|corner| vertices[corner]);
                    let (p, q) = (dp + us[i][0], dq + us[i][1]);
                    let rest = -p - q + 1.0;
                    [0, 1, 2].map(|j| a[j] * p + b[j] * q + c[j] * rest)
                }
                _ => vertices[corner],
            };
            residuals.extend([0, 1, 2].map(|j| -skin[j] + point[j]));
        }
        residuals
    }
}

impl Hand {
    /// Returns the vertices of the posed hand.
    fn posed<S: Scalar<Real = f64>>(&self, theta: &[S], form: Form) -> Vec<[S; 3]> {
        let model = &self.data.model;
        let (global, shift) = (rotation([theta[0], theta[1], theta[2]]), &theta[3..6]);
        // The rows of all transformations.
        let transforms = self.transforms(&theta[6..]);
        let rows: [Vec<S>; 3] = [0, 1, 2].map(|j| transforms.iter().flat_map(|transform| transform[j]).collect());
        let mut entries = Vec::new();
        let posed = model.base_positions.iter().zip(&model.weights).map(|(position, weights)| {
            entries.clear();
            weights.iter().for_each(|weight| entries.extend(position.map(|x| x * weight)));
            let mut v = [0, 1, 2].map(|j| form.weighted_sum(&rows[j], &entries));
            if model.is_mirrored {
                v[0] = -v[0];
            }
            [0, 1, 2].map(|j| global[j][0] * v[0] + global[j][1] * v[1] + global[j][2] * v[2] + shift[j])
        });
        posed.collect()
    }

    /// Returns the transformation of the skin by each bone, from four angles for each finger.
    fn transforms<S: Scalar<Real = f64>>(&self, fingers: &[S]) -> Vec<Matrix<S>> {
        let model = &self.data.model;
        let mut angles = vec![[S::zero(); 2]; model.parents.len()];
        for (finger, &[spread, side, middle, tip]) in fingers.as_chunks::<4>().0.iter().enumerate() {
            angles[2 + 4 * finger] = [spread, side];
            angles[3 + 4 * finger][0] = middle;
            angles[4 + 4 * finger][0] = tip;
        }
        let mut absolutes: Vec<Matrix<S>> = Vec::new();
        for (bone, [about_x, about_z]) in angles.into_iter().enumerate() {
            let relative = product(&lifted(&model.base_relatives[bone]), &bone_rotation(about_x, about_z));
            absolutes.push(match usize::try_from(model.parents[bone]) {
                Ok(parent) => product(&absolutes[parent], &relative),
                Err(_) => relative,
            });
        }
        let inverses = &model.inverse_base_absolutes;
        absolutes.iter().zip(inverses).map(|(absolute, inverse)| product(absolute, &lifted(inverse))).collect()
    }
}

/// Returns the rotation about the axis `omega` by its length.
fn rotation<S: Scalar<Real = f64>>(omega: [S; 3]) -> [[S; 3]; 3] {
    let (one, zero) = (S::one(), S::zero());
    let square = omega[0] * omega[0] + omega[1] * omega[1] + omega[2] * omega[2];
    if square.value().sqrt() < 1e-4 {
        return [[one, zero, zero], [zero, one, zero], [zero, zero, one]];
    }
    let angle = square.sqrt();
    let [x, y, z] = omega.map(|omega| omega / angle);
    let (sin, cos) = angle.sin_cos();
    let rest = -cos + 1.0;
    [
        [cos + rest * x * x, rest * x * y - sin * z, rest * x * z + sin * y],
        [rest * x * y + sin * z, cos + rest * y * y, rest * y * z - sin * x],
        [rest * x * z - sin * y, rest * y * z + sin * x, cos + rest * z * z],
    ]
}

/// Returns the rotation about the first axis and then the third.
fn bone_rotation<S: Scalar<Real = f64>>(about_x: S, about_z: S) -> Matrix<S> {
    let (one, zero) = (S::one(), S::zero());
    let ((sx, cx), (sz, cz)) = (about_x.sin_cos(), about_z.sin_cos());
    [[cz, -sz * cx, sz * sx, zero], [sz, cz * cx, -cz * sx, zero], [zero, sx, cx, zero], [zero, zero, zero, one]]
}

fn lifted<S: Scalar<Real = f64>>(matrix: &Matrix<f64>) -> Matrix<S> {
    matrix.map(|row| row.map(S::from_real))
}

fn product<S: Scalar<Real = f64>>(a: &Matrix<S>, b: &Matrix<S>) -> Matrix<S> {
    a.map(|row| std::array::from_fn(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j] + row[3] * b[3][j]))
}
