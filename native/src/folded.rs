//! Folded (`>`) text as kyaml returns it after printing and parsing it once more.
//!
//! go-yaml v3's emitter adds empty lines before indented lines, because it looks at the start of the text where it
//! means the current position. Rust version of `_refold` in `kmanifest/yaml/readers.py`.
//! Source: go.yaml.in/yaml/v3 emitterc.go, yaml_emitter_write_folded_scalar.

use std::borrow::Cow;

use crate::error::YamlResult;
use crate::parser::{EventKind, Parser};

/// `text` after kyaml has printed and parsed it once more.
pub fn refold(text: &str) -> YamlResult<Cow<'_, str>> {
    if !changes_when_refolded(text) || prevents_block(text) {
        return Ok(Cow::Borrowed(text));
    }
    let printed = print_folded(text);
    let mut parser = Parser::new(printed.as_bytes(), None);
    for _ in 0..4 {
        parser.next_event()?; // the starts of the stream, the document and the mapping, and the key
    }
    Ok(match parser.next_event()?.kind {
        EventKind::Scalar(scalar) => Cow::Owned(scalar.text.to_string()),
        _ => Cow::Borrowed(text),
    })
}

/// Whether a line starts with a space or tab, or the text starts or ends with an empty line. Other strings stay the
/// same.
fn changes_when_refolded(text: &str) -> bool {
    text.starts_with([' ', '\t', '\n'])
        || text.contains("\n ")
        || text.contains("\n\t")
        || text.ends_with("\n\n")
}

/// Whether go-yaml v3 does not print `text` as a block: spaces before line breaks or at the end, unprintable
/// characters.
fn prevents_block(text: &str) -> bool {
    text.ends_with(' ')
        || text.contains(" \n")
        || text.contains(" \u{2028}")
        || text.contains(" \u{2029}")
        || text.chars().any(is_special)
}

/// Whether the emitter's is_printable refuses a character; tabs and line breaks excluded.
fn is_special(character: char) -> bool {
    matches!(character,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        | '\u{10000}'..)
}

/// The entry `k: text` as go-yaml v3 prints it.
fn print_folded(text: &str) -> String {
    let adds_lines = !text.trim_start_matches('\n').starts_with([' ', '\t'])
        && !text.trim_start_matches('\n').is_empty();
    let body = text.strip_suffix('\n').unwrap_or(text);
    let mut printed =
        format!("k: >{}{}\n", if text.starts_with(['\n', ' ']) { "2" } else { "" }, chomping(text));
    let mut lines = body.split('\n').peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            printed.push('\n');
            continue;
        }
        printed.push_str("  ");
        printed.push_str(line);
        printed.push('\n');
        let is_last = lines.peek().is_none() && !text.ends_with('\n');
        if adds_lines && !line.starts_with([' ', '\t']) && !is_last {
            printed.push('\n');
        }
    }
    printed
}

/// The chomping indicator of a block with this text: how many of its final line breaks are kept.
fn chomping(text: &str) -> &'static str {
    let is_break = |each: &char| matches!(each, '\n' | '\u{2028}' | '\u{2029}');
    let mut last = text.chars().rev();
    match (last.next().filter(is_break), last.next()) {
        (None, _) => "-",
        (Some(_), None) => "+",
        (Some(_), Some(before)) if is_break(&before) => "+",
        _ => "",
    }
}
