//! Formulas of the derivatives of operations, for readers of a drawing.

/// The source of the rules: each has its formula in the line above it, the only place where it is written.
const SOURCE: &[u8] = include_bytes!("../scalar/rules.rs");

/// The lines with formulas and the first lines of rules. A program that draws holds 10 kB of the source, and not 27.
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

/// Copies the lines of documentation and the first lines of functions, and returns their length.
const fn keep_formulas(kept: &mut [u8]) -> usize {
    let (mut rest, mut length) = (SOURCE, 0);
    while !rest.is_empty() {
        let mut end = 1;
        while rest[end - 1] != b'\n' {
            end += 1;
        }
        let (line, others) = rest.split_at(end);
        if let [b'/', b'/', b'/', b' ', ..] | [b'p', b'u', b'b', ..] = line {
            kept.split_at_mut(length).1.split_at_mut(end).0.copy_from_slice(line);
            length += end;
        }
        rest = others;
    }
    length
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
