//! The values of numbers, characters and strings in a template.
//!
//! Rust version of `kmanifest/engines/helm/gotemplate/numbers.py` and `quoting.py`, for the literals that charts
//! contain: no complex numbers, no hexadecimal floats, no underscores, nothing beyond an `int`, and no bytes that are
//! not UTF-8.

use std::borrow::Cow;

/// The value of a number in each of Go's types. None if it does not fit the type.
#[derive(Debug, PartialEq)]
pub struct Number {
    pub int: Option<i64>,
    pub unsigned: Option<i64>,
    pub float: f64,
    /// Whether it is a float where no type is required.
    pub is_real: bool,
}

/// The value of a number literal. None if it is wrong or unusual.
pub fn parse_number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_signed = digits.len() < text.len();
    if let Some(magnitude) = parse_integer(digits) {
        let int = if text.starts_with('-') { -magnitude } else { magnitude };
        let unsigned = (!is_signed || int == 0).then_some(int);
        return Some(Number { int: Some(int), unsigned, float: int as f64, is_real: false });
    }
    if !is_decimal_float(digits) {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    // Beyond an `int`; infinity is, too.
    if float.abs() > 9.0e18 {
        return None;
    }
    if float.fract() != 0.0 {
        return Some(Number { int: None, unsigned: None, float, is_real: true });
    }
    let int = float as i64;
    Some(Number { int: Some(int), unsigned: (int >= 0).then_some(int), float, is_real: true })
}

/// The value of an unsigned integer, in any base.
fn parse_integer(digits: &str) -> Option<i64> {
    let (digits, base) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
        [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    // `from_str_radix` would accept a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    i64::from_str_radix(digits, base).ok()
}

/// Whether this is an unsigned decimal float, with a point or an exponent.
fn is_decimal_float(digits: &str) -> bool {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_digits = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    (fraction.is_some() || exponent.is_some())
        && whole.len() + fraction.map_or(0, str::len) > 0
        && [Some(whole), fraction].into_iter().flatten().all(is_digits)
        && exponent_digits.is_none_or(|digits| !digits.is_empty() && is_digits(digits))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of a string in double quotes or backquotes. None if an escape is wrong or stands for a byte beyond
/// ASCII.
pub fn unquote(text: &str) -> Option<Cow<'_, str>> {
    let inner = &text[1..text.len() - 1];
    if text.starts_with('`') {
        let has_returns = memchr::memchr(b'\r', inner.as_bytes()).is_some();
        return Some(if has_returns { inner.replace('\r', "").into() } else { inner.into() });
    }
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(inner.into());
    }
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        let (code, length) = parse_escape(after, b'"')?;
        value.push(code);
        rest = &after[length..];
    }
    value.push_str(rest);
    Some(value.into())
}

/// The character in single quotes. None if it is not exactly one, or a byte beyond ASCII.
pub fn parse_character(text: &str) -> Option<char> {
    let inner = &text[1..text.len() - 1];
    let (code, length) = match inner.strip_prefix('\\') {
        Some(after) => {
            let (code, length) = parse_escape(after, b'\'')?;
            (code, length + 1)
        }
        None => {
            let code = inner.chars().next()?;
            (code, code.len_utf8())
        }
    };
    (length == inner.len()).then_some(code)
}

/// The character of the escape after a backslash, and the length of that escape in bytes.
fn parse_escape(text: &str, quote: u8) -> Option<(char, usize)> {
    let first = *text.as_bytes().first()?;
    let simple = |char| Some((char, 1));
    match first {
        b'a' => simple('\x07'),
        b'b' => simple('\x08'),
        b'f' => simple('\x0c'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\x0b'),
        b'\\' => simple('\\'),
        byte if byte == quote => simple(char::from(quote)),
        b'x' => Some((ascii_char(parse_code(text.get(1..3)?, 16)?)?, 3)),
        b'0'..=b'7' => Some((ascii_char(parse_code(text.get(..3)?, 8)?)?, 3)),
        b'u' => Some((char::from_u32(parse_code(text.get(1..5)?, 16)?)?, 5)),
        b'U' => Some((char::from_u32(parse_code(text.get(1..9)?, 16)?)?, 9)),
        _ => None,
    }
}

/// The number with these digits; no sign is allowed.
fn parse_code(digits: &str, base: u32) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, base).ok())?
}

/// The character with this code, for escapes that stand for a byte. None beyond ASCII.
fn ascii_char(code: u32) -> Option<char> {
    char::from_u32(code).filter(char::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_types_that_go_finds() {
        let some = |int, unsigned, float, is_real| Some(Number { int, unsigned, float, is_real });
        assert_eq!(parse_number("12"), some(Some(12), Some(12), 12.0, false));
        assert_eq!(parse_number("-1"), some(Some(-1), None, -1.0, false));
        assert_eq!(parse_number("0644"), some(Some(420), Some(420), 420.0, false));
        assert_eq!(parse_number("1e3"), some(Some(1000), Some(1000), 1000.0, true));
        assert_eq!(parse_number("-1.5"), some(None, None, -1.5, true));
        for text in
            ["", "+", "08", "1_0", "1i", "0x", "0x1p1", "1e", ".", "--1", "0+1", "1e400", "é"]
        {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_become_characters() {
        assert_eq!(unquote(r#""a\x41\u00e9\"\n""#).as_deref(), Some("aAé\"\n"));
        assert_eq!(unquote("`a\r\n\\`").as_deref(), Some("a\n\\"));
        for text in [r#""\xff""#, r#""\'""#, r#""\ud800""#, r#""\400""#, r#""\u+123""#] {
            assert_eq!(unquote(text), None, "{text}");
        }
        assert_eq!((parse_character(r"'\''"), parse_character("'é'")), (Some('\''), Some('é')));
        assert_eq!(
            (parse_character("''"), parse_character("'ab'"), parse_character(r"'\xff'")),
            (None, None, None)
        );
    }
}
