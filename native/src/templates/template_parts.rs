//! A text cut into what stands between its actions, and these.
//!
//! The Rust version of the pattern `PIECE` in `kmanifest/engines/helm/gotemplate/lexer.py`.

use memchr::{memchr, memmem};

use super::error::{Stop, Sure};

/// A stretch of text, without the space that the action after it trims, and that action: the place and the text.
///
/// A comment is no action, and after the last text there is none.
pub struct TemplatePart<'t> {
    pub text: &'t str,
    pub action: Option<(usize, &'t str)>,
}

pub struct TemplateParts<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> TemplateParts<'t> {
    pub fn new(text: &'t str) -> TemplateParts<'t> {
        TemplateParts { text, at: 0 }
    }

    /// The next part; None after the last.
    pub fn next(&mut self) -> Sure<Option<TemplatePart<'t>>> {
        let start = self.at;
        if start == self.text.len() {
            return Ok(None);
        }
        let Some(found) = memmem::find(&self.text.as_bytes()[start..], b"{{") else {
            self.at = self.text.len();
            return Ok(Some(TemplatePart { text: &self.text[start..], action: None }));
        };
        let opened = start + found;
        let mut text = &self.text[start..opened];
        let inside = &self.text.as_bytes()[opened + 2..];
        let marked = matches!(inside, [b'-', mark, ..] if is_space(*mark));
        if marked {
            text = text.trim_end_matches(is_space_char);
        }
        let comment = if marked { opened + 4 } else { opened + 2 };
        if self.text.as_bytes()[comment..].starts_with(b"/*") {
            self.at = self.after_comment(comment).ok_or(Stop::Doubt)?;
            return Ok(Some(TemplatePart { text, action: None }));
        }
        let body = if marked { opened + 3 } else { opened + 2 };
        let end = end_of_action(self.text.as_bytes(), body).ok_or(Stop::Doubt)?;
        let action = &self.text[body..end];
        self.at = end + 2;
        if without_mark(action).is_some() {
            self.at = self.after_space(self.at);
        }
        Ok(Some(TemplatePart { text, action: Some((body, action)) }))
    }

    /// The place behind a comment; None where it does not end as it should.
    fn after_comment(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let end = start + 2 + memmem::find(&bytes[start + 2..], b"*/")? + 2;
        match bytes[end..] {
            [b'}', b'}', ..] => Some(end + 2),
            [mark, b'-', b'}', b'}', ..] if is_space(mark) => Some(self.after_space(end + 4)),
            _ => None,
        }
    }

    fn after_space(&self, start: usize) -> usize {
        self.text.len() - self.text[start..].trim_start_matches(is_space_char).len()
    }
}

/// The text of an action without the mark at its end that trims what follows; None if there is none.
pub fn without_mark(action: &str) -> Option<&str> {
    action.strip_suffix('-')?.strip_suffix(is_space_char)
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_space_char(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

/// Where the `}}` stands that ends the action; one in a string does not.
fn end_of_action(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            b'"' | b'\'' | b'`' => at = end_of_string(bytes, at)?,
            _ => at += 1,
        }
    }
}

/// The place behind the string, in quotes of any kind, that begins at `start`.
pub fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    if quote == b'`' {
        return Some(start + 1 + memchr(quote, &bytes[start + 1..])? + 1);
    }
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\n' => return None,
            b'\\' if *bytes.get(at + 1)? == b'\n' => return None,
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Counts the characters before growing places in a text.
pub struct Counter<'t> {
    text: &'t str,
    ascii: bool,
    at: usize,
    chars: usize,
}

impl<'t> Counter<'t> {
    pub fn new(text: &'t str) -> Counter<'t> {
        Counter { text, ascii: text.is_ascii(), at: 0, chars: 0 }
    }

    /// The characters before the byte at `place`.
    pub fn chars_before(&mut self, place: usize) -> usize {
        if self.ascii {
            return place;
        }
        self.chars += self.text[self.at..place].chars().count();
        self.at = place;
        self.chars
    }
}
