//! A model predictive controller: the forces that bring a cart and the pole on it to rest, by Newton steps on the equations
//! of the best plan.

use crate::derivatives::{
    CONSTRAINTS_COLUMNS, CONSTRAINTS_ROW_STARTS, LAGRANGIAN_COLUMNS, LAGRANGIAN_ROW_STARTS, constraints, lagrangian,
};

/// The numbers of a plan, step by step: a force, and the state after it.
pub const VARIABLES: usize = 200;
/// The equations between the steps.
pub const CONSTRAINTS: usize = 160;
/// The unknowns of a Newton step, the plan and the multipliers of the equations.
const UNKNOWNS: usize = VARIABLES + CONSTRAINTS;
/// The numbers of a step with its multipliers, which stand together.
const BLOCK: usize = 9;
/// How far from the diagonal an entry can be: a step meets the step before it.
const BAND: usize = 2 * BLOCK;

/// The memory of the controller: the matrix of a Newton step, whose entries far from the diagonal are 0.
pub struct Memory {
    rows: [[f64; 2 * BAND + 1]; UNKNOWNS],
}

impl Memory {
    /// Returns memory for a controller.
    pub const fn new() -> Self {
        Memory { rows: [[0.0; 2 * BAND + 1]; UNKNOWNS] }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// A plan and its multipliers.
pub struct Plan {
    /// For each step a force, and the state after it.
    pub variables: [f64; VARIABLES],
    /// The state at the start, and the multipliers of the constraints.
    pub parameters: [f64; 4 + CONSTRAINTS],
}

impl Plan {
    /// Returns the plan to do nothing in a state.
    pub fn from(state: [f64; 4]) -> Self {
        let mut plan = Plan { variables: [0.0; VARIABLES], parameters: [0.0; 4 + CONSTRAINTS] };
        plan.parameters[..4].copy_from_slice(&state);
        plan
    }

    /// Makes a Newton step on the equations of the best plan, and returns how far from 0 these were before it.
    pub fn improve(&mut self, memory: &mut Memory) -> f64 {
        let start = [0, 1, 2, 3].map(|i| self.parameters[i]);
        let (gaps, jacobian) = constraints(&self.variables, &start);
        let (_, gradient, hessian) = lagrangian(&self.variables, &self.parameters);
        memory.rows = [[0.0; 2 * BAND + 1]; UNKNOWNS];
        let mut put = |row: usize, column: usize, x: f64| memory.rows[row][BAND + column - row] = x;
        for (i, row) in LAGRANGIAN_ROW_STARTS.windows(2).enumerate() {
            for entry in row[0]..row[1] {
                put(of_variable(i), of_variable(LAGRANGIAN_COLUMNS[entry]), hessian[entry]);
            }
        }
        for (i, row) in CONSTRAINTS_ROW_STARTS.windows(2).enumerate() {
            for entry in row[0]..row[1] {
                let column = of_variable(CONSTRAINTS_COLUMNS[entry]);
                put(of_constraint(i), column, jacobian[entry]);
                put(column, of_constraint(i), jacobian[entry]);
            }
        }
        let mut step = [0.0; UNKNOWNS];
        gradient.iter().enumerate().for_each(|(i, slope)| step[of_variable(i)] = -slope);
        gaps.iter().enumerate().for_each(|(i, gap)| step[of_constraint(i)] = -gap);
        let error = step.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        solve(&mut memory.rows, &mut step);
        self.variables.iter_mut().enumerate().for_each(|(i, x)| *x += step[of_variable(i)]);
        self.parameters[4..].iter_mut().enumerate().for_each(|(i, x)| *x += step[of_constraint(i)]);
        error
    }
}

/// Returns the place of a variable among the unknowns, where each step has its multipliers beside it.
fn of_variable(i: usize) -> usize {
    i / 5 * BLOCK + i % 5
}

/// Returns the place of the multiplier of a constraint.
fn of_constraint(i: usize) -> usize {
    i / 4 * BLOCK + 5 + i % 4
}

/// Solves equations with a band matrix by elimination with row exchanges. The right-hand side becomes the solution.
fn solve(rows: &mut [[f64; 2 * BAND + 1]; UNKNOWNS], right: &mut [f64; UNKNOWNS]) {
    // Entry j of a row is at the column row + j − BAND until the row is shifted to begin at the pivot.
    let end = |pivot: usize| (pivot + BAND + 1).min(UNKNOWNS);
    for (index, row) in rows[..BAND].iter_mut().enumerate() {
        row.rotate_left(BAND - index);
    }
    for pivot in 0..UNKNOWNS {
        let largest = (pivot..end(pivot)).max_by(|&a, &b| rows[a][0].abs().total_cmp(&rows[b][0].abs()));
        let largest = largest.unwrap_or(pivot);
        rows.swap(pivot, largest);
        right.swap(pivot, largest);
        let (own, value) = (rows[pivot], right[pivot]);
        for row in pivot + 1..end(pivot) {
            let factor = rows[row][0] / own[0];
            for (x, pivot) in rows[row].iter_mut().zip(own) {
                *x -= factor * pivot;
            }
            rows[row].rotate_left(1);
            rows[row][2 * BAND] = 0.0;
            right[row] -= factor * value;
        }
    }
    for row in (0..UNKNOWNS).rev() {
        let count = (UNKNOWNS - row).min(2 * BAND + 1);
        let known: f64 = (1..count).map(|j| rows[row][j] * right[row + j]).sum();
        right[row] = (right[row] - known) / rows[row][0];
    }
}
