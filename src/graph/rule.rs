//! Formulas of the derivatives of operations, for readers of a drawing.

/// The source of the rules: each has its formula in the line above it, the only place where it is written.
const SOURCE: &[u8] = include_bytes!("../scalar/rules.rs");

/// The lines with formulas and the names of rules. A program that draws holds 5 kB of the source, and not 27.
const RULES: &str = {
    const LENGTH: usize = keep_formulas(&mut [0; SOURCE.len()]);
    const KEPT: [u8; LENGTH] = {
        let mut kept = [0; LENGTH];
        keep_formulas(&mut kept);
        kept
    };
    match std::str::from_utf8(&KEPT) {
        Ok(text) => text,
        Err(_) => panic!("the source is UTF-8"),
    }
};

/// Copies the formula of each rule, the last line of its documentation, and its first line up to the name; returns their length.
const fn keep_formulas(kept: &mut [u8]) -> usize {
    let (mut rest, mut formula, mut length): (_, &[u8], _) = (SOURCE, &[], 0);
    while !rest.is_empty() {
        let (line, others) = rest.split_at(length_to(rest, b'\n'));
        if let [b'/', b'/', b'/', b' ', ..] = line {
            formula = line;
        } else if let [b'p', b'u', b'b', ..] = line {
            let (name, _) = line.split_at(length_to(line, b'<'));
            length += copy(formula, kept, length) + copy(name, kept, length + formula.len());
            length += copy(b"\n", kept, length);
        }
        rest = others;
    }
    length
}

/// Returns the length up to the first such letter, or to the end.
const fn length_to(text: &[u8], letter: u8) -> usize {
    let mut length = 1;
    while length < text.len() && text[length - 1] != letter {
        length += 1;
    }
    length
}

/// Copies a text to a place, and returns its length.
const fn copy(text: &[u8], kept: &mut [u8], place: usize) -> usize {
    kept.split_at_mut(place).1.split_at_mut(text.len()).0.copy_from_slice(text);
    text.len()
}

/// Returns the formula of the derivative of an operation: `(tanh x)′ = 1/cosh² x`.
pub(super) fn rule_of(operation: &str) -> Option<&'static str> {
    let name = match operation {
        "+" => return Some("∂(a + b) = ∂a + ∂b"),
        "-" => return Some("∂(a − b) = ∂a − ∂b"),
        "neg" => return Some("(−x)′ = −1"),
        "*" => "mul",
        "/" => "div",
        "%" => "rem",
        other => other.split('(').next()?,
    };
    let (before, _) = RULES.split_once(&format!("\npub(crate) fn {name}<"))?;
    before.rsplit('\n').next()?.strip_prefix("/// ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::rules::elementary_functions;

    macro_rules! assert_rules {
        (
            [] unary { $($name:ident $parameters:tt $from:ident in $domain:expr;)* }
            binary { $($name2:ident $parameters2:tt $from2:ident in $domain2:expr;)* }
        ) => {
            for name in ["*", "/", "%", "mul_add", "log_sum_exp", $(stringify!($name),)* $(stringify!($name2),)*] {
                assert!(rule_of(name).is_some_and(|rule| rule.contains(['=', '′', '∂'])), "{name}: {:?}", rule_of(name));
            }
        };
    }

    #[test]
    fn every_function_has_its_rule() {
        elementary_functions!(assert_rules);
        assert_eq!(rule_of("tanh"), Some("(tanh x)′ = 1/cosh² x"));
        assert_eq!(rule_of("powi(3)"), rule_of("powi"));
        assert_eq!(rule_of("layer 1"), None);
    }
}
