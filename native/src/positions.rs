//! The position of a field in its file, found by parsing the file again.
//!
//! Rust version of `kmanifest/yaml/positions.py`.

use std::collections::HashMap;

use crate::clock::Clock;
use crate::error::{Location, YamlResult};
use crate::parser::{EventKind, Parser};
use crate::split::{split_documents, with_line_feeds};

/// A search that follows `<<` adds no more mappings once it has this many.
const MAX_MERGES: usize = 1000;

/// A step of a field path: a key, or the index of an item.
pub enum Step {
    Name(String),
    Index(usize),
}

/// A node of a document.
struct Node {
    /// Where it starts.
    location: Location,
    /// The text of a scalar.
    text: Option<Box<str>>,
    /// The indexes of its items; for a mapping, of its keys and values in turn.
    children: Vec<usize>,
    is_mapping: bool,
}

/// The nodes of one document. The first is the root.
struct DocumentNodes(Vec<Node>);

/// The location of the key or item at `path` in the document with this index, or of its nearest existing ancestor.
///
/// All zeros if `data` does not parse.
pub fn find_position(
    data: &[u8],
    path: &[Step],
    document: usize,
    clock: Option<Clock<'_>>,
) -> Location {
    find(data, path, document, clock).unwrap_or_default()
}

fn find(
    data: &[u8],
    path: &[Step],
    document: usize,
    clock: Option<Clock<'_>>,
) -> YamlResult<Location> {
    let data = with_line_feeds(data);
    let parts = split_documents(&data, usize::MAX)?;
    // With index 0, documents that hold nothing are skipped.
    let candidates = match document {
        0 => &parts[..],
        _ => parts.get(document..=document).unwrap_or_default(),
    };
    let parsed =
        candidates.iter().map(|part| parse(part.data, clock)).collect::<YamlResult<Vec<_>>>()?;
    let first = candidates.iter().zip(parsed).find(|(_, nodes)| !nodes.0.is_empty());
    Ok(first.map_or(Location::default(), |(part, nodes)| {
        let location = nodes.follow(path);
        Location { line: location.line + part.line, ..location }
    }))
}

impl DocumentNodes {
    /// The location at the end of `path`, or as far as it can be followed.
    fn follow(&self, path: &[Step]) -> Location {
        let mut node = 0;
        let mut location = self.0[0].location;
        for step in path {
            let Some((next_location, next)) = self.child(node, step) else { break };
            (location, node) = (next_location, next);
        }
        location
    }

    /// The location of the child that `step` leads to, and its node.
    fn child(&self, node: usize, step: &Step) -> Option<(Location, usize)> {
        let node = &self.0[node];
        match step {
            Step::Name(name) if node.is_mapping => self.entry(node, name),
            Step::Index(index) if node.is_mapping => self.entry(node, &index.to_string()),
            Step::Index(index) => {
                node.children.get(*index).map(|&item| (self.0[item].location, item))
            }
            Step::Name(_) => None,
        }
    }

    /// The location and the value of a key in a mapping. Its own keys come first, then those that `<<` merges.
    fn entry(&self, node: &Node, name: &str) -> Option<(Location, usize)> {
        let mut pending = vec![node];
        let mut searched = 0;
        while let Some(&mapping) = pending.get(searched) {
            searched += 1;
            for pair in mapping.children.chunks_exact(2) {
                if self.0[pair[0]].text.as_deref() == Some(name) {
                    return Some((self.0[pair[0]].location, pair[1]));
                }
            }
            for pair in mapping.children.chunks_exact(2) {
                let is_merge = self.0[pair[0]].text.as_deref() == Some("<<");
                if is_merge && pending.len() < MAX_MERGES {
                    let value = &self.0[pair[1]];
                    if value.is_mapping {
                        pending.push(value);
                    } else {
                        let items = value.children.iter().map(|&item| &self.0[item]);
                        pending.extend(items.filter(|item| item.is_mapping));
                    }
                }
            }
        }
        None
    }
}

/// Parse the first document. An alias becomes the node of its anchor.
fn parse(data: &[u8], clock: Option<Clock<'_>>) -> YamlResult<DocumentNodes> {
    let mut parser = Parser::new(data, clock);
    let mut nodes: Vec<Node> = Vec::new();
    let mut anchors: HashMap<Box<str>, usize> = HashMap::new();
    let mut stack: Vec<usize> = Vec::new();
    loop {
        let event = parser.next_event()?;
        let (text, anchor, is_mapping, is_container) = match event.kind {
            EventKind::StreamEnd | EventKind::DocumentEnd => return Ok(DocumentNodes(nodes)),
            EventKind::StreamStart | EventKind::DocumentStart(_) => continue,
            EventKind::SequenceEnd | EventKind::MappingEnd => {
                stack.pop();
                continue;
            }
            EventKind::Alias(name) => {
                if let (Some(&node), Some(&parent)) = (anchors.get(name), stack.last()) {
                    nodes[parent].children.push(node);
                    continue;
                }
                (None, None, false, false)
            }
            EventKind::Scalar(scalar) => (Some(scalar.text.into()), scalar.anchor, false, false),
            EventKind::SequenceStart(container) => (None, container.anchor, false, true),
            EventKind::MappingStart(container) => (None, container.anchor, true, true),
        };
        let index = nodes.len();
        if let Some(anchor) = anchor {
            anchors.insert(anchor.into(), index);
        }
        nodes.push(Node { location: event.location, text, children: Vec::new(), is_mapping });
        if let Some(&parent) = stack.last() {
            nodes[parent].children.push(index);
        }
        if is_container {
            stack.push(index);
        }
    }
}
