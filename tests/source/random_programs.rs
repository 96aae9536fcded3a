//! Random programs: the generated derivatives have the bits of the crate, and `None` where a branch goes otherwise.

use std::fmt::Write;

use dualtape::source::Source;
use dualtape::{Function, gradient, hessian, hvp};

use crate::compiled::{SHOW, assert_formatted, assert_same, numbers, run};
use crate::program::Program;
use crate::rounding::{assert_rounded, gradient_sums, hessian_sums};

const PROGRAMS: u64 = 200;

/// Returns the derivatives that are generated of a program.
fn verbs(number: u64) -> [&'static str; 2] {
    ["gradient", ["wide", "hvp", "hessian"][number as usize % 3]]
}

/// Returns a line of `main` that prints the result of a generated function as bits.
fn call(function: &str, x: &[f64], more: &str, is_partial: bool) -> String {
    let result = format!("{function}(&{x:?}{more})");
    if is_partial { format!("    show({result});\n") } else { format!("    show(Some({result}));\n") }
}

/// Returns the sums of absolute values to which rounding is relative, for all derivatives of a verb. Where the generator
/// merges equal steps of the program, it adds before it multiplies.
fn sums_of(program: &Program, verb: &str, x: &[f64], direction: &[f64]) -> Vec<f64> {
    let g = gradient_sums(|x| program.eval(x), x);
    let along = |row: &Vec<f64>| row.iter().zip(direction).map(|(sum, v)| sum * v.abs()).sum();
    match verb {
        "hvp" => [g, hessian_sums(program, x).iter().map(along).collect()].concat(),
        "hessian" => [g, hessian_sums(program, x).concat()].concat(),
        _ => g,
    }
}

#[test]
fn generated_derivatives_of_random_programs_have_the_bits_of_the_crate() {
    let programs: Vec<Program> = (0..PROGRAMS).map(Program::random).collect();
    let direction = |program: &Program| (0..program.inputs).map(|i| 0.7 - 0.4 * i as f64).collect::<Vec<f64>>();
    let (mut functions, mut calls) = (String::new(), String::new());
    for (number, program) in (0..).zip(&programs) {
        let points = program.points(number);
        let source = Source::of(program, &points[0]);
        let mut write = |verb: &str, code: Result<String, dualtape::source::Refusal>, more: &str| {
            let code = code.unwrap_or_else(|refusal| panic!("program {number}: {refusal}"));
            let is_partial = code.contains("Option<");
            functions += &code;
            functions.push('\n');
            for x in &points {
                calls += &call(&format!("{verb}_{number}"), x, more, is_partial);
            }
        };
        let named = |verb: &str| source.clone().name(format!("{verb}_{number}"));
        for verb in verbs(number) {
            let more = if verb == "hvp" { format!(", &{:?}", direction(program)) } else { String::new() };
            let source = named(verb);
            let code = match verb {
                "hvp" => source.hvp(),
                "hessian" => source.hessian(),
                "wide" => source.wide_slopes().zeros_win().gradient(),
                _ => source.gradient(),
            };
            write(verb, code, &more);
        }
    }
    assert_formatted("random_programs", functions.trim_end());
    let mut code = functions;
    write!(code, "{SHOW}\nfn main() {{\n{calls}}}\n").expect("a string grows");
    let lines = run("random_programs", &code);

    let mut lines = lines.iter();
    let (mut same, mut other) = (0, 0);
    for (number, program) in (0..).zip(&programs) {
        let points = program.points(number);
        let traced = program.answers(&points[0]);
        for verb in verbs(number) {
            for x in &points {
                let what = format!("{verb} of program {number} at {x:?}");
                let generated = numbers(lines.next().expect("a line for each call"));
                if program.answers(x) != traced {
                    assert_eq!(generated, None, "{what}");
                    other += 1;
                    continue;
                }
                let generated = generated.unwrap_or_else(|| panic!("{what}: no branch goes otherwise"));
                let crates = match verb {
                    "hvp" => {
                        let (y, g, product) = hvp(|x| program.eval(x), x, &direction(program));
                        [vec![y], g, product].concat()
                    }
                    "hessian" => {
                        let (y, g, h) = hessian(|x| program.eval(x), x);
                        let lower = (0..x.len()).flat_map(|i| (0..x.len()).map(move |j| (i.max(j), i.min(j))));
                        [vec![y], g, lower.map(|(i, j)| h[i][j]).collect()].concat()
                    }
                    _ => {
                        let (y, g) = gradient(|x| program.eval(x), x);
                        [vec![y], g].concat()
                    }
                };
                if program.repeats {
                    assert_rounded(&generated, &crates, &sums_of(program, verb, x, &direction(program)), 2.0, &what);
                } else {
                    assert_same(&generated, &crates, &what);
                }
                same += 1;
            }
        }
    }
    assert!(same > 1000 && other > 500, "{same} points of the branch of the trace, and {other} of others");
}
