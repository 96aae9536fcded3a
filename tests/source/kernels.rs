//! Kernels that a function calls row after row are loops, with the bits of the crate.

use dualtape::source::{Refusal, Source};
use dualtape::sparse::{hessian_sparse, jacobian_sparse};
use dualtape::{Function, Scalar, function, fuse, fuse_map, gradient, hessian, hvp, jacobian, jvp, sum, vjp};

use crate::compiled::{SHOW, assert_formatted, assert_same, call, numbers, run};
use crate::rounding::{assert_rounded, gradient_sums, hessian_sums, tangent_sums};

#[inline(always)]
fn spring<S: Scalar<Real = f64>>([a, b]: [S; 2]) -> S {
    (a * b).sin() + (a - b).powi(4)
}

/// Two outputs, one with a branch.
#[inline(always)]
fn kinked<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> [S; 2] {
    let larger = if a > 0.0 { a * b } else { b.exp() };
    [larger * c, c.tanh() / (a * a + 1.0)]
}

/// Springs between neighbours, and one operation besides.
fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let terms: S = x.windows(2).map(|x| fuse(&function!(spring: [S; 2] -> S), [x[0], x[1]])).sum();
    x[3] * x[3] + terms
}

/// Kernels at the results of kernels, and of other operations.
fn layers<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let n = x.len() / 2;
    let scales = vec![x[0].exp(); n];
    let [a, b] = fuse_map(&function!(kinked: [S; 3] -> [S; 2]), [&x[..n], &x[n..], &scales]);
    let pairs = function!(|x: &[S]| -> [S; 1] { [spring([x[0], x[1]])] });
    let [c] = fuse_map(&pairs, [&a, &b]);
    sum(&c) * scales[0]
}

/// A model at data that are constants of the kernel.
fn fit<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let at = |i: usize| {
        let (time, seen) = ((i as f64 * 0.3).sin(), i as f64 * 0.125);
        let error = function!([time: f64, seen: f64] |x: &[S]| -> S {
            let error = x[0] * (x[1] * time).exp() - seen;
            error * error
        });
        fuse(&error, [x[0], x[1]])
    };
    (0..30).map(at).sum()
}

/// Springs between points that a list names.
fn mesh<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let pairs = [(0, 3), (1, 2), (5, 0), (2, 3), (4, 1)];
    pairs.iter().map(|&(a, b)| fuse(&function!(spring: [S; 2] -> S), [x[a], x[b]])).collect()
}

/// Springs whose ends are taken in reverse, weighted.
fn weighted<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let terms: Vec<S> = x.windows(2).map(|x| fuse(&function!(spring: [S; 2] -> S), [x[0], x[1]])).collect();
    terms.iter().rev().zip(x).map(|(&term, &x)| term * x.sin()).sum()
}

/// Data as parameters.
fn line<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let at = |p: &[S]| {
        let kernel = function!(|x: &[S]| -> S {
            let error = x[0] * x[2] + x[1] - x[3];
            error.abs() * x[4]
        });
        fuse(&kernel, [x[0], x[1], p[0], p[1], p[2]])
    };
    p.chunks(3).map(at).sum()
}

/// A kernel of parameters alone, which is not differentiated.
fn scaled<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { (x[0] * x[1]).exp() });
    let scale: S = p.windows(2).map(|p| fuse(&kernel, [p[0], p[1]])).sum();
    x[0] * x[1] * scale
}

fn single<S: Scalar<Real = f32>>(x: &[S]) -> S {
    let kernel = function!(f32, |x: &[S]| -> S { (x[0] * x[1]).sin() * x[2] });
    x.windows(3).map(|x| fuse(&kernel, [x[0], x[1], x[2]])).sum()
}

/// A kernel at numbers that have no derivatives.
fn floored<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let floors: Vec<S> = x.iter().map(|x| x.floor()).collect();
    let kernel = function!(|x: &[S]| -> S { x[0] * (x[1] + x[0]).sin() });
    x.iter().zip(&floors).map(|(&x, &floor)| fuse(&kernel, [x, floor])).sum()
}

/// The kernel reads an infinite slope at 0.
fn roots<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { (x[0] * x[0] + x[1]).sqrt() * x[2] });
    x.windows(3).map(|x| fuse(&kernel, [x[0], x[1], x[2]]) * x[1]).sum()
}

