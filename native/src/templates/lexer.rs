//! Splits the text of an action into tokens.
//!
//! Rust version of `read_tokens` in `kmanifest/engines/helm/gotemplate/lexer.py`. Characters beyond ASCII are
//! accepted in strings only.

use super::error::{ParseError, ParseResult};
use super::template_parts::{is_space, string_end, CharCounter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
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
    /// `|`
    Bar,
    LeftParen,
    RightParen,
    Dot,
    True,
    False,
    Nil,
    Keyword(Keyword),
    /// The end of the action.
    End,
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

/// A token: the bytes from `start` to `end` of the action's text.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    /// The number of characters before it.
    pub position: usize,
    pub has_space_before: bool,
}

/// Fill `tokens` with the tokens of `text`. The last one is always `TokenKind::End`.
pub fn read_tokens(text: &str, tokens: &mut Vec<Token>) -> ParseResult<()> {
    tokens.clear();
    let bytes = text.as_bytes();
    let mut counter = CharCounter::new(text);
    let mut depth = 0_usize;
    let mut start = 0;
    let mut has_space_before = false;
    while start < bytes.len() {
        if is_space(bytes[start]) {
            has_space_before = true;
            start += 1;
            continue;
        }
        let (kind, end) = read_token(bytes, start).ok_or(ParseError::LeftToPython)?;
        match kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => {
                depth = depth.checked_sub(1).ok_or(ParseError::LeftToPython)?
            }
            _ => {}
        }
        tokens.push(Token {
            kind,
            start,
            end,
            position: counter.chars_before(start),
            has_space_before,
        });
        has_space_before = false;
        start = end;
    }
    if depth > 0 {
        return Err(ParseError::LeftToPython);
    }
    let position = counter.chars_before(start);
    tokens.push(Token { kind: TokenKind::End, start, end: start, position, has_space_before });
    Ok(())
}

/// The kind and the end of the token at `start`. None if it is wrong or unusual.
fn read_token(bytes: &[u8], start: usize) -> Option<(TokenKind, usize)> {
    let next = bytes.get(start + 1).copied().unwrap_or(b' ');
    let one_byte = |kind| Some((kind, start + 1));
    match bytes[start] {
        b'.' if next.is_ascii_digit() => number_token(bytes, start),
        b'.' => field_token(bytes, start),
        b'$' => {
            let end = word_end(bytes, start + 1);
            can_end_word(bytes, end).then_some((TokenKind::Variable, end))
        }
        b'"' | b'`' => Some((TokenKind::String, string_end(bytes, start)?)),
        b'\'' => Some((TokenKind::Char, string_end(bytes, start)?)),
        b'0'..=b'9' | b'+' | b'-' => number_token(bytes, start),
        b':' if next == b'=' => Some((TokenKind::Declare, start + 2)),
        b'=' => one_byte(TokenKind::Assign),
        b',' => one_byte(TokenKind::Comma),
        b'|' => one_byte(TokenKind::Bar),
        b'(' => one_byte(TokenKind::LeftParen),
        b')' => one_byte(TokenKind::RightParen),
        byte if is_word_byte(byte) => {
            let end = word_end(bytes, start);
            can_end_word(bytes, end).then(|| (word_kind(&bytes[start..end]), end))
        }
        _ => None,
    }
}

/// A dot, or a chain of fields. The chain ends before the first part that is not a field.
fn field_token(bytes: &[u8], start: usize) -> Option<(TokenKind, usize)> {
    let mut end = start;
    while bytes.get(end) == Some(&b'.') && !bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        let after = word_end(bytes, end + 1);
        if after == end + 1 || !can_end_word(bytes, after) {
            break;
        }
        end = after;
    }
    match end {
        _ if end > start => Some((TokenKind::Field, end)),
        _ => can_end_word(bytes, start + 1).then_some((TokenKind::Dot, start + 1)),
    }
}

/// All characters that can belong to a number. `literals` decides whether it is one.
fn number_token(bytes: &[u8], start: usize) -> Option<(TokenKind, usize)> {
    let end = bytes[start..].iter().position(|byte| !is_number_byte(*byte));
    Some((TokenKind::Number, end.map_or(bytes.len(), |end| start + end)))
}

/// The kind of a word: a constant, a keyword or the name of a function.
fn word_kind(word: &[u8]) -> TokenKind {
    match word {
        b"true" => TokenKind::True,
        b"false" => TokenKind::False,
        b"nil" => TokenKind::Nil,
        b"block" => TokenKind::Keyword(Keyword::Block),
        b"break" => TokenKind::Keyword(Keyword::Break),
        b"continue" => TokenKind::Keyword(Keyword::Continue),
        b"define" => TokenKind::Keyword(Keyword::Define),
        b"else" => TokenKind::Keyword(Keyword::Else),
        b"end" => TokenKind::Keyword(Keyword::End),
        b"if" => TokenKind::Keyword(Keyword::If),
        b"range" => TokenKind::Keyword(Keyword::Range),
        b"template" => TokenKind::Keyword(Keyword::Template),
        b"with" => TokenKind::Keyword(Keyword::With),
        _ => TokenKind::Name,
    }
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().position(|byte| !is_word_byte(*byte));
    length.map_or(bytes.len(), |length| start + length)
}

/// Whether a word may end before `index`.
fn can_end_word(bytes: &[u8], index: usize) -> bool {
    bytes.get(index).is_none_or(|byte| is_space(*byte) || b".,|:()".contains(byte))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes beyond ASCII are included. `literals` refuses a number that contains them.
fn is_number_byte(byte: u8) -> bool {
    is_word_byte(byte) || matches!(byte, b'.' | b'+' | b'-') || !byte.is_ascii()
}
