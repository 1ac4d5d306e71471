//! The meaning of scalars with an explicit tag. Rust version of `resolve_tagged` in `kmanifest/yaml/resolve.py`.
//!
//! A scalar with a tag that go-yaml does not know is a string.
//!
//! Source: go-yaml resolve.go, resolve (the deferred check), and decode.go, scalar (`!!binary`).

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{YamlError, YamlResult};
use crate::resolve::{is_time, resolve, Dialect, Scalar};

pub const STRING: &str = "tag:yaml.org,2002:str";
pub const MERGE: &str = "tag:yaml.org,2002:merge";
const PREFIX: &str = "tag:yaml.org,2002:";

/// The value of a scalar with a tag.
pub enum Tagged {
    /// A value of the scalar's own text.
    Scalar(Scalar),
    /// A string with another text.
    Text(String),
}

/// The value of `text` under `tag`.
pub fn resolve_tagged(
    py: Python<'_>,
    tag: &str,
    text: &str,
    dialect: Dialect,
) -> YamlResult<Tagged> {
    let short = tag.strip_prefix(PREFIX).unwrap_or_default();
    match short {
        "binary" => decode_binary(py, text).map(Tagged::Text),
        "bool" | "int" | "float" | "null" | "timestamp" => {
            resolve_as(short, text, dialect).map(Tagged::Scalar)
        }
        _ => Ok(Tagged::Scalar(Scalar::Str)),
    }
}

fn resolve_as(short: &str, text: &str, dialect: Dialect) -> YamlResult<Scalar> {
    let mut value = resolve(text, dialect)?;
    // A date is a date only without a tag or with `!!timestamp`: `!!int 2001-01-01` must be an integer.
    if matches!(value, Scalar::Time(_)) && short != "timestamp" {
        value = Scalar::Str;
    }
    if let (Scalar::Int(number) | Scalar::IntText(number), "float") = (&value, short) {
        if i64::try_from(*number).is_ok() {
            let float = *number as f64;
            let v2 = dialect == Dialect::V2;
            return Ok(if v2 { Scalar::Float(float) } else { Scalar::FloatText(float) });
        }
    }
    let actual = tag_of(&value);
    let v2_time = || short == "timestamp" && dialect == Dialect::V2 && is_v2_time(text);
    if actual == short || v2_time() {
        return Ok(value);
    }
    let shown = shorten(text);
    Err(YamlError::source(format!("!!{actual} `{shown}` is not a !!{short}")))
}

fn is_v2_time(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && is_time(text)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.into();
    }
    text.chars().take(37).chain("...".chars()).collect()
}

/// The tag of a value without its prefix.
fn tag_of(value: &Scalar) -> &'static str {
    match value {
        Scalar::Null => "null",
        Scalar::Bool(_) => "bool",
        Scalar::Int(_) | Scalar::IntText(_) => "int",
        Scalar::Float(_) | Scalar::FloatText(_) => "float",
        Scalar::Time(_) => "timestamp",
        Scalar::Str => "str",
    }
}

/// The text of a `!!binary` value. Bytes that are not UTF-8 are replaced, as JSON does.
///
/// Python decodes the base64, so that both backends are equally strict.
fn decode_binary(py: Python<'_>, text: &str) -> YamlResult<String> {
    let compact: String = text.chars().filter(|each| !matches!(each, '\n' | '\r')).collect();
    let options = PyDict::new(py);
    options.set_item("strict_mode", true)?;
    let decode = py.import("binascii")?.getattr("a2b_base64")?;
    let decoded =
        if compact.is_ascii() { decode.call((compact,), Some(&options)).ok() } else { None };
    let Some(decoded) = decoded else {
        return Err(YamlError::source("!!binary value is not base64"));
    };
    let bytes = decoded.cast::<PyBytes>().map_err(PyErr::from)?;
    Ok(String::from_utf8_lossy(bytes.as_bytes()).into_owned())
}
