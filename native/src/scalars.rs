//! How one scalar is printed: the choice of style, the escapes and the folding of go-yaml v2's emitter; the Rust version of
//! `kmanifest/yaml/scalars.py`.
//!
//! Texts are bytes: UTF-8 in which the lone surrogates that a `str` of Python may hold are written as three bytes,
//! until `examine` has refused them. One pass over a text collects marks (what kinds of characters it has), by which
//! nearly every text is known to need no closer look.
//!
//! Source: go.yaml.in/yaml/v2 v2.4.4 encode.go, stringv and floatv; emitterc.go, yaml_emitter_analyze_scalar to
//! yaml_emitter_write_literal_scalar.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use crate::error::{YamlError, YamlResult};
use crate::numbers::{general_number, whole_number};
use crate::output_text::{count_characters, OutputText};
use crate::resolve::is_plain_string;

/// A line is folded at the first space beyond this column (best_width).
const WIDTH: usize = 80;
/// Bytes; yaml/v2 emitterc.go, yaml_emitter_check_simple_key.
const MAX_SIMPLE_KEY: usize = 128;
/// Characters between its quotes; scannerc.go, yaml_simple_key_is_valid, on the way through JSON.
const MAX_JSON_KEY: usize = 1022;

/// What kinds of characters a text has, as bits.
pub type Marks = u16;

const SPACE: Marks = 1;
const COLON: Marks = 1 << 1;
const HASH: Marks = 1 << 2;
const QUOTE: Marks = 1 << 3;
/// `"` and `\`.
const ESCAPED: Marks = 1 << 4;
const NEWLINE: Marks = 1 << 5;
/// The other control characters of ASCII but U+007F.
const CONTROL: Marks = 1 << 6;
/// What may be refused, a NEL, a line break or a byte order mark: U+007F, and bytes that begin such characters.
const SUSPECT: Marks = 1 << 7;
/// Beyond U+FFFF, which go-yaml escapes.
const ASTRAL: Marks = 1 << 8;
/// Beyond ASCII: characters are not bytes.
const WIDE: Marks = 1 << 9;
/// What no number, date or time has.
const NO_NUMBER: Marks = 1 << 10;
/// What is neither an ASCII letter nor one of the characters before them, digits aside.
const UNORDERED: Marks = 1 << 11;

/// With none of these, only the style is to be chosen.
const UNUSUAL: Marks = NEWLINE | CONTROL | SUSPECT | ASTRAL;

static MARKS: [Marks; 256] = marks_of_bytes();

const fn marks_of_bytes() -> [Marks; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = marks_of(byte as u8);
        byte += 1;
    }
    table
}

const fn marks_of(byte: u8) -> Marks {
    let kind = match byte {
        b' ' => SPACE,
        b':' => COLON,
        b'#' => HASH,
        b'\'' => QUOTE,
        b'"' | b'\\' => ESCAPED,
        b'\n' => NEWLINE,
        0..=0x1F => CONTROL,
        0x7F => SUSPECT,
        0xC2 | 0xE2 | 0xED | 0xEF => SUSPECT | WIDE,
        0xF0..=0xFF => ASTRAL | WIDE,
        0x80..=0xFF => WIDE,
        _ => 0,
    };
    let numeric = matches!(
        byte,
        b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' | b'o' | b'O' | b'_' | b'+' | b'-'
            | b'.' | b':' | b',' | b'T' | b't' | b'Z' | b' '
    );
    let ordered = byte.is_ascii_alphabetic() || matches!(byte, b' '..=b'/' | b':'..=b'@');
    kind | if numeric { 0 } else { NO_NUMBER } | if ordered { 0 } else { UNORDERED }
}

/// The kinds of characters in `text`.
#[inline]
pub fn marks(text: &[u8]) -> Marks {
    let mut chunks = text.chunks_exact(4);
    let mut found = 0;
    for chunk in &mut chunks {
        found |= MARKS[usize::from(chunk[0])]
            | MARKS[usize::from(chunk[1])]
            | MARKS[usize::from(chunk[2])]
            | MARKS[usize::from(chunk[3])];
    }
    chunks.remainder().iter().fold(found, |found, &byte| found | MARKS[usize::from(byte)])
}

