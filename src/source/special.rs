//! The plain functions that `std` does not have, as text for generated code.
//!
//! `scalar/special.rs` has them. Their items are copied out of its text, with all that they call.

use std::collections::BTreeMap;

/// The text of the functions for `f64`.
const SOURCE: &str = include_str!("../scalar/special.rs");

/// Methods that `core` does not have.
const STD_ONLY: [&str; 10] = [
    ".abs().exp()",
    ".exp()",
    ".exp_m1()",
    ".ln_1p()",
    ".ln()",
    ".tan()",
    ".powf(",
    ".mul_add(",
    ".floor()",
    ".ceil()",
];

/// Where generated code may take functions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Libraries {
    pub(super) std: bool,
    pub(super) libm: bool,
}

/// Returns the items of a function and of all that it calls, by name, or `None` where the libraries do not suffice.
pub(super) fn items_of(name: &str, libraries: Libraries) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut wanted = vec![name.to_string()];
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let item = item(&name)?;
        let lacks_libm = item.contains("libm::") && !libraries.libm;
        let lacks_std = !libraries.std && STD_ONLY.iter().any(|method| item.contains(method));
        if lacks_libm || lacks_std || item.contains("<S: Scalar>") || item.contains("vec!") {
            return None;
        }
        wanted.extend(names_in(&item).filter(|other| *other != name).map(str::to_string));
        found.insert(name, item);
    }
    Some(found)
}

/// Returns the text of one item.
fn item(name: &str) -> Option<String> {
    let start = [format!("fn {name}("), format!("fn {name}<"), format!("const {name}:")]
        .iter()
        .find_map(|head| SOURCE.match_indices(head.as_str()).find(|&(at, _)| begins_item(at)).map(|(at, _)| at))?;
    let text = &SOURCE[start..];
    let end = if text.starts_with("fn") { text.find("\n}\n")? + 2 } else { text.find(";\n")? + 1 };
    Some(with_paths(&text[..end]))
}

/// Returns the text with the paths of names, which the file imports from `std`, and `core` has too.
fn with_paths(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic()) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        let is_documentation =
            text[..text.len() - word.len()].rsplit('\n').next().is_some_and(|line| line.contains("///"));
        written.push_str(before);
        match &word[..end] {
            "black_box" => written.push_str("core::hint::black_box"),
            name @ ("FRAC_1_SQRT_2" | "SQRT_2" | "PI") if !is_documentation && !before.ends_with("::") => {
                written.push_str("core::f64::consts::");
                written.push_str(name);
            }
            "std" => written.push_str("core"),
            other => written.push_str(other),
        }
        rest = &word[end..];
    }
    written.push_str(rest);
    written
}

/// Returns whether an item begins here, which is at the left edge but for its visibility.
fn begins_item(at: usize) -> bool {
    let line = SOURCE[..at].rsplit('\n').next().unwrap_or_default();
    line.is_empty() || line == "pub(crate) "
}

/// Returns the names of other items of the file in a text.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty() && item_exists(word))
}

fn item_exists(name: &str) -> bool {
    [format!("fn {name}("), format!("fn {name}<"), format!("const {name}:")]
        .iter()
        .any(|head| SOURCE.match_indices(head.as_str()).any(|(at, _)| begins_item(at)))
}
