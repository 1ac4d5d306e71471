//! A safe interface to libyaml's events. Each event is borrowed until the next one is read.
//!
//! `unsafe-libyaml` is libyaml 0.2.5 in Rust, the parser that PyYAML binds and that go-yaml was ported from. It does
//! not recurse, and its scanner reads at most 1,024 characters ahead of the event that it returns.

use std::ffi::{c_char, CStr};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::addr_of_mut;

use unsafe_libyaml as unsafe_sys;

use crate::clock::Clock;
use crate::error::{Location, YamlError, YamlResult};

pub struct Event<'a> {
    pub kind: EventKind<'a>,
    pub location: Location,
    /// Its bytes in the input, counted after a byte order mark.
    pub span: Range<usize>,
}

pub enum EventKind<'a> {
    StreamStart,
    StreamEnd,
    /// The version of a `%YAML` directive, if there is one.
    DocumentStart(Option<(i32, i32)>),
    DocumentEnd,
    Alias(&'a str),
    Scalar(ScalarEvent<'a>),
    SequenceStart(ContainerEvent<'a>),
    SequenceEnd,
    MappingStart(ContainerEvent<'a>),
    MappingEnd,
}

pub struct ScalarEvent<'a> {
    pub text: &'a str,
    pub style: ScalarStyle,
    pub tag: Option<&'a str>,
    pub anchor: Option<&'a str>,
}

pub struct ContainerEvent<'a> {
    pub anchor: Option<&'a str>,
    /// Whether it is written in brackets or braces.
    pub flow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScalarStyle {
    Plain,
    DoubleQuoted,
    Folded,
    /// Single quotes, or a literal block.
    Other,
}

/// In a document with many levels an event takes up to three microseconds.
const EVENTS_PER_CHECK: usize = 1024;

pub struct Parser<'d> {
    /// On the heap, because libyaml stores the addresses of fields of this structure.
    parser: Box<MaybeUninit<unsafe_sys::yaml_parser_t>>,
    event: Option<unsafe_sys::yaml_event_t>,
    /// Whether the latest event started a mapping.
    is_new_mapping: bool,
    data: &'d [u8],
    clock: Option<Clock<'d>>,
    events: usize,
}

impl<'d> Parser<'d> {
    /// A parser of `data`. With a `clock`, it ends at the deadline.
    pub fn new(data: &'d [u8], clock: Option<Clock<'d>>) -> Parser<'d> {
        let mut parser = Box::new(MaybeUninit::uninit());
        // SAFETY: initialize fills the whole structure; `data` outlives the parser by the lifetime 'd.
        unsafe {
            assert!(unsafe_sys::yaml_parser_initialize(parser.as_mut_ptr()).ok, "no memory");
            let input = if data.is_empty() { c"".as_ptr().cast() } else { data.as_ptr() };
            unsafe_sys::yaml_parser_set_input_string(parser.as_mut_ptr(), input, data.len() as u64);
        }
        Parser { parser, event: None, is_new_mapping: false, data, clock, events: 0 }
    }

    /// Read the next event. The earlier event is deleted.
    pub fn next_event(&mut self) -> YamlResult<Event<'_>> {
        self.delete_event();
        self.events += 1;
        if self.events % EVENTS_PER_CHECK == 1 {
            if let Some(clock) = self.clock {
                clock.check()?;
            }
        }
        let mut new_event = MaybeUninit::<unsafe_sys::yaml_event_t>::uninit();
        // SAFETY: the parser is initialized, and parse fills the event if it succeeds.
        let event = unsafe {
            if !unsafe_sys::yaml_parser_parse(self.parser.as_mut_ptr(), new_event.as_mut_ptr()).ok {
                return Err(self.parse_error());
            }
            self.event.insert(new_event.assume_init())
        };
        let (start, end) = (event.start_mark, event.end_mark);
        let is_first_key = std::mem::replace(
            &mut self.is_new_mapping,
            event.type_ == unsafe_sys::YAML_MAPPING_START_EVENT,
        );
        let mut location = location_of(start);
        if is_first_key && start.index == end.index && is_after_bracket(self.data, &location) {
            location.column -= 1; // `[?]`: libyaml has the location of the bracket here
        }
        Ok(Event {
            // SAFETY: the event is complete, and it lives until this parser is borrowed again.
            kind: unsafe { event_kind(event)? },
            location,
            span: start.index as usize..end.index as usize,
        })
    }

    fn delete_event(&mut self) {
        if let Some(mut event) = self.event.take() {
            // SAFETY: it came from parse, and `take` ensures that it is deleted once.
            unsafe { unsafe_sys::yaml_event_delete(addr_of_mut!(event)) };
        }
    }

    /// The error that libyaml reports, with its location.
    fn parse_error(&self) -> YamlError {
        // SAFETY: the parser is initialized; the problem is null or a static string in libyaml.
        let (kind, problem, mark, offset) = unsafe {
            let parser = &*self.parser.as_ptr();
            let problem = text_at(parser.problem).unwrap_or("not YAML");
            (parser.error, problem, parser.problem_mark, parser.problem_offset)
        };
        let location = match kind {
            unsafe_sys::YAML_READER_ERROR => self.location_of_byte(offset as usize),
            _ => location_of(mark),
        };
        YamlError::source(problem).at(location)
    }

    fn location_of_byte(&self, offset: usize) -> Location {
        let before = &self.data[..offset.min(self.data.len())];
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Location { line, column, document: None }
    }
}