/// Whether keys with these marks are in go-yaml's order when they are in that of their code points.
pub fn are_ordered(marks: Marks) -> bool {
    marks & UNORDERED == 0
}

/// Where a scalar starts, and where its further lines do.
#[derive(Clone, Copy)]
pub struct Spot {
    pub column: usize,
    pub indent: usize,
}

/// Write a text and the break of its line.
#[inline]
pub fn write_text(
    output: &mut OutputText,
    text: &[u8],
    marks: Marks,
    spot: Spot,
) -> YamlResult<()> {
    let start = output.text.len();
    let unwritten = write_line(output, text, marks)?;
    if let Some(block) = unwritten {
        return write_block(output, &block, spot);
    }
    if width(output, start, marks) + spot.column > WIDTH {
        fold_from(output, start, spot)?;
    }
    output.text.push(b'\n');
    Ok(())
}

/// Write a key up to its colon; how many columns it takes, None if it can't stand before a colon.
#[inline]
pub fn write_key(output: &mut OutputText, key: &[u8], marks: Marks) -> YamlResult<Option<usize>> {
    if (marks & UNUSUAL != 0 || key.len() > MAX_SIMPLE_KEY) && !is_simple_key(key)? {
        return Ok(None);
    }
    let start = output.text.len();
    write_line(output, key, marks)?;
    Ok(Some(width(output, start, marks)))
}

fn is_simple_key(key: &[u8]) -> YamlResult<bool> {
    if memmem::find(key, NEL).is_some() {
        return Err(YamlError::source("the character U+0085 is not allowed in a key"));
    }
    let has_break =
        (0..key.len()).any(|index| key[index] == b'\r' || break_at(&key[index..]).is_some());
    if !has_break && key.len() <= MAX_SIMPLE_KEY {
        return Ok(true);
    }
    let characters = count_characters(key);
    if characters + 5 * long_in_json(key) > MAX_JSON_KEY {
        return Err(YamlError::source(format!("a key of {characters} characters is too long")));
    }
    Ok(false)
}

/// How many characters JSON writes with six: `\u0000`.
fn long_in_json(key: &[u8]) -> usize {
    let ascii = key
        .iter()
        .filter(|byte| matches!(byte, 0..=7 | 0x0B | 0x0E..=0x1F | b'<' | b'>' | b'&'))
        .count();
    ascii
        + memmem::find_iter(key, b"\xE2\x80\xA8").count()
        + memmem::find_iter(key, b"\xE2\x80\xA9").count()
}

/// How many columns what is written from `start` on takes.
#[inline]
fn width(output: &OutputText, start: usize, marks: Marks) -> usize {
    let line = &output.text[start..];
    if marks & WIDE == 0 {
        line.len()
    } else {
        count_characters(line)
    }
}

// --- the choice of style ---------------------------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// Write `text` on one line, unfolded, in the style that it gets; where that depends on the place, nothing is written
/// and the text (as it came out of JSON) is for `write_block`.
#[inline]
fn write_line<'a>(
    output: &mut OutputText,
    text: &'a [u8],
    marks: Marks,
) -> YamlResult<Option<Cow<'a, [u8]>>> {
    if marks & UNUSUAL != 0 {
        return write_unusual(output, text, marks);
    }
    write_styled(output, text, marks);
    Ok(None)
}

/// Write a text without line breaks and without what must be escaped.
#[inline]
fn write_styled(output: &mut OutputText, text: &[u8], marks: Marks) {
    match style(text, marks) {
        Style::Plain => output.push(text),
        Style::Single => write_single(output, text, marks),
        Style::Double => write_double(output, text),
    }
}

#[inline]
fn style(text: &[u8], marks: Marks) -> Style {
    let (Some(&first), Some(&last)) = (text.first(), text.last()) else {
        return Style::Double;
    };
    if !is_string(text, first, marks) {
        return Style::Double;
    }
    let plain = !is_reserved_start(text, first)
        && last != b':'
        && last != b' '
        && (marks & SPACE == 0
            || ((marks & COLON == 0 || !colon_before_space(text))
                && (marks & HASH == 0 || !hash_after_space(text))));
    if plain {
        Style::Plain
    } else {
        Style::Single
    }
}

