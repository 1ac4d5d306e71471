//! The text of one scalar: the style, the escapes and the folding of go-yaml v2's emitter.
//!
//! Rust version of `kmanifest/yaml/scalars.py`.
//!
//! Strings are bytes: UTF-8 in which a lone surrogate of a Python `str` has three bytes. `find_unusual` refuses these.
//! One pass over a text collects the kinds of its characters. For nearly every text they show that no closer look is
//! needed.
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
/// In bytes. Source: yaml/v2 emitterc.go, yaml_emitter_check_simple_key.
const MAX_SIMPLE_KEY: usize = 128;
/// In characters between the quotes, when the key passes through JSON.
/// Source: yaml/v2 scannerc.go, yaml_simple_key_is_valid.
const MAX_JSON_KEY: usize = 1022;

/// The kinds of characters in a text, as bits.
pub type CharKinds = u16;

const SPACE: CharKinds = 1;
const COLON: CharKinds = 1 << 1;
const HASH: CharKinds = 1 << 2;
const QUOTE: CharKinds = 1 << 3;
/// `"` and `\`.
const ESCAPED: CharKinds = 1 << 4;
const NEWLINE: CharKinds = 1 << 5;
/// The other ASCII control characters, without U+007F.
const CONTROL: CharKinds = 1 << 6;
/// U+007F, and bytes that can begin a refused character, a NEL, a line break or a byte order mark.
const SUSPECT: CharKinds = 1 << 7;
/// Beyond U+FFFF; go-yaml escapes these.
const ASTRAL: CharKinds = 1 << 8;
/// Beyond ASCII. The text then has fewer characters than bytes.
const NON_ASCII: CharKinds = 1 << 9;
/// Characters that no number, date or time contains.
const NOT_NUMERIC: CharKinds = 1 << 10;
/// Neither an ASCII letter nor, apart from digits, an ASCII character that sorts before the letters.
const UNORDERED: CharKinds = 1 << 11;

/// A text without any of these only needs a style.
const UNUSUAL: CharKinds = NEWLINE | CONTROL | SUSPECT | ASTRAL;

static KINDS_OF_BYTES: [CharKinds; 256] = kinds_of_bytes();

const fn kinds_of_bytes() -> [CharKinds; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = kinds_of_byte(byte as u8);
        byte += 1;
    }
    table
}

const fn kinds_of_byte(byte: u8) -> CharKinds {
    let basic = match byte {
        b' ' => SPACE,
        b':' => COLON,
        b'#' => HASH,
        b'\'' => QUOTE,
        b'"' | b'\\' => ESCAPED,
        b'\n' => NEWLINE,
        0..=0x1F => CONTROL,
        0x7F => SUSPECT,
        0xC2 | 0xE2 | 0xED | 0xEF => SUSPECT | NON_ASCII,
        0xF0..=0xFF => ASTRAL | NON_ASCII,
        0x80..=0xFF => NON_ASCII,
        _ => 0,
    };
    let numeric = matches!(
        byte,
        b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' | b'o' | b'O' | b'_' | b'+' | b'-'
            | b'.' | b':' | b',' | b'T' | b't' | b'Z' | b' '
    );
    let ordered = byte.is_ascii_alphabetic() || matches!(byte, b' '..=b'/' | b':'..=b'@');
    basic | if numeric { 0 } else { NOT_NUMERIC } | if ordered { 0 } else { UNORDERED }
}

/// The kinds of characters in `text`.
#[inline]
pub fn char_kinds(text: &[u8]) -> CharKinds {
    let mut chunks = text.chunks_exact(4);
    let mut kinds = 0;
    for chunk in &mut chunks {
        kinds |= KINDS_OF_BYTES[usize::from(chunk[0])]
            | KINDS_OF_BYTES[usize::from(chunk[1])]
            | KINDS_OF_BYTES[usize::from(chunk[2])]
            | KINDS_OF_BYTES[usize::from(chunk[3])];
    }
    chunks.remainder().iter().fold(kinds, |kinds, &byte| kinds | KINDS_OF_BYTES[usize::from(byte)])
}

/// Whether keys with these kinds of characters are sorted by code point in go-yaml's order.
///
/// This is so for ASCII letters and, apart from digits, the ASCII characters before them.
pub fn sorts_by_code_point(kinds: CharKinds) -> bool {
    kinds & UNORDERED == 0
}

/// The column in which a scalar starts, and the indentation of its further lines.
#[derive(Clone, Copy)]
pub struct Layout {
    pub column: usize,
    pub indent: usize,
}

