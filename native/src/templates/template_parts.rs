//! Splits the text of a template file into actions and the text between them.
//!
//! Rust version of the first pattern in `kmanifest/engines/helm/gotemplate/lexer.py`.

use memchr::{memchr, memmem};

use super::error::{ParseError, ParseResult};

/// A piece of text and the action after it.
pub struct TemplatePart<'t> {
    /// The text without the space that the action trims.
    pub text: &'t str,
    /// The start and the text of the action. None after the last text, or if a comment follows.
    pub action: Option<(usize, &'t str)>,
}

pub struct TemplateParts<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> TemplateParts<'t> {
    pub fn new(text: &'t str) -> TemplateParts<'t> {
        TemplateParts { text, position: 0 }
    }

    /// The next part. None after the last one.
    pub fn next(&mut self) -> ParseResult<Option<TemplatePart<'t>>> {
        let start = self.position;
        if start == self.text.len() {
            return Ok(None);
        }
        let Some(offset) = memmem::find(&self.text.as_bytes()[start..], b"{{") else {
            self.position = self.text.len();
            return Ok(Some(TemplatePart { text: &self.text[start..], action: None }));
        };
        let opening = start + offset;
        let mut text = &self.text[start..opening];
        let inside = &self.text.as_bytes()[opening + 2..];
        let trims_before = matches!(inside, [b'-', mark, ..] if is_space(*mark));
        if trims_before {
            text = text.trim_end_matches(is_space_char);
        }
        let comment = if trims_before { opening + 4 } else { opening + 2 };
        if self.text.as_bytes()[comment..].starts_with(b"/*") {
            self.position = self.after_comment(comment).ok_or(ParseError::LeftToPython)?;
            return Ok(Some(TemplatePart { text, action: None }));
        }
        let body = if trims_before { opening + 3 } else { opening + 2 };
        let end = action_end(self.text.as_bytes(), body).ok_or(ParseError::LeftToPython)?;
        let action = &self.text[body..end];
        self.position = end + 2;
        if without_trim_mark(action).is_some() {
            self.position = self.skip_space(self.position);
        }
        Ok(Some(TemplatePart { text, action: Some((body, action)) }))
    }

    /// The index after a comment. None if the comment does not end correctly.
    fn after_comment(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let end = start + 2 + memmem::find(&bytes[start + 2..], b"*/")? + 2;
        match bytes[end..] {
            [b'}', b'}', ..] => Some(end + 2),
            [mark, b'-', b'}', b'}', ..] if is_space(mark) => Some(self.skip_space(end + 4)),
            _ => None,
        }
    }

    /// The index of the first character that is not a space, from `start` on.
    fn skip_space(&self, start: usize) -> usize {
        self.text.len() - self.text[start..].trim_start_matches(is_space_char).len()
    }
}

/// The text of an action without the final mark (` -`) that trims the text after it. None if there is no mark.
pub fn without_trim_mark(action: &str) -> Option<&str> {
    action.strip_suffix('-')?.strip_suffix(is_space_char)
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_space_char(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// The index of the `}}` that ends the action. A `}}` in a string does not end it.
fn action_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut index = start;
    loop {
        match bytes.get(index)? {
            b'}' if bytes.get(index + 1) == Some(&b'}') => return Some(index),
            b'"' | b'\'' | b'`' => index = string_end(bytes, index)?,
            _ => index += 1,
        }
    }
}

/// The index after the string that begins at `start`, in quotes of any kind.
pub fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    if quote == b'`' {
        return Some(start + 1 + memchr(quote, &bytes[start + 1..])? + 1);
    }
    let mut index = start + 1;
    loop {
        match *bytes.get(index)? {
            b'\n' => return None,
            b'\\' if *bytes.get(index + 1)? == b'\n' => return None,
            b'\\' => index += 2,
            byte if byte == quote => return Some(index + 1),
            _ => index += 1,
        }
    }
}

/// Converts byte indexes of a text to character indexes. The byte indexes must not decrease.
pub struct CharCounter<'t> {
    text: &'t str,
    is_ascii: bool,
    /// The last byte index, and the number of characters before it.
    index: usize,
    chars: usize,
}

impl<'t> CharCounter<'t> {
    pub fn new(text: &'t str) -> CharCounter<'t> {
        CharCounter { text, is_ascii: text.is_ascii(), index: 0, chars: 0 }
    }

    /// The number of characters before the byte at `index`.
    pub fn chars_before(&mut self, index: usize) -> usize {
        if self.is_ascii {
            return index;
        }
        self.chars += self.text[self.index..index].chars().count();
        self.index = index;
        self.chars
    }
}
