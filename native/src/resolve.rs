//! The meaning of scalars without quotes, by the rules of go-yaml. Rust version of `kmanifest/yaml/resolve.py`.

use crate::error::{YamlError, YamlResult};
use crate::numbers::general_number;

/// The version of go-yaml whose rules apply. kustomize reads resource files with v3 and its own files with v2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    V2,
    V3,
}

/// The value of a scalar. The variants `…Text` are numbers whose printed text differs from their text in the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    IntText(i128),
    Float(f64),
    FloatText(f64),
    /// A date as RFC 3339 text.
    Time(String),
    /// A string with the text of the scalar.
    Str,
}

/// The value of an unquoted `text` without a tag.
///
/// Source: go.yaml.in/yaml/v3 and v2 resolve.go, resolve; v2 decode.go, scalar (dates stay text).
pub fn resolve(text: &str, dialect: Dialect) -> YamlResult<Scalar> {
    if let Some(value) = resolve_word(text, dialect) {
        return Ok(value);
    }
    let first = text.as_bytes()[0];
    if !may_be_number(first) {
        return Ok(Scalar::Str);
    }
    if let Some(name) = not_finite(text) {
        return Err(YamlError::source(format!(
            "{name} can't be written as JSON: put it in quotes"
        )));
    }
    if let Some(integer) = parse_integer(text, dialect) {
        let plain = dialect == Dialect::V2 || integer.to_string() == text;
        return Ok(if plain { Scalar::Int(integer) } else { Scalar::IntText(integer) });
    }
    if let Some(float) = parse_float(text) {
        let plain = dialect == Dialect::V2 || prints_as(float, text);
        return Ok(if plain { Scalar::Float(float) } else { Scalar::FloatText(float) });
    }
    if dialect == Dialect::V3 && first.is_ascii_digit() {
        if let Some(time) = parse_time(text)? {
            return Ok(Scalar::Time(time));
        }
    }
    Ok(Scalar::Str)
}

/// Whether go-yaml v2 reads `text` as a string when it has no quotes. `text` must not be empty.
pub fn is_plain_string(text: &str) -> bool {
    if resolve_word(text, Dialect::V2).is_some() {
        return false;
    }
    let first = text.as_bytes()[0];
    if !may_be_number(first) {
        return true;
    }
    if not_finite(text).is_some()
        || parse_integer(text, Dialect::V2).is_some()
        || parse_float(text).is_some()
    {
        return false;
    }
    // A time whose zone can't be printed is still a time.
    !(first.is_ascii_digit() && is_time(text))
}

/// Whether `text` is a date or time, even if its zone can't be printed.
pub fn is_time(text: &str) -> bool {
    !matches!(parse_time(text), Ok(None))
}

fn may_be_number(first: u8) -> bool {
    first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')
}

/// The value of a word for null, true or false; None for other scalars.
fn resolve_word(text: &str, dialect: Dialect) -> Option<Scalar> {
    if text.len() > 5 {
        return None;
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        "true" | "True" | "TRUE" => Some(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => Some(Scalar::Bool(false)),
        _ if dialect == Dialect::V3 => None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Scalar::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Scalar::Bool(false)),
        _ => None,
    }
}

/// Go's name for an infinity or NaN; None for other scalars.
pub fn not_finite(text: &str) -> Option<&'static str> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some("NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some("+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => Some("-Inf"),
        _ => None,
    }
}

/// The integer of at most 64 bits that `text` is in go-yaml, or None.
///
/// Source: go-yaml resolve.go, resolve, and Go's strconv.ParseInt with base 0.
fn parse_integer(text: &str, dialect: Dialect) -> Option<i128> {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let Some((digits, radix)) = split_radix(unsigned) else {
        return parse_signed_radix(&plain, dialect);
    };
    let value = i128::from_str_radix(digits, radix).ok()?;
    let limit = -i128::from(i64::MIN);
    match plain.as_bytes()[0] {
        b'-' => (value <= limit).then_some(-value),
        b'+' => (value < limit).then_some(value),
        _ => (value <= i128::from(u64::MAX)).then_some(value),
    }
}

/// The digits of an unsigned integer and their base.
fn split_radix(text: &str) -> Option<(&str, u32)> {
    let are_all = |digits: &str, radix: u32| {
        !digits.is_empty() && digits.bytes().all(|each| char::from(each).is_digit(radix))
    };
    if text == "0" {
        return Some((text, 10));
    }
    let Some(rest) = text.strip_prefix('0') else {
        return are_all(text, 10).then_some((text, 10));
    };
    for (letters, radix) in [(['x', 'X'], 16), (['b', 'B'], 2), (['o', 'O'], 8)] {
        if let Some(digits) = rest.strip_prefix(letters) {
            return are_all(digits, radix).then_some((digits, radix));
        }
    }
    are_all(rest, 8).then_some((rest, 8))
}

