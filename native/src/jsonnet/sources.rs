//! The sources of a program, and locations in them.

use std::collections::HashMap;
use std::rc::Rc;

use rsjsonnet_lang::span::{SourceId, SpanContext, SpanId, SpanManager};

/// The prelude of each source: it replaces `std`. The path of its import can't be that of a file.
pub const PRELUDE: &str = "local std=import'\0';";

/// The levels of brackets that a source may have. The evaluating thread's stack is big enough for them.
pub const MAX_NESTING: usize = 10_000;

/// File, line, column, last line and last column. Lines and columns are counted from 1; 0 means unknown.
pub type Location = (String, usize, usize, usize, usize);

/// A source: its name in errors, the path from which its imports are resolved, and its text without the prelude.
pub struct Source {
    pub name: String,
    pub this_file: String,
    pub text: Vec<u8>,
    pub prelude: usize,
}

/// All sources that were loaded.
#[derive(Default)]
pub struct Sources {
    by_id: HashMap<SourceId, Rc<Source>>,
}

impl Sources {
    pub fn insert(&mut self, id: SourceId, source: Source) {
        self.by_id.insert(id, Rc::new(source));
    }

    /// The source that contains a span. None if it is a part of the standard library.
    pub fn find(&self, spans: &SpanManager, span: SpanId) -> Option<Rc<Source>> {
        let (context, _, _) = spans.get_span(span);
        let SpanContext::Source(id) = *spans.get_context(context);
        self.by_id.get(&id).cloned()
    }

    /// The location of a span. None if it is in the standard library or in a prelude.
    pub fn locate(&self, spans: &SpanManager, span: SpanId) -> Option<Location> {
        let source = self.find(spans, span)?;
        let (_, start, end) = spans.get_span(span);
        if end <= source.prelude && source.prelude > 0 {
            return None;
        }
        let (line, column) = source.position(start.saturating_sub(source.prelude));
        let (last_line, last_column) = source.position(end.saturating_sub(source.prelude));
        Some((source.name.clone(), line, column, last_line, last_column))
    }

    /// The location of the text block in which a span is.
    pub fn locate_text_block(&self, spans: &SpanManager, span: SpanId) -> Option<Location> {
        let source = self.find(spans, span)?;
        let (_, start, _) = spans.get_span(span);
        let before = &source.text[..start.saturating_sub(source.prelude).min(source.text.len())];
        let opening = memchr::memmem::rfind_iter(before, b"|||").find(|offset| {
            // Nothing but blanks follows an opening. Other uses are parts of the text.
            let rest = before[offset + 3..].split(|byte| *byte == b'\n').next().unwrap_or(&[]);
            rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'-'))
        });
        let (line, column) = source.position(opening?);
        Some((source.name.clone(), line, column, line, column))
    }
}

/// The byte at which brackets are nested too deeply. Those in strings and comments count as well.
pub fn find_deep_nesting(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    text.iter().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
}

impl Source {
    /// The location at which brackets are nested too deeply.
    pub fn find_deep_nesting(&self) -> Option<Location> {
        let (line, column) = self.position(find_deep_nesting(&self.text)?);
        Some((self.name.clone(), line, column, line, column))
    }

    /// Line and column of a byte, both counted from 1. A column counts characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset.min(self.text.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |index| index + 1);
        (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
    }
}
