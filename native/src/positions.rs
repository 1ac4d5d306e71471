//! Where a field stands in its file; the Rust version of `kmanifest/yaml/positions.py`.

use std::collections::HashMap;

use crate::error::{Place, YamlResult};
use crate::parser::{Kind, Parser};
use crate::split::{split_documents, with_line_feeds};

const MOST_MERGES: usize = 1000;

/// A key, or the index of an item.
pub enum Step {
    Name(String),
    Index(usize),
}

/// A node: where it starts, the text of a scalar, and the nodes that it holds, a mapping its keys and values in turn.
struct Node {
    place: Place,
    text: Option<Box<str>>,
    children: Vec<usize>,
    is_mapping: bool,
}

/// The nodes of one document, of which the first is the root.
struct Nodes(Vec<Node>);

/// The place of the key or item at `path` in the document with this index, or of its nearest ancestor that there is.
///
/// Nowhere, all zeros, where `data` does not parse.
pub fn find_position(data: &[u8], path: &[Step], document: usize) -> Place {
    find(data, path, document).unwrap_or_default()
}

fn find(data: &[u8], path: &[Step], document: usize) -> YamlResult<Place> {
    let data = with_line_feeds(data);
    let parts = split_documents(&data, usize::MAX)?;
    let wanted = match document {
        0 => &parts[..],
        _ => parts.get(document..=document).unwrap_or_default(),
    };
    let parsed = wanted.iter().map(|part| parse(part.data)).collect::<YamlResult<Vec<_>>>()?;
    let found = wanted.iter().zip(parsed).find(|(_, nodes)| !nodes.0.is_empty());
    Ok(found.map_or(Place::default(), |(part, nodes)| {
        let place = nodes.follow(path);
        Place { line: place.line + part.line, ..place }
    }))
}

impl Nodes {
    fn follow(&self, path: &[Step]) -> Place {
        let mut node = 0;
        let mut place = self.0[0].place;
        for step in path {
            let Some((next_place, next)) = self.child(node, step) else { break };
            (place, node) = (next_place, next);
        }
        place
    }

    /// The place of an entry of a node, and its value.
    fn child(&self, node: usize, step: &Step) -> Option<(Place, usize)> {
        let node = &self.0[node];
        match step {
            Step::Name(name) if node.is_mapping => self.entry(node, name),
            Step::Index(index) if node.is_mapping => self.entry(node, &index.to_string()),
            Step::Index(index) => node.children.get(*index).map(|&item| (self.0[item].place, item)),
            Step::Name(_) => None,
        }
    }

    /// An entry of a mapping; those that `<<` brings count where there is no other.
    fn entry(&self, node: &Node, name: &str) -> Option<(Place, usize)> {
        let mut pending = vec![node];
        let mut seen = 0;
        while let Some(&mapping) = pending.get(seen) {
            seen += 1;
            for pair in mapping.children.chunks_exact(2) {
                if self.0[pair[0]].text.as_deref() == Some(name) {
                    return Some((self.0[pair[0]].place, pair[1]));
                }
            }
            for pair in mapping.children.chunks_exact(2) {
                let is_merge = self.0[pair[0]].text.as_deref() == Some("<<");
                if is_merge && pending.len() < MOST_MERGES {
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

/// The nodes of the first document; an alias is the node of its anchor.
fn parse(data: &[u8]) -> YamlResult<Nodes> {
    let mut parser = Parser::new(data);
    let mut nodes: Vec<Node> = Vec::new();
    let mut anchors: HashMap<Box<str>, usize> = HashMap::new();
    let mut stack: Vec<usize> = Vec::new();
    loop {
        let event = parser.next_event()?;
        let (text, anchor, is_mapping, is_container) = match event.kind {
            Kind::StreamEnd | Kind::DocumentEnd => return Ok(Nodes(nodes)),
            Kind::StreamStart | Kind::DocumentStart(_) => continue,
            Kind::SequenceEnd | Kind::MappingEnd => {
                stack.pop();
                continue;
            }
            Kind::Alias(name) => {
                if let (Some(&node), Some(&parent)) = (anchors.get(name), stack.last()) {
                    nodes[parent].children.push(node);
                    continue;
                }
                (None, None, false, false)
            }
            Kind::Scalar(scalar) => (Some(scalar.text.into()), scalar.anchor, false, false),
            Kind::SequenceStart(container) => (None, container.anchor, false, true),
            Kind::MappingStart(container) => (None, container.anchor, true, true),
        };
        let index = nodes.len();
        if let Some(anchor) = anchor {
            anchors.insert(anchor.into(), index);
        }
        nodes.push(Node { place: event.place, text, children: Vec::new(), is_mapping });
        if let Some(&parent) = stack.last() {
            nodes[parent].children.push(index);
        }
        if is_container {
            stack.push(index);
        }
    }
}
