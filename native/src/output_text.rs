//! The text of a document while it is printed, and the limit on its size.

use crate::error::{YamlError, YamlResult};

const SPACES: [u8; 64] = [b' '; 64];

/// The printed part of a document.
///
/// The limit counts characters, but the text is bytes. Characters are counted only when there are enough bytes for
/// the limit to be exceeded, and each byte is counted once.
pub struct OutputText {
    /// UTF-8.
    pub text: Vec<u8>,
    /// A buffer for one line before it is folded.
    pub line_buffer: Vec<u8>,
    /// In characters.
    limit: usize,
    /// The end of the last complete line, in bytes.
    complete_lines: usize,
    /// The number of bytes whose characters have been counted, and of these characters.
    counted_bytes: usize,
    counted_characters: usize,
    /// With more bytes than this, there may be too many characters.
    count_above: usize,
}

impl OutputText {
    pub fn new(limit: usize) -> OutputText {
        OutputText {
            text: Vec::with_capacity(1 << 12),
            line_buffer: Vec::new(),
            limit,
            complete_lines: 0,
            counted_bytes: 0,
            counted_characters: 0,
            count_above: limit,
        }
    }

    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    #[inline]
    pub fn push_spaces(&mut self, count: usize) {
        match SPACES.get(..count) {
            Some(spaces) => self.text.extend_from_slice(spaces),
            None => self.text.resize(self.text.len() + count, b' '),
        }
    }

    /// Record that the text now ends with a complete line, and check the limit.
    #[inline]
    pub fn end_line(&mut self) -> YamlResult<()> {
        self.complete_lines = self.text.len();
        self.check_limit()
    }

    /// Remove the incomplete last line.
    #[cold]
    pub fn drop_incomplete_line(&mut self) {
        self.text.truncate(self.complete_lines);
    }

    /// Refuse a text that is too long.
    ///
    /// Call it in the middle of a line only if no other error can follow in that line: the first error must win.
    #[inline]
    pub fn check_limit(&mut self) -> YamlResult<()> {
        if self.text.len() > self.count_above {
            return self.count();
        }
        Ok(())
    }

    /// Count the characters of the new bytes. Refuse the text if there are too many.
    #[cold]
    fn count(&mut self) -> YamlResult<()> {
        self.counted_characters += count_characters(&self.text[self.counted_bytes..]);
        self.counted_bytes = self.text.len();
        if self.counted_characters > self.limit {
            return Err(self.limit_error());
        }
        // A character has one to four bytes. So the limit can't be exceeded with so many bytes, and what is left of
        // the limit shrinks by at least a quarter from one count to the next.
        self.count_above = self.counted_bytes.saturating_add(self.limit - self.counted_characters);
        Ok(())
    }

    /// The error to raise after `error` occurred: the limit's if the lines before it exceed the limit, else `error`.
    pub fn first_error(&mut self, error: YamlError) -> YamlError {
        self.text.truncate(self.complete_lines.max(self.counted_bytes));
        self.count().err().unwrap_or(error)
    }

    /// The error of a document that is too long, or endless because it contains itself.
    pub fn limit_error(&self) -> YamlError {
        YamlError::limit(format!("a document of more than {} characters (max_output)", self.limit))
    }
}

/// The number of characters in a UTF-8 text.
pub fn count_characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}
