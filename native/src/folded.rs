//! A `>` text as it is after kyaml has printed and parsed it once more, which adds lines before indented ones.
//!
//! Source: go.yaml.in/yaml/v3 emitterc.go, yaml_emitter_write_folded_scalar, which looks at the start of the text
//! where the current place is meant.

use std::borrow::Cow;

use crate::error::YamlResult;
use crate::parser::{Kind, Parser};

/// `text` as kyaml's second reading gives it.
pub fn refolded(text: &str) -> YamlResult<Cow<'_, str>> {
    if !is_odd(text) || keeps_from_block(text) {
        return Ok(Cow::Borrowed(text));
    }
    let printed = printed_folded(text);
    let mut parser = Parser::new(printed.as_bytes());
    for _ in 0..4 {
        parser.next_event()?; // the starts of the stream, the document and the mapping, and the key
    }
    Ok(match parser.next_event()?.kind {
        Kind::Scalar(scalar) => Cow::Owned(scalar.text.to_string()),
        _ => Cow::Borrowed(text),
    })
}

/// Whether a line, or the whole text, starts with a space, or the text ends in empty lines.
fn is_odd(text: &str) -> bool {
    text.starts_with([' ', '\t', '\n'])
        || text.contains("\n ")
        || text.contains("\n\t")
        || text.ends_with("\n\n")
}

/// What keeps go-yaml v3 from printing a text as a block.
fn keeps_from_block(text: &str) -> bool {
    text.ends_with(' ')
        || text.contains(" \n")
        || text.contains(" \u{2028}")
        || text.contains(" \u{2029}")
        || text.chars().any(is_special)
}

/// What the emitter's is_printable refuses, but for tabs and line breaks.
fn is_special(each: char) -> bool {
    matches!(each,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        | '\u{10000}'..)
}

fn printed_folded(text: &str) -> String {
    let widened = !text.trim_start_matches('\n').starts_with([' ', '\t'])
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
        if widened && !line.starts_with([' ', '\t']) && !is_last {
            printed.push('\n');
        }
    }
    printed
}

/// The indicator that tells what becomes of the line breaks at the end of a block with this text.
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