/// Kernels of whose results nothing becomes: one is checked, and the other left out. The third has no slopes.
fn unread<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let checked = function!(|x: &[S]| -> S { if x[0] < 5.0 { x[0] * x[1] } else { x[1] } });
    let smooth = function!(|x: &[S]| -> S { x[0].exp() * x[1] });
    let steps = function!(|x: &[S]| -> S { x[0].floor() + x[1].floor() });
    let unread: Vec<S> = x.windows(2).map(|x| fuse(&checked, [x[0], x[1]]) + fuse(&smooth, [x[0], x[1]])).collect();
    assert_eq!(unread.len(), x.len() - 1);
    x.windows(2).map(|x| fuse(&steps, [x[0], x[1]])).sum::<S>() + x[0] * x[1]
}

pub(crate) fn of_gradient((y, g): (f64, Vec<f64>)) -> Option<Vec<f64>> {
    Some([vec![y], g].concat())
}

pub(crate) fn of_jvp((y, along): (Vec<f64>, Vec<f64>)) -> Option<Vec<f64>> {
    Some([y, along].concat())
}

pub(crate) fn of_hvp((y, g, product): (f64, Vec<f64>, Vec<f64>)) -> Option<Vec<f64>> {
    Some([vec![y], g, product].concat())
}

fn array(x: &[f64]) -> String {
    format!("&{x:?}")
}

struct Case {
    name: &'static str,
    code: String,
    arguments: String,
    expected: Option<Vec<f64>>,
    /// The sums of absolute values to which rounding is relative, unless the bits are the same.
    sums: Option<Vec<f64>>,
}

#[test]
fn kernels_in_loops_have_the_bits_of_the_crate() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..12).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let other: Vec<f64> = x.iter().map(|x| 1.3 - x).collect();
    let turned: Vec<f64> = x.iter().enumerate().map(|(i, x)| if i == 4 { -x } else { *x }).collect();
    let large: Vec<f64> = x.iter().map(|x| x * 10.0).collect();
    let at_zero: Vec<f64> = (0..12).map(|i| if i < 4 { 0.0 } else { 0.5 }).collect();
    let (x_single, data) =
        ([0.3_f32, 0.8, -0.4, 0.5, 0.9, 1.1], [0.1, 0.7, 1.0, 0.4, 0.2, 0.5, 0.9, 0.3, 2.0, 1.2, 0.1, 0.3]);
    let named = |f: &dyn Fn() -> Source, name: &'static str| f().name(name);
    let case = |name, code, arguments: &[&[f64]], expected| {
        let arguments: Vec<String> = arguments.iter().map(|x| array(x)).collect();
        Case { name, code, arguments: arguments.join(", "), expected, sums: None }
    };
    let again = |name, arguments, expected| case(name, String::new(), arguments, expected);
    let (y_mesh, slopes_mesh) = vjp(mesh, &x[..6], &[1.0, -2.0, 0.5, 3.0, 0.25]);
    let (y_single, g_single) = gradient(single, &x_single);
    let of_line = gradient(|x| line(x, &data.map(Scalar::from_real)), &x[..2]);
    let cases = [
        case(
            "chain",
            named(&|| Source::of(&function!(chain), &x), "chain").gradient()?,
            &[&x],
            of_gradient(gradient(chain, &x)),
        ),
        again("chain", &[&other], of_gradient(gradient(chain, &other))),
        case(
            "chain_value",
            Source::of(&function!(chain), &x).name("chain_value").value()?,
            &[&x],
            Some(vec![chain(&x)]),
        ),
        case(
            "layers",
            Source::of(&function!(layers), &x).name("layers").gradient()?,
            &[&x],
            of_gradient(gradient(layers, &x)),
        ),
        again("layers", &[&other], of_gradient(gradient(layers, &other))),
        again("layers", &[&turned], None),
        case(
            "fit",
            Source::of(&function!(fit), &x[..2]).name("fit").gradient()?,
            &[&other[..2]],
            of_gradient(gradient(fit, &other[..2])),
        ),
        case(
            "mesh",
            Source::of(&function!(mesh: &[S] -> Vec<S>), &x[..6]).name("mesh").vjp()?,
            &[&x[..6], &[1.0, -2.0, 0.5, 3.0, 0.25]],
            Some([y_mesh, slopes_mesh].concat()),
        ),
        case(
            "weighted",
            Source::of(&function!(weighted), &x).name("weighted").gradient()?,
            &[&x],
            of_gradient(gradient(weighted, &x)),
        ),
        case(
            "line",
            Source::with_parameters(&function!(line: &[S], &[S] -> S), &other[..2], &data).name("line").gradient()?,
            &[&x[..2], &data],
            of_gradient(of_line.clone()),
        ),
        case(
            "scaled",
            Source::with_parameters(&function!(scaled: &[S], &[S] -> S), &other[..2], &data)
                .name("scaled")
                .gradient()?,
            &[&x[..2], &data],
            of_gradient(gradient(|x| scaled(x, &data.map(Scalar::from_real)), &x[..2])),
        ),
        case(
            "fixed",
            Source::with_parameters(&function!(line: &[S], &[S] -> S), &other[..2], &data)
                .name("fixed")
                .fixed_parameters()
                .gradient()?,
            &[&x[..2]],
            of_gradient(of_line),
        ),
        case(
            "unread",
            Source::of(&function!(unread), &x).name("unread").gradient()?,
            &[&x],
            of_gradient(gradient(unread, &x)),
        ),
        again("unread", &[&large], None),
        Case {
            name: "single",
            code: Source::of(&function!(f32, single), &x_single).name("single").gradient()?,
            arguments: format!("&{x_single:?}"),
            expected: Some([y_single].iter().chain(&g_single).map(|&x| x.into()).collect()),
            sums: None,
        },
        case(
            "roots",
            Source::of(&function!(roots), &x).name("roots").zeros_win().gradient()?,
            &[&at_zero],
            of_gradient(gradient(roots, &at_zero)),
        ),
        case(
            "fallen",
            Source::of(&function!(layers), &x).name("fallen").fallback("other").gradient()?,
            &[&turned],
            Some(vec![7.0; 13]),
        ),
    ];
    let other = "fn other(_: &[f64; 12]) -> (f64, [f64; 12]) {\n    (7.0, [7.0; 12])\n}\n";
    assert_cases("kernels", &cases, other);
    Ok(())
}

