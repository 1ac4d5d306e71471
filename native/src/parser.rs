//! libyaml's events, safely: one at a time, each borrowed until the next one is asked for.
//!
//! `unsafe-libyaml` is libyaml 0.2.5 in Rust, the parser that PyYAML binds and that go-yaml was ported from. It does
//! not recurse, and its scanner reads no more than 1,024 characters ahead of the event that it hands out.

use std::ffi::{c_char, CStr};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::addr_of_mut;

use unsafe_libyaml as unsafe_sys;

use crate::error::{Place, YamlError, YamlResult};

pub struct Event<'a> {
    pub kind: Kind<'a>,
    pub place: Place,
    /// Where it stands, in bytes of the input after its byte order mark.
    pub span: Range<usize>,
}

pub enum Kind<'a> {
    StreamStart,
    StreamEnd,
    /// With the version of a `%YAML` directive.
    DocumentStart(Option<(i32, i32)>),
    DocumentEnd,
    Alias(&'a str),
    Scalar(Scalar<'a>),
    SequenceStart(Container<'a>),
    SequenceEnd,
    MappingStart(Container<'a>),
    MappingEnd,
}

pub struct Scalar<'a> {
    pub text: &'a str,
    pub style: Style,
    pub tag: Option<&'a str>,
    pub anchor: Option<&'a str>,
}

pub struct Container<'a> {
    pub anchor: Option<&'a str>,
    /// Whether it is written in brackets.
    pub flow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    Plain,
    DoubleQuoted,
    Folded,
    /// Single quotes, or a literal block.
    Other,
}

pub struct Parser<'d> {
    /// On the heap, because libyaml keeps the addresses of its own fields.
    parser: Box<MaybeUninit<unsafe_sys::yaml_parser_t>>,
    event: Option<unsafe_sys::yaml_event_t>,
    data: &'d [u8],
}

impl<'d> Parser<'d> {
    pub fn new(data: &'d [u8]) -> Parser<'d> {
        let mut parser = Box::new(MaybeUninit::uninit());
        // SAFETY: initialize fills the whole structure; `data` outlives the parser by the lifetime 'd.
        unsafe {
            assert!(unsafe_sys::yaml_parser_initialize(parser.as_mut_ptr()).ok, "no memory");
            let input = if data.is_empty() { c"".as_ptr().cast() } else { data.as_ptr() };
            unsafe_sys::yaml_parser_set_input_string(parser.as_mut_ptr(), input, data.len() as u64);
        }
        Parser { parser, event: None, data }
    }

    /// The next event; what an earlier one borrowed is gone.
    pub fn next_event(&mut self) -> YamlResult<Event<'_>> {
        self.forget_event();
        let mut made = MaybeUninit::<unsafe_sys::yaml_event_t>::uninit();
        // SAFETY: the parser is initialized, and parse fills the event where it succeeds.
        let event = unsafe {
            if !unsafe_sys::yaml_parser_parse(self.parser.as_mut_ptr(), made.as_mut_ptr()).ok {
                return Err(self.error());
            }
            self.event.insert(made.assume_init())
        };
        let (start, end) = (event.start_mark, event.end_mark);
        Ok(Event {
            // SAFETY: the event is a complete one, and it lives until this parser is borrowed again.
            kind: unsafe { kind_of(event)? },
            place: place_of(start),
            span: start.index as usize..end.index as usize,
        })
    }

    fn forget_event(&mut self) {
        if let Some(mut event) = self.event.take() {
            // SAFETY: it came from parse, and `take` sees to it that it is deleted once.
            unsafe { unsafe_sys::yaml_event_delete(addr_of_mut!(event)) };
        }
    }

    /// What libyaml found wrong, with its place.
    fn error(&self) -> YamlError {
        // SAFETY: the parser is initialized; the problem is a static string of libyaml's or null.
        let (kind, problem, mark, offset) = unsafe {
            let parser = &*self.parser.as_ptr();
            let problem = text_at(parser.problem).unwrap_or("not YAML");
            (parser.error, problem, parser.problem_mark, parser.problem_offset)
        };
        let place = match kind {
            unsafe_sys::YAML_READER_ERROR => self.place_of_byte(offset as usize),
            _ => place_of(mark),
        };
        YamlError::source(problem).at(place)
    }

