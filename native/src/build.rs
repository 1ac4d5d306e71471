//! libyaml's events → Python's values: one pass, an own stack of open containers, no recursion.
//!
//! The Rust version of `kmanifest/yaml/build.py` and `readers.py`, where the rules and their sources are told: what kustomize
//! reads with go-yaml v3 and what with v2 differs in what plain words mean, which keys a mapping may have, and how `<<`
//! merges.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::error::{Place, YamlError, YamlResult};
use crate::folded::refolded;
use crate::numbers::float32_text;
use crate::parser::{refuse_slash_escapes, Container, Kind, Parser, Scalar, Style};
use crate::positions::{find_position, Step};
use crate::resolve::{not_finite, resolve, Dialect};
use crate::scalar_cache::ScalarCache;
use crate::tags::{self, resolve_tagged, Tagged};
use crate::values::Values;

/// What the documents of one file are read with.
pub struct Reading<'a> {
    pub values: &'a Values,
    pub scalar_cache: &'a mut ScalarCache,
    pub dialect: Dialect,
    pub max_depth: usize,
}

/// The value of the first document in `data`, which starts `lines_before` lines into its file.
pub fn first_document<'py>(
    py: Python<'py>,
    data: &[u8],
    lines_before: usize,
    reading: &mut Reading<'_>,
) -> YamlResult<Bound<'py, PyAny>> {
    if memchr::memmem::find(data, b"\\/").is_some() {
        refuse_slash_escapes(data)?;
    }
    let mut builder = Builder {
        py,
        data,
        lines_before,
        reading,
        stack: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        opened: 0,
        nodes: 1,
        aliased: 0,
    };
    builder.document()
}

struct Builder<'py, 'd, 'r, 'a> {
    py: Python<'py>,
    data: &'d [u8],
    lines_before: usize,
    reading: &'r mut Reading<'a>,
    stack: Vec<Open<'py>>,
    root: Option<Bound<'py, PyAny>>,
    anchors: HashMap<Box<str>, Anchor<'py>>,
    opened: usize,
    nodes: usize,
    aliased: usize,
}

/// A container whose end has not come.
struct Open<'py> {
    node: Node<'py>,
    /// The key whose value it is, if it is one.
    key: Option<Bound<'py, PyAny>>,
    serial: usize,
    nodes_before: usize,
    anchor: Option<Box<str>>,
    flow: bool,
    waiting: Waiting<'py>,
    merges: Vec<Merge<'py>>,
}

pub enum Node<'py> {
    Mapping(Bound<'py, PyDict>),
    List(Bound<'py, PyList>),
}

/// What the next node of a mapping is the value of.
enum Waiting<'py> {
    Nothing,
    Key(Bound<'py, PyAny>),
    Merge,
}

/// A value of `<<`, which may not be complete yet; in v2 with what the mapping held before it.
struct Merge<'py> {
    before: Option<Bound<'py, PyDict>>,
    value: Bound<'py, PyAny>,
    place: Place,
}

struct Anchor<'py> {
    value: Anchored<'py>,
    size: usize,
}

enum Anchored<'py> {
    Open(usize),
    Value(Bound<'py, PyAny>),
}

/// An event of a node without what it borrows from the parser's text.
struct Origin {
    place: Place,
    is_alias: bool,
    /// A null that is written as nothing.
    is_blank: bool,
}