impl Drop for Parser<'_> {
    fn drop(&mut self) {
        self.delete_event();
        // SAFETY: the parser was initialized in `new` and is deleted nowhere else.
        unsafe { unsafe_sys::yaml_parser_delete(self.parser.as_mut_ptr()) };
    }
}

/// Whether the character before a location is `]`.
fn is_after_bracket(data: &[u8], location: &Location) -> bool {
    let line = data.split(|byte| *byte == b'\n').nth(location.line - 1).unwrap_or_default();
    String::from_utf8_lossy(line).chars().nth(location.column.wrapping_sub(2)) == Some(']')
}

fn location_of(mark: unsafe_sys::yaml_mark_t) -> Location {
    Location { line: mark.line as usize + 1, column: mark.column as usize + 1, document: None }
}

/// SAFETY: libyaml must have filled `event`, and it must not be deleted while the result is used.
unsafe fn event_kind(event: &unsafe_sys::yaml_event_t) -> YamlResult<EventKind<'_>> {
    Ok(match event.type_ {
        unsafe_sys::YAML_STREAM_START_EVENT => EventKind::StreamStart,
        unsafe_sys::YAML_DOCUMENT_START_EVENT => {
            let version = event.data.document_start.version_directive;
            EventKind::DocumentStart(version.as_ref().map(|version| (version.major, version.minor)))
        }
        unsafe_sys::YAML_DOCUMENT_END_EVENT => EventKind::DocumentEnd,
        unsafe_sys::YAML_ALIAS_EVENT => {
            EventKind::Alias(name_at(event.data.alias.anchor)?.unwrap_or_default())
        }
        unsafe_sys::YAML_SCALAR_EVENT => {
            let scalar = &event.data.scalar;
            let bytes = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
            EventKind::Scalar(ScalarEvent {
                text: std::str::from_utf8(bytes).map_err(|_| not_utf8())?,
                style: scalar_style(scalar.style),
                tag: name_at(scalar.tag)?,
                anchor: name_at(scalar.anchor)?,
            })
        }
        unsafe_sys::YAML_SEQUENCE_START_EVENT => {
            let start = &event.data.sequence_start;
            name_at(start.tag)?;
            let flow = start.style == unsafe_sys::YAML_FLOW_SEQUENCE_STYLE;
            EventKind::SequenceStart(ContainerEvent { anchor: name_at(start.anchor)?, flow })
        }
        unsafe_sys::YAML_SEQUENCE_END_EVENT => EventKind::SequenceEnd,
        unsafe_sys::YAML_MAPPING_START_EVENT => {
            let start = &event.data.mapping_start;
            name_at(start.tag)?;
            let flow = start.style == unsafe_sys::YAML_FLOW_MAPPING_STYLE;
            EventKind::MappingStart(ContainerEvent { anchor: name_at(start.anchor)?, flow })
        }
        unsafe_sys::YAML_MAPPING_END_EVENT => EventKind::MappingEnd,
        _ => EventKind::StreamEnd,
    })
}

fn scalar_style(style: unsafe_sys::yaml_scalar_style_t) -> ScalarStyle {
    match style {
        unsafe_sys::YAML_PLAIN_SCALAR_STYLE => ScalarStyle::Plain,
        unsafe_sys::YAML_DOUBLE_QUOTED_SCALAR_STYLE => ScalarStyle::DoubleQuoted,
        unsafe_sys::YAML_FOLDED_SCALAR_STYLE => ScalarStyle::Folded,
        _ => ScalarStyle::Other,
    }
}

/// A tag or an anchor. Escapes in a tag can spell bytes that are not UTF-8.
///
/// SAFETY: `name` must be null or a string of libyaml that lives as long as the result.
unsafe fn name_at<'a>(name: *const u8) -> YamlResult<Option<&'a str>> {
    if name.is_null() {
        return Ok(None);
    }
    CStr::from_ptr(name.cast::<c_char>()).to_str().map(Some).map_err(|_| not_utf8())
}

/// A string of libyaml.
///
/// SAFETY: as for `name_at`.
unsafe fn text_at<'a>(text: *const i8) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    CStr::from_ptr(text.cast::<c_char>()).to_str().ok()
}

fn not_utf8() -> YamlError {
    YamlError::source("a tag is not UTF-8")
}

/// Refuse `\/` in double quotes. libyaml reads it as a slash, but for go-yaml it is an unknown escape.
///
/// Source: go-yaml scannerc.go, yaml_parser_scan_flow_scalar.
pub fn refuse_slash_escapes(data: &[u8], clock: Clock<'_>) -> YamlResult<()> {
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let mut parser = Parser::new(data, Some(clock));
    loop {
        let event = parser.next_event()?;
        match event.kind {
            EventKind::StreamEnd | EventKind::DocumentEnd => return Ok(()),
            EventKind::Scalar(ScalarEvent { style: ScalarStyle::DoubleQuoted, .. })
                if text.get(event.span.clone()).is_some_and(has_slash_escape) =>
            {
                let message = "unknown escape `\\/` in double quotes: write `/`";
                return Err(YamlError::source(message).at(event.location));
            }
            _ => {}
        }
    }
}

fn has_slash_escape(quoted: &[u8]) -> bool {
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' && bytes.next() == Some(&b'/') {
            return true;
        }
    }
    false
}