/// Runs the code of all cases, and compares the numbers.
#[track_caller]
fn assert_cases(name: &str, cases: &[Case], other: &str) {
    let with_code = || cases.iter().filter(|case| !case.code.is_empty());
    for Case { code, .. } in with_code() {
        assert!(code.contains("    fn kernel(") && code.contains("    for i in "), "{code}");
    }
    let functions = with_code().map(|case| case.code.as_str()).collect::<Vec<&str>>().join("\n");
    assert_formatted(name, &functions);
    let code_of = |name: &str| &with_code().find(|case| case.name == name).expect("a case has code").code;
    let of_case = |case: &Case| call(case.name, &case.arguments, code_of(case.name));
    let calls: String = cases.iter().map(of_case).collect();
    let lines = run(name, &format!("{functions}\n{SHOW}\n{other}\nfn main() {{\n{calls}}}\n"));
    for (case, line) in cases.iter().zip(lines) {
        match (numbers(&line), &case.expected) {
            (Some(generated), Some(expected)) => match &case.sums {
                Some(sums) => assert_rounded(&generated, expected, sums, 2.0, case.name),
                None => assert_same(&generated, expected, case.name),
            },
            (generated, expected) => assert_eq!(generated, *expected, "{}", case.name),
        }
    }
}

/// Rows at elements of `x` beside one another, and far from one another, with a branch, and outputs beside.
fn joined<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let n = x.len();
    let kernel = function!(|x: &[S]| -> [S; 2] { [if x[0] < 5.0 { x[0] * x[1] } else { x[1] }, x[1].sin()] });
    let [mut all, sines] = fuse_map(&kernel, [&x[..n - 1], &x[1..]]);
    all.push(x[0] * x[5]);
    all.extend(sines);
    all.extend(mesh(x));
    all
}