impl<'py> Builder<'py, '_, '_, '_> {
    fn document(&mut self) -> YamlResult<Bound<'py, PyAny>> {
        let mut parser = Parser::new(self.data);
        parser.next_event()?; // the start of the stream
        let event = parser.next_event()?;
        match event.kind {
            Kind::DocumentStart(None | Some((1, 1))) => {}
            Kind::DocumentStart(_) => {
                let message = "incompatible YAML document: only `%YAML 1.1` is read";
                return Err(YamlError::source(message).at(event.place));
            }
            _ => return Ok(self.py.None().into_bound(self.py)),
        }
        let start = self.node(&mut parser)?;
        while !self.stack.is_empty() {
            self.node(&mut parser)?;
        }
        parser.next_event()?; // the end of the document; what follows it is not read
        self.check_aliases(start)?;
        Ok(self.root.take().unwrap_or_else(|| self.py.None().into_bound(self.py)))
    }

    /// Read one event and put what it is where it belongs; gives its place.
    fn node(&mut self, parser: &mut Parser<'_>) -> YamlResult<Place> {
        let event = parser.next_event()?;
        let place = event.place;
        let flow = self.stack.last().is_some_and(|open| open.flow);
        if self.wants_key() {
            match event.kind {
                Kind::MappingEnd => self.close()?,
                Kind::Scalar(scalar) => self.scalar_key(&scalar, place)?,
                Kind::Alias(name) => self.alias_key(name, place)?,
                _ => return Err(self.container_key().at(place)),
            }
            return Ok(place);
        }
        let mut origin = Origin { place, is_alias: false, is_blank: false };
        match event.kind {
            Kind::SequenceEnd => self.close()?,
            Kind::Scalar(scalar) => {
                let value = self.scalar(&scalar, flow).map_err(|error| error.at(place))?;
                if let Some(anchor) = scalar.anchor {
                    self.name(anchor, Anchored::Value(value.clone()));
                } else {
                    let plain = scalar.text.is_empty() && scalar.style == Style::Plain;
                    origin.is_blank = plain && scalar.tag.is_none() && value.is_none();
                }
                self.put(value, &origin)?;
            }
            Kind::Alias(name) => {
                let value = self.alias(name, place)?;
                origin.is_alias = true;
                self.put(value, &origin)?;
            }
            Kind::MappingStart(container) => {
                let node = Node::Mapping(PyDict::new(self.py));
                self.open(node, &container, flow, &origin)?;
            }
            Kind::SequenceStart(container) => {
                let node = Node::List(PyList::empty(self.py));
                self.open(node, &container, flow, &origin)?;
            }
            _ => {}
        }
        Ok(place)
    }

    fn wants_key(&self) -> bool {
        self.stack.last().is_some_and(|open| {
            matches!(open.node, Node::Mapping(_)) && matches!(open.waiting, Waiting::Nothing)
        })
    }

    // --- containers ---

    fn open(
        &mut self,
        node: Node<'py>,
        container: &Container<'_>,
        flow: bool,
        origin: &Origin,
    ) -> YamlResult<()> {
        let max_depth = self.reading.max_depth;
        if self.stack.len() >= max_depth {
            let message = format!("nested deeper than {max_depth} levels (limit max_depth)");
            return Err(YamlError::limit(message).at(origin.place));
        }
        self.opened += 1;
        if let Some(anchor) = container.anchor {
            self.name(anchor, Anchored::Open(self.opened));
        }
        let value = node.as_any().clone();
        let open = Open {
            node,
            key: self.stack.last().and_then(Open::awaited_key),
            serial: self.opened,
            nodes_before: self.nodes,
            anchor: container.anchor.map(Into::into),
            flow: flow || container.flow,
            waiting: Waiting::Nothing,
            merges: Vec::new(),
        };
        self.put(value, origin)?;
        self.stack.push(open);
        Ok(())
    }

    /// Put a value where the innermost open container wants it.
    fn put(&mut self, value: Bound<'py, PyAny>, origin: &Origin) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        let mapping = match &open.node {
            Node::List(list) => return Ok(list.append(value)?),
            Node::Mapping(mapping) => mapping,
        };
        match std::mem::replace(&mut open.waiting, Waiting::Nothing) {
            Waiting::Merge => {
                check_mergeable(&value, origin)?;
                let before = match self.reading.dialect {
                    Dialect::V3 => None,
                    Dialect::V2 => {
                        let before = mapping.copy()?;
                        mapping.clear();
                        Some(before)
                    }
                };
                open.merges.push(Merge { before, value, place: origin.place });
            }
            Waiting::Key(key) if origin.is_blank && self.reading.dialect == Dialect::V3 => {
                let blank = self.reading.values.blank_key.bind(self.py).call1((key,))?;
                mapping.set_item(blank, value)?;
            }
            Waiting::Key(key) => mapping.set_item(key, value)?,
            Waiting::Nothing => {}
        }
        Ok(())
    }

    /// Take the innermost container, whose end was read, from the stack, and count what it holds.
    fn close(&mut self) -> YamlResult<()> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        self.nodes += 1 + match &open.node {
            Node::Mapping(mapping) => 2 * mapping.len(),
            Node::List(list) => list.len(),
        };
        if let Node::Mapping(mapping) = &open.node {
            if !open.merges.is_empty() {
                match self.reading.dialect {
                    Dialect::V3 => merge_v3(mapping, &open.merges)?,
                    Dialect::V2 => merge_v2(mapping, &open.merges)?,
                }
            }
            // A quoted "<<" loses its quotes where kyaml prints the resource, and is dropped.
            if self.reading.dialect == Dialect::V3 && mapping.contains("<<")? {
                mapping.del_item("<<")?;
            }
        }
        if let Some(anchor) = open.anchor.as_deref().and_then(|name| self.anchors.get_mut(name)) {
            anchor.size = self.nodes - open.nodes_before;
            if matches!(anchor.value, Anchored::Open(serial) if serial == open.serial) {
                anchor.value = Anchored::Value(open.node.as_any().clone());
            }
        }
        Ok(())
    }

    // --- keys ---

    fn scalar_key(&mut self, scalar: &Scalar<'_>, place: Place) -> YamlResult<()> {
        let plain = scalar.style == Style::Plain && scalar.tag.is_none();
        if scalar.tag == Some(tags::MERGE) || (plain && scalar.text == "<<") {
            return self.merge_key(place);
        }
        let key = if scalar.style != Style::Plain && scalar.tag.is_none() && scalar.anchor.is_none()
        {
            PyString::new(self.py, scalar.text).into_any()
        } else {
            let value = self.key_scalar(scalar).map_err(|error| error.at(place))?;
            if let Some(anchor) = scalar.anchor {
                self.name(anchor, Anchored::Value(value.clone()));
            }
            match self.reading.dialect {
                Dialect::V3 => self.string_key(value, scalar).map_err(|error| error.at(place))?,
                Dialect::V2 => self.any_key(value).map_err(|error| error.at(place))?,
            }
        };
        self.wait(key, place)
    }

    fn alias_key(&mut self, name: &str, place: Place) -> YamlResult<()> {
        let value = self.alias(name, place)?;
        let key = match self.reading.dialect {
            Dialect::V3 if value.is_exact_instance_of::<PyString>() => value,
            Dialect::V3 => {
                let text = value.cast::<PyString>().map_or(String::new(), |text| text.to_string());
                return Err(not_a_string(&text).at(place));
            }
            Dialect::V2 => self.any_key(value).map_err(|error| error.at(place))?,
        };
        self.wait(key, place)
    }

    fn container_key(&self) -> YamlError {
        YamlError::source(match self.reading.dialect {
            Dialect::V3 => "a key must be a string, not a mapping or a list",
            Dialect::V2 => "a key must be a string, a number or a boolean",
        })
    }

    /// The value of a scalar that is a key, which may be an infinity: as a string it is written out.
    fn key_scalar(&mut self, scalar: &Scalar<'_>) -> YamlResult<Bound<'py, PyAny>> {
        let plain = scalar.tag.is_none() && scalar.style == Style::Plain;
        match not_finite(scalar.text) {
            Some("NaN") if plain => Ok(PyFloat::new(self.py, f64::NAN).into_any()),
            Some("-Inf") if plain => Ok(PyFloat::new(self.py, f64::NEG_INFINITY).into_any()),
            Some(_) if plain => Ok(PyFloat::new(self.py, f64::INFINITY).into_any()),
            _ => self.scalar(scalar, false),
        }
    }

    /// The key of a resource file that has this value; other keys than strings pass at the top only, as their text.
    fn string_key(
        &self,
        value: Bound<'py, PyAny>,
        scalar: &Scalar<'_>,
    ) -> YamlResult<Bound<'py, PyAny>> {
        let string_tag = scalar.tag.is_none_or(|tag| tag == tags::STRING);
        if string_tag && value.is_exact_instance_of::<PyString>() {
            return Ok(value);
        }
        if value.is_none() || self.stack.len() > 1 {
            return Err(not_a_string(scalar.text));
        }
        if scalar.tag.is_some() && value.is_instance_of::<PyString>() {
            return Ok(value);
        }
        Ok(PyString::new(self.py, scalar.text).into_any())
    }

    /// The key of a kustomization file that has this value.
    ///
    /// Source: sigs.k8s.io/yaml yaml.go, convertToJSONableObject.
    fn any_key(&self, value: Bound<'py, PyAny>) -> YamlResult<Bound<'py, PyAny>> {
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
            None => Err(self.container_key()),
        }
    }

    fn merge_key(&mut self, place: Place) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else { return Ok(()) };
        if self.reading.dialect == Dialect::V3 && !open.merges.is_empty() {
            return Err(YamlError::source("the key `<<` is already set").at(place));
        }
        open.waiting = Waiting::Merge;
        Ok(())
    }

    /// Let the innermost mapping wait for the value of `key`.
    fn wait(&mut self, key: Bound<'py, PyAny>, place: Place) -> YamlResult<()> {
        let Some(open) = self.stack.last_mut() else { return Ok(()) };
        if let (Node::Mapping(mapping), Dialect::V3) = (&open.node, self.reading.dialect) {
            if mapping.contains(&key)? {
                return Err(self.duplicate(&key)?.at(place));
            }
        }
        open.waiting = Waiting::Key(key);
        Ok(())
    }

    fn duplicate(&self, key: &Bound<'py, PyAny>) -> YamlResult<YamlError> {
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
        let line = find_position(self.data, &path, 0).line + self.lines_before;
        Ok(YamlError::source(format!("\"{key}\" is already set at line {line}")))
    }

    // --- scalars, anchors and aliases ---

    fn scalar(&mut self, scalar: &Scalar<'_>, flow: bool) -> YamlResult<Bound<'py, PyAny>> {
        let v3 = self.reading.dialect == Dialect::V3;
        match scalar.tag {
            Some("!") if v3 => {}
            Some(tag) => return self.tagged(tag, scalar.text),
            None => {}
        }
        match scalar.style {
            Style::Plain => {}
            Style::Folded if v3 => {
                let text = refolded(scalar.text)?;
                return Ok(PyString::new(self.py, &text).into_any());
            }
            _ => return Ok(PyString::new(self.py, scalar.text).into_any()),
        }
        // kyaml prints and parses each resource once more, and within brackets an empty value is printed as ''.
        if v3 && flow && scalar.text.is_empty() {
            return Ok(PyString::new(self.py, "").into_any());
        }
        plain(self.py, scalar.text, self.reading)
    }

    fn tagged(&self, tag: &str, text: &str) -> YamlResult<Bound<'py, PyAny>> {
        match resolve_tagged(self.py, tag, text, self.reading.dialect)? {
            Tagged::Scalar(scalar) => self.reading.values.make(self.py, scalar, text),
            Tagged::Text(text) => Ok(PyString::new(self.py, &text).into_any()),
        }
    }

    fn name(&mut self, anchor: &str, value: Anchored<'py>) {
        self.anchors.insert(anchor.into(), Anchor { value, size: 1 });
    }

    fn alias(&mut self, name: &str, place: Place) -> YamlResult<Bound<'py, PyAny>> {
        let Some(anchor) = self.anchors.get(name) else {
            return Err(YamlError::source(format!("unknown anchor `{name}`")).at(place));
        };
        let Anchored::Value(value) = &anchor.value else {
            return Err(YamlError::source(format!("the anchor `{name}` contains itself")).at(place));
        };
        let value = value.clone();
        self.nodes += anchor.size;
        self.aliased += anchor.size;
        self.check_aliases(place)?;
        Ok(value)
    }

    fn check_aliases(&self, place: Place) -> YamlResult<()> {
        let (aliased, nodes) = (self.aliased as f64, self.nodes as f64);
        if self.aliased > 100 && self.nodes > 1000 && aliased / nodes > allowed_ratio(self.nodes) {
            let message = "excessive aliasing: expanded, the document would be too large";
            return Err(YamlError::source(message).at(place));
        }
        Ok(())
    }
}

