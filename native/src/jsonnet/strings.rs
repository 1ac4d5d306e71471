//! The functions of `std` that print a value and are called often: `std.toString` and `std.manifestYamlDoc`.
//!
//! They print what `engines/jsonnet/manifests.py` prints for the other evaluator. Source: go-jsonnet v0.22.0 builtins.go.

use rsjsonnet_lang::program::{Value, ValueKind};

use super::text::{write_number, write_string, NotJson, FUNCTION};

const INDENT: &str = "  ";

/// The result of a native function of `library.py`. None if it is another one, or if the arguments are unusual.
pub fn call(name: &str, arguments: &[Value<'_>]) -> Option<Result<String, NotJson>> {
    match (name, arguments) {
        ("kmanifest:toString", [value]) => {
            let mut out = String::new();
            Some(write_inline(&mut out, value).map(|()| out))
        }
        ("kmanifest:manifestYamlDoc", [value, indent_lists, quote_keys]) => {
            let (ValueKind::Bool(indent_lists), ValueKind::Bool(true)) =
                (indent_lists.kind(), quote_keys.kind())
            else {
                return None;
            };
            let mut yaml = Yaml { out: String::new(), indents_lists: indent_lists };
            yaml.write(&value.kind(), 0);
            Some(Ok(yaml.out))
        }
        _ => None,
    }
}

fn write_inline(out: &mut String, value: &Value<'_>) -> Result<(), NotJson> {
    match value.kind() {
        ValueKind::Array(items) if items.is_empty() => out.push_str("[ ]"),
        ValueKind::Array(items) => {
            let mut separator = "[";
            for item in &items {
                out.push_str(separator);
                write_inline(out, item)?;
                separator = ", ";
            }
            out.push(']');
        }
        ValueKind::Object(fields) if fields.is_empty() => out.push_str("{ }"),
        ValueKind::Object(fields) => {
            let mut separator = "{";
            for (name, field) in &fields {
                out.push_str(separator);
                write_string(out, name.value());
                out.push_str(": ");
                write_inline(out, field)?;
                separator = ", ";
            }
            out.push('}');
        }
        ValueKind::Function => return Err(FUNCTION.into()),
        ValueKind::Number(number) => write_number(out, number),
        scalar => write_scalar(out, &scalar),
    }
    Ok(())
}

fn write_scalar(out: &mut String, value: &ValueKind<'_>) {
    match value {
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        ValueKind::String(text) => write_string(out, text),
        _ => {}
    }
}

struct Yaml {
    out: String,
    indents_lists: bool,
}

impl Yaml {
    /// Print a value. `level`: how often the lines after the first one are indented.
    fn write(&mut self, value: &ValueKind<'_>, level: usize) {
        match value {
            ValueKind::Array(items) if items.is_empty() => self.out.push_str("[]"),
            ValueKind::Object(fields) if fields.is_empty() => self.out.push_str("{}"),
            ValueKind::Array(items) => self.write_list(items, level),
            ValueKind::Object(fields) => {
                for (index, (name, field)) in fields.iter().enumerate() {
                    if index > 0 {
                        self.start_line(level);
                    }
                    write_string(&mut self.out, name.value());
                    self.out.push(':');
                    self.write_field(&field.kind(), level);
                }
            }
            ValueKind::String(text) => self.write_text(text, level),
            // The shortest digits that read back as the same number, without an exponent.
            ValueKind::Number(number) => {
                use std::fmt::Write;
                let _ = write!(self.out, "{number}");
            }
            // go-jsonnet prints nothing for a function.
            scalar => write_scalar(&mut self.out, scalar),
        }
    }

    fn write_list(&mut self, items: &[Value<'_>], level: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.start_line(level);
            }
            self.out.push('-');
            match item.kind() {
                ValueKind::Array(inner) if !inner.is_empty() => {
                    self.start_line(level + 1);
                    self.write_list(&inner, level + 1);
                }
                object @ ValueKind::Object(_) => {
                    self.out.push(' ');
                    self.write(&object, level + 1);
                }
                other => {
                    self.out.push(' ');
                    self.write(&other, level);
                }
            }
        }
    }

    fn write_field(&mut self, value: &ValueKind<'_>, level: usize) {
        let inner = match value {
            ValueKind::Array(items) if !items.is_empty() => level + usize::from(self.indents_lists),
            ValueKind::Object(fields) if !fields.is_empty() => level + 1,
            _ => {
                self.out.push(' ');
                return self.write(value, level);
            }
        };
        self.start_line(inner);
        self.write(value, inner);
    }

    fn write_text(&mut self, text: &str, level: usize) {
        let Some(block) = text.strip_suffix('\n') else {
            return write_string(&mut self.out, text);
        };
        self.out.push('|');
        for line in block.split('\n') {
            self.start_line(level + 1);
            self.out.push_str(line);
        }
    }

    fn start_line(&mut self, level: usize) {
        self.out.push('\n');
        for _ in 0..level {
            self.out.push_str(INDENT);
        }
    }
}
