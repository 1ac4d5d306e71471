//! The plainest YAML, line by line, without a parser: several times as fast, for what most manifests are made of.
//!
//! The invariant: what `read_lines` gives is what the parser gives for the same bytes, and for anything else it gives
//! nothing and the parser decides. So it knows block mappings and lists; keys on one line; plain and single-quoted
//! scalars, continued on further lines or not; double quotes on one line; `|` blocks; `[a, "b"]` and `{a: 1}` on one
//! line. It leaves all errors, anchors, tags, merges, `>` blocks and everything it is in doubt about to the parser.
//!
//! The stack holds the open containers with their columns; a container is opened where its first line stands, and
//! closed by the first line that starts before it.

use memchr::{memchr, memchr2};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::build::{plain, Node, Reading};
use crate::error::YamlError;
use crate::resolve::Dialect;

/// Keys in plain style end within the 1,024 characters that libyaml looks ahead; few are near.
const LONGEST_KEY: usize = 200;

/// Not plain enough: the parser decides.
struct Odd;

type Plainly<T> = Result<T, Odd>;

impl From<PyErr> for Odd {
    fn from(_: PyErr) -> Odd {
        Odd
    }
}

impl From<YamlError> for Odd {
    fn from(_: YamlError) -> Odd {
        Odd
    }
}

/// The value of a document, None where the parser has to read it.
pub fn read_lines<'py>(
    py: Python<'py>,
    data: &[u8],
    reading: &mut Reading<'_>,
) -> Option<Bound<'py, PyAny>> {
    let text = std::str::from_utf8(data).ok()?;
    if !has_plain_characters(data) {
        return None;
    }
    let mut lines = Lines {
        py,
        text,
        bytes: data,
        has_tabs: memchr(b'\t', data).is_some(),
        reading,
        stack: Vec::with_capacity(16),
        root: None,
        waiting: None,
    };
    lines.read().ok()?;
    lines.root
}

/// Whether all characters are ones that neither break a line for libyaml, but LF, nor are refused by it.
fn has_plain_characters(data: &[u8]) -> bool {
    let mut rest = data;
    while let Some(found) = rest.iter().position(|&byte| !is_plain_byte(byte)) {
        let odd = match rest[found..] {
            [0xC2, second, ..] => second < 0xA0,
            [0xE2, 0x80, third, ..] => matches!(third, 0xA8 | 0xA9),
            [0xEF, 0xBB, third, ..] => third == 0xBF,
            [0xEF, 0xBF, third, ..] => third >= 0xBE,
            [first, ..] => first < 0x80,
            [] => false,
        };
        if odd {
            return false;
        }
        rest = &rest[found + 1..];
    }
    true
}

fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\t' | 0x80..=0xC1 | 0xC3..=0xE1 | 0xE3..=0xEE | 0xF0..)
}

struct Lines<'py, 'd, 'r, 'a> {
    py: Python<'py>,
    text: &'d str,
    bytes: &'d [u8],
    has_tabs: bool,
    reading: &'r mut Reading<'a>,
    stack: Vec<Open<'py>>,
    root: Option<Bound<'py, PyAny>>,
    /// The key of the innermost mapping that has no value yet.
    waiting: Option<Bound<'py, PyAny>>,
}

struct Open<'py> {
    column: usize,
    node: Node<'py>,
}

/// One line: where it starts, where its first character stands, where it ends.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    first: usize,
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