impl<'py> Open<'py> {
    fn awaited_key(&self) -> Option<Bound<'py, PyAny>> {
        match &self.waiting {
            Waiting::Key(key) => Some(key.clone()),
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

/// What an unquoted scalar without a tag means; remembered for the next time.
pub fn plain<'py>(
    py: Python<'py>,
    text: &str,
    reading: &mut Reading<'_>,
) -> YamlResult<Bound<'py, PyAny>> {
    let (values, dialect) = (reading.values, reading.dialect);
    reading.scalar_cache.get(py, text, || values.make(py, resolve(text, dialect)?, text))
}

fn not_a_string(text: &str) -> YamlError {
    YamlError::source(format!("the key `{text}` is not a string: put it in quotes"))
}

/// Refuse a value of `<<` that is neither a mapping nor a list written in its place.
fn check_mergeable(value: &Bound<'_, PyAny>, origin: &Origin) -> YamlResult<()> {
    let is_list = value.is_exact_instance_of::<PyList>() && !origin.is_alias;
    if is_list || value.is_exact_instance_of::<PyDict>() {
        return Ok(());
    }
    Err(unmergeable().at(origin.place))
}

fn unmergeable() -> YamlError {
    YamlError::source("`<<` merges a mapping or a list of mappings")
}

fn mappings<'py>(merge: &Merge<'py>) -> YamlResult<Vec<Bound<'py, PyDict>>> {
    if let Ok(mapping) = merge.value.cast_exact::<PyDict>() {
        return Ok(vec![mapping.clone()]);
    }
    let list = merge.value.cast_exact::<PyList>().map_err(PyErr::from)?;
    list.iter()
        .map(|item| item.cast_into_exact::<PyDict>().map_err(|_| unmergeable().at(merge.place)))
        .collect()
}

