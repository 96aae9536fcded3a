//! Generated code, compiled and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Compiles a program with all warnings as errors, runs it, and returns the lines that it prints.
pub(crate) fn run(name: &str, code: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join(format!("{name}.rs")), folder.join(name));
    std::fs::write(&source, code).expect("a file in the target folder");
    let compiled = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--edition", "2024", "-O", "-D", "warnings", "-o"])
        .args([&program, &source])
        .output()
        .expect("rustc runs");
    assert!(compiled.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&program).stderr(Stdio::inherit()).output().expect("the program runs");
    assert!(output.status.success(), "{}", source.display());
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_string).collect()
}

/// Code that prints results of generated functions, as lines of bits in hexadecimal digits, or `none`.
pub(crate) const SHOW: &str = include_str!("show.rs");

/// Panics unless rustfmt leaves the code as it is.
#[track_caller]
pub(crate) fn assert_formatted(name: &str, code: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}_formatted"));
    std::fs::create_dir_all(&folder).expect("a folder in the target folder");
    // Without a file of its own rustfmt would take the one of the repository.
    std::fs::write(folder.join("rustfmt.toml"), "").expect("a file");
    let source = folder.join("code.rs");
    std::fs::write(&source, code).expect("a file");
    let done = Command::new("rustfmt").args(["--edition", "2024"]).arg(&source).output().expect("rustfmt runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let formatted = std::fs::read_to_string(&source).expect("text");
    for (line, (own, formatted)) in (1..).zip(code.lines().zip(formatted.lines())) {
        assert_eq!(own, formatted, "rustfmt changes line {line}");
    }
    assert_eq!(code.trim_end().len(), formatted.trim_end().len(), "rustfmt adds or takes lines");
}

/// Returns the numbers of a line of bits in hexadecimal digits, or `None` for the word `none`.
pub(crate) fn numbers(line: &str) -> Option<Vec<f64>> {
    let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).expect("bits"));
    (line != "none").then(|| line.split_whitespace().map(bits).collect())
}

/// Panics unless the numbers are the same, but for the sign of a zero.
#[track_caller]
pub(crate) fn assert_same(generated: &[f64], crates: &[f64], what: &str) {
    assert_eq!(generated.len(), crates.len(), "{what}");
    for (i, (a, b)) in generated.iter().zip(crates).enumerate() {
        let is_same = a == b || (a.is_nan() && b.is_nan());
        assert!(is_same, "{what}: element {i} is {a:e}, and the crate has {b:e}");
    }
}

/// Returns a line that shows the result of a call of the function of this name.
pub(crate) fn call(name: &str, arguments: &str, code: &str) -> String {
    let (_, own) = code.split_once(&format!("pub fn {name}(")).expect("it is there");
    let is_partial = own.split('{').next().is_some_and(|signature| signature.contains("-> Option<"));
    let result = format!("{name}({arguments})");
    if is_partial { format!("    show({result});\n") } else { format!("    show(Some({result}));\n") }
}
