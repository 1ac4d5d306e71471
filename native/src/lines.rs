//! Reads plain YAML line by line, without a parser. It is several times as fast, and most manifests are plain.
//!
//! The invariant: `read_lines` returns the same value as the parser for the same bytes, or nothing. In the second
//! case the parser reads the document. `read_lines` reads block mappings and lists; keys on one line; plain and
//! single-quoted scalars on one or more lines; double-quoted scalars with frequent escapes; `|` blocks; `[a, "b"]`
//! and `{a: 1}` on one line. Errors, anchors, tags, merges, `>` blocks and all doubtful cases are left to the parser.
//!
//! The stack holds the open containers with their columns. A container is opened at its first line, and closed by the
//! first line that starts further left.
//!
//! `kmanifest/yaml/simple.py` has the same purpose, but reads less.

use memchr::{memchr, memchr2};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::build::{plain_value, Node, ReadContext};
use crate::clock::Clock;
use crate::error::YamlError;
use crate::resolve::Dialect;

/// In bytes. libyaml requires that a key ends within 1,024 characters; keys that come near that are left to the
/// parser.
const MAX_KEY: usize = 200;

const LINES_PER_CHECK: usize = 4096;

/// The document is not plain enough; the parser must read it.
struct NotSimple;

type SimpleResult<T> = Result<T, NotSimple>;

impl From<PyErr> for NotSimple {
    fn from(_: PyErr) -> NotSimple {
        NotSimple
    }
}

impl From<YamlError> for NotSimple {
    fn from(_: YamlError) -> NotSimple {
        NotSimple
    }
}

/// The value of a document. None if the parser must read it.
pub fn read_lines<'py>(
    py: Python<'py>,
    data: &[u8],
    context: &mut ReadContext<'_>,
) -> Option<Bound<'py, PyAny>> {
    let text = std::str::from_utf8(data).ok()?;
    if !has_simple_characters(data) {
        return None;
    }
    let mut reader = LineReader {
        py,
        text,
        bytes: data,
        has_tabs: memchr(b'\t', data).is_some(),
        context,
        stack: Vec::with_capacity(16),
        root: None,
        pending_key: None,
    };
    reader.read().ok()?;
    reader.root
}

/// Whether libyaml accepts all characters and sees only LF as a line break.
fn has_simple_characters(data: &[u8]) -> bool {
    let mut rest = data;
    while let Some(index) = rest.iter().position(|&byte| !is_simple_byte(byte)) {
        let is_special = match rest[index..] {
            [0xC2, second, ..] => second < 0xA0,
            [0xE2, 0x80, third, ..] => matches!(third, 0xA8 | 0xA9),
            [0xEF, 0xBB, third, ..] => third == 0xBF,
            [0xEF, 0xBF, third, ..] => third >= 0xBE,
            [first, ..] => first < 0x80,
            [] => false,
        };
        if is_special {
            return false;
        }
        rest = &rest[index + 1..];
    }
    true
}

fn is_simple_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\t' | 0x80..=0xC1 | 0xC3..=0xE1 | 0xE3..=0xEE | 0xF0..)
}

struct LineReader<'py, 'd, 'r, 'a> {
    py: Python<'py>,
    text: &'d str,
    bytes: &'d [u8],
    has_tabs: bool,
    context: &'r mut ReadContext<'a>,
    stack: Vec<OpenContainer<'py>>,
    root: Option<Bound<'py, PyAny>>,
    /// The key of the innermost mapping whose value has not been read.
    pending_key: Option<Bound<'py, PyAny>>,
}

/// A container whose last line has not been read.
struct OpenContainer<'py> {
    column: usize,
    node: Node<'py>,
}

/// One line, as indexes in the text.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    /// The first character that is not a space.
    first: usize,
    /// The line break, or the end of the text.
    end: usize,
}

impl Line {
    fn is_blank(self) -> bool {
        self.first == self.end
    }

    fn indent(self) -> usize {
        self.first - self.start
    }
}

