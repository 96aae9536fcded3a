//! The plain functions that `std` does not have, as text for generated code.
//!
//! `scalar/special.rs` has them. Their items are copied out of its text, with all that they call.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The text of the functions for `f64`.
const SOURCE: &str = include_str!("../scalar/special.rs");

/// Methods that `core` does not have.
const STD_ONLY: [&str; 9] =
    [".exp()", ".exp_m1()", ".ln_1p()", ".ln()", ".tan()", ".powf(", ".mul_add(", ".floor()", ".ceil()"];

/// Where generated code may take functions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Libraries {
    pub(super) std: bool,
    pub(super) libm: bool,
}

/// Returns the items of a function and of all that it calls, by name, or `None` where the libraries do not suffice.
pub(super) fn items_of(name: &'static str, libraries: Libraries) -> Option<BTreeMap<&'static str, &'static str>> {
    let mut found = BTreeMap::new();
    let mut wanted = vec![name];
    while let Some(name) = wanted.pop() {
        let (&name, item) = items().get_key_value(name)?;
        let lacks_libm = item.contains("libm::") && !libraries.libm;
        let lacks_std = !libraries.std && STD_ONLY.iter().any(|method| item.contains(method));
        if lacks_libm || lacks_std || item.contains("<S: Scalar>") || item.contains("vec!") {
            return None;
        }
        if found.insert(name, item.as_str()).is_none() {
            wanted.extend(names_in(item).filter(|&other| other != name));
        }
    }
    Some(found)
}

/// Returns all items of the file, functions and constants, by name.
fn items() -> &'static BTreeMap<&'static str, String> {
    static ITEMS: OnceLock<BTreeMap<&str, String>> = OnceLock::new();
    ITEMS.get_or_init(|| {
        let code = SOURCE.match_indices('\n').map(|(at, _)| SOURCE[at + 1..].trim_start_matches("pub(crate) "));
        let named = code.filter_map(|text| {
            let (kind, rest) = text.split_once(' ')?;
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
            let length = match kind {
                "fn" => text.find("\n}\n")? + 2,
                "const" => text.find(";\n")? + 1,
                _ => return None,
            };
            Some((&rest[..end], with_paths(&text[..length])))
        });
        named.collect()
    })
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

/// Returns the names of all functions that can be written along.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    items().keys().copied()
}

/// Returns the names of other items in a text.
fn names_in(text: &str) -> impl Iterator<Item = &'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter_map(|word| items().get_key_value(word).map(|(name, _)| *name))
}
