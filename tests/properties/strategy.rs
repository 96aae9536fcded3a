//! Strategies for random expressions that shrink well.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::expression::{Arity, DEPTH, Expression, Op, Step, WINDOW};
use crate::wide::{Chain, Link};

const INPUTS: usize = 10;
const STEPS: usize = 40;

/// A step before its arguments are known: the number of the operation, its plain
/// number, and which earlier results it takes.
type Draft = (usize, f64, [u8; 3]);

/// An expression, and a point.
pub(crate) fn expressions() -> impl Strategy<Value = (Expression, Vec<f64>)> {
    let draft = (0..Op::COUNT, number(), any::<[u8; 3]>());
    (vec(number(), 1..=INPUTS), vec(draft, 1..=STEPS)).prop_map(|(x, drafts)| (assemble(x.len(), &drafts), x))
}

/// Directions and weights for up to as many inputs as there are.
pub(crate) fn directions() -> impl Strategy<Value = Vec<f64>> {
    vec(-2.0..2.0, INPUTS)
}

/// Points away from the origin.
pub(crate) fn points() -> impl Strategy<Value = Vec<f64>> {
    vec(prop_oneof![-3.0..-0.2, 0.2..3.0], INPUTS)
}

/// A number of moderate size, at times whole: that is where the kinks are.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![9 => -3.0..3.0, 1 => (-3..=3).prop_map(f64::from)]
}

/// Chooses arguments so that no path is longer than [`DEPTH`].
fn assemble(inputs: usize, drafts: &[Draft]) -> Expression {
    let mut depths = vec![0; inputs];
    let mut steps = Vec::new();
    for &(number, c, choices) in drafts {
        let op = Op::numbered(number);
        let known = depths.len();
        // Half of the arguments are among the last four results, which makes paths long.
        let choose = |choice: u8| {
            let choice = usize::from(choice);
            let argument = known - 1 - if choice < 128 { choice % known.min(4) } else { choice % known };
            if depths[argument] < DEPTH { argument } else { choice % inputs }
        };
        let arguments: Vec<usize> = match op.arity() {
            Arity::Few(count) => choices.into_iter().map(choose).take(count).collect(),
            Arity::Window => (0..1 + choices[1] % WINDOW as u8).map(|i| choose(choices[0].wrapping_add(i))).collect(),
        };
        depths.push(arguments.iter().map(|&i| depths[i] + 1).max().unwrap_or(0));
        steps.push(Step { op, c, arguments, guarded: true });
    }
    Expression { inputs, steps }
}

/// Chains of functions of numbers from 1e-300 to 1e300.
pub(crate) fn chains() -> impl Strategy<Value = Chain> {
    let link = (0..Link::ALL.len(), 0.5..2.0, 0..4_usize).prop_map(|(link, c, back)| (Link::ALL[link], c, back));
    (vec(link, 1..6), -690.0..690.0).prop_map(|(links, t)| Chain { links, t })
}