/// `0b-1` and, in v3, `0o-1`. go-yaml removes the prefix, and then Go's ParseInt accepts a sign.
fn parse_signed_radix(plain: &str, dialect: Dialect) -> Option<i128> {
    let (signed, radix) = if let Some(rest) = plain.strip_prefix("0b") {
        (rest, 2)
    } else if dialect == Dialect::V3 {
        (plain.strip_prefix("0o")?, 8)
    } else {
        return None;
    };
    let digits = signed.strip_prefix(['-', '+'])?;
    if digits.is_empty() || !digits.bytes().all(|each| char::from(each).is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(signed, radix).ok().map(i128::from)
}

/// The finite float that `text` is in go-yaml. None if it is not a float or too large.
fn parse_float(text: &str) -> Option<f64> {
    let matches = if text.starts_with('.') {
        is_point_float(text.as_bytes())
    } else {
        is_float(text.replace('_', "").as_bytes())
    };
    if !matches {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &[u8]) -> bool {
    let rest = after_sign(text);
    let whole = count_digits(rest);
    let mut rest = &rest[whole..];
    if let [b'.', fraction @ ..] = rest {
        let digits = count_digits(fraction);
        if whole + digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    } else if whole == 0 {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let digits = after_sign(exponent);
            !digits.is_empty() && count_digits(digits) == digits.len()
        }
        _ => false,
    }
}

/// `\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?`
fn is_point_float(text: &[u8]) -> bool {
    let Some(rest) = after_grouped_digits(&text[1..]) else {
        return false;
    };
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            after_grouped_digits(after_sign(exponent)).is_some_and(<[u8]>::is_empty)
        }
        _ => false,
    }
}

fn after_sign(text: &[u8]) -> &[u8] {
    match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    }
}

/// The text after digits that may have single underscores between them. None if there are no digits.
fn after_grouped_digits(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        let digits = count_digits(rest);
        if digits == 0 {
            return None;
        }
        rest = &rest[digits..];
        match rest {
            [b'_', more @ ..] => rest = more,
            _ => return Some(rest),
        }
    }
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|each| each.is_ascii_digit()).count()
}

/// Whether a float is printed as `text`: with a fraction, below 10^6, no exponent, no redundant digit.
fn prints_as(value: f64, text: &str) -> bool {
    let size = value.abs();
    (1e-4..1e6).contains(&size) && value % 1.0 != 0.0 && general_number(value) == text
}

/// The RFC 3339 text of a date or time as kustomize prints it. None if `text` is not a date or time.
///
/// Source: go-yaml v3 resolve.go, parseTimestamp; Go's time.Parse and Time.MarshalJSON.
pub fn parse_time(text: &str) -> YamlResult<Option<String>> {
    Ok(match read_time(text.as_bytes()) {
        Some(time) => Some(time.print()?),
        None => None,
    })
}

#[derive(Default)]
struct Time<'a> {
    year: &'a str,
    date: [u32; 2],
    clock: [u32; 3],
    fraction: &'a str,
    /// None for `Z` or no zone; else the sign, the hours and the minutes.
    zone: Option<(u8, u32, u32)>,
}

/// The rest of a text that is being read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// Read one byte if it is one of `allowed`.
    fn take(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Read at least `min` and at most `max` digits.
    fn digits(&mut self, min: usize, max: usize) -> Option<&'a str> {
        let count = count_digits(self.0).min(max);
        if count < min {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        std::str::from_utf8(digits).ok()
    }

    /// Read a number of at least `min_digits` and at most two digits.
    fn number(&mut self, min_digits: usize) -> Option<u32> {
        self.digits(min_digits, 2)?.parse().ok()
    }
}

fn read_time(text: &[u8]) -> Option<Time<'_>> {
    let mut cursor = Cursor(text);
    let year = cursor.digits(4, 4)?;
    cursor.take(b"-")?;
    let month = cursor.number(1)?;
    cursor.take(b"-")?;
    let day = cursor.number(1)?;
    let mut time = Time { year, date: [month, day], ..Time::default() };
    if let Some(separator) = cursor.take(b"Tt ") {
        let hour = cursor.number(1)?;
        cursor.take(b":")?;
        let minute = cursor.number(1)?;
        cursor.take(b":")?;
        time.clock = [hour, minute, cursor.number(1)?];
        if cursor.take(b".,").is_some() {
            time.fraction = cursor.digits(1, usize::MAX)?;
        }
        if separator != b' ' && cursor.take(b"Z").is_none() {
            let sign = cursor.take(b"-+")?;
            let hours = cursor.number(2)?;
            cursor.take(b":")?;
            time.zone = Some((sign, hours, cursor.number(2)?));
        }
    }
    (cursor.0.is_empty() && time.is_valid()).then_some(time)
}

impl Time<'_> {
    fn is_valid(&self) -> bool {
        let [month, day] = self.date;
        let [hour, minute, second] = self.clock;
        let (_, hours, minutes) = self.zone.unwrap_or_default();
        (1..=12).contains(&month)
            && (1..=self.days_in_month()).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 59
            && hours <= 24
            && minutes <= 60
    }

    fn days_in_month(&self) -> u32 {
        let year: u32 = self.year.parse().unwrap_or(0);
        match self.date[0] {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn print(&self) -> YamlResult<String> {
        let [month, day] = self.date;
        let [hour, minute, second] = self.clock;
        let fraction = self.fraction[..self.fraction.len().min(9)].trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let zone = self.print_zone()?;
        Ok(format!(
            "{}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}",
            self.year
        ))
    }

    /// The time zone as Go prints it: `+00:00` becomes `Z`, and 60 minutes become an hour.
    fn print_zone(&self) -> YamlResult<String> {
        let (sign, hours, minutes) = self.zone.unwrap_or_default();
        let minutes = hours * 60 + minutes;
        if minutes == 0 {
            return Ok("Z".into());
        }
        if minutes >= 24 * 60 {
            return Err(YamlError::source(
                "the time zone of a date is out of range (-23:59 to +23:59)",
            ));
        }
        Ok(format!("{}{:02}:{:02}", char::from(sign), minutes / 60, minutes % 60))
    }
}
