//! Values as JSON text: as the command `jsonnet` prints them, or compact for another program.

use rsjsonnet_lang::program::{Value, ValueKind};

/// The message for a value that can't be printed.
pub type NotJson = String;

pub const FUNCTION: &str = "couldn't manifest function as JSON";

/// Print a value with go-jsonnet's layout, numbers and escapes (v0.22.0 vm.go and interpreter.go, serializeJSON).
pub fn pretty(value: &Value<'_>) -> Result<String, NotJson> {
    let mut out = String::new();
    write_pretty(&mut out, value, 0)?;
    out.push('\n');
    Ok(out)
}

/// Print an array as a stream of JSON documents, as `jsonnet -y` does.
pub fn stream(value: &Value<'_>) -> Result<String, NotJson> {
    let type_name = match value.kind() {
        ValueKind::Array(items) => {
            let mut out = String::new();
            for item in &items {
                out.push_str("---\n");
                write_pretty(&mut out, item, 0)?;
                out.push('\n');
            }
            if !items.is_empty() {
                out.push_str("...\n");
            }
            return Ok(out);
        }
        ValueKind::Null => "null",
        ValueKind::Bool(_) => "boolean",
        ValueKind::Number(_) => "number",
        ValueKind::String(_) => "string",
        ValueKind::Object(_) => "object",
        ValueKind::Function => return Err(FUNCTION.into()),
    };
    Err(format!(
        "stream mode: top-level object was a {type_name}, should be an array whose elements hold the JSON for each \
         document in the stream."
    ))
}

/// Print a value in one line. Numbers keep whether they are whole, and a negative zero is `-0.0`.
pub fn compact(value: &Value<'_>) -> Result<String, NotJson> {
    let mut out = String::new();
    write_compact(&mut out, value)?;
    Ok(out)
}

fn write_pretty(out: &mut String, value: &Value<'_>, depth: usize) -> Result<(), NotJson> {
    match value.kind() {
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(true) => out.push_str("true"),
        ValueKind::Bool(false) => out.push_str("false"),
        ValueKind::Number(number) => write_number(out, number),
        ValueKind::String(text) => write_string(out, &text),
        ValueKind::Array(items) if items.is_empty() => out.push_str("[ ]"),
        ValueKind::Array(items) => {
            let mut separator = "[\n";
            for item in &items {
                out.push_str(separator);
                indent(out, depth + 1);
                write_pretty(out, item, depth + 1)?;
                separator = ",\n";
            }
            out.push('\n');
            indent(out, depth);
            out.push(']');
        }
        ValueKind::Object(fields) if fields.is_empty() => out.push_str("{ }"),
        ValueKind::Object(fields) => {
            let mut separator = "{\n";
            for (name, field) in &fields {
                out.push_str(separator);
                indent(out, depth + 1);
                write_string(out, name.value());
                out.push_str(": ");
                write_pretty(out, field, depth + 1)?;
                separator = ",\n";
            }
            out.push('\n');
            indent(out, depth);
            out.push('}');
        }
        ValueKind::Function => return Err(FUNCTION.into()),
    }
    Ok(())
}

fn write_compact(out: &mut String, value: &Value<'_>) -> Result<(), NotJson> {
    match value.kind() {
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(true) => out.push_str("true"),
        ValueKind::Bool(false) => out.push_str("false"),
        ValueKind::Number(number) if number == 0.0 && number.is_sign_negative() => {
            out.push_str("-0.0");
        }
        ValueKind::Number(number) => write_number(out, number),
        ValueKind::String(text) => write_string(out, &text),
        ValueKind::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_compact(out, item)?;
            }
            out.push(']');
        }
        ValueKind::Object(fields) => {
            out.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, name.value());
                out.push(':');
                write_compact(out, field)?;
            }
            out.push('}');
        }
        ValueKind::Function => return Err(FUNCTION.into()),
    }
    Ok(())
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("   ");
    }
}

/// Print a number as go-jsonnet v0.22.0 does (util.go, unparseNumber): `%.0f` if it is whole, otherwise `%.17g`.
pub fn write_number(out: &mut String, number: f64) {
    use std::fmt::Write;
    if number == number.floor() {
        let _ = write!(out, "{number:.0}");
        return;
    }
    let scientific = format!("{number:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 {
        let sign = if exponent < 0 { '-' } else { '+' };
        let mantissa = without_zeros(mantissa);
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
    } else {
        let decimals = usize::try_from(16 - exponent).unwrap_or(0);
        out.push_str(without_zeros(&format!("{number:.decimals$}")));
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// Print a string as go-jsonnet v0.22.0 does (util.go, unparseString).
pub fn write_string(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    let mut start = 0;
    for (index, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => "",
            _ => continue,
        };
        out.push_str(&text[start..index]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push_str(escape);
        }
        start = index + character.len_utf8();
    }
    out.push_str(&text[start..]);
    out.push('"');
}