/// Write a text and the line break after it.
#[inline]
pub fn write_text(
    output: &mut OutputText,
    text: &[u8],
    kinds: CharKinds,
    layout: Layout,
) -> YamlResult<()> {
    let start = output.text.len();
    let block = write_line(output, text, kinds)?;
    if let Some(block) = block {
        return write_block(output, &block, layout);
    }
    if width(output, start, kinds) + layout.column > WIDTH {
        fold_from(output, start, layout)?;
    }
    output.text.push(b'\n');
    Ok(())
}

/// Write a key without its colon, and return its width in columns.
///
/// Nothing is written, and None returned, for a key that can't be on the line of its colon.
#[inline]
pub fn write_key(
    output: &mut OutputText,
    key: &[u8],
    kinds: CharKinds,
) -> YamlResult<Option<usize>> {
    if (kinds & UNUSUAL != 0 || key.len() > MAX_SIMPLE_KEY) && !is_simple_key(key)? {
        return Ok(None);
    }
    let start = output.text.len();
    write_line(output, key, kinds)?;
    Ok(Some(width(output, start, kinds)))
}

/// Whether a key can be on the line of its colon. Refuse keys that go-yaml can't read.
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
    if characters + 5 * count_json_escapes(key) > MAX_JSON_KEY {
        return Err(YamlError::source(format!("a key of {characters} characters is too long")));
    }
    Ok(false)
}

/// The number of characters that JSON escapes with six characters: `\u0000`.
fn count_json_escapes(key: &[u8]) -> usize {
    let ascii = key
        .iter()
        .filter(|byte| matches!(byte, 0..=7 | 0x0B | 0x0E..=0x1F | b'<' | b'>' | b'&'))
        .count();
    ascii
        + memmem::find_iter(key, b"\xE2\x80\xA8").count()
        + memmem::find_iter(key, b"\xE2\x80\xA9").count()
}

/// The width in columns of the output from `start` on.
#[inline]
fn width(output: &OutputText, start: usize, kinds: CharKinds) -> usize {
    let line = &output.text[start..];
    if kinds & NON_ASCII == 0 {
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

/// Write `text` on one line, unfolded, in its style.
///
/// If the style depends on the layout, nothing is written. Then the text, as it comes out of JSON, is returned for
/// `write_block`.
#[inline]
fn write_line<'a>(
    output: &mut OutputText,
    text: &'a [u8],
    kinds: CharKinds,
) -> YamlResult<Option<Cow<'a, [u8]>>> {
    if kinds & UNUSUAL != 0 {
        return write_unusual(output, text, kinds);
    }
    write_styled(output, text, kinds);
    Ok(None)
}

/// Write a text without line breaks and without characters that must be escaped.
#[inline]
fn write_styled(output: &mut OutputText, text: &[u8], kinds: CharKinds) {
    match choose_style(text, kinds) {
        Style::Plain => output.push(text),
        Style::Single => write_single(output, text, kinds),
        Style::Double => write_double(output, text),
    }
}

/// The style of a text without line breaks and without characters that must be escaped.
#[inline]
fn choose_style(text: &[u8], kinds: CharKinds) -> Style {
    let (Some(&first), Some(&last)) = (text.first(), text.last()) else {
        return Style::Double;
    };
    if !is_string(text, first, kinds) {
        return Style::Double;
    }
    let plain = !is_reserved_start(text, first)
        && last != b':'
        && last != b' '
        && (kinds & SPACE == 0
            || ((kinds & COLON == 0 || !colon_before_space(text))
                && (kinds & HASH == 0 || !hash_after_space(text))));
    if plain {
        Style::Plain
    } else {
        Style::Single
    }
}

/// Whether `text` is a string without quotes, for go-yaml and for YAML 1.1, which has numbers in base 60.
#[inline]
fn is_string(text: &[u8], first: u8, kinds: CharKinds) -> bool {
    match first {
        b'0'..=b'9' => kinds & NOT_NUMERIC != 0 || resolves_to_string(text),
        b'+' | b'-' | b'.' => resolves_to_string(text),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            text.len() > 5 || resolves_to_string(text)
        }
        _ => true,
    }
}

