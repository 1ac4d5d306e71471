//! Builds Python values from libyaml's events: one pass, with a stack of the open containers, no recursion.
//!
//! Rust version of `kmanifest/yaml/build.py` and `kmanifest/yaml/readers.py`, which document the rules and their
//! sources. kustomize reads resource files with go-yaml v3 and its own files with v2. The two differ in what plain
//! words mean, which keys a mapping may have, and how `<<` merges.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::clock::Clock;
use crate::error::{Location, YamlError, YamlResult};
use crate::folded::refold;
use crate::numbers::float32_text;
use crate::parser::{
    refuse_slash_escapes, ContainerEvent, EventKind, Parser, ScalarEvent, ScalarStyle,
};
use crate::positions::{find_position, Step};
use crate::resolve::{not_finite, resolve, Dialect};
use crate::scalar_cache::ScalarCache;
use crate::tags::{self, resolve_tagged, Tagged};
use crate::values::ValueTypes;

/// The maximum number of `%TAG` directives in one file.
const MAX_DIRECTIVES: usize = 1000;

/// What reading the documents of one file needs.
pub struct ReadContext<'a> {
    pub types: &'a ValueTypes,
    pub scalar_cache: &'a mut ScalarCache,
    pub dialect: Dialect,
    pub max_depth: usize,
    /// Whether a quoted string becomes a `ScalarNode`.
    pub keep_quotes: bool,
}

/// The value of the first document in `data`; None if there is no document.
///
/// `lines_before` is the number of lines before `data` in its file. Error messages with line numbers need it.
pub fn read_first_document<'py>(
    py: Python<'py>,
    data: &[u8],
    lines_before: usize,
    context: &mut ReadContext<'_>,
) -> YamlResult<Bound<'py, PyAny>> {
    let clock = Clock { py, check_time: &context.types.check_time };
    check_directives(data)?;
    if memchr::memmem::find(data, b"\\/").is_some() {
        refuse_slash_escapes(data, clock)?;
    }
    let mut builder = Builder {
        py,
        data,
        lines_before,
        context,
        stack: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        opened_count: 0,
        nodes: 1,
        aliased_nodes: 0,
    };
    builder.read_document()
}

/// Refuse more `%TAG` directives than a file needs: libyaml compares each with all others.
fn check_directives(data: &[u8]) -> YamlResult<()> {
    if memchr::memmem::find_iter(data, b"\n%TAG").count() >= MAX_DIRECTIVES {
        let message = format!("more than {MAX_DIRECTIVES} %TAG directives");
        return Err(YamlError::limit(message));
    }
    Ok(())
}

struct Builder<'py, 'd, 'r, 'a> {
    py: Python<'py>,
    data: &'d [u8],
    lines_before: usize,
    context: &'r mut ReadContext<'a>,
    stack: Vec<OpenContainer<'py>>,
    root: Option<Bound<'py, PyAny>>,
    anchors: HashMap<Box<str>, Anchor<'py>>,
    /// How many containers have been opened.
    opened_count: usize,
    /// The nodes of the document, with the target of each alias counted like a copy.
    nodes: usize,
    /// Those of them that come from aliases.
    aliased_nodes: usize,
}

/// A container whose end has not been read.
struct OpenContainer<'py> {
    node: Node<'py>,
    /// The key that this container is the value of, if there is one.
    key: Option<Bound<'py, PyAny>>,
    /// The value of `opened_count` for this container. It identifies the container.
    serial: usize,
    /// The value of `Builder::nodes` when it was opened.
    nodes_before: usize,
    anchor: Option<Box<str>>,
    /// Whether it is in brackets or braces, its own or those of an ancestor.
    flow: bool,
    pending_key: PendingKey<'py>,
    merges: Vec<MergeValue<'py>>,
}

pub enum Node<'py> {
    Mapping(Bound<'py, PyDict>),
    List(Bound<'py, PyList>),
}

/// The key of a mapping whose value has not been read.
enum PendingKey<'py> {
    /// The next node is a key.
    None,
    Named(Bound<'py, PyAny>),
    /// `<<`
    Merge,
}

/// The value of a `<<`. It may still be incomplete.
struct MergeValue<'py> {
    /// The entries that precede the `<<` in the mapping, or that follow another `<<`; only in v2.
    before: Option<Bound<'py, PyDict>>,
    value: Bound<'py, PyAny>,
    location: Location,
}