/// The key or scalar at the start of a line.
enum Token<'py> {
    /// A key and the index after its colon.
    Key(Bound<'py, PyAny>, usize),
    /// A list item and the start of the next line.
    Value(Bound<'py, PyAny>, usize),
}

/// How a line of a quoted scalar ends.
enum QuoteEnd {
    /// With the closing quote. The number is the index after it.
    Closed(usize),
    Break,
    /// With a backslash before the line break.
    EscapedBreak,
}

impl<'py> LineReader<'py, '_, '_, '_> {
    fn read(&mut self) -> SimpleResult<()> {
        let mut position = 0;
        let mut has_started = false;
        let mut lines = 0_usize;
        while let Some(line) = self.line(position) {
            position = line.end + 1;
            lines += 1;
            if lines % LINES_PER_CHECK == 0 {
                // After the deadline, the parser begins and raises the error.
                Clock { py: self.py, check_time: &self.context.types.check_time }.check()?;
            }
            if line.is_blank() || self.bytes[line.first] == b'#' {
                continue;
            }
            if line.indent() == 0 && self.is_marker(line) {
                if has_started || &self.bytes[line.start..line.end] != b"---" {
                    return Err(NotSimple);
                }
            } else {
                position = self.read_content(line)?;
            }
            has_started = true;
        }
        self.set_blank_value()
    }

    /// The line that starts at `start`, None at the end of the text.
    fn line(&self, start: usize) -> Option<Line> {
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        let first = rest.iter().position(|&byte| byte != b' ').map_or(end, |spaces| start + spaces);
        Some(Line { start, first: first.min(end), end })
    }

    /// Whether a line without indentation may be a document marker or a directive.
    fn is_marker(&self, line: Line) -> bool {
        let text = &self.bytes[line.start..line.end];
        text.starts_with(b"---") || text.starts_with(b"...") || text.starts_with(b"%")
    }

    /// Read the content of `line` and of the lines that continue it. Return the start of the next line.
    fn read_content(&mut self, line: Line) -> SimpleResult<usize> {
        self.refuse_tabs(line)?;
        let mut first = line.first;
        let mut is_item = false;
        while self.is_dash(first, line.end) {
            let column = first - line.start;
            if is_item {
                self.open_item(Node::List(PyList::empty(self.py)), column)?;
            } else {
                self.enter_list(column)?;
            }
            is_item = true;
            first = self.skip_spaces(first + 1, line.end);
        }
        if first == line.end || self.bytes[first] == b'#' {
            return Err(NotSimple);
        }
        let column = first - line.start;
        let (key, after) = match self.read_token(first, line, is_item)? {
            Token::Key(key, after) => (key, after),
            Token::Value(value, next) => {
                self.innermost_list()?.append(value)?;
                return Ok(next);
            }
        };
        if is_item {
            self.open_item(Node::Mapping(PyDict::new(self.py)), column)?;
        } else {
            self.enter_mapping(column)?;
        }
        self.read_entry(key, after, line)
    }

    /// Read the value of `key`, after the spaces at `after`. Return the start of the next line.
    fn read_entry(
        &mut self,
        key: Bound<'py, PyAny>,
        after: usize,
        line: Line,
    ) -> SimpleResult<usize> {
        let column = self.stack.last().map_or(0, |open| open.column);
        let Some(Node::Mapping(mapping)) = self.stack.last().map(|open| &open.node) else {
            return Err(NotSimple);
        };
        if mapping.contains(&key)? {
            return Err(NotSimple);
        }
        let first = self.skip_spaces(after, line.end);
        if first == line.end || self.bytes[first] == b'#' {
            self.pending_key = Some(key);
            return Ok(line.end + 1);
        }
        let mapping = mapping.clone();
        let (value, next) = self.read_value(first, line, column)?;
        let key = match value.is_none() {
            true => self.key_of_null(key, &self.text[first..self.plain_end(first, line)?.0])?,
            false => key,
        };
        mapping.set_item(key, value)?;
        Ok(next)
    }

    // --- containers ---

    /// Make the mapping for a key at `column` the innermost container.
    fn enter_mapping(&mut self, column: usize) -> SimpleResult<()> {
        self.close_beyond(column)?;
        match self.stack.last() {
            Some(open) if open.column == column => {}
            _ => return self.open(Node::Mapping(PyDict::new(self.py)), column),
        }
        // A list in the same column as its key ends here.
        if matches!(self.stack.last(), Some(OpenContainer { node: Node::List(_), .. })) {
            self.stack.pop();
        }
        match self.stack.last() {
            Some(OpenContainer { node: Node::Mapping(_), column: open_column })
                if *open_column == column =>
            {
                self.set_blank_value()
            }
            _ => Err(NotSimple),
        }
    }

    /// Make the list for an item with its `-` at `column` the innermost container.
    fn enter_list(&mut self, column: usize) -> SimpleResult<()> {
        self.close_beyond(column)?;
        match self.stack.last() {
            Some(OpenContainer { node: Node::List(_), column: open_column })
                if *open_column == column =>
            {
                Ok(())
            }
            _ => self.open(Node::List(PyList::empty(self.py)), column),
        }
    }

    /// Close the containers that start further right than `column`.
    fn close_beyond(&mut self, column: usize) -> SimpleResult<()> {
        while self.stack.last().is_some_and(|open| open.column > column) {
            self.set_blank_value()?;
            self.stack.pop();
        }
        Ok(())
    }

    /// Give the pending key, if there is one, the value null.
    fn set_blank_value(&mut self) -> SimpleResult<()> {
        let Some(key) = self.pending_key.take() else { return Ok(()) };
        let Some(Node::Mapping(mapping)) = self.stack.last().map(|open| &open.node) else {
            return Err(NotSimple);
        };
        let key = self.key_of_null(key, "")?;
        Ok(mapping.set_item(key, self.py.None())?)
    }

    /// The key of a null that is written as `text`.
    fn key_of_null(&self, key: Bound<'py, PyAny>, text: &str) -> SimpleResult<Bound<'py, PyAny>> {
        Ok(match self.context.dialect {
            Dialect::V3 => self.context.types.key_of_null(key, text, false)?,
            Dialect::V2 => key,
        })
    }

    /// Open a container as the value of the pending key, or as the root.
    fn open(&mut self, node: Node<'py>, column: usize) -> SimpleResult<()> {
        match (self.pending_key.take(), self.stack.last().map(|open| &open.node)) {
            (Some(key), Some(Node::Mapping(mapping))) => mapping.set_item(key, node.as_any())?,
            (None, None) if self.root.is_none() => self.root = Some(node.as_any().clone()),
            _ => return Err(NotSimple),
        }
        self.push(node, column)
    }

    /// Open a container as an item of the innermost list, on the line of its `-`.
    fn open_item(&mut self, node: Node<'py>, column: usize) -> SimpleResult<()> {
        self.innermost_list()?.append(node.as_any())?;
        self.push(node, column)
    }

    fn push(&mut self, node: Node<'py>, column: usize) -> SimpleResult<()> {
        self.check_depth()?;
        self.stack.push(OpenContainer { column, node });
        Ok(())
    }

    /// Refuse another open container if `max_depth` is reached.
    fn check_depth(&self) -> SimpleResult<()> {
        if self.stack.len() >= self.context.max_depth {
            return Err(NotSimple);
        }
        Ok(())
    }

    /// The innermost container, which must be a list.
    fn innermost_list(&self) -> SimpleResult<&Bound<'py, PyList>> {
        match self.stack.last() {
            Some(OpenContainer { node: Node::List(list), .. }) => Ok(list),
            _ => Err(NotSimple),
        }
    }

    // --- tokens ---

    /// Read the key at `first`, or in a list the value.
    fn read_token(&mut self, first: usize, line: Line, is_item: bool) -> SimpleResult<Token<'py>> {
        let quote = self.bytes[first];
        if matches!(quote, b'"' | b'\'') {
            if let Some(end) = self.closing_quote(first, line) {
                let colon = self.skip_spaces(end + 1, line.end);
                if self.is_colon(colon, line.end) {
                    let text = &self.text[first + 1..end];
                    if text.len() > MAX_KEY || text == "<<" {
                        return Err(NotSimple);
                    }
                    return Ok(Token::Key(PyString::new(self.py, text).into_any(), colon + 1));
                }
            }
        } else if is_plain_start(quote) {
            if let Some(colon) = self.plain_key_end(first, line) {
                return Ok(Token::Key(self.plain_key(first, colon)?, colon + 1));
            }
        }
        if !is_item {
            return Err(NotSimple);
        }
        let column = self.stack.last().map_or(0, |open| open.column);
        let (value, next) = self.read_value(first, line, column)?;
        Ok(Token::Value(value, next))
    }

    /// The index of the colon that ends the plain key at `first`.
    fn plain_key_end(&self, first: usize, line: Line) -> Option<usize> {
        let mut from = first;
        loop {
            let index = from + memchr2(b':', b'#', &self.bytes[from..line.end])?;
            if self.bytes[index] == b'#' {
                if self.bytes[index - 1] == b' ' {
                    return None;
                }
            } else if self.is_colon(index, line.end) {
                return Some(index);
            }
            from = index + 1;
        }
    }

    fn plain_key(&mut self, first: usize, colon: usize) -> SimpleResult<Bound<'py, PyAny>> {
        let text = self.text[first..colon].trim_end_matches(' ');
        if text.len() > MAX_KEY || text == "<<" {
            return Err(NotSimple);
        }
        let key = plain_value(self.py, text, self.context)?;
        if key.is_exact_instance_of::<PyString>() {
            Ok(key)
        } else {
            Err(NotSimple)
        }
    }

    /// Read the value at `first` in a container at `column`. Return it and the start of the next line.
    fn read_value(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        match self.bytes[first] {
            byte if is_plain_start(byte) || self.is_minus(first, line.end) => {
                self.read_plain(first, line, column)
            }
            b'"' | b'\'' => self.read_quoted(first, line),
            b'|' => self.read_literal(first, line, column),
            b'[' => self.read_flow_list(first, line),
            b'{' => self.read_flow_mapping(first, line),
            _ => Err(NotSimple),
        }
    }

    fn string(&self, start: usize, end: usize) -> Bound<'py, PyAny> {
        PyString::new(self.py, &self.text[start..end]).into_any()
    }

    // --- plain scalars ---

    fn read_plain(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        let (end, is_last) = self.plain_end(first, line)?;
        let next = self.line_after_blanks(line);
        if is_last || !next.is_some_and(|next| self.continues(next, column)) {
            return Ok((plain_value(self.py, &self.text[first..end], self.context)?, line.end + 1));
        }
        self.read_plain_lines(&self.text[first..end], line, column)
    }

    /// Read the rest of a plain scalar that begins with the text `start` and continues after `line`.
    fn read_plain_lines(
        &mut self,
        start: &str,
        line: Line,
        column: usize,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        let mut joined = start.to_string();
        let mut last = line;
        while let Some(next) = self.line_after_blanks(last) {
            if !self.continues(next, column) {
                break;
            }
            self.refuse_tabs(next)?;
            let (end, is_last) = self.plain_end(next.first, next)?;
            push_breaks(&mut joined, self.count_breaks(last.end, next.start));
            joined.push_str(&self.text[next.first..end]);
            last = next;
            if is_last {
                break;
            }
        }
        Ok((plain_value(self.py, &joined, self.context)?, last.end + 1))
    }

    /// The end of the plain text at `first` on its line, and whether a comment there ends the whole scalar.
    fn plain_end(&self, first: usize, line: Line) -> SimpleResult<(usize, bool)> {
        let mut from = first;
        let (end, is_last) = loop {
            let Some(offset) = memchr2(b':', b'#', &self.bytes[from..line.end]) else {
                break (line.end, false);
            };
            let index = from + offset;
            if self.bytes[index] == b'#' {
                if self.bytes[index - 1] == b' ' {
                    break (index, true);
                }
            } else if self.is_colon(index, line.end) {
                return Err(NotSimple);
            }
            from = index + 1;
        };
        Ok((self.before_spaces(first, end), is_last))
    }

    /// The next line after `line` that is not blank.
    fn line_after_blanks(&self, line: Line) -> Option<Line> {
        let mut next = self.line(line.end + 1)?;
        while next.is_blank() {
            next = self.line(next.end + 1)?;
        }
        Some(next)
    }

    /// Whether a line continues a plain scalar of a container at `column`.
    fn continues(&self, line: Line, column: usize) -> bool {
        line.indent() > column && self.bytes[line.first] != b'#'
    }

    /// The number of line breaks from `start` to `end`.
    fn count_breaks(&self, start: usize, end: usize) -> usize {
        memchr::memchr_iter(b'\n', &self.bytes[start..end]).count()
    }

    // --- quoted scalars ---

    /// The index of the quote that closes the one at `first`. None if it is on another line or something is escaped.
    fn closing_quote(&self, first: usize, line: Line) -> Option<usize> {
        let quote = self.bytes[first];
        let inside = &self.bytes[first + 1..line.end];
        let end = first + 1 + memchr(quote, inside)?;
        if quote == b'"' {
            return memchr(b'\\', &self.bytes[first..end]).is_none().then_some(end);
        }
        (self.bytes.get(end + 1) != Some(&b'\'')).then_some(end)
    }

    /// Read the quoted scalar at `first`, which may have several lines.
    fn read_quoted(
        &mut self,
        first: usize,
        line: Line,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        if let Some(end) = self.closing_quote(first, line) {
            self.check_end(end + 1, line)?;
            return Ok((self.string(first + 1, end), line.end + 1));
        }
        let quote = self.bytes[first];
        let mut joined = String::new();
        let mut line = line;
        let mut start = first + 1;
        loop {
            self.refuse_tabs(line)?;
            let end = match quote {
                b'"' => self.push_double_quoted(&mut joined, start, line)?,
                _ => self.push_single_quoted(&mut joined, start, line),
            };
            if let QuoteEnd::Closed(after) = end {
                self.check_end(after, line)?;
                return Ok((PyString::new(self.py, &joined).into_any(), line.end + 1));
            }
            let next = self.line_after_blanks(line).ok_or(NotSimple)?;
            if next.indent() == 0 && self.is_marker(next) {
                return Err(NotSimple);
            }
            let breaks = self.count_breaks(line.end, next.start);
            match end {
                QuoteEnd::EscapedBreak if breaks > 1 => return Err(NotSimple),
                QuoteEnd::EscapedBreak => {}
                _ => {
                    joined.truncate(joined.trim_end_matches(' ').len());
                    push_breaks(&mut joined, breaks);
                }
            }
            (line, start) = (next, next.first);
        }
    }

    /// Append the text from `start` to the closing quote or the end of the line.
    fn push_single_quoted(&self, joined: &mut String, start: usize, line: Line) -> QuoteEnd {
        let mut from = start;
        while let Some(offset) = memchr(b'\'', &self.bytes[from..line.end]) {
            let quote = from + offset;
            joined.push_str(&self.text[from..quote]);
            if self.bytes.get(quote + 1) != Some(&b'\'') {
                return QuoteEnd::Closed(quote + 1);
            }
            joined.push('\'');
            from = quote + 2;
        }
        joined.push_str(&self.text[from..line.end]);
        QuoteEnd::Break
    }

    /// Like `push_single_quoted`, with the frequent escapes of double quotes.
    fn push_double_quoted(
        &self,
        joined: &mut String,
        start: usize,
        line: Line,
    ) -> SimpleResult<QuoteEnd> {
        let mut from = start;
        while let Some(offset) = memchr2(b'"', b'\\', &self.bytes[from..line.end]) {
            let index = from + offset;
            joined.push_str(&self.text[from..index]);
            if self.bytes[index] == b'"' {
                return Ok(QuoteEnd::Closed(index + 1));
            }
            joined.push(match self.byte(index + 1, line) {
                Some(b'n') => '\n',
                Some(b't') => '\t',
                Some(b'r') => '\r',
                Some(b'"') => '"',
                Some(b'\\') => '\\',
                None => return Ok(QuoteEnd::EscapedBreak),
                Some(_) => return Err(NotSimple),
            });
            from = index + 2;
        }
        joined.push_str(&self.text[from..line.end]);
        Ok(QuoteEnd::Break)
    }

    // --- blocks ---

    /// Read the `|` block with its header at `first`.
    fn read_literal(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        let chomping = match &self.bytes[first + 1..line.end] {
            b"" => b' ',
            [sign @ (b'-' | b'+')] => *sign,
            _ => return Err(NotSimple),
        };
        let first_line = self.line_after_blanks(line).ok_or(NotSimple)?;
        let pad = first_line.indent();
        if pad <= column || self.bytes[first_line.first] == b'\t' {
            return Err(NotSimple);
        }
        let mut joined = String::new();
        let mut next = line.end + 1;
        while let Some(line) = self.line(next) {
            if !line.is_blank() && line.indent() < pad {
                break;
            }
            if line.end == self.bytes.len() || self.is_wide_blank(line, pad, joined.is_empty()) {
                return Err(NotSimple); // a last line without a line break, or blank lines that determine the indentation
            }
            joined.push_str(&self.text[line.end.min(line.start + pad)..=line.end]);
            next = line.end + 1;
        }
        let kept = joined.trim_end_matches('\n').len();
        match chomping {
            b'-' => joined.truncate(kept),
            b'+' => {}
            _ => joined.truncate(kept + 1),
        }
        Ok((PyString::new(self.py, &joined).into_any(), next))
    }

    /// Whether a leading blank line is indented further than the text.
    fn is_wide_blank(&self, line: Line, pad: usize, is_leading: bool) -> bool {
        is_leading && line.is_blank() && line.indent() > pad
    }

    // --- lists and mappings in brackets or braces ---

    fn read_flow_list(
        &mut self,
        first: usize,
        line: Line,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        self.check_depth()?;
        let list = PyList::empty(self.py);
        let mut position = self.skip_spaces(first + 1, line.end);
        if self.byte(position, line) != Some(b']') {
            loop {
                let (item, after) = self.read_flow_scalar(position, line)?;
                list.append(item)?;
                position = self.skip_spaces(after, line.end);
                match self.byte(position, line) {
                    Some(b',') => position = self.skip_spaces(position + 1, line.end),
                    Some(b']') => break,
                    _ => return Err(NotSimple),
                }
            }
        }
        self.check_end(position + 1, line)?;
        Ok((list.into_any(), line.end + 1))
    }

    fn read_flow_mapping(
        &mut self,
        first: usize,
        line: Line,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        self.check_depth()?;
        let mapping = PyDict::new(self.py);
        let mut position = self.skip_spaces(first + 1, line.end);
        if self.byte(position, line) != Some(b'}') {
            loop {
                let (key, after) = self.read_flow_key(position, line)?;
                if mapping.contains(&key)? {
                    return Err(NotSimple);
                }
                let start = self.skip_spaces(after, line.end);
                let (value, after) = self.read_flow_scalar(start, line)?;
                let key = match value.is_none() {
                    true => self.key_of_null(key, &self.text[start..after])?,
                    false => key,
                };
                mapping.set_item(key, value)?;
                position = self.skip_spaces(after, line.end);
                match self.byte(position, line) {
                    Some(b',') => position = self.skip_spaces(position + 1, line.end),
                    Some(b'}') => break,
                    _ => return Err(NotSimple),
                }
            }
        }
        self.check_end(position + 1, line)?;
        Ok((mapping.into_any(), line.end + 1))
    }

    /// Read a plain key in braces. Return it and the index after its colon, where a space must be.
    fn read_flow_key(
        &mut self,
        first: usize,
        line: Line,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        let end = self.flow_word_end(first, line);
        let is_key = self.byte(end, line) == Some(b':') && self.byte(end + 1, line) == Some(b' ');
        if !is_key || end == first || matches!(self.bytes[first], b'-' | b'%') {
            return Err(NotSimple);
        }
        Ok((self.plain_key(first, end)?, end + 1))
    }

    /// Read a scalar in brackets or braces. Return it and the index after it.
    fn read_flow_scalar(
        &mut self,
        first: usize,
        line: Line,
    ) -> SimpleResult<(Bound<'py, PyAny>, usize)> {
        if matches!(self.byte(first, line), Some(b'"' | b'\'')) {
            let end = self.closing_quote(first, line).ok_or(NotSimple)?;
            return Ok((self.string(first + 1, end), end + 1));
        }
        let end = self.flow_word_end(first, line);
        let first_other = self.bytes[first..end].iter().find(|&&byte| byte != b'-');
        if !first_other.is_some_and(|&byte| byte != b'%' && byte != b'=') {
            return Err(NotSimple);
        }
        Ok((plain_value(self.py, &self.text[first..end], self.context)?, end))
    }

    /// The end of the characters at `first` that have no special meaning in YAML.
    fn flow_word_end(&self, first: usize, line: Line) -> usize {
        let is_word = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'.' | b'/' | b'$' | b'%' | b'=' | b'-')
        };
        first + self.bytes[first..line.end].iter().take_while(|byte| is_word(byte)).count()
    }

    // --- characters ---

    fn byte(&self, position: usize, line: Line) -> Option<u8> {
        self.bytes[..line.end].get(position).copied()
    }

    fn skip_spaces(&self, from: usize, end: usize) -> usize {
        let from = from.min(end);
        from + self.bytes[from..end].iter().take_while(|&&byte| byte == b' ').count()
    }

    /// The end of the text from `start` without the spaces before `end`.
    fn before_spaces(&self, start: usize, end: usize) -> usize {
        let spaces = self.bytes[start..end].iter().rev().take_while(|&&byte| byte == b' ').count();
        end - spaces
    }

    /// Whether there is a `-` at `position` that starts a list item.
    fn is_dash(&self, position: usize, end: usize) -> bool {
        self.bytes[..end].get(position) == Some(&b'-')
            && matches!(self.bytes[..end].get(position + 1), Some(b' ') | None)
    }

    /// Whether there is a `-` at `position` that starts a plain scalar.
    fn is_minus(&self, position: usize, end: usize) -> bool {
        self.bytes[position] == b'-' && !self.is_dash(position, end)
    }

    /// Whether there is a `:` at `position` that ends a key.
    fn is_colon(&self, position: usize, end: usize) -> bool {
        self.bytes[..end].get(position) == Some(&b':')
            && matches!(self.bytes[..end].get(position + 1), Some(b' ') | None)
    }

    /// Refuse anything but a comment between `position` and the end of the line.
    fn check_end(&self, position: usize, line: Line) -> SimpleResult<()> {
        let first = self.skip_spaces(position, line.end);
        if first == line.end || (self.bytes[first] == b'#' && first > position) {
            Ok(())
        } else {
            Err(NotSimple)
        }
    }

    fn refuse_tabs(&self, line: Line) -> SimpleResult<()> {
        if self.has_tabs && memchr(b'\t', &self.bytes[line.start..line.end]).is_some() {
            return Err(NotSimple);
        }
        Ok(())
    }
}

/// Whether a scalar that starts with `byte` is certainly a plain one.
fn is_plain_start(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(
            byte,
            b'_' | b'.'
                | b'/'
                | b'$'
                | b'('
                | b')'
                | b'~'
                | b'+'
                | b'<'
                | b'='
                | b'^'
                | b';'
                | b'\\'
        )
}

/// Append the folded form of `breaks` line breaks: one becomes a space, more become one fewer.
fn push_breaks(joined: &mut String, breaks: usize) {
    if breaks == 1 {
        joined.push(' ');
    }
    for _ in 1..breaks {
        joined.push('\n');
    }
}
