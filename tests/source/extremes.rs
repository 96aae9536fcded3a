//! At zeros, infinities, NaN and the limits of numbers, the code with `zeros_win` and `wide_slopes` has the bits of the crate.

use dualtape::source::Source;
use dualtape::{Scalar, function, gradient, hvp};

use crate::compiled::{SHOW, assert_formatted, assert_same, numbers, run};

const NUMBERS: [f64; 11] =
    [0.0, -0.0, 1.0, -2.5, 1e-320, 1e-200, 3e200, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

/// Returns the text of a number.
fn literal(x: f64) -> String {
    format!("f64::from_bits({:#x})", x.to_bits())
}

/// Returns whether no slope at the point is beyond the range of numbers. Where one is, the crate asks for the range of all
/// orders before it splits a slope, and the generated code for the range of the slope alone.
fn is_in_range(x: &[f64; 2]) -> bool {
    x.iter().all(|x| *x == 0.0 || !x.is_finite() || (1e-9..1e9).contains(&x.abs()))
}

/// Checks the gradient, and a product with the Hessian, of each function at pairs of extreme numbers.
macro_rules! assert_functions {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {{
        $(fn $name<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let ($x, $y) = (x[0], x[1]);
            $value
        })*
        let points: Vec<[f64; 2]> = NUMBERS.iter().flat_map(|&x| NUMBERS.map(|y| [x, y])).collect();
        let (mut functions, mut calls) = (String::new(), String::new());
        $(
            let source = Source::of(&function!($name), &[0.5, 0.25]).zeros_win().wide_slopes();
            functions += &source.clone().name(stringify!($name)).gradient().expect("a gradient");
            functions += "\n";
            functions += &source.name(concat!(stringify!($name), "_product")).hvp().expect("a product");
            functions += "\n";
            for [x, y] in &points {
                let (name, point) = (stringify!($name), format!("&[{}, {}]", literal(*x), literal(*y)));
                calls += &format!("    show(Some({name}({point})));\n");
                calls += &format!("    show(Some({name}_product({point}, &[1.0, 0.5])));\n");
            }
        )*
        assert_formatted("extremes", functions.trim_end());
        let lines = run("extremes", &format!("{functions}{SHOW}\nfn main() {{\n{calls}}}\n"));
        let mut lines = lines.iter().map(|line| numbers(line).expect("a result"));
        $(
            for x in &points {
                let what = format!("{} at {x:?}", stringify!($name));
                let (y, g) = gradient($name, x);
                assert_same(&lines.next().expect("a line"), &[&[y], &g[..]].concat(), &what);
                let generated = lines.next().expect("a line");
                if is_in_range(x) {
                    let (y, g, product) = hvp($name, x, &[1.0, 0.5]);
                    assert_same(&generated, &[&[y], &g[..], &product].concat(), &what);
                }
            }
        )*
    }};
}

#[test]
fn derivatives_at_the_limits_of_numbers_are_those_of_the_crate() {
    assert_functions! {
        product: |x, y| x * y;
        quotient: |x, y| x / y;
        logarithm: |x, y| (x.recip() * y).ln();
        root: |x, y| x.sqrt() * y;
        cube_root: |x, y| x.cbrt() * y;
        length: |x, y| x.hypot(y);
        angle: |x, y| x.atan2(y);
        larger: |x, y| x.max(y) - x.min(y);
        kinks: |x, y| x.abs() * y.relu() + x.copysign(y);
        power: |x, y| x.powi(-3) + y.powi(5);
        steep: |x, y| x.exp() * y;
        bounded: |x, y| x.tanh() + y.sigmoid();
        arc: |x, y| x.atan() * y.asinh();
        raised: |x, y| x.powf(1.5) + y.powf(-0.5);
    }
}