struct Anchor<'py> {
    target: AnchorTarget<'py>,
    /// The number of nodes in the target.
    size: usize,
}

enum AnchorTarget<'py> {
    /// The `serial` of a container that is still open.
    Open(usize),
    Value(Bound<'py, PyAny>),
}

/// The properties of a node that don't borrow from the parser.
struct NodeInfo {
    location: Location,
    is_alias: bool,
}

impl<'py> Builder<'py, '_, '_, '_> {
    fn read_document(&mut self) -> YamlResult<Bound<'py, PyAny>> {
        let types = self.context.types;
        let clock = Clock { py: self.py, check_time: &types.check_time };
        let mut parser = Parser::new(self.data, Some(clock));
        parser.next_event()?; // the start of the stream
        let event = parser.next_event()?;
        match event.kind {
            EventKind::DocumentStart(None | Some((1, 1))) => {}
            EventKind::DocumentStart(_) => {
                let message = "incompatible YAML document: only `%YAML 1.1` is read";
                return Err(YamlError::source(message).at(event.location));
            }
            _ => return Ok(self.py.None().into_bound(self.py)),
        }
        let root_location = self.read_node(&mut parser)?;
        while !self.stack.is_empty() {
            self.read_node(&mut parser)?;
        }
        parser.next_event()?; // the end of the document; the rest is not read
        self.check_aliases(root_location)?;
        Ok(self.root.take().unwrap_or_else(|| self.py.None().into_bound(self.py)))
    }

    /// Read one event, add its node to the innermost open container, and return the event's location.
    fn read_node(&mut self, parser: &mut Parser<'_>) -> YamlResult<Location> {
        let event = parser.next_event()?;
        let location = event.location;
        let flow = self.stack.last().is_some_and(|open| open.flow);
        if self.expects_key() {
            match event.kind {
                EventKind::MappingEnd => self.close()?,
                EventKind::Scalar(scalar) => self.read_scalar_key(&scalar, location)?,
                EventKind::Alias(name) => self.read_alias_key(name, location)?,
                _ => return Err(self.not_a_key_error().at(location)),
            }
            return Ok(location);
        }
        let mut info = NodeInfo { location, is_alias: false };
        match event.kind {
            EventKind::SequenceEnd => self.close()?,
            EventKind::Scalar(scalar) => {
                let value = self.scalar_value(&scalar, flow).map_err(|error| error.at(location))?;
                if let Some(anchor) = scalar.anchor {
                    self.set_anchor(anchor, AnchorTarget::Value(value.clone()));
                } else if self.context.keep_quotes && scalar.style != ScalarStyle::Plain {
                    let node = self.context.types.quoted_node.bind(self.py).call1((value,))?;
                    return self.add_value(node, &info).map(|()| location);
                } else {
                    let plain = scalar.style == ScalarStyle::Plain && scalar.tag.is_none();
                    if plain && (value.is_none() || scalar.text.is_empty()) && self.has_named_key()
                    {
                        // An empty value of a mapping is null here, also inside braces.
                        return self.add_null(scalar.text, flow).map(|()| location);
                    }
                }
                self.add_value(value, &info)?;
            }
            EventKind::Alias(name) => {
                let value = self.resolve_alias(name, location)?;
                info.is_alias = true;
                self.add_value(value, &info)?;
            }
            EventKind::MappingStart(container) => {
                let node = Node::Mapping(PyDict::new(self.py));
                self.open(node, &container, flow, &info)?;
            }
            EventKind::SequenceStart(container) => {
                let node = Node::List(PyList::empty(self.py));
                self.open(node, &container, flow, &info)?;
            }
            _ => {}
        }
        Ok(location)
    }

    fn expects_key(&self) -> bool {
        self.stack.last().is_some_and(|open| {
            matches!(open.node, Node::Mapping(_)) && matches!(open.pending_key, PendingKey::None)
        })
    }

    // --- containers ---

    fn open(
        &mut self,
        node: Node<'py>,
        container: &ContainerEvent<'_>,
        flow: bool,
        info: &NodeInfo,
    ) -> YamlResult<()> {
        let max_depth = self.context.max_depth;
        if self.stack.len() >= max_depth {
            let message = format!("nested deeper than {max_depth} levels (limit max_depth)");
            return Err(YamlError::limit(message).at(info.location));
        }
        self.opened_count += 1;
        if let Some(anchor) = container.anchor {
            self.set_anchor(anchor, AnchorTarget::Open(self.opened_count));
        }
        let value = node.as_any().clone();
        let open = OpenContainer {
            node,
            key: self.stack.last().and_then(OpenContainer::named_key),
            serial: self.opened_count,
            nodes_before: self.nodes,
            anchor: container.anchor.map(Into::into),
            flow: flow || container.flow,
            pending_key: PendingKey::None,
            merges: Vec::new(),
        };
        self.add_value(value, info)?;
        self.stack.push(open);
        Ok(())
    }

    /// Add a value to the innermost open container, or make it the root.
    fn add_value(&mut self, value: Bound<'py, PyAny>, info: &NodeInfo) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        let mapping = match &open.node {
            Node::List(list) => return Ok(list.append(value)?),
            Node::Mapping(mapping) => mapping,
        };
        match std::mem::replace(&mut open.pending_key, PendingKey::None) {
            PendingKey::Merge => {
                check_mergeable(&value, info)?;
                let before = match self.context.dialect {
                    Dialect::V3 => None,
                    Dialect::V2 => {
                        let before = mapping.copy()?;
                        mapping.clear();
                        Some(before)
                    }
                };
                open.merges.push(MergeValue { before, value, location: info.location });
            }
            PendingKey::Named(key) => mapping.set_item(key, value)?,
            PendingKey::None => {}
        }
        Ok(())
    }

    /// Whether a value of the innermost mapping is expected, and its key is not `<<`.
    fn has_named_key(&self) -> bool {
        self.stack.last().is_some_and(|open| matches!(open.pending_key, PendingKey::Named(_)))
    }

    /// Add a null that is written as `text` to the innermost mapping; `flow` means inside braces.
    fn add_null(&mut self, text: &str, flow: bool) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else { return Ok(()) };
        if let (Node::Mapping(mapping), PendingKey::Named(key)) =
            (&open.node, std::mem::replace(&mut open.pending_key, PendingKey::None))
        {
            let key = match self.context.dialect {
                Dialect::V3 => self.context.types.key_of_null(key, text, flow)?,
                Dialect::V2 => key,
            };
            mapping.set_item(key, self.py.None())?;
        }
        Ok(())
    }

    /// Remove the innermost container from the stack, since its end was read, and count its nodes.
    fn close(&mut self) -> YamlResult<()> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        self.nodes += 1 + match &open.node {
            Node::Mapping(mapping) => 2 * mapping.len(),
            Node::List(list) => list.len(),
        };
        if let Node::Mapping(mapping) = &open.node {
            if !open.merges.is_empty() {
                match self.context.dialect {
                    Dialect::V3 => merge_v3(mapping, &open.merges)?,
                    Dialect::V2 => merge_v2(mapping, &open.merges)?,
                }
            }
            // kyaml prints a quoted "<<" without its quotes and reads it again, so the entry is lost.
            if self.context.dialect == Dialect::V3 && mapping.contains("<<")? {
                mapping.del_item("<<")?;
            }
        }
        if let Some(anchor) = open.anchor.as_deref().and_then(|name| self.anchors.get_mut(name)) {
            anchor.size = self.nodes - open.nodes_before;
            if matches!(anchor.target, AnchorTarget::Open(serial) if serial == open.serial) {
                anchor.target = AnchorTarget::Value(open.node.as_any().clone());
            }
        }
        Ok(())
    }

    // --- keys ---

    /// Read a scalar as the key of the innermost mapping.
    fn read_scalar_key(&mut self, scalar: &ScalarEvent<'_>, location: Location) -> YamlResult<()> {
        let plain = scalar.style == ScalarStyle::Plain && scalar.tag.is_none();
        if scalar.tag == Some(tags::MERGE) || (plain && scalar.text == "<<") {
            return self.set_pending_merge(location);
        }
        let key = if scalar.style != ScalarStyle::Plain
            && scalar.tag.is_none()
            && scalar.anchor.is_none()
        {
            PyString::new(self.py, scalar.text).into_any()
        } else {
            let value = self.key_scalar_value(scalar).map_err(|error| error.at(location))?;
            if let Some(anchor) = scalar.anchor {
                self.set_anchor(anchor, AnchorTarget::Value(value.clone()));
            }
            match self.context.dialect {
                Dialect::V3 => {
                    self.resource_key(value, scalar).map_err(|error| error.at(location))?
                }
                Dialect::V2 => self.kustomization_key(value).map_err(|error| error.at(location))?,
            }
        };
        self.set_pending_key(key, location)
    }

    /// Read an alias as the key of the innermost mapping.
    fn read_alias_key(&mut self, name: &str, location: Location) -> YamlResult<()> {
        let value = self.resolve_alias(name, location)?;
        let key = match self.context.dialect {
            Dialect::V3 if value.is_exact_instance_of::<PyString>() => value,
            Dialect::V3 => {
                let text = value.cast::<PyString>().map_or(String::new(), |text| text.to_string());
                return Err(not_a_string_error(&text).at(location));
            }
            Dialect::V2 => self.kustomization_key(value).map_err(|error| error.at(location))?,
        };
        self.set_pending_key(key, location)
    }

    fn not_a_key_error(&self) -> YamlError {
        YamlError::source(match self.context.dialect {
            Dialect::V3 => "a key must be a string, not a mapping or a list",
            Dialect::V2 => "a key must be a string, a number or a boolean",
        })
    }

    /// The value of a scalar that is a key. It may be an infinity or NaN, since keys become strings.
    fn key_scalar_value(&mut self, scalar: &ScalarEvent<'_>) -> YamlResult<Bound<'py, PyAny>> {
        let plain = scalar.tag.is_none() && scalar.style == ScalarStyle::Plain;
        match not_finite(scalar.text) {
            Some("NaN") if plain => Ok(PyFloat::new(self.py, f64::NAN).into_any()),
            Some("-Inf") if plain => Ok(PyFloat::new(self.py, f64::NEG_INFINITY).into_any()),
            Some(_) if plain => Ok(PyFloat::new(self.py, f64::INFINITY).into_any()),
            _ => self.scalar_value(scalar, false),
        }
    }

    /// The key with this value in a resource file.
    ///
    /// Keys that are not strings are allowed in the root mapping only, where their text is the key.
    fn resource_key(
        &self,
        value: Bound<'py, PyAny>,
        scalar: &ScalarEvent<'_>,
    ) -> YamlResult<Bound<'py, PyAny>> {
        let is_string_tag = scalar.tag.is_none_or(|tag| tag == tags::STRING);
        if is_string_tag && value.is_exact_instance_of::<PyString>() {
            return Ok(value);
        }
        if value.is_none() || self.stack.len() > 1 {
            return Err(not_a_string_error(scalar.text));
        }
        if scalar.tag.is_some() && value.is_instance_of::<PyString>() {
            return Ok(value);
        }
        Ok(PyString::new(self.py, scalar.text).into_any())
    }

    /// The key with this value in a kustomization file.
    ///
    /// Source: sigs.k8s.io/yaml yaml.go, convertToJSONableObject.
    fn kustomization_key(&self, value: Bound<'py, PyAny>) -> YamlResult<Bound<'py, PyAny>> {
        if value.is_instance_of::<PyString>() {
            return Ok(value);
        }
        let text = if let Ok(flag) = value.cast::<PyBool>() {
            Some(if flag.is_true() { "true" } else { "false" }.to_string())
        } else if value.is_instance_of::<PyInt>() {
            value.extract::<i64>().ok().map(|number| number.to_string())
        } else if let Ok(float) = value.cast::<PyFloat>() {
            Some(float32_text(float.value()))
        } else {
            None
        };
        match text {
            Some(text) => Ok(PyString::new(self.py, &text).into_any()),
            None => Err(self.not_a_key_error()),
        }
    }

    /// Make `<<` the pending key of the innermost mapping.
    fn set_pending_merge(&mut self, location: Location) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else { return Ok(()) };
        if self.context.dialect == Dialect::V3 && !open.merges.is_empty() {
            return Err(YamlError::source("the key `<<` is already set").at(location));
        }
        open.pending_key = PendingKey::Merge;
        Ok(())
    }

    /// Make `key` the pending key of the innermost mapping. In v3 a duplicate is an error.
    fn set_pending_key(&mut self, key: Bound<'py, PyAny>, location: Location) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else { return Ok(()) };
        if let (Node::Mapping(mapping), Dialect::V3) = (&open.node, self.context.dialect) {
            if mapping.contains(&key)? {
                return Err(self.duplicate_key_error(&key)?.at(location));
            }
        }
        open.pending_key = PendingKey::Named(key);
        Ok(())
    }

    fn duplicate_key_error(&self, key: &Bound<'py, PyAny>) -> YamlResult<YamlError> {
        let key = key.str()?.to_string();
        let mut path = Vec::with_capacity(self.stack.len());
        for pair in self.stack.windows(2) {
            path.push(match (&pair[0].node, &pair[1].key) {
                (Node::List(list), _) => Step::Index(list.len() - 1),
                (_, Some(key)) => Step::Name(key.str()?.to_string()),
                (_, None) => Step::Name("<<".into()),
            });
        }
        path.push(Step::Name(key.clone()));
        let line = find_position(self.data, &path, 0, None).line + self.lines_before;
        Ok(YamlError::source(format!("\"{key}\" is already set at line {line}")))
    }

    // --- scalars, anchors and aliases ---

    fn scalar_value(
        &mut self,
        scalar: &ScalarEvent<'_>,
        flow: bool,
    ) -> YamlResult<Bound<'py, PyAny>> {
        let v3 = self.context.dialect == Dialect::V3;
        match scalar.tag {
            Some("!") if v3 => {}
            Some(tag) => return self.tagged_value(tag, scalar.text),
            None => {}
        }
        match scalar.style {
            ScalarStyle::Plain => {}
            ScalarStyle::Folded if v3 => {
                let text = refold(scalar.text)?;
                return Ok(PyString::new(self.py, &text).into_any());
            }
            _ => return Ok(PyString::new(self.py, scalar.text).into_any()),
        }
        // kyaml prints each resource and parses it again. Inside brackets it prints an empty value as ''.
        if v3 && flow && scalar.text.is_empty() {
            return Ok(PyString::new(self.py, "").into_any());
        }
        plain_value(self.py, scalar.text, self.context)
    }

    /// The value of a scalar with an explicit tag.
    fn tagged_value(&self, tag: &str, text: &str) -> YamlResult<Bound<'py, PyAny>> {
        match resolve_tagged(self.py, tag, text, self.context.dialect)? {
            Tagged::Scalar(scalar) => self.context.types.to_python(self.py, scalar, text),
            Tagged::Text(text) => Ok(PyString::new(self.py, &text).into_any()),
        }
    }

    fn set_anchor(&mut self, name: &str, target: AnchorTarget<'py>) {
        self.anchors.insert(name.into(), Anchor { target, size: 1 });
    }

    /// The value of the anchor `name`. Its nodes are counted as if they were copied.
    fn resolve_alias(&mut self, name: &str, location: Location) -> YamlResult<Bound<'py, PyAny>> {
        let Some(anchor) = self.anchors.get(name) else {
            return Err(YamlError::source(format!("unknown anchor `{name}`")).at(location));
        };
        let AnchorTarget::Value(value) = &anchor.target else {
            return Err(
                YamlError::source(format!("the anchor `{name}` contains itself")).at(location)
            );
        };
        let value = value.clone();
        self.nodes += anchor.size;
        self.aliased_nodes += anchor.size;
        self.check_aliases(location)?;
        Ok(value)
    }

    /// Refuse a document in which too many nodes come from aliases, so that a small file can't expand to a huge
    /// value.
    fn check_aliases(&self, location: Location) -> YamlResult<()> {
        let (aliased, nodes) = (self.aliased_nodes as f64, self.nodes as f64);
        if self.aliased_nodes > 100
            && self.nodes > 1000
            && aliased / nodes > allowed_ratio(self.nodes)
        {
            let message = "excessive aliasing: expanded, the document would be too large";
            return Err(YamlError::source(message).at(location));
        }
        Ok(())
    }
}

