//! The words of a formula.

use super::Fault;

/// A word, and the place of its first character.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) place: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Number(f64),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of a statement; the last one is at the end of the text.
    End,
}

/// The signs, each before those that begin it.
const SIGNS: [&str; 16] = ["**", "+=", "-=", "*=", "/=", "+", "-", "*", "/", "%", "^", "=", "(", ")", ",", "."];

/// Returns the words of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(&letter) = letters.get(place) {
        let rest = &letters[place..];
        let (word, length) = if letter == '\n' || letter == ';' {
            (Word::End, 1)
        } else if letter.is_whitespace() {
            place += 1;
            continue;
        } else if letter == '#' {
            place += rest.iter().take_while(|&&letter| letter != '\n').count();
            continue;
        } else if letter.is_ascii_digit() || (letter == '.' && rest.get(1).is_some_and(char::is_ascii_digit)) {
            number(rest).ok_or_else(|| Fault { place, message: "this is no number".to_string() })?
        } else if letter.is_alphabetic() || letter == '_' {
            let name: String = rest.iter().take_while(|letter| letter.is_alphanumeric() || **letter == '_').collect();
            let length = name.chars().count();
            (Word::Name(name), length)
        } else {
            let begins = |sign: &&str| sign.chars().enumerate().all(|(i, letter)| rest.get(i) == Some(&letter));
            let unknown = || Fault { place, message: format!("a formula has no `{letter}`") };
            let sign = SIGNS.into_iter().find(begins).ok_or_else(unknown)?;
            (Word::Sign(sign), sign.len())
        };
        tokens.push(Token { word, place });
        place += length;
    }
    tokens.push(Token { word: Word::End, place });
    Ok(tokens)
}

/// Returns the number at the beginning, `2`, `2.5`, `.5`, `1e-3`, and its length. A point before a name is none of the
/// number's: `2.exp()`.
fn number(letters: &[char]) -> Option<(Word, usize)> {
    let digits = |from: usize| letters.iter().skip(from).take_while(|letter| letter.is_ascii_digit()).count();
    let mut length = digits(0);
    let is_name = |at: usize| letters.get(at).is_some_and(|letter| letter.is_alphabetic() || *letter == '_');
    if letters.get(length) == Some(&'.') && !is_name(length + 1) {
        length += 1 + digits(length + 1);
    }
    if letters.get(length).is_some_and(|letter| matches!(letter, 'e' | 'E')) {
        let sign = usize::from(letters.get(length + 1).is_some_and(|letter| matches!(letter, '+' | '-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    if is_name(length) {
        return None;
    }
    let text: String = letters[..length].iter().collect();
    Some((Word::Number(text.parse().ok()?), length))
}