/// The mapping's own keys win, then those of the first mapping in the list.
///
/// Source: kyaml yaml/rnode.go, mergeAll and findMergeValues.
fn merge_v3(mapping: &Bound<'_, PyDict>, merges: &[Merge<'_>]) -> YamlResult<()> {
    for merge in merges {
        for source in mappings(merge)? {
            for (key, value) in source {
                if !mapping.contains(&key)? {
                    mapping.set_item(key, value)?;
                }
            }
        }
    }
    Ok(())
}

/// Each key has the value that was set last, by the mapping itself or by a `<<`; in a list the first wins.
///
/// Source: go.yaml.in/yaml/v2 decode.go, mapping and merge.
fn merge_v2(mapping: &Bound<'_, PyDict>, merges: &[Merge<'_>]) -> YamlResult<()> {
    let merged = PyDict::new(mapping.py());
    for merge in merges {
        if let Some(before) = &merge.before {
            merged.update(before.as_mapping())?;
        }
        for source in mappings(merge)?.iter().rev() {
            merged.update(source.as_mapping())?;
        }
    }
    merged.update(mapping.as_mapping())?;
    mapping.clear();
    mapping.update(merged.as_mapping())?;
    Ok(())
}

/// The part of all nodes that may come from aliases: 99 % of a small document, 10 % of a large one.
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