impl<'py> OpenContainer<'py> {
    fn named_key(&self) -> Option<Bound<'py, PyAny>> {
        match &self.pending_key {
            PendingKey::Named(key) => Some(key.clone()),
            _ => None,
        }
    }
}

impl<'py> Node<'py> {
    pub fn as_any(&self) -> &Bound<'py, PyAny> {
        match self {
            Node::Mapping(mapping) => mapping.as_any(),
            Node::List(list) => list.as_any(),
        }
    }
}

/// The value of an unquoted scalar without a tag, from the cache if it is there.
pub fn plain_value<'py>(
    py: Python<'py>,
    text: &str,
    context: &mut ReadContext<'_>,
) -> YamlResult<Bound<'py, PyAny>> {
    let (types, dialect) = (context.types, context.dialect);
    context
        .scalar_cache
        .get_or_create(py, text, || types.to_python(py, resolve(text, dialect)?, text))
}

fn not_a_string_error(text: &str) -> YamlError {
    YamlError::source(format!("the key `{text}` is not a string: put it in quotes"))
}

/// Refuse a value of `<<` that is neither a mapping nor a list. The list must not be an alias.
fn check_mergeable(value: &Bound<'_, PyAny>, info: &NodeInfo) -> YamlResult<()> {
    let is_list = value.is_exact_instance_of::<PyList>() && !info.is_alias;
    if is_list || value.is_exact_instance_of::<PyDict>() {
        return Ok(());
    }
    Err(not_mergeable_error().at(info.location))
}