/// Whether `text` without quotes is neither a number, a date, a bool nor null.
fn resolves_to_string(text: &[u8]) -> bool {
    if text.len() < 18 && text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    // A text that is not UTF-8 was refused earlier.
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

// --- strings with line breaks, or characters that YAML or go-yaml does not print ----------------------------------------

const NEL: &[u8] = b"\xC2\x85";

/// Which unusual characters a text has.
#[derive(Default)]
struct UnusualCharacters {
    nel: bool,
    /// U+2028 or U+2029. For the emitter they are line breaks.
    breaks: bool,
    /// U+FEFF or characters beyond U+FFFF.
    special: bool,
}

/// Find the unusual characters in `text`.
///
/// Raises SourceError for characters that YAML does not allow. In kustomize the whole build fails then.
fn find_unusual(text: &[u8]) -> YamlResult<UnusualCharacters> {
    let mut unusual = UnusualCharacters::default();
    for (index, &byte) in text.iter().enumerate() {
        if KINDS_OF_BYTES[usize::from(byte)] & (SUSPECT | ASTRAL) == 0 {
            continue;
        }
        match &text[index..] {
            [0xC2, 0x85, ..] => unusual.nel = true,
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => unusual.breaks = true,
            [0xEF, 0xBB, 0xBF, ..] | [0xF0..=0xFF, ..] => unusual.special = true,
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
    Ok(unusual)
}

/// Like `write_line`, for a text with unusual characters.
#[cold]
fn write_unusual<'a>(
    output: &mut OutputText,
    text: &'a [u8],
    kinds: CharKinds,
) -> YamlResult<Option<Cow<'a, [u8]>>> {
    let unusual = if kinds & (SUSPECT | ASTRAL) == 0 {
        UnusualCharacters::default()
    } else {
        find_unusual(text)?
    };
    let (text, kinds) = if unusual.nel { fold_nel(text)? } else { (Cow::Borrowed(text), kinds) };
    let special = kinds & CONTROL != 0 || unusual.special;
    let newline = kinds & NEWLINE != 0;
    if newline && !special && !has_space_before_break(&text, unusual.breaks) {
        return Ok(Some(text));
    }
    if special || newline {
        write_double(output, &text);
        return Ok(None);
    }
    if unusual.breaks {
        if !has_space_beside_break(&text) {
            return Ok(Some(text));
        }
        write_double(output, &text);
        return Ok(None);
    }
    write_styled(output, &text, kinds);
    Ok(None)
}

/// `text` as go-yaml v2 reads it out of JSON, where a NEL is a line break and is folded to a space.
#[cold]
fn fold_nel(text: &[u8]) -> YamlResult<(Cow<'static, [u8]>, CharKinds)> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    if memmem::find_iter(text, NEL).any(|index| is_marker(&text[index + NEL.len()..])) {
        return Err(YamlError::source("a document marker follows U+0085 inside of a string"));
    }
    while let Some(index) = memmem::find(rest, NEL) {
        out.extend_from_slice(trim_spaces_at_end(&rest[..index]));
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
    let kinds = char_kinds(&out);
    Ok((Cow::Owned(out), kinds))
}

fn trim_spaces_at_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |index| index + 1);
    &text[..end]
}

/// Whether `text` starts with `---` or `...` and then a space or a NEL.
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
            && memmem::find_iter(text, b" \xE2\x80")
                .any(|index| break_at(&text[index + 1..]).is_some()))
}

/// Whether a space is next to a line break.
fn has_space_beside_break(text: &[u8]) -> bool {
    memchr_iter(b' ', text).any(|index| {
        // The end of the text does not count as a line break here.
        break_at(&text[index + 1..]).is_some() || break_at_end(&text[..index]).is_some()
    })
}

/// The code point of the first character, and its length in bytes. `text` must not be empty.
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