/// Whether `text` needs no quotes to be a string, for go-yaml and for YAML 1.1, which has numbers to the base 60.
#[inline]
fn is_string(text: &[u8], first: u8, marks: Marks) -> bool {
    match first {
        b'0'..=b'9' => marks & NO_NUMBER != 0 || is_no_number(text),
        b'+' | b'-' | b'.' => is_no_number(text),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            text.len() > 5 || is_no_number(text)
        }
        _ => true,
    }
}

fn is_no_number(text: &[u8]) -> bool {
    if text.len() < 18 && text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    // What is not UTF-8 has been refused before this is asked.
    std::str::from_utf8(text).map_or(true, is_plain_string) && !is_base60(text)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base60(text: &[u8]) -> bool {
    let unsigned = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let (whole, fraction) = match memchr(b'.', unsigned) {
        Some(point) => (&unsigned[..point], &unsigned[point + 1..]),
        None => (unsigned, &unsigned[..0]),
    };
    let mut parts = whole.split(|&byte| byte == b':');
    let head = parts.next().unwrap_or_default();
    let mut tail = parts.peekable();
    head.first().is_some_and(u8::is_ascii_digit)
        && head.iter().all(is_part)
        && tail.peek().is_some()
        && tail.all(|part| matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
        && fraction.iter().all(is_part)
}

#[inline]
fn is_reserved_start(text: &[u8], first: u8) -> bool {
    match first {
        b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
        | b'"' | b'%' | b'@' | b'`' | b' ' => true,
        b'?' | b':' | b'-' => text.len() == 1 || text[1] == b' ' || text.starts_with(b"---"),
        b'.' => text.starts_with(b"..."),
        _ => false,
    }
}

fn colon_before_space(text: &[u8]) -> bool {
    memchr_iter(b':', text).any(|index| text.get(index + 1) == Some(&b' '))
}

fn hash_after_space(text: &[u8]) -> bool {
    memchr_iter(b'#', text).any(|index| index > 0 && text[index - 1] == b' ')
}

// --- texts with line breaks or characters that YAML or go-yaml does not print ----------------------------------------

const NEL: &[u8] = b"\xC2\x85";

/// What `examine` finds in a text.
#[derive(Default)]
struct Found {
    nel: bool,
    /// U+2028 or U+2029, which the emitter takes for line breaks.
    breaks: bool,
    /// U+FEFF or characters beyond U+FFFF.
    special: bool,
}

/// The unusual characters of `text`. Raises SourceError for those that YAML does not allow, as kustomize does for the
/// whole build.
fn examine(text: &[u8]) -> YamlResult<Found> {
    let mut found = Found::default();
    for (index, &byte) in text.iter().enumerate() {
        if MARKS[usize::from(byte)] & (SUSPECT | ASTRAL) == 0 {
            continue;
        }
        match &text[index..] {
            [0xC2, 0x85, ..] => found.nel = true,
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => found.breaks = true,
            [0xEF, 0xBB, 0xBF, ..] | [0xF0..=0xFF, ..] => found.special = true,
            [0x7F, ..]
            | [0xC2, 0x80..=0x9F, ..]
            | [0xED, 0xA0..=0xBF, ..]
            | [0xEF, 0xBF, 0xBE | 0xBF, ..] => {
                let (code, _) = first_character(&text[index..]);
                return Err(YamlError::source(format!(
                    "the character U+{code:04X} is not allowed in YAML"
                )));
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cold]
fn write_unusual<'a>(
    output: &mut OutputText,
    text: &'a [u8],
    marks: Marks,
) -> YamlResult<Option<Cow<'a, [u8]>>> {
    let found = if marks & (SUSPECT | ASTRAL) == 0 { Found::default() } else { examine(text)? };
    let (text, marks) = if found.nel { without_nel(text)? } else { (Cow::Borrowed(text), marks) };
    let special = marks & CONTROL != 0 || found.special;
    let newline = marks & NEWLINE != 0;
    if newline && !special && !has_space_before_break(&text, found.breaks) {
        return Ok(Some(text));
    }
    if special || newline {
        write_double(output, &text);
        return Ok(None);
    }
    if found.breaks {
        if !has_space_beside_break(&text) {
            return Ok(Some(text));
        }
        write_double(output, &text);
        return Ok(None);
    }
    write_styled(output, &text, marks);
    Ok(None)
}

/// `text` as it comes out of JSON that go-yaml v2 reads: a NEL is a line break there, and folded to a space.
#[cold]
fn without_nel(text: &[u8]) -> YamlResult<(Cow<'static, [u8]>, Marks)> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    if memmem::find_iter(text, NEL).any(|index| is_marker(&text[index + NEL.len()..])) {
        return Err(YamlError::source("a document marker follows U+0085 inside of a string"));
    }
    while let Some(index) = memmem::find(rest, NEL) {
        out.extend_from_slice(without_spaces_at_end(&rest[..index]));
        rest = &rest[index..];
        let mut breaks = 0;
        loop {
            if let Some(after) = rest.strip_prefix(NEL) {
                breaks += 1;
                rest = after;
            } else if let Some(after) = rest.strip_prefix(b" ") {
                rest = after;
            } else {
                break;
            }
        }
        match breaks {
            1 => out.push(b' '),
            _ => out.resize(out.len() + breaks - 1, b'\n'),
        }
    }
    out.extend_from_slice(rest);
    let marks = marks(&out);
    Ok((Cow::Owned(out), marks))
}

fn without_spaces_at_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |index| index + 1);
    &text[..end]
}