fn not_mergeable_error() -> YamlError {
    YamlError::source("`<<` merges a mapping or a list of mappings")
}

/// The mappings that a `<<` merges.
fn merge_sources<'py>(merge: &MergeValue<'py>) -> YamlResult<Vec<Bound<'py, PyDict>>> {
    if let Ok(mapping) = merge.value.cast_exact::<PyDict>() {
        return Ok(vec![mapping.clone()]);
    }
    let list = merge.value.cast_exact::<PyList>().map_err(PyErr::from)?;
    list.iter()
        .map(|item| {
            item.cast_into_exact::<PyDict>().map_err(|_| not_mergeable_error().at(merge.location))
        })
        .collect()
}

/// Add the merged entries to `mapping`. Its own keys win, then those of the first mapping in a list.
///
/// Source: kyaml yaml/rnode.go, mergeAll and findMergeValues.
fn merge_v3(mapping: &Bound<'_, PyDict>, merges: &[MergeValue<'_>]) -> YamlResult<()> {
    for merge in merges {
        for source in merge_sources(merge)? {
            for (key, value) in source {
                if !mapping.contains(&key)? {
                    mapping.set_item(key, value)?;
                }
            }
        }
    }
    Ok(())
}

/// Add the merged entries to `mapping`. The last value of a key wins, whether the mapping or a `<<` sets it. Among
/// the mappings of a list, the first wins.
///
/// Source: go.yaml.in/yaml/v2 decode.go, mapping and merge.
fn merge_v2(mapping: &Bound<'_, PyDict>, merges: &[MergeValue<'_>]) -> YamlResult<()> {
    let merged = PyDict::new(mapping.py());
    for merge in merges {
        if let Some(before) = &merge.before {
            merged.update(before.as_mapping())?;
        }
        for source in merge_sources(merge)?.iter().rev() {
            merged.update(source.as_mapping())?;
        }
    }
    merged.update(mapping.as_mapping())?;
    mapping.clear();
    mapping.update(merged.as_mapping())?;
    Ok(())
}

/// The share of nodes that may come from aliases: 99 % in a small document, 10 % in a large one.
///
/// Source: go-yaml decode.go, allowedAliasRatio (the same in v2 and v3).
fn allowed_ratio(nodes: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let nodes = nodes as f64;
    if nodes <= LOW {
        0.99
    } else if nodes >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * ((nodes - LOW) / (HIGH - LOW))
    }
}