/// Terms with constant weights, and operations beside.
fn energy<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { if x[2] > 5.0 { x[0] } else { spring([x[0], x[1]]) * x[2].sin() } });
    let pairs = function!(|x: &[S]| -> [S; 2] { [spring([x[0], x[1]]), x[0].exp() * x[1] * x[1]] });
    let [of_pairs, others] = fuse_map(&pairs, [&x[..6], &x[6..]]);
    let terms: S = x.windows(3).map(|x| fuse(&kernel, [x[2], x[0], x[1]])).sum();
    terms * p[0] - sum(&of_pairs) * 0.5 + sum(&others) + x[0] * x[0] * x[7] * p[1]
}

/// Sums over rows of which the result is not linear, or whose inputs are computed.
fn nested<S: Scalar<Real = f64>>(x: &[S]) -> S {
    layers(x).sin() + chain(x) * chain(x)
}

#[test]
fn jacobians_and_hessians_of_rows_are_loops() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..12).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let turned: Vec<f64> = x.iter().map(|x| 6.0 - x).collect();
    let at_zero: Vec<f64> = (0..12).map(|i| if i < 4 { 0.0 } else { 0.5 }).collect();
    let p = [0.7, -1.3];
    let case = |name, code, arguments: &[&[f64]], expected, sums| {
        let arguments: Vec<String> = arguments.iter().map(|x| array(x)).collect();
        Case { name, code, arguments: arguments.join(", "), expected, sums }
    };
    let mut cases = Vec::new();

    let source = Source::of(&function!(joined: &[S] -> Vec<S>), &x);
    let (y, dense) = jacobian(joined, &x);
    cases.push(case(
        "dense",
        source.clone().name("dense").jacobian()?,
        &[&x],
        Some([&y, dense.as_slice()].concat()),
        None,
    ));
    let (y, bands) = jacobian_sparse(&function!(joined: &[S] -> Vec<S>), &x);
    let code = source.name("bands").sparse_jacobian()?;
    assert!(code.contains(&format!("BANDS_COLUMNS: [usize; {}]", bands.values().len())), "{code}");
    cases.push(case("bands", code, &[&x], Some([&y, bands.values()].concat()), None));
    cases.push(case("bands", String::new(), &[&turned], None, None));

    macro_rules! hessians {
        ($f:expr, $source:expr, $arguments:expr, $x:expr, [$dense:literal, $sparse:literal]) => {{
            let (f, x): (_, &[f64]) = ($f, $x);
            let sums = hessian_sums(&f, x);
            let gradient = gradient_sums(|x| f.eval(x), x);
            let (y, g, h) = hessian(|x| f.eval(x), x);
            let expected = [&[y], &g[..], h.as_slice()].concat();
            let of_all = [&gradient[..], &sums.concat()].concat();
            cases.push(case($dense, $source.clone().name($dense).hessian()?, $arguments, Some(expected), Some(of_all)));
            let (y, g, h) = hessian_sparse(&f, x);
            let code = $source.name($sparse).sparse_hessian()?;
            assert!(code.contains(&format!("_COLUMNS: [usize; {}]", h.values().len())), "{code}");
            let of_entries = (0..x.len()).flat_map(|i| h.row(i).map(move |(j, _)| (i, j))).map(|(i, j)| sums[i][j]);
            let sums = gradient.into_iter().chain(of_entries).collect();
            cases.push(case($sparse, code, $arguments, Some([&[y], &g[..], h.values()].concat()), Some(sums)));
        }};
    }
    let source = Source::of(&function!(chain), &x);
    hessians!(function!(chain), source, &[&x], &x, ["chain_h", "chain_sparse"]);
    let source = Source::of(&function!(fit), &x[..2]);
    hessians!(function!(fit), source, &[&x[..2]], &x[..2], ["fit_h", "fit_sparse"]);
    let source = Source::with_parameters(&function!(energy: &[S], &[S] -> S), &x, &p);
    let at_p = function!([p: [f64; 2]] |x: &[S]| -> S { energy(x, &p.map(S::from_f64)) });
    hessians!(at_p, source, &[&x, &p], &x, ["energy_h", "energy_sparse"]);
    let source = Source::of(&function!(roots_of_rows), &x).zeros_win().wide_slopes();
    hessians!(function!(roots_of_rows), source, &[&at_zero], &at_zero, ["roots_h", "roots_sparse"]);
    cases.push(case("energy_h", String::new(), &[&turned, &p], None, None));
    assert_cases("matrices", &cases, "");

    let unrolled = Source::of(&function!(nested), &x).sparse_hessian()?;
    assert!(!unrolled.contains("for i in"), "{unrolled}");
    Ok(())
}