fn write_single(output: &mut OutputText, text: &[u8], kinds: CharKinds) {
    output.text.push(b'\'');
    let mut rest = text;
    if kinds & QUOTE != 0 {
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
    // At each character, the emitter's is_bom looks at the start of the whole text. So it escapes all characters.
    let escapes_all = text.starts_with(b"\xEF\xBB\xBF");
    let maybe_escaped = ESCAPED | NEWLINE | CONTROL | SUSPECT | ASTRAL;
    output.text.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        if !escapes_all {
            let run = rest
                .iter()
                .position(|&byte| KINDS_OF_BYTES[usize::from(byte)] & maybe_escaped != 0);
            let (run, after) = rest.split_at(run.unwrap_or(rest.len()));
            output.push(run);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let (code, length) = first_character(rest);
        let (character, after) = rest.split_at(length);
        if escapes_all || is_escaped(code) {
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

/// Write the escape of a character in double quotes.
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

/// Fold the line that was written from `start` on, at the spaces beyond column 80.
///
/// A space is folded if there is no space before it and, outside double quotes, none after it.
fn fold_from(output: &mut OutputText, start: usize, layout: Layout) -> YamlResult<()> {
    let mut line = std::mem::take(&mut output.line_buffer);
    line.clear();
    line.extend_from_slice(&output.text[start..]);
    output.text.truncate(start);
    let result = fold(output, &line, layout);
    output.line_buffer = line;
    result
}

fn fold(output: &mut OutputText, line: &[u8], layout: Layout) -> YamlResult<()> {
    let double = line[0] == b'"';
    let quoted = double || line[0] == b'\'';
    let last = line.len() - if quoted { 2 } else { 1 };
    let skipped = (WIDTH + 1).saturating_sub(layout.column).max(if quoted { 2 } else { 1 });
    let mut start = 0;
    let mut space = space_after(line, 0, skipped);
    while let Some(index) = space.filter(|&index| index < last) {
        if line[index - 1] == b' ' || (line[index + 1] == b' ' && !double) {
            space = space_after(line, index + 1, 0);
            continue;
        }
        output.push(&line[start..index]);
        start = index + 1;
        output.text.push(b'\n');
        output.push_spaces(layout.indent);
        let mut column = layout.indent;
        if line[start] == b' ' {
            output.text.push(b'\\');
            column += 1;
        }
        output.check_limit()?;
        space = space_after(line, start, (WIDTH + 1).saturating_sub(column));
    }
    output.push(&line[start..]);
    output.check_limit()
}

/// The index of the first space that is at least `characters` characters after `start`.
fn space_after(line: &[u8], start: usize, characters: usize) -> Option<usize> {
    let mut from = start;
    let mut remaining = characters;
    while remaining > 0 {
        // At least a quarter of the bytes start a character.
        let next = line.get(from..)?.get(..remaining)?;
        from += remaining;
        remaining -= count_characters(next);
        if remaining == 0 {
            // Continue at the start of a character.
            from += line[from..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count();
        }
    }
    memchr(b' ', line.get(from..)?).map(|index| from + index)
}

/// Write a text for which `write_line` wrote nothing, and the line break after it.
fn write_block(output: &mut OutputText, text: &[u8], layout: Layout) -> YamlResult<()> {
    if memchr(b'\n', text).is_none() {
        write_single_with_breaks(output, text, layout)?;
        output.text.push(b'\n');
        return Ok(());
    }
    output.text.push(b'|');
    if text[0] == b' ' || break_at(text).is_some() {
        output.text.push(b'2');
    }
    output.push(chomping(text));
    output.text.push(b'\n');
    if char_kinds(text) & SUSPECT == 0 {
        write_literal(output, text, layout.indent)
    } else {
        write_literal_with_breaks(output, text, layout.indent)
    }
}

/// The chomping indicator of a block with this text: how many of its final line breaks are kept.
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

/// Write the lines of a literal.
fn write_literal(output: &mut OutputText, text: &[u8], indent: usize) -> YamlResult<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        if end > 0 {
            output.push_spaces(indent);
            output.push(&rest[..end]);
        }
        output.text.push(b'\n');
        output.check_limit()?;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(())
}

/// Write the lines of a literal in which U+2028 and U+2029 are line breaks, too.
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
                    output.push_spaces(indent);
                    output.check_limit()?;
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
    output.check_limit()
}

/// Write a single-quoted text that contains U+2028 or U+2029, as yaml_emitter_write_single_quoted_scalar does.
fn write_single_with_breaks(
    output: &mut OutputText,
    text: &[u8],
    layout: Layout,
) -> YamlResult<()> {
    let mut column = layout.column + 1;
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
                output.push_spaces(layout.indent);
                output.check_limit()?;
                column = layout.indent;
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
                output.push_spaces(layout.indent);
                output.check_limit()?;
                column = layout.indent;
            }
            let quoted: &[u8] = if rest[0] == b'\'' { b"''" } else { &rest[..length] };
            output.push(quoted);
            column += if rest[0] == b'\'' { 2 } else { 1 };
            spaces = false;
            after_break = false;
        }
        index += length;
    }
    output.text.push(b'\'');
    output.check_limit()
}

// --- numbers ---------------------------------------------------------------------------------------------------------

/// Write an integer of at most 64 bits.
pub fn write_int(output: &mut OutputText, value: i64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        output.text.push(b'-');
    }
    output.push(&digits[start..]);
}

/// Write a float. Whole numbers of at most 64 bits are written as integers, others in Go's shortest `g` format.
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
    let text = match whole_number(value) {
        Some(whole) => whole.to_string(),
        None => general_number(value),
    };
    output.push(text.as_bytes());
    Ok(())
}
