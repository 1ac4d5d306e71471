//! Split a file into documents as kyaml does: by its own rule, before any YAML is parsed.
//!
//! Rust version of `kmanifest/yaml/split.py`.
//!
//! Source: sigs.k8s.io/kustomize/kyaml kio/byteio_reader.go, splitDocuments and ByteReader.Read.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use crate::error::{Location, YamlError, YamlResult};

/// The bytes of one document, and the line on which they start, counted from 0.
pub struct Part<'d> {
    pub data: &'d [u8],
    pub line: usize,
}

/// The documents of a resource file. Each but the last keeps its final line break.
pub fn split_documents(data: &[u8], max_documents: usize) -> YamlResult<Vec<Part<'_>>> {
    let separator = memmem::Finder::new(b"\n---");
    let mut parts = Vec::new();
    let (mut start, mut line, mut from) = (0, 0, 0);
    while let Some(found) = separator.find(&data[from..]) {
        let end = from + found + 1;
        let Some(length) = memchr(b'\n', &data[end..]) else { break };
        let lines = line + memchr_iter(b'\n', &data[start..end]).count();
        check_rest_of_line(&data[end + 3..end + length], lines + 1)?;
        parts.push(Part { data: &data[start..end], line });
        if parts.len() >= max_documents {
            return Err(YamlError::limit(format!(
                "more than {max_documents} documents in one file (limit max_documents)"
            )));
        }
        from = end + length + 1;
        start = from;
        line = lines + 1;
    }
    parts.push(Part { data: &data[start..], line });
    Ok(parts)
}

/// Refuse anything but a comment after `---`.
fn check_rest_of_line(rest: &[u8], line: usize) -> YamlResult<()> {
    let text = String::from_utf8_lossy(rest);
    let text = text.trim_matches(char::is_whitespace);
    if text.is_empty() || text.starts_with('#') {
        return Ok(());
    }
    let location = Location { line, column: 5, document: None };
    Err(YamlError::source("text after the document separator `---`").at(location))
}

/// Refuse input that is larger than the limit.
pub fn check_size(data: &[u8], max_input_file: usize) -> YamlResult<()> {
    if data.len() <= max_input_file {
        return Ok(());
    }
    Err(YamlError::limit(format!(
        "the file has {} bytes, {max_input_file} are allowed (limit max_input_file)",
        data.len()
    )))
}

/// `data` with LF instead of CRLF.
pub fn with_line_feeds(data: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(data, b"\r\n").is_none() {
        return Cow::Borrowed(data);
    }
    let mut result = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(found) = memchr::memmem::find(rest, b"\r\n") {
        result.extend_from_slice(&rest[..found]);
        rest = &rest[found + 1..];
    }
    result.extend_from_slice(rest);
    Cow::Owned(result)
}