/// `---` or `...`, and a space or a NEL.
fn is_marker(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"---").or_else(|| text.strip_prefix(b"...")) else {
        return false;
    };
    rest.starts_with(b" ") || rest.starts_with(NEL)
}

/// The length of the line break that `text` starts with.
fn break_at(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => Some(3),
        _ => None,
    }
}

/// The length of the line break that `text` ends with.
fn break_at_end(text: &[u8]) -> Option<usize> {
    match text {
        [.., b'\n'] => Some(1),
        [.., 0xE2, 0x80, 0xA8 | 0xA9] => Some(3),
        _ => None,
    }
}

/// Whether a space ends the text or one of its lines.
fn has_space_before_break(text: &[u8], breaks: bool) -> bool {
    text.ends_with(b" ")
        || memchr_iter(b'\n', text).any(|index| index > 0 && text[index - 1] == b' ')
        || (breaks
            && memmem::find_iter(text, b" \xE2\x80").any(|at| break_at(&text[at + 1..]).is_some()))
}

fn has_space_beside_break(text: &[u8]) -> bool {
    memchr_iter(b' ', text).any(|index| {
        // At the end of the text it is nothing but a space, here.
        break_at(&text[index + 1..]).is_some() || break_at_end(&text[..index]).is_some()
    })
}

/// The first character of a text that is not empty, and its length.
pub fn first_character(text: &[u8]) -> (u32, usize) {
    let low = |index: usize| u32::from(text.get(index).copied().unwrap_or_default() & 0x3F);
    let first = u32::from(text[0]);
    match text[0] {
        0..=0x7F => (first, 1),
        0x80..=0xDF => ((first & 0x1F) << 6 | low(1), 2),
        0xE0..=0xEF => ((first & 0x0F) << 12 | low(1) << 6 | low(2), 3),
        _ => ((first & 0x07) << 18 | low(1) << 12 | low(2) << 6 | low(3), 4),
    }
}

// --- quotes ----------------------------------------------------------------------------------------------------------

fn write_single(output: &mut OutputText, text: &[u8], marks: Marks) {
    output.text.push(b'\'');
    let mut rest = text;
    if marks & QUOTE != 0 {
        while let Some(index) = memchr(b'\'', rest) {
            output.push(&rest[..=index]);
            output.text.push(b'\'');
            rest = &rest[index + 1..];
        }
    }
    output.push(rest);
    output.text.push(b'\'');
}