/// A key or a scalar that a line begins with.
enum Token<'py> {
    /// With what follows the colon.
    Key(Bound<'py, PyAny>, usize),
    /// With the start of the next line.
    Value(Bound<'py, PyAny>, usize),
}

/// How a line within quotes ends.
enum QuoteEnd {
    /// With the closing quote, and what follows that.
    Closed(usize),
    Break,
    /// With a backslash.
    EscapedBreak,
}

impl<'py> Lines<'py, '_, '_, '_> {
    fn read(&mut self) -> Plainly<()> {
        let mut position = 0;
        let mut started = false;
        while let Some(line) = self.line(position) {
            position = line.end + 1;
            if line.is_blank() || self.bytes[line.first] == b'#' {
                continue;
            }
            if line.indent() == 0 && self.is_marker(line) {
                if started || &self.bytes[line.start..line.end] != b"---" {
                    return Err(Odd);
                }
            } else {
                position = self.content(line)?;
            }
            started = true;
        }
        self.settle_waiting()
    }

    /// The line that starts at `start`, None at the end of the text.
    fn line(&self, start: usize) -> Option<Line> {
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        let first = rest.iter().position(|&byte| byte != b' ').map_or(end, |spaces| start + spaces);
        Some(Line { start, first: first.min(end), end })
    }

    fn is_marker(&self, line: Line) -> bool {
        let text = &self.bytes[line.start..line.end];
        text.starts_with(b"---") || text.starts_with(b"...") || text.starts_with(b"%")
    }

    /// Read what stands on `line`, and what continues it; gives the start of the next line.
    fn content(&mut self, line: Line) -> Plainly<usize> {
        self.refuse_tabs(line)?;
        let mut first = line.first;
        let mut is_item = false;
        while self.is_dash(first, line.end) {
            let column = first - line.start;
            if is_item {
                self.open_item(Node::List(PyList::empty(self.py)), column)?;
            } else {
                self.place_item(column)?;
            }
            is_item = true;
            first = self.skip_spaces(first + 1, line.end);
        }
        if first == line.end || self.bytes[first] == b'#' {
            return Err(Odd);
        }
        let column = first - line.start;
        let (key, after) = match self.token(first, line, is_item)? {
            Token::Key(key, after) => (key, after),
            Token::Value(value, next) => {
                self.list()?.append(value)?;
                return Ok(next);
            }
        };
        if is_item {
            self.open_item(Node::Mapping(PyDict::new(self.py)), column)?;
        } else {
            self.place_key(column)?;
        }
        self.entry(key, after, line)
    }

    /// Read the value of `key`, which starts after the spaces at `after`.
    fn entry(&mut self, key: Bound<'py, PyAny>, after: usize, line: Line) -> Plainly<usize> {
        let column = self.stack.last().map_or(0, |open| open.column);
        let Some(Node::Mapping(mapping)) = self.stack.last().map(|open| &open.node) else {
            return Err(Odd);
        };
        if mapping.contains(&key)? {
            return Err(Odd);
        }
        let first = self.skip_spaces(after, line.end);
        if first == line.end || self.bytes[first] == b'#' {
            self.waiting = Some(key);
            return Ok(line.end + 1);
        }
        let mapping = mapping.clone();
        let (value, next) = self.value(first, line, column)?;
        mapping.set_item(key, value)?;
        Ok(next)
    }

    // --- containers ---

    /// Let the innermost container be the mapping for a key at `column`.
    fn place_key(&mut self, column: usize) -> Plainly<()> {
        self.close_beyond(column)?;
        match self.stack.last() {
            Some(open) if open.column == column => {}
            _ => return self.open(Node::Mapping(PyDict::new(self.py)), column),
        }
        // A list that stands as far left as its key ends.
        if matches!(self.stack.last(), Some(Open { node: Node::List(_), .. })) {
            self.stack.pop();
        }
        match self.stack.last() {
            Some(Open { node: Node::Mapping(_), column: found }) if *found == column => {
                self.settle_waiting()
            }
            _ => Err(Odd),
        }
    }

    /// Let the innermost container be the list for an item whose `-` stands at `column`.
    fn place_item(&mut self, column: usize) -> Plainly<()> {
        self.close_beyond(column)?;
        match self.stack.last() {
            Some(Open { node: Node::List(_), column: found }) if *found == column => Ok(()),
            _ => self.open(Node::List(PyList::empty(self.py)), column),
        }
    }

    /// Close the containers that stand further right than `column`.
    fn close_beyond(&mut self, column: usize) -> Plainly<()> {
        while self.stack.last().is_some_and(|open| open.column > column) {
            self.settle_waiting()?;
            self.stack.pop();
        }
        Ok(())
    }

    /// Settle that nothing is the value of the key that waits.
    fn settle_waiting(&mut self) -> Plainly<()> {
        let Some(key) = self.waiting.take() else { return Ok(()) };
        let Some(Node::Mapping(mapping)) = self.stack.last().map(|open| &open.node) else {
            return Err(Odd);
        };
        let key = match self.reading.dialect {
            Dialect::V3 => self.reading.values.blank_key.bind(self.py).call1((key,))?,
            Dialect::V2 => key,
        };
        Ok(mapping.set_item(key, self.py.None())?)
    }

    /// Open the value of the key that waits, or the root.
    fn open(&mut self, node: Node<'py>, column: usize) -> Plainly<()> {
        match (self.waiting.take(), self.stack.last().map(|open| &open.node)) {
            (Some(key), Some(Node::Mapping(mapping))) => mapping.set_item(key, node.as_any())?,
            (None, None) if self.root.is_none() => self.root = Some(node.as_any().clone()),
            _ => return Err(Odd),
        }
        self.push(node, column)
    }

    /// Open an item of the innermost list, on the line of its `-`.
    fn open_item(&mut self, node: Node<'py>, column: usize) -> Plainly<()> {
        self.list()?.append(node.as_any())?;
        self.push(node, column)
    }

    fn push(&mut self, node: Node<'py>, column: usize) -> Plainly<()> {
        self.check_depth()?;
        self.stack.push(Open { column, node });
        Ok(())
    }

    /// Refuse one container more than may be open.
    fn check_depth(&self) -> Plainly<()> {
        if self.stack.len() >= self.reading.max_depth {
            return Err(Odd);
        }
        Ok(())
    }

    fn list(&self) -> Plainly<&Bound<'py, PyList>> {
        match self.stack.last() {
            Some(Open { node: Node::List(list), .. }) => Ok(list),
            _ => Err(Odd),
        }
    }

    // --- tokens ---

    /// The key, or in a list the scalar, at `first`.
    fn token(&mut self, first: usize, line: Line, is_item: bool) -> Plainly<Token<'py>> {
        let quote = self.bytes[first];
        if matches!(quote, b'"' | b'\'') {
            if let Some(end) = self.closing_quote(first, line) {
                let colon = self.skip_spaces(end + 1, line.end);
                if self.is_colon(colon, line.end) {
                    let text = &self.text[first + 1..end];
                    if text.len() > LONGEST_KEY || text == "<<" {
                        return Err(Odd);
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
            return Err(Odd);
        }
        let column = self.stack.last().map_or(0, |open| open.column);
        let (value, next) = self.value(first, line, column)?;
        Ok(Token::Value(value, next))
    }

    /// The colon that ends the plain key at `first`.
    fn plain_key_end(&self, first: usize, line: Line) -> Option<usize> {
        let mut from = first;
        loop {
            let found = from + memchr2(b':', b'#', &self.bytes[from..line.end])?;
            if self.bytes[found] == b'#' {
                if self.bytes[found - 1] == b' ' {
                    return None;
                }
            } else if self.is_colon(found, line.end) {
                return Some(found);
            }
            from = found + 1;
        }
    }

    fn plain_key(&mut self, first: usize, colon: usize) -> Plainly<Bound<'py, PyAny>> {
        let text = self.text[first..colon].trim_end_matches(' ');
        if text.len() > LONGEST_KEY || text == "<<" {
            return Err(Odd);
        }
        let key = plain(self.py, text, self.reading)?;
        if key.is_exact_instance_of::<PyString>() {
            Ok(key)
        } else {
            Err(Odd)
        }
    }

    /// The value at `first` within a container at `column`, and the start of the next line.
    fn value(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> Plainly<(Bound<'py, PyAny>, usize)> {
        match self.bytes[first] {
            byte if is_plain_start(byte) || self.is_minus(first, line.end) => {
                self.plain_value(first, line, column)
            }
            b'"' | b'\'' => self.quoted(first, line),
            b'|' => self.literal(first, line, column),
            b'[' => self.flow_list(first, line),
            b'{' => self.flow_mapping(first, line),
            _ => Err(Odd),
        }
    }

    fn string(&self, start: usize, end: usize) -> Bound<'py, PyAny> {
        PyString::new(self.py, &self.text[start..end]).into_any()
    }

    // --- plain scalars ---

    fn plain_value(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> Plainly<(Bound<'py, PyAny>, usize)> {
        let (end, is_last) = self.plain_end(first, line)?;
        let next = self.line_after_blanks(line);
        if is_last || !next.is_some_and(|next| self.continues(next, column)) {
            return Ok((plain(self.py, &self.text[first..end], self.reading)?, line.end + 1));
        }
        self.continued_plain(&self.text[first..end], line, column)
    }

    /// A plain scalar that begins with the text `start` and goes on after `line`.
    fn continued_plain(
        &mut self,
        start: &str,
        line: Line,
        column: usize,
    ) -> Plainly<(Bound<'py, PyAny>, usize)> {
        let mut joined = start.to_string();
        let mut last = line;
        while let Some(next) = self.line_after_blanks(last) {
            if !self.continues(next, column) {
                break;
            }
            self.refuse_tabs(next)?;
            let (end, is_last) = self.plain_end(next.first, next)?;
            push_breaks(&mut joined, self.count_lines(last.end, next.start));
            joined.push_str(&self.text[next.first..end]);
            last = next;
            if is_last {
                break;
            }
        }
        Ok((plain(self.py, &joined, self.reading)?, last.end + 1))
    }

    /// Where the plain text at `first` ends on its line, and whether a comment ends it there for good.
    fn plain_end(&self, first: usize, line: Line) -> Plainly<(usize, bool)> {
        let mut from = first;
        let (end, is_last) = loop {
            let Some(offset) = memchr2(b':', b'#', &self.bytes[from..line.end]) else {
                break (line.end, false);
            };
            let found = from + offset;
            if self.bytes[found] == b'#' {
                if self.bytes[found - 1] == b' ' {
                    break (found, true);
                }
            } else if self.is_colon(found, line.end) {
                return Err(Odd);
            }
            from = found + 1;
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

    /// The line breaks from `start` to `end`.
    fn count_lines(&self, start: usize, end: usize) -> usize {
        memchr::memchr_iter(b'\n', &self.bytes[start..end]).count()
    }

    // --- quoted scalars ---

    /// The quote that closes the one at `first`, where it is on the same line and nothing is escaped.
    fn closing_quote(&self, first: usize, line: Line) -> Option<usize> {
        let quote = self.bytes[first];
        let inside = &self.bytes[first + 1..line.end];
        let end = first + 1 + memchr(quote, inside)?;
        if quote == b'"' {
            return memchr(b'\\', &self.bytes[first..end]).is_none().then_some(end);
        }
        (self.bytes.get(end + 1) != Some(&b'\'')).then_some(end)
    }

    /// The text in the quotes that open at `first`, on as many lines as it has.
    fn quoted(&mut self, first: usize, line: Line) -> Plainly<(Bound<'py, PyAny>, usize)> {
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
            let next = self.line_after_blanks(line).ok_or(Odd)?;
            if next.indent() == 0 && self.is_marker(next) {
                return Err(Odd);
            }
            let breaks = self.count_lines(line.end, next.start);
            match end {
                QuoteEnd::EscapedBreak if breaks > 1 => return Err(Odd),
                QuoteEnd::EscapedBreak => {}
                _ => {
                    joined.truncate(joined.trim_end_matches(' ').len());
                    push_breaks(&mut joined, breaks);
                }
            }
            (line, start) = (next, next.first);
        }
    }

    /// Push what stands from `start` to the closing quote, or to the end of the line.
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

    /// As `push_single_quoted`, with the escapes that are frequent.
    fn push_double_quoted(
        &self,
        joined: &mut String,
        start: usize,
        line: Line,
    ) -> Plainly<QuoteEnd> {
        let mut from = start;
        while let Some(offset) = memchr2(b'"', b'\\', &self.bytes[from..line.end]) {
            let found = from + offset;
            joined.push_str(&self.text[from..found]);
            if self.bytes[found] == b'"' {
                return Ok(QuoteEnd::Closed(found + 1));
            }
            joined.push(match self.byte(found + 1, line) {
                Some(b'n') => '\n',
                Some(b't') => '\t',
                Some(b'r') => '\r',
                Some(b'"') => '"',
                Some(b'\\') => '\\',
                None => return Ok(QuoteEnd::EscapedBreak),
                Some(_) => return Err(Odd),
            });
            from = found + 2;
        }
        joined.push_str(&self.text[from..line.end]);
        Ok(QuoteEnd::Break)
    }

    // --- blocks ---

    /// The text of a `|` block whose header stands at `first`.
    fn literal(
        &mut self,
        first: usize,
        line: Line,
        column: usize,
    ) -> Plainly<(Bound<'py, PyAny>, usize)> {
        let chomping = match &self.bytes[first + 1..line.end] {
            b"" => b' ',
            [sign @ (b'-' | b'+')] => *sign,
            _ => return Err(Odd),
        };
        let top = self.line_after_blanks(line).ok_or(Odd)?;
        let pad = top.indent();
        if pad <= column || self.bytes[top.first] == b'\t' {
            return Err(Odd);
        }
        let mut joined = String::new();
        let mut next = line.end + 1;
        while let Some(line) = self.line(next) {
            if !line.is_blank() && line.indent() < pad {
                break;
            }
            if line.end == self.bytes.len() || self.is_wide_blank(line, pad, joined.is_empty()) {
                return Err(Odd); // a last line without its break; blank lines that decide the indentation
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

    fn is_wide_blank(&self, line: Line, pad: usize, is_leading: bool) -> bool {
        is_leading && line.is_blank() && line.indent() > pad
    }

    // --- lists and mappings in brackets ---

    fn flow_list(&mut self, first: usize, line: Line) -> Plainly<(Bound<'py, PyAny>, usize)> {
        self.check_depth()?;
        let list = PyList::empty(self.py);
        let mut position = self.skip_spaces(first + 1, line.end);
        if self.byte(position, line) != Some(b']') {
            loop {
                let (item, after) = self.flow_scalar(position, line)?;
                list.append(item)?;
                position = self.skip_spaces(after, line.end);
                match self.byte(position, line) {
                    Some(b',') => position = self.skip_spaces(position + 1, line.end),
                    Some(b']') => break,
                    _ => return Err(Odd),
                }
            }
        }
        self.check_end(position + 1, line)?;
        Ok((list.into_any(), line.end + 1))
    }

    fn flow_mapping(&mut self, first: usize, line: Line) -> Plainly<(Bound<'py, PyAny>, usize)> {
        self.check_depth()?;
        let mapping = PyDict::new(self.py);
        let mut position = self.skip_spaces(first + 1, line.end);
        if self.byte(position, line) != Some(b'}') {
            loop {
                let (key, after) = self.flow_key(position, line)?;
                if mapping.contains(&key)? {
                    return Err(Odd);
                }
                let (value, after) = self.flow_scalar(self.skip_spaces(after, line.end), line)?;
                mapping.set_item(key, value)?;
                position = self.skip_spaces(after, line.end);
                match self.byte(position, line) {
                    Some(b',') => position = self.skip_spaces(position + 1, line.end),
                    Some(b'}') => break,
                    _ => return Err(Odd),
                }
            }
        }
        self.check_end(position + 1, line)?;
        Ok((mapping.into_any(), line.end + 1))
    }

    /// A plain key in braces, and what follows its colon, which a space must follow.
    fn flow_key(&mut self, first: usize, line: Line) -> Plainly<(Bound<'py, PyAny>, usize)> {
        let end = self.flow_word_end(first, line);
        let is_key = self.byte(end, line) == Some(b':') && self.byte(end + 1, line) == Some(b' ');
        if !is_key || end == first || matches!(self.bytes[first], b'-' | b'%') {
            return Err(Odd);
        }
        Ok((self.plain_key(first, end)?, end + 1))
    }

    /// A scalar in brackets, and what follows it.
    fn flow_scalar(&mut self, first: usize, line: Line) -> Plainly<(Bound<'py, PyAny>, usize)> {
        if matches!(self.byte(first, line), Some(b'"' | b'\'')) {
            let end = self.closing_quote(first, line).ok_or(Odd)?;
            return Ok((self.string(first + 1, end), end + 1));
        }
        let end = self.flow_word_end(first, line);
        let starts_well = self.bytes[first..end].iter().find(|&&byte| byte != b'-');
        if !starts_well.is_some_and(|&byte| byte != b'%' && byte != b'=') {
            return Err(Odd);
        }
        Ok((plain(self.py, &self.text[first..end], self.reading)?, end))
    }

    /// The end of the characters at `first` that mean nothing to YAML anywhere.
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

    /// Where the text from `start` ends without the spaces before `end`.
    fn before_spaces(&self, start: usize, end: usize) -> usize {
        let spaces = self.bytes[start..end].iter().rev().take_while(|&&byte| byte == b' ').count();
        end - spaces
    }

    /// Whether a `-` that starts a list item stands at `position`.
    fn is_dash(&self, position: usize, end: usize) -> bool {
        self.bytes[..end].get(position) == Some(&b'-')
            && matches!(self.bytes[..end].get(position + 1), Some(b' ') | None)
    }

    /// Whether a `-` that starts a plain scalar stands at `position`.
    fn is_minus(&self, position: usize, end: usize) -> bool {
        self.bytes[position] == b'-' && !self.is_dash(position, end)
    }

    /// Whether a `:` that ends a key stands at `position`.
    fn is_colon(&self, position: usize, end: usize) -> bool {
        self.bytes[..end].get(position) == Some(&b':')
            && matches!(self.bytes[..end].get(position + 1), Some(b' ') | None)
    }

    /// Refuse anything but a comment between `position` and the end of the line.
    fn check_end(&self, position: usize, line: Line) -> Plainly<()> {
        let first = self.skip_spaces(position, line.end);
        if first == line.end || (self.bytes[first] == b'#' && first > position) {
            Ok(())
        } else {
            Err(Odd)
        }
    }

    fn refuse_tabs(&self, line: Line) -> Plainly<()> {
        if self.has_tabs && memchr(b'\t', &self.bytes[line.start..line.end]).is_some() {
            return Err(Odd);
        }
        Ok(())
    }
}

/// Whether a scalar that starts with `byte` can be nothing but a plain one.
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

/// What `breaks` line breaks within a scalar are: a space, or one break less.
fn push_breaks(joined: &mut String, breaks: usize) {
    if breaks == 1 {
        joined.push(' ');
    }
    for _ in 1..breaks {
        joined.push('\n');
    }
}
