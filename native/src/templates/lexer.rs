//! The tokens of an action's text.
//!
//! The Rust version of `read_tokens` in `kmanifest/engines/helm/gotemplate/lexer.py`. Beyond ASCII there is nothing but what stands in strings.

use super::error::{Stop, Sure};
use super::template_parts::{end_of_string, is_space, Counter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.a.b`
    Field,
    /// The name of a function.
    Name,
    Variable,
    String,
    Number,
    Char,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    Comma,
    Bar,
    Left,
    RightParen,
    Dot,
    True,
    False,
    Nil,
    Keyword(Keyword),
    /// The end of the action.
    Right,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// The bytes from `start` to `end`; `position` counts characters, `spaced` if there is space before it.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    pub position: usize,
    pub spaced: bool,
}

/// Put the tokens of `text` into `tokens`, at least the end.
pub fn read_tokens(text: &str, tokens: &mut Vec<Token>) -> Sure<()> {
    tokens.clear();
    let bytes = text.as_bytes();
    let mut counter = Counter::new(text);
    let mut depth = 0_usize;
    let mut start = 0;
    let mut spaced = false;
    while start < bytes.len() {
        if is_space(bytes[start]) {
            spaced = true;
            start += 1;
            continue;
        }
        let (kind, end) = read_token(bytes, start).ok_or(Stop::Doubt)?;
        match kind {
            Kind::Left => depth += 1,
            Kind::RightParen => depth = depth.checked_sub(1).ok_or(Stop::Doubt)?,
            _ => {}
        }
        tokens.push(Token { kind, start, end, position: counter.chars_before(start), spaced });
        spaced = false;
        start = end;
    }
    if depth > 0 {
        return Err(Stop::Doubt);
    }
    let position = counter.chars_before(start);
    tokens.push(Token { kind: Kind::Right, start, end: start, position, spaced });
    Ok(())
}

/// What begins at `start`, and where it ends; None for what is no token, or an odd one.
fn read_token(bytes: &[u8], start: usize) -> Option<(Kind, usize)> {
    let next = bytes.get(start + 1).copied().unwrap_or(b' ');
    let one = |kind| Some((kind, start + 1));
    match bytes[start] {
        b'.' if next.is_ascii_digit() => number(bytes, start),
        b'.' => field(bytes, start),
        b'$' => {
            let end = end_of_word(bytes, start + 1);
            is_end(bytes, end).then_some((Kind::Variable, end))
        }
        b'"' | b'`' => Some((Kind::String, end_of_string(bytes, start)?)),
        b'\'' => Some((Kind::Char, end_of_string(bytes, start)?)),
        b'0'..=b'9' | b'+' | b'-' => number(bytes, start),
        b':' if next == b'=' => Some((Kind::Declare, start + 2)),
        b'=' => one(Kind::Assign),
        b',' => one(Kind::Comma),
        b'|' => one(Kind::Bar),
        b'(' => one(Kind::Left),
        b')' => one(Kind::RightParen),
        byte if is_word(byte) => {
            let end = end_of_word(bytes, start);
            is_end(bytes, end).then(|| (word(&bytes[start..end]), end))
        }
        _ => None,
    }
}

/// A dot alone, or a chain of fields up to the first that is none.
fn field(bytes: &[u8], start: usize) -> Option<(Kind, usize)> {
    let mut end = start;
    while bytes.get(end) == Some(&b'.') && !bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        let after = end_of_word(bytes, end + 1);
        if after == end + 1 || !is_end(bytes, after) {
            break;
        }
        end = after;
    }
    match end {
        _ if end > start => Some((Kind::Field, end)),
        _ => is_end(bytes, start + 1).then_some((Kind::Dot, start + 1)),
    }
}

/// All that could belong to a number; `literals` tells whether it is one.
fn number(bytes: &[u8], start: usize) -> Option<(Kind, usize)> {
    let end = bytes[start..].iter().position(|byte| !is_in_number(*byte));
    Some((Kind::Number, end.map_or(bytes.len(), |end| start + end)))
}

fn word(word: &[u8]) -> Kind {
    match word {
        b"true" => Kind::True,
        b"false" => Kind::False,
        b"nil" => Kind::Nil,
        b"block" => Kind::Keyword(Keyword::Block),
        b"break" => Kind::Keyword(Keyword::Break),
        b"continue" => Kind::Keyword(Keyword::Continue),
        b"define" => Kind::Keyword(Keyword::Define),
        b"else" => Kind::Keyword(Keyword::Else),
        b"end" => Kind::Keyword(Keyword::End),
        b"if" => Kind::Keyword(Keyword::If),
        b"range" => Kind::Keyword(Keyword::Range),
        b"template" => Kind::Keyword(Keyword::Template),
        b"with" => Kind::Keyword(Keyword::With),
        _ => Kind::Name,
    }
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().position(|byte| !is_word(*byte));
    length.map_or(bytes.len(), |length| start + length)
}

/// Whether a word may end here.
fn is_end(bytes: &[u8], place: usize) -> bool {
    bytes.get(place).is_none_or(|byte| is_space(*byte) || b".,|:()".contains(byte))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Beyond ASCII as well: whatever that is, it makes the number odd.
fn is_in_number(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'+' | b'-') || !byte.is_ascii()
}