/// A term with data of its own, at two of seven inputs.
fn wave(i: usize) -> impl Function<Output = f64> {
    let (a, b, scale) = (i % 7, (i + 3) % 7, 1.0 + i as f64);
    function!([a: usize, b: usize, scale: f64] |x: &[S]| -> S {
        if x[a] > -2.0 { (x[a] * scale).sin() * x[b] } else { x[b] }
    })
}

#[test]
fn terms_that_are_functions_are_one_kernel() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..7).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let turned = [-3.0; 7];
    let f = function!(|x: &[S]| -> S { (0..40).map(|i| wave(i).eval(x)).sum() });
    let source = Source::of_terms((0..40).map(wave), &x);
    let case = |name, code, x: &[f64], expected, sums| Case { name, code, arguments: array(x), expected, sums };
    let (sums, curvatures) = (gradient_sums(|x| f.eval(x), &x), hessian_sums(&f, &x).concat());
    let (y, g, h) = hessian(|x| f.eval(x), &x);
    let all = Some([&[y], &g[..], h.as_slice()].concat());
    let cases = [
        case("terms", source.clone().name("terms").gradient()?, &x, Some([&[y], &g[..]].concat()), Some(sums.clone())),
        case("terms", String::new(), &turned, None, None),
        case("terms_h", source.name("terms_h").hessian()?, &x, all, Some([sums, curvatures].concat())),
    ];
    assert_cases("terms", &cases, "");
    Ok(())
}

/// The kernel reads an infinite slope at 0.
fn roots_of_rows<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let kernel = function!(|x: &[S]| -> S { (x[0] * x[0] + x[1]).sqrt() * x[2] });
    x.windows(3).map(|x| fuse(&kernel, [x[0], x[1], x[2]])).sum()
}

/// The crate multiplies the slopes of a fused kernel by the direction, and the code follows the direction through the
/// kernel.
#[test]
fn kernels_along_a_direction_have_the_derivatives_of_the_crate() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..12).map(|i| 0.4 + (i as f64 * 0.7).sin() * 0.3).collect();
    let v: Vec<f64> = (0..12).map(|i| (i as f64 * 1.9).cos() + 0.1).collect();
    let turned: Vec<f64> = x.iter().enumerate().map(|(i, x)| if i == 4 { -x } else { *x }).collect();
    let at_zero: Vec<f64> = (0..12).map(|i| if i < 4 { 0.0 } else { 0.5 }).collect();
    let data = [0.1, 0.7, 1.0, 0.4, 0.2, 0.5, 0.9, 0.3, 2.0, 1.2, 0.1, 0.3];
    let at_data = || data.map(Scalar::from_real);
    let case = |name, code, arguments: &[&[f64]], expected, sums| {
        let arguments: Vec<String> = arguments.iter().map(|x| array(x)).collect();
        Case { name, code, arguments: arguments.join(", "), expected, sums }
    };
    let mut cases = Vec::new();
    macro_rules! both {
        ($f:ident, $x:expr, [$jvp:literal, $hvp:literal] $(, $option:ident)?) => {{
            let (x, v): (&[f64], &[f64]) = (&$x, &v[..$x.len()]);
            let source = Source::of(&function!($f), x)$(.$option())?;
            let (code, sums) = (source.clone().name($jvp).jvp()?, tangent_sums($f, x, v));
            cases.push(case($jvp, code, &[x, v], of_jvp(jvp(|x| [$f(x)], x, v)), Some(sums)));
            cases.push(case($hvp, source.name($hvp).hvp()?, &[x, v], of_hvp(hvp($f, x, v)), None));
        }};
    }
    both!(chain, x, ["chain_jvp", "chain_hvp"]);
    both!(layers, x, ["layers_jvp", "layers_hvp"]);
    both!(fit, x[..2], ["fit_jvp", "fit_hvp"]);
    both!(weighted, x, ["weighted_jvp", "weighted_hvp"]);
    both!(roots, at_zero, ["roots_jvp", "roots_hvp"], zeros_win);
    both!(unread, x, ["unread_jvp", "unread_hvp"]);
    both!(floored, x, ["floored_jvp", "floored_hvp"]);
    cases.push(case("layers_jvp", String::new(), &[&turned, &v], None, None));
    cases.push(case("layers_hvp", String::new(), &[&turned, &v], None, None));
    let (code, of_mesh) = (Source::of(&function!(mesh: &[S] -> Vec<S>), &x[..6]).name("mesh").jvp()?, 0..5);
    let of_mesh = of_mesh.flat_map(|output| tangent_sums(|x| mesh(x)[output], &x[..6], &v[..6]));
    let sums = [0.0; 4].into_iter().chain(of_mesh).collect();
    cases.push(case("mesh", code, &[&x[..6], &v[..6]], of_jvp(jvp(mesh, &x[..6], &v[..6])), Some(sums)));
    let (x, v) = (&x[..2], &v[..2]);
    let source = Source::with_parameters(&function!(line: &[S], &[S] -> S), x, &data).name("line");
    cases.push(case("line", source.hvp()?, &[x, &data, v], of_hvp(hvp(|x| line(x, &at_data()), x, v)), None));
    let source = Source::with_parameters(&function!(scaled: &[S], &[S] -> S), x, &data).name("scaled");
    cases.push(case("scaled", source.hvp()?, &[x, &data, v], of_hvp(hvp(|x| scaled(x, &at_data()), x, v)), None));
    assert_cases("kernels_along", &cases, "");
    Ok(())
}