    fn place_of_byte(&self, offset: usize) -> Place {
        let before = &self.data[..offset.min(self.data.len())];
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Place { line, column, document: None }
    }
}

impl Drop for Parser<'_> {
    fn drop(&mut self) {
        self.forget_event();
        // SAFETY: initialized in `new`, deleted nowhere else.
        unsafe { unsafe_sys::yaml_parser_delete(self.parser.as_mut_ptr()) };
    }
}

fn place_of(mark: unsafe_sys::yaml_mark_t) -> Place {
    Place { line: mark.line as usize + 1, column: mark.column as usize + 1, document: None }
}

/// SAFETY: `event` is one that libyaml has filled, and is not deleted while the result is used.
unsafe fn kind_of(event: &unsafe_sys::yaml_event_t) -> YamlResult<Kind<'_>> {
    Ok(match event.type_ {
        unsafe_sys::YAML_STREAM_START_EVENT => Kind::StreamStart,
        unsafe_sys::YAML_DOCUMENT_START_EVENT => {
            let version = event.data.document_start.version_directive;
            Kind::DocumentStart(version.as_ref().map(|found| (found.major, found.minor)))
        }
        unsafe_sys::YAML_DOCUMENT_END_EVENT => Kind::DocumentEnd,
        unsafe_sys::YAML_ALIAS_EVENT => {
            Kind::Alias(name_at(event.data.alias.anchor)?.unwrap_or_default())
        }
        unsafe_sys::YAML_SCALAR_EVENT => {
            let scalar = &event.data.scalar;
            let bytes = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
            Kind::Scalar(Scalar {
                text: std::str::from_utf8(bytes).map_err(|_| not_utf8())?,
                style: style_of(scalar.style),
                tag: name_at(scalar.tag)?,
                anchor: name_at(scalar.anchor)?,
            })
        }
        unsafe_sys::YAML_SEQUENCE_START_EVENT => {
            let start = &event.data.sequence_start;
            name_at(start.tag)?;
            let flow = start.style == unsafe_sys::YAML_FLOW_SEQUENCE_STYLE;
            Kind::SequenceStart(Container { anchor: name_at(start.anchor)?, flow })
        }
        unsafe_sys::YAML_SEQUENCE_END_EVENT => Kind::SequenceEnd,
        unsafe_sys::YAML_MAPPING_START_EVENT => {
            let start = &event.data.mapping_start;
            name_at(start.tag)?;
            let flow = start.style == unsafe_sys::YAML_FLOW_MAPPING_STYLE;
            Kind::MappingStart(Container { anchor: name_at(start.anchor)?, flow })
        }
        unsafe_sys::YAML_MAPPING_END_EVENT => Kind::MappingEnd,
        _ => Kind::StreamEnd,
    })
}

fn style_of(style: unsafe_sys::yaml_scalar_style_t) -> Style {
    match style {
        unsafe_sys::YAML_PLAIN_SCALAR_STYLE => Style::Plain,
        unsafe_sys::YAML_DOUBLE_QUOTED_SCALAR_STYLE => Style::DoubleQuoted,
        unsafe_sys::YAML_FOLDED_SCALAR_STYLE => Style::Folded,
        _ => Style::Other,
    }
}

/// A tag or an anchor; escapes in a tag can make it something else than UTF-8.
///
/// SAFETY: `name` is null or a string of libyaml's that lives as long as the result is used.
unsafe fn name_at<'a>(name: *const u8) -> YamlResult<Option<&'a str>> {
    if name.is_null() {
        return Ok(None);
    }
    CStr::from_ptr(name.cast::<c_char>()).to_str().map(Some).map_err(|_| not_utf8())
}

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

/// Refuse `\/` in double quotes, which libyaml takes for a slash and go-yaml for an unknown escape.
///
/// Source: go-yaml scannerc.go, yaml_parser_scan_flow_scalar.
pub fn refuse_slash_escapes(data: &[u8]) -> YamlResult<()> {
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let mut parser = Parser::new(data);
    loop {
        let event = parser.next_event()?;
        match event.kind {
            Kind::StreamEnd | Kind::DocumentEnd => return Ok(()),
            Kind::Scalar(Scalar { style: Style::DoubleQuoted, .. })
                if text.get(event.span.clone()).is_some_and(has_slash_escape) =>
            {
                let message = "unknown escape `\\/` in double quotes: write `/`";
                return Err(YamlError::source(message).at(event.place));
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
