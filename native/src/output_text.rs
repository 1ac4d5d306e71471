//! The text that is being printed, and the bound on its size.

use crate::error::{YamlError, YamlResult};

const SPACES: [u8; 64] = [b' '; 64];

/// A document as far as it is printed.
pub struct OutputText {
    /// In UTF-8.
    pub text: Vec<u8>,
    /// A line that is put together before it is folded.
    pub scratch: Vec<u8>,
    limit: usize,
    /// The end of the last line that is complete.
    lines: usize,
    /// How many bytes have been counted as characters, and how many characters they are.
    counted: usize,
    characters: usize,
    /// With more bytes than this, there may be too many characters.
    enough: usize,
}

impl OutputText {
    pub fn new(limit: usize) -> OutputText {
        OutputText {
            text: Vec::with_capacity(1 << 12),
            scratch: Vec::new(),
            limit,
            lines: 0,
            counted: 0,
            characters: 0,
            enough: limit,
        }
    }

    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    #[inline]
    pub fn spaces(&mut self, count: usize) {
        match SPACES.get(..count) {
            Some(spaces) => self.text.extend_from_slice(spaces),
            None => self.text.resize(self.text.len() + count, b' '),
        }
    }

    /// What is on the output ends with the break of a line.
    #[inline]
    pub fn line_is_complete(&mut self) -> YamlResult<()> {
        self.lines = self.text.len();
        self.check()
    }

    /// Take back what is written of a line that is not complete.
    #[cold]
    pub fn drop_line(&mut self) {
        self.text.truncate(self.lines);
    }

    /// Refuse a text that is too long by now; for the middle of a line only where nothing else can be wrong with it.
    #[inline]
    pub fn check(&mut self) -> YamlResult<()> {
        if self.text.len() > self.enough {
            return self.count();
        }
        Ok(())
    }

    #[cold]
    fn count(&mut self) -> YamlResult<()> {
        self.characters += count_characters(&self.text[self.counted..]);
        self.counted = self.text.len();
        if self.characters > self.limit {
            return Err(YamlError::limit(format!(
                "a document of more than {} characters (max_output)",
                self.limit
            )));
        }
        // So many bytes hold no more characters: what is left shrinks by a quarter at least from one count to the next.
        self.enough = self.counted.saturating_add(self.limit - self.characters);
        Ok(())
    }

    /// The error to raise where `error` was met: the bound, if the lines in front of it exceed that.
    pub fn first_error(&mut self, error: YamlError) -> YamlError {
        self.text.truncate(self.lines.max(self.counted));
        self.count().err().unwrap_or(error)
    }

    /// A document that can't be finished, because it never ends.
    pub fn endless(&self) -> YamlError {
        YamlError::limit(format!("a document of more than {} characters (max_output)", self.limit))
    }
}

/// How many characters a text in UTF-8 has.
pub fn count_characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}
