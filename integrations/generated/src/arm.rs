//! Inverse kinematics of an arm with six joints: the angles at which the tool is at a place.

use crate::derivatives::tool;

/// Returns angles at which two points of the tool are at the target, and the distance that is left, by damped steps from
/// the angles given.
pub fn reached(mut angles: [f64; 6], target: &[f64; 6], steps: usize) -> ([f64; 6], f64) {
    let (mut damping, mut left) = (1e-3, error(&angles, target));
    for _ in 0..steps {
        let (place, jacobian) = tool(&angles);
        // (JᵀJ + damping) step = Jᵀ gap
        let (mut matrix, mut step) = ([[0.0; 6]; 6], [0.0; 6]);
        for (row, (reached, wanted)) in jacobian.iter().zip(place.iter().zip(target)) {
            for i in 0..6 {
                step[i] += row[i] * (wanted - reached);
                for j in 0..6 {
                    matrix[i][j] += row[i] * row[j];
                }
            }
        }
        (0..6).for_each(|i| matrix[i][i] += damping);
        solve(&mut matrix, &mut step);
        let mut next = angles;
        next.iter_mut().zip(step).for_each(|(angle, step)| *angle += step);
        let error = error(&next, target);
        if error < left {
            (angles, left, damping) = (next, error, damping * 0.1);
        } else {
            damping *= 10.0;
        }
    }
    (angles, libm::sqrt(left))
}

fn error(angles: &[f64; 6], target: &[f64; 6]) -> f64 {
    let (place, _) = tool(angles);
    place.iter().zip(target).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Solves equations with a positive definite matrix by elimination. The right-hand side becomes the solution.
fn solve(matrix: &mut [[f64; 6]; 6], right: &mut [f64; 6]) {
    for pivot in 0..6 {
        let (own, value) = (matrix[pivot], right[pivot]);
        for row in pivot + 1..6 {
            let factor = matrix[row][pivot] / own[pivot];
            matrix[row].iter_mut().zip(own).for_each(|(x, pivot)| *x -= factor * pivot);
            right[row] -= factor * value;
        }
    }
    for row in (0..6).rev() {
        let known: f64 = (row + 1..6).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
}