fn write_double(output: &mut OutputText, text: &[u8]) {
    // The emitter's is_bom looks at the start of the whole text at each character: all of them are escaped.
    let all = text.starts_with(b"\xEF\xBB\xBF");
    let suspects = ESCAPED | NEWLINE | CONTROL | SUSPECT | ASTRAL;
    output.text.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        if !all {
            let run = rest.iter().position(|&byte| MARKS[usize::from(byte)] & suspects != 0);
            let (run, after) = rest.split_at(run.unwrap_or(rest.len()));
            output.push(run);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let (code, length) = first_character(rest);
        let (character, after) = rest.split_at(length);
        if all || is_escaped(code) {
            write_escape(output, code);
        } else {
            output.push(character);
        }
        rest = after;
    }
    output.text.push(b'"');
}

fn is_escaped(code: u32) -> bool {
    matches!(code, 0..=0x1F | 0x22 | 0x5C | 0x2028 | 0x2029 | 0xFEFF) || code > 0xFFFF
}

/// A character as it is written between double quotes.
fn write_escape(output: &mut OutputText, code: u32) {
    let short = match code {
        0x00 => b'0',
        0x07 => b'a',
        0x08 => b'b',
        0x09 => b't',
        0x0A => b'n',
        0x0B => b'v',
        0x0C => b'f',
        0x0D => b'r',
        0x1B => b'e',
        0x22 => b'"',
        0x5C => b'\\',
        0xA0 => b'_',
        0x2028 => b'L',
        0x2029 => b'P',
        _ if code <= 0xFF => return output.push(format!("\\x{code:02X}").as_bytes()),
        _ if code <= 0xFFFF => return output.push(format!("\\u{code:04X}").as_bytes()),
        _ => return output.push(format!("\\U{code:08X}").as_bytes()),
    };
    output.push(&[b'\\', short]);
}

// --- several lines ---------------------------------------------------------------------------------------------------

/// Fold the line that is written from `start` on, and whose first column is that of the spot, at the spaces beyond
/// column 80. A space is folded if none stands before it and, outside of double quotes, none after it.
fn fold_from(output: &mut OutputText, start: usize, spot: Spot) -> YamlResult<()> {
    let mut line = std::mem::take(&mut output.scratch);
    line.clear();
    line.extend_from_slice(&output.text[start..]);
    output.text.truncate(start);
    let done = fold(output, &line, spot);
    output.scratch = line;
    done
}

fn fold(output: &mut OutputText, line: &[u8], spot: Spot) -> YamlResult<()> {
    let double = line[0] == b'"';
    let quoted = double || line[0] == b'\'';
    let last = line.len() - if quoted { 2 } else { 1 };
    let skipped = (WIDTH + 1).saturating_sub(spot.column).max(if quoted { 2 } else { 1 });
    let mut start = 0;
    let mut found = space_after(line, 0, skipped);
    while let Some(index) = found.filter(|&index| index < last) {
        if line[index - 1] == b' ' || (line[index + 1] == b' ' && !double) {
            found = space_after(line, index + 1, 0);
            continue;
        }
        output.push(&line[start..index]);
        start = index + 1;
        output.text.push(b'\n');
        output.spaces(spot.indent);
        let mut column = spot.indent;
        if line[start] == b' ' {
            output.text.push(b'\\');
            column += 1;
        }
        output.check()?;
        found = space_after(line, start, (WIDTH + 1).saturating_sub(column));
    }
    output.push(&line[start..]);
    output.check()
}

