//! Formulas of the derivatives of operations, for readers of a drawing.

/// The source of the rules: each has its formula in the line above it, the only place where it is written.
const RULES: &str = include_str!("../scalar/rules.rs");

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
