//! echidna: reverse mode on a tape that it keeps, forward mode in lanes; and recordings that are
//! replayed at other points.

use std::array::from_fn;
use std::cell::Cell;
use std::hint::black_box;

use echidna::sparse::greedy_coloring;
use echidna::{BReverse, BytecodeTape, Dual, DualVec, Reverse, grad, hessian_vec, record};

use super::{Answer, Lanes, Peer, Way, gradient_in_lanes, jacobian_answer, jacobian_in_lanes, way};
use crate::program::{Map, Program, Rosenbrock, normal, normal_line};

floats! {
    [] Reverse<f64>, x, c => x + c, x * c, normal_line(x, echidna::Scalar::value(&x));
    [] BReverse<f64>, x, c => x + c, x * c, normal_line(x, echidna::Scalar::value(&x));
    [const N: usize] DualVec<f64, N>, x, c => x + c, x * c, {
        let (y, slope) = normal(x.re);
        DualVec::new(y, x.eps.map(|p| p * slope))
    };
    [const N: usize] DualVec<Dual<f64>, N>, x, c =>
        DualVec::new(x.re + c, x.eps),
        DualVec::new(x.re * c, x.eps.map(|p| p * c)),
        normal_line(x, x.re.re);
}

impl<const N: usize> Lanes<N> for DualVec<f64, N> {
    type Real = f64;

    #[inline(always)]
    fn constant(value: f64) -> Self {
        DualVec::constant(value)
    }

    #[inline(always)]
    fn seeded(value: f64, lane: usize) -> Self {
        DualVec::with_tangent(value, lane)
    }

    #[inline(always)]
    fn parts(self) -> (f64, [f64; N]) {
        (self.re, self.eps)
    }
}

pub(crate) struct Echidna;

impl Peer for Echidna {
    const NAME: &str = "echidna";

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let gradient = move || {
            let value = Cell::new(f64::NAN);
            let f = |x: &[Reverse<f64>]| {
                let y = program.eval(x);
                value.set(echidna::Scalar::value(&y));
                y
            };
            let g = grad(f, black_box(&x));
            (value.get(), g)
        };
        way(gradient, |answer| answer)
    }

    fn forward<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        way(move || gradient_in_lanes::<DualVec<f64, N>, P, N>(&program, black_box(&x)), |answer| answer)
    }

    fn jacobian<F: Map<N>, const N: usize>(map: F, x: [f64; N]) -> Option<Box<dyn Way>> {
        way(move || jacobian_in_lanes::<DualVec<f64, N>, F, N>(&map, black_box(&x)), jacobian_answer)
    }

    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        way(move || hessian_vec::<f64, N>(|x| program.eval(x), black_box(&x)), dense)
    }

    /// In as many passes as there are inputs: of nested numbers only the outer ones have lanes.
    fn second_order<P: Program, const N: usize>(program: P, x: [f64; N]) -> Option<Box<dyn Way>> {
        let row = move |x: &[f64; N], row: usize| {
            let inner = |i: usize| Dual::new(x[i], if i == row { 1.0 } else { 0.0 });
            program.eval::<DualVec<Dual<f64>, N>>(&from_fn::<_, N, _>(|i| DualVec::with_tangent(inner(i), i)))
        };
        let rows = move || {
            let x = black_box(&x);
            from_fn::<_, N, _>(|i| row(x, i))
        };
        way(rows, |rows| (rows[0].re.re, rows.map(|row| row.eps.map(|entry| entry.eps)).concat()))
    }
}

/// Recorded once, and only replayed when it is timed.
pub(crate) struct Replayed;

fn recorded<P: Program>(program: P, x: &[f64]) -> BytecodeTape<f64> {
    record(|x| program.eval(x), x).0
}

fn dense((y, _, h): (f64, Vec<f64>, Vec<Vec<f64>>)) -> Answer {
    (y, h.concat())
}

impl Peer for Replayed {
    const NAME: &str = "echidna, replayed";

    fn reverse<P: Program>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        if !P::REPLAYS {
            return None;
        }
        let (mut tape, mut adjoints) = (recorded(program, &x), Vec::new());
        let gradient = move || {
            let g = tape.gradient_with_buf(black_box(&x), &mut adjoints);
            (tape.output_value(), g)
        };
        way(gradient, |answer| answer)
    }

    fn hessian<P: Program, const N: usize>(program: P, x: Vec<f64>) -> Option<Box<dyn Way>> {
        let tape = recorded(program, &x);
        way(move || tape.hessian_vec::<N>(black_box(&x)), dense)
    }
}

impl Replayed {
    /// The entries of Rosenbrock's Hessian that are not zero, with their places found before.
    pub(crate) fn sparse_rosenbrock(x: Vec<f64>) -> Option<Box<dyn Way>> {
        let tape = recorded(Rosenbrock, &x);
        let pattern = tape.detect_sparsity();
        let (colors, count) = greedy_coloring(&pattern);
        let all = tape.detect_sparsity();
        way(
            move || tape.sparse_hessian_with_pattern(black_box(&x), &pattern, &colors, count),
            move |(y, _, lower)| (y, both_halves(&all.rows, &all.cols, &lower)),
        )
    }
}

/// The entries of a symmetric matrix row by row, from those on and below its diagonal.
fn both_halves(rows: &[u32], columns: &[u32], lower: &[f64]) -> Vec<f64> {
    let below = rows.iter().zip(columns).zip(lower).map(|((&i, &j), &h)| (i, j, h));
    let above = below.clone().filter(|(i, j, _)| i != j).map(|(i, j, h)| (j, i, h));
    let mut entries: Vec<(u32, u32, f64)> = below.chain(above).collect();
    entries.sort_by_key(|&(i, j, _)| (i, j));
    entries.into_iter().map(|(_, _, h)| h).collect()
}