/// The index of the first space that is at least so many characters after `start`.
fn space_after(line: &[u8], start: usize, characters: usize) -> Option<usize> {
    let mut from = start;
    let mut left = characters;
    while left > 0 {
        // At least a quarter of that many bytes are characters.
        let next = line.get(from..)?.get(..left)?;
        from += left;
        left -= count_characters(next);
        if left == 0 {
            // Not in the middle of a character.
            from += line[from..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count();
        }
    }
    memchr(b' ', line.get(from..)?).map(|index| from + index)
}

/// Write text for which `write_line` wrote nothing, with the break of its last line.
fn write_block(output: &mut OutputText, text: &[u8], spot: Spot) -> YamlResult<()> {
    if memchr(b'\n', text).is_none() {
        write_single_with_breaks(output, text, spot)?;
        output.text.push(b'\n');
        return Ok(());
    }
    output.text.push(b'|');
    if text[0] == b' ' || break_at(text).is_some() {
        output.text.push(b'2');
    }
    output.push(chomping(text));
    output.text.push(b'\n');
    if marks(text) & SUSPECT == 0 {
        write_literal(output, text, spot.indent)
    } else {
        write_literal_with_breaks(output, text, spot.indent)
    }
}

/// The indicator that tells what becomes of the line breaks at the end of a block with this text.
fn chomping(text: &[u8]) -> &'static [u8] {
    let Some(length) = break_at_end(text) else {
        return b"-";
    };
    let before = &text[..text.len() - length];
    if before.is_empty() || break_at_end(before).is_some() {
        b"+"
    } else {
        b""
    }
}

fn write_literal(output: &mut OutputText, text: &[u8], indent: usize) -> YamlResult<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        if end > 0 {
            output.spaces(indent);
            output.push(&rest[..end]);
        }
        output.text.push(b'\n');
        output.check()?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(())
}

/// A literal in which U+2028 and U+2029 end lines, too.
fn write_literal_with_breaks(
    output: &mut OutputText,
    text: &[u8],
    indent: usize,
) -> YamlResult<()> {
    let mut after_break = true;
    let mut index = 0;
    while index < text.len() {
        let length = match break_at(&text[index..]) {
            Some(length) => {
                after_break = true;
                length
            }
            None => {
                if after_break {
                    output.spaces(indent);
                    output.check()?;
                }
                after_break = false;
                first_character(&text[index..]).1
            }
        };
        output.push(&text[index..index + length]);
        index += length;
    }
    if !after_break {
        output.text.push(b'\n');
    }
    output.check()
}

/// Single-quoted text with U+2028 or U+2029 in it, as yaml_emitter_write_single_quoted_scalar writes it.
fn write_single_with_breaks(output: &mut OutputText, text: &[u8], spot: Spot) -> YamlResult<()> {
    let mut column = spot.column + 1;
    let (mut spaces, mut after_break) = (false, false);
    let mut index = 0;
    output.text.push(b'\'');
    while index < text.len() {
        let rest = &text[index..];
        let (_, length) = first_character(rest);
        if rest[0] == b' ' {
            let inside = index > 0 && rest.len() > 1 && rest[1] != b' ';
            if !spaces && column > WIDTH && inside {
                output.text.push(b'\n');
                output.spaces(spot.indent);
                output.check()?;
                column = spot.indent;
            } else {
                output.text.push(b' ');
                column += 1;
            }
            spaces = true;
        } else if break_at(rest).is_some() {
            output.push(&rest[..length]);
            column = 0;
            after_break = true;
        } else {
            if after_break {
                output.spaces(spot.indent);
                output.check()?;
                column = spot.indent;
            }
            let shown: &[u8] = if rest[0] == b'\'' { b"''" } else { &rest[..length] };
            output.push(shown);
            column += if rest[0] == b'\'' { 2 } else { 1 };
            spaces = false;
            after_break = false;
        }
        index += length;
    }
    output.text.push(b'\'');
    output.check()
}

// --- numbers ---------------------------------------------------------------------------------------------------------

/// Write an integer of at most 64 bits.
pub fn write_int(output: &mut OutputText, value: i64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut left = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        output.text.push(b'-');
    }
    output.push(&digits[start..]);
}

/// Write a float: a whole one up to 64 bits as an integer, others in Go's shortest `g` format.
///
/// Source: encoding/json floatEncoder, then yaml/v2 resolve.go and encode.go, floatv.
pub fn write_float(output: &mut OutputText, value: f64) -> YamlResult<()> {
    if !value.is_finite() {
        let name = match value {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        return Err(YamlError::source(format!("{name} can't be written as JSON")));
    }
    let shown = match whole_number(value) {
        Some(whole) => whole.to_string(),
        None => general_number(value),
    };
    output.push(shown.as_bytes());
    Ok(())
}