/// Rosenbrock's function, term by term.
fn valley<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let term = function!(|x: &[S]| -> S { (-x[0] + 1.0).powi(2) + (x[1] - x[0].powi(2)).powi(2) * 100.0 });
    x.windows(2).map(|x| fuse(&term, [x[0], x[1]])).sum()
}

/// Differences, row by row.
fn slack<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let row = function!(|x: &[S]| -> S { (x[1] - x[0].powi(2)) * 10.0 });
    x.windows(2).map(|x| fuse(&row, [x[0], x[1]])).collect()
}

#[test]
fn a_kernel_at_ten_thousand_rows_is_a_small_function() -> Result<(), Refusal> {
    let x: Vec<f64> = (0..10_001).map(|i| (i as f64).sin()).collect();
    let v: Vec<f64> = (0..10_001).map(|i| (i as f64).cos()).collect();
    let source = Source::of(&function!(valley), &x);
    let of_slack = Source::of(&function!(slack: &[S] -> Vec<S>), &x);
    let codes =
        [source.gradient()?, source.jvp()?, source.hvp()?, source.sparse_hessian()?, of_slack.sparse_jacobian()?];
    for code in &codes {
        let (_, function) = code.split_once("pub fn ").expect("a function");
        assert!(function.lines().count() < 45, "{function}");
    }
    let main = "
fn main() {
    let x = std::array::from_fn(|i| (i as f64).sin());
    let v = std::array::from_fn(|i| (i as f64).cos());
    show(Some(gradient(&x)));
    show(Some(jvp(&x, &v)));
    show(Some(hvp(&x, &v)));
    show(Some(hessian(&x)));
    show(Some(jacobian(&x)));
}";
    let lines = run("ten_thousand_rows", &format!("{}\n{SHOW}\n{main}\n", codes.join("\n")));
    let generated: Vec<Vec<f64>> = lines.iter().map(|line| numbers(line).expect("a result")).collect();
    assert_same(&generated[0], &of_gradient(gradient(valley, &x)).expect("a gradient"), "the gradient");
    let along = of_jvp(jvp(|x| [valley(x)], &x, &v)).expect("a derivative");
    assert_rounded(&generated[1], &along, &tangent_sums(valley, &x, &v), 2.0, "the derivative along v");
    assert_same(&generated[2], &of_hvp(hvp(valley, &x, &v)).expect("a product"), "the product with the Hessian");
    let (y, g, h) = hessian_sparse(&function!(valley), &x);
    assert_same(&generated[3], &[&[y], &g[..], h.values()].concat(), "the Hessian");
    let (y, j) = jacobian_sparse(&function!(slack: &[S] -> Vec<S>), &x);
    assert_same(&generated[4], &[&y, j.values()].concat(), "the Jacobian");
    Ok(())
}
