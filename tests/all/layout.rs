//! The floors of the house: a module imports from the modules before it in the `mod` list of `lib.rs` only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The imports that point down. A method of a number finds the tape of its thread, in one load, though the type of
/// that tape is two floors below. The methods of `Function` choose a verb.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("forward.rs", "reverse"),
    ("scalar.rs", "forward"),
    ("scalar.rs", "reverse"),
    ("scalar/engine.rs", "forward"),
    ("scalar/engine.rs", "reverse"),
    ("scalar/function.rs", "verbs"),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs"))
        .collect()
}

#[test]
fn imports_point_to_earlier_modules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("lib.rs");
    let floors: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(";"))
        .collect();
    let floor = |name: &str| floors.iter().position(|&floor| floor == name);
    assert!(floors.len() > 8 && floor("scalar") < floor("forward"), "the mod list was not found: {floors:?}");

    let mut down = BTreeSet::new();
    for path in rust_files(&src) {
        let name = path.strip_prefix(&src).expect("within src").to_string_lossy().replace('\\', "/");
        let Some(own) = floor(name.split(['/', '.']).next().unwrap_or_default()) else { continue };
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in code.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
            for import in line.split("crate::").skip(1) {
                let module = import.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if floor(module).is_some_and(|other| other > own) {
                    down.insert((name.clone(), module.to_string()));
                }
            }
        }
    }
    let expected: BTreeSet<(String, String)> =
        EXCEPTIONS.iter().map(|&(file, module)| (file.to_string(), module.to_string())).collect();
    let unexpected: Vec<_> = down.difference(&expected).collect();
    assert!(unexpected.is_empty(), "these import from a later module of lib.rs: {unexpected:?}");
    let gone: Vec<_> = expected.difference(&down).collect();
    assert!(gone.is_empty(), "these exceptions are no longer needed: {gone:?}");
}

/// The table "Which call do I want?" stands in three places with the same rows; `lib.rs` makes links of the calls.
#[test]
fn the_tables_of_calls_are_equal() {
    let rows = |path: &str| {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a page");
        let lines = text.lines().map(|line| line.trim_start_matches("//! ").to_string());
        let table = lines.skip_while(|line| !line.starts_with("| I have |")).take_while(|line| line.starts_with('|'));
        // A link is [`call`] or [`call`](target()).
        let plain = |row: String| {
            let without_targets = row.split("](").enumerate().map(|(i, part)| match part.split_once("())") {
                Some((_, rest)) if i > 0 => rest,
                _ => part.trim_end_matches('('),
            });
            without_targets.collect::<String>().replace(['[', ']'], "")
        };
        table.map(plain).collect::<Vec<String>>()
    };
    let page = rows("docs/which_call.md");
    assert!(page.len() > 10, "the table was not found: {page:?}");
    assert_eq!(rows("README.md"), page);
    assert_eq!(rows("src/lib.rs"), page);
}

/// The program of a function of `f64` in the README is the first of the macro's documentation, where it is compiled and run.
#[test]
fn the_readme_has_the_program_of_the_macro() {
    let text = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a page");
    let readme = text("README.md");
    let program = readme.split("```rust,ignore\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a program");
    let documented: String = program.lines().map(|line| format!("/// {line}").trim_end().to_string() + "\n").collect();
    assert!(documented.contains("#[differentiable]"), "{documented}");
    assert!(text("macros/src/lib.rs").contains(&format!("/// ```\n{documented}/// ```\n")), "{documented}");
}
