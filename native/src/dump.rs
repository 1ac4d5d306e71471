//! Prints values as YAML, byte for byte as Marshal of sigs.k8s.io/yaml. Rust version of `kmanifest/yaml/dumper.py`.
//!
//! The output is in block style, with keys in go-yaml's natural order. A list is not indented under its key. An empty
//! container is `{}` or `[]`. The printer keeps a stack of its own, so only the data limits the depth; each frame is
//! one open container. The sorted entries of all open mappings are in one vector, those of the innermost mapping
//! last. A container that starts on the line of its list item finds that line started (`Printer::is_line_started`).
//!
//! Most values have exactly the types of JSON. For these no Python code runs. For others (subclasses, mappings) the
//! same methods are called as in the pure-Python backend, in the same order.

use pyo3::exceptions::PyOverflowError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyList, PyString, PyTuple, PyType,
};

use crate::error::{YamlError, YamlResult};
use crate::numbers::{general_number, is_64_bits};
use crate::order;
use crate::output_text::OutputText;
use crate::scalars::{
    char_kinds, write_float, write_int, write_key, write_text, CharKinds, Layout,
};

/// Cycles are searched for in containers that are nested deeper than this.
const CYCLE_CHECK_DEPTH: usize = 64;
/// For how many types the printer remembers whether they are mappings.
const MAX_KNOWN_TYPES: usize = 16;

/// Print one document as sigs.k8s.io/yaml does, with a line break at its end.
///
/// Raises SourceError for values that JSON or YAML can't represent: NaN, infinities, control characters. Raises
/// LimitError for more than `max_output` characters, which even a small body can have if its parts are shared many
/// times. If both apply, the one that comes first in the text is raised.
/// Source: sigs.k8s.io/yaml v1.6.0 yaml.go, Marshal and JSONToYAML.
pub fn dump<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
    max_output: usize,
    flow_blank_key: &Py<PyAny>,
) -> YamlResult<Bound<'py, PyString>> {
    let mut printer = Printer {
        py,
        flow_blank_key: flow_blank_key.bind(py).clone(),
        output: OutputText::new(max_output),
        entries: Vec::with_capacity(32),
        frames: Vec::with_capacity(16),
        is_line_started: false,
        mapping_class: None,
        known_types: Vec::new(),
    };
    match printer.print_document(value) {
        Ok(()) => Ok(PyString::from_bytes(py, &printer.output.text)?),
        Err(error) => Err(printer.output.first_error(error)),
    }
}

/// The characters of a `str` as UTF-8, in which lone surrogates are encoded, too.
struct Utf8Text<'py> {
    /// The `str`, or a `bytes` if the `str` contains surrogates.
    _owner: Bound<'py, PyAny>,
    start: *const u8,
    length: usize,
}

impl<'py> Utf8Text<'py> {
    #[inline]
    fn new(text: Bound<'py, PyAny>) -> YamlResult<Utf8Text<'py>> {
        let mut size = 0;
        // SAFETY: `text` is an object, and the thread is attached to the interpreter. The function fails for anything
        // but a `str`.
        let start = unsafe { ffi::PyUnicode_AsUTF8AndSize(text.as_ptr(), &mut size) };
        if start.is_null() {
            return Utf8Text::with_surrogates(text);
        }
        Ok(Utf8Text { _owner: text, start: start.cast(), length: size as usize })
    }

    #[cold]
    fn with_surrogates(text: Bound<'py, PyAny>) -> YamlResult<Utf8Text<'py>> {
        drop(PyErr::take(text.py()));
        let encode = text.py().get_type::<PyString>().getattr("encode")?;
        let encoded = encode.call1((&text, "utf-8", "surrogatepass"))?;
        let bytes = encoded.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
        let (start, length) = (bytes.as_ptr(), bytes.len());
        Ok(Utf8Text { _owner: encoded, start, length })
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes belong to the owner, which lives as long as `self`. A `bytes` never changes, and a `str`
        // keeps its UTF-8 for its whole life.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// An entry of an open mapping.
struct Entry<'py> {
    key: Utf8Text<'py>,
    kinds: CharKinds,
    value: EntryValue<'py>,
}

enum EntryValue<'py> {
    Value(Bound<'py, PyAny>),
    /// The key for looking up the value when the entry is printed.
    Key(Bound<'py, PyAny>),
    /// The entry was printed.
    Taken,
}

/// One container that is being printed.
struct Frame<'py> {
    container: Bound<'py, PyAny>,
    remaining: Remaining<'py>,
    indent: usize,
}

/// The items or entries of a container that are still to be printed.
enum Remaining<'py> {
    /// The index of the next item of an exact list or tuple.
    List(usize),
    Tuple(usize),
    Items(Bound<'py, PyIterator>),
    /// Indexes in `Printer::entries`: the first entry, the next one, the end.
    Entries {
        first: usize,
        next: usize,
        end: usize,
    },
}

/// How a value is printed.
enum ValueKind {
    Text,
    Null,
    True,
    False,
    Int,
    Float,
    /// A list that is not empty. This and the next four kinds are containers.
    List,
    Tuple,
    /// An instance of a subclass of list or tuple.
    Items,
    Dict,
    /// A mapping that is not exactly a dict.
    Mapping,
    EmptyList,
    EmptyMapping,
    Unknown,
}

impl ValueKind {
    fn is_list(&self) -> bool {
        matches!(self, ValueKind::List | ValueKind::Tuple | ValueKind::Items)
    }

    fn is_container(&self) -> bool {
        self.is_list() || matches!(self, ValueKind::Dict | ValueKind::Mapping)
    }
}

struct Printer<'py> {
    py: Python<'py>,
    /// The type of the key of a null that is printed as an empty string.
    flow_blank_key: Bound<'py, PyAny>,
    output: OutputText,
    entries: Vec<Entry<'py>>,
    frames: Vec<Frame<'py>>,
    /// Whether the start of the next line is already written.
    is_line_started: bool,
    /// `collections.abc.Mapping`; None until it is needed.
    mapping_class: Option<Bound<'py, PyAny>>,
    /// Types, and whether they are mappings.
    known_types: Vec<(Bound<'py, PyType>, bool)>,
}

impl<'py> Printer<'py> {
    fn print_document(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<()> {
        let kind = self.value_kind(value, false)?;
        if !kind.is_container() {
            return self.print_scalar(value.clone(), &kind, Layout { column: 0, indent: 2 });
        }
        self.open(value.clone(), &kind, 0)?;
        while let Some(frame) = self.frames.last_mut() {
            let indent = frame.indent;
            let item = match &mut frame.remaining {
                Remaining::Entries { first, next, end } => {
                    let (first, index) = (*first, *next);
                    if index < *end {
                        *next += 1;
                        self.print_entry(index, indent)?;
                    } else {
                        self.entries.truncate(first);
                        self.close();
                    }
                    continue;
                }
                Remaining::List(next) => {
                    let index = *next;
                    *next += 1;
                    list_item(&frame.container, index)
                }
                Remaining::Tuple(next) => {
                    let index = *next;
                    *next += 1;
                    tuple_item(&frame.container, index)
                }
                Remaining::Items(items) => items.next().transpose()?,
            };
            match item {
                Some(item) => self.print_item(item, indent)?,
                None => self.close(),
            }
        }
        Ok(())
    }

    /// Print an item of a list. A container is opened on the line of the item.
    fn print_item(&mut self, item: Bound<'py, PyAny>, indent: usize) -> YamlResult<()> {
        let kind = self.value_kind(&item, true)?;
        self.start_line(indent);
        self.output.push(b"- ");
        if kind.is_container() {
            self.is_line_started = true;
            return self.open(item, &kind, indent + 2);
        }
        self.print_scalar(item, &kind, Layout { column: indent + 2, indent: indent + 2 })
    }

    /// Print an entry of a mapping. A container is opened.
    fn print_entry(&mut self, index: usize, indent: usize) -> YamlResult<()> {
        let value = self.take_value(index)?;
        self.start_line(indent);
        let entry = &self.entries[index];
        let Some(width) = write_key(&mut self.output, entry.key.bytes(), entry.kinds)? else {
            return self.print_complex_entry(index, value, indent);
        };
        let kind = self.value_kind(&value, true)?;
        if kind.is_container() {
            self.output.push(b":\n");
            self.output.end_line()?;
            return self.open(value, &kind, if kind.is_list() { indent } else { indent + 2 });
        }
        self.output.push(b": ");
        self.print_scalar(value, &kind, Layout { column: indent + width + 2, indent: indent + 2 })
    }

    /// Print an entry whose key is too long or has several lines: `? key`, then `: value`.
    #[cold]
    fn print_complex_entry(
        &mut self,
        index: usize,
        value: Bound<'py, PyAny>,
        indent: usize,
    ) -> YamlResult<()> {
        let layout = Layout { column: indent + 2, indent: indent + 2 };
        let entry = &self.entries[index];
        self.output.push(b"? ");
        write_text(&mut self.output, entry.key.bytes(), entry.kinds, layout)?;
        self.output.end_line()?;
        let kind = self.value_kind(&value, false)?;
        self.start_line(indent);
        self.output.push(b": ");
        if kind.is_container() {
            self.is_line_started = true;
            return self.open(value, &kind, indent + 2);
        }
        self.print_scalar(value, &kind, layout)
    }

    /// Write the indentation of a line, unless its start is already written.
    #[inline]
    fn start_line(&mut self, indent: usize) {
        if !std::mem::take(&mut self.is_line_started) {
            self.output.push_spaces(indent);
        }
    }

    /// The value of an entry, which is printed once.
    fn take_value(&mut self, index: usize) -> YamlResult<Bound<'py, PyAny>> {
        match std::mem::replace(&mut self.entries[index].value, EntryValue::Taken) {
            EntryValue::Value(value) => Ok(value),
            EntryValue::Key(key) => match self.frames.last() {
                Some(frame) => {
                    let value = frame.container.get_item(&key)?;
                    Ok(if self.is_flow_blank(&key, &value) { self.empty_text() } else { value })
                }
                None => Err(YamlError::source("an entry without its mapping")),
            },
            EntryValue::Taken => Err(YamlError::source("an entry that is printed twice")),
        }
    }

    /// Whether an entry is a null that was written as nothing inside braces. It is printed as an empty string.
    fn is_flow_blank(&self, key: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>) -> bool {
        value.is_none() && key.get_type().is(&self.flow_blank_key)
    }

    fn empty_text(&self) -> Bound<'py, PyAny> {
        PyString::new(self.py, "").into_any()
    }

    /// Print a scalar or an empty container, and the line break after it.
    #[inline]
    fn print_scalar(
        &mut self,
        value: Bound<'py, PyAny>,
        kind: &ValueKind,
        layout: Layout,
    ) -> YamlResult<()> {
        let line: &[u8] = match kind {
            ValueKind::Text => {
                let text = Utf8Text::new(value)?;
                let text = text.bytes();
                write_text(&mut self.output, text, char_kinds(text), layout)?;
                return self.output.end_line();
            }
            ValueKind::Null => b"null\n",
            ValueKind::True => b"true\n",
            ValueKind::False => b"false\n",
            ValueKind::EmptyList => b"[]\n",
            ValueKind::EmptyMapping => b"{}\n",
            _ => {
                self.print_number(&value, kind)?;
                b"\n"
            }
        };
        self.output.push(line);
        self.output.end_line()
    }

    fn print_number(&mut self, value: &Bound<'py, PyAny>, kind: &ValueKind) -> YamlResult<()> {
        match kind {
            ValueKind::Int => self.print_int(value),
            ValueKind::Float => {
                let value = value.cast::<PyFloat>().map_err(PyErr::from)?.value();
                write_float(&mut self.output, value)
            }
            _ => {
                let name = value.get_type().getattr("__name__")?.str()?;
                Err(YamlError::source(format!(
                    "a value of the type {} can't be written as YAML",
                    name.to_string_lossy()
                )))
            }
        }
    }

    /// Print an integer. Beyond 64 bits it comes out of JSON as a float.
    fn print_int(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<()> {
        if let Ok(integer) = value.extract::<i64>() {
            write_int(&mut self.output, integer);
            return Ok(());
        }
        let text = match value.extract::<i128>() {
            Ok(wide) if is_64_bits(wide) => wide.to_string(),
            _ => match value.extract::<f64>() {
                Ok(float) => general_number(float),
                // Too large for a float: go-yaml reads it as a string, which needs no quotes.
                Err(error) if error.is_instance_of::<PyOverflowError>(self.py) => {
                    let whole = self.py.get_type::<PyInt>().call1((value,))?;
                    whole.str()?.to_string_lossy().into_owned()
                }
                Err(error) => return Err(error.into()),
            },
        };
        self.output.push(text.as_bytes());
        Ok(())
    }

    // --- containers ---------------------------------------------------------------------------------------------

    /// Put a container that is not empty on the stack.
    fn open(
        &mut self,
        container: Bound<'py, PyAny>,
        kind: &ValueKind,
        indent: usize,
    ) -> YamlResult<()> {
        let remaining = match kind {
            ValueKind::List => Remaining::List(0),
            ValueKind::Tuple => Remaining::Tuple(0),
            ValueKind::Items => Remaining::Items(container.try_iter()?),
            ValueKind::Dict => {
                self.add_dict(container.cast_exact::<PyDict>().map_err(PyErr::from)?)?
            }
            _ => self.add_mapping(&container)?,
        };
        if self.frames.len() > CYCLE_CHECK_DEPTH && self.is_cycle(&container) {
            return Err(self.output.limit_error());
        }
        self.frames.push(Frame { container, remaining, indent });
        Ok(())
    }

    /// Whether a container contains itself, found before it is printed many more times.
    ///
    /// R. P. Brent's method: a container is compared with the ancestor whose depth is the largest power of two.
    fn is_cycle(&self, container: &Bound<'py, PyAny>) -> bool {
        let depth = self.frames.len() - 1;
        self.frames[1 << depth.ilog2()].container.is(container)
    }

    /// Remove the innermost container from the stack.
    #[inline]
    fn close(&mut self) {
        self.frames.pop();
        if std::mem::take(&mut self.is_line_started) {
            // The container was truthy, but had no items.
            self.output.drop_incomplete_line();
        }
    }

    fn add_dict(&mut self, dict: &Bound<'py, PyDict>) -> YamlResult<Remaining<'py>> {
        let first = self.entries.len();
        let mut kinds = 0;
        for (key, value) in dict {
            let value = if self.is_flow_blank(&key, &value) { self.empty_text() } else { value };
            kinds |= self.add_entry(key, EntryValue::Value(value))?;
        }
        Ok(self.sort_entries(first, kinds))
    }

    #[cold]
    fn add_mapping(&mut self, mapping: &Bound<'py, PyAny>) -> YamlResult<Remaining<'py>> {
        let keys = mapping.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        for key in &keys {
            key.hash()?;
        }
        let first = self.entries.len();
        let mut kinds = 0;
        for key in keys {
            kinds |= self.add_entry(key.clone(), EntryValue::Key(key))?;
        }
        Ok(self.sort_entries(first, kinds))
    }

    /// Add an entry of the mapping that is being opened. Return the kinds of characters in its key.
    #[inline]
    fn add_entry(
        &mut self,
        key: Bound<'py, PyAny>,
        value: EntryValue<'py>,
    ) -> YamlResult<CharKinds> {
        if !(key.is_exact_instance_of::<PyString>() || key.is_instance_of::<PyString>()) {
            let repr = key.repr()?;
            let repr = repr.to_string_lossy();
            return Err(YamlError::source(format!("the key {repr} is not a string")));
        }
        let key = Utf8Text::new(key)?;
        let kinds = char_kinds(key.bytes());
        self.entries.push(Entry { key, kinds, value });
        Ok(kinds)
    }

    /// Sort the entries from `first` on. `kinds` are the kinds of characters in all their keys.
    fn sort_entries(&mut self, first: usize, kinds: CharKinds) -> Remaining<'py> {
        let end = self.entries.len();
        if end - first > 1 {
            order::sort(self.py, &mut self.entries[first..], kinds, |entry| entry.key.bytes());
        }
        Remaining::Entries { first, next: first, end }
    }

    // --- types --------------------------------------------------------------------------------------------------

    /// How `value` is printed.
    ///
    /// In a container (`is_inside`), the truth value of a subclass or mapping is checked, as in the pure-Python
    /// backend.
    #[inline]
    fn value_kind(&mut self, value: &Bound<'py, PyAny>, is_inside: bool) -> YamlResult<ValueKind> {
        if value.is_exact_instance_of::<PyString>() {
            return Ok(ValueKind::Text);
        }
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            return Ok(if dict.is_empty() { ValueKind::EmptyMapping } else { ValueKind::Dict });
        }
        if let Ok(list) = value.cast_exact::<PyList>() {
            return Ok(if list.is_empty() { ValueKind::EmptyList } else { ValueKind::List });
        }
        if value.is_none() {
            return Ok(ValueKind::Null);
        }
        if let Ok(truth) = value.cast_exact::<PyBool>() {
            return Ok(if truth.is_true() { ValueKind::True } else { ValueKind::False });
        }
        if value.is_exact_instance_of::<PyInt>() {
            return Ok(ValueKind::Int);
        }
        if value.is_exact_instance_of::<PyFloat>() {
            return Ok(ValueKind::Float);
        }
        if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return Ok(if tuple.is_empty() { ValueKind::EmptyList } else { ValueKind::Tuple });
        }
        self.kind_of_other_type(value, is_inside)
    }

    #[cold]
    fn kind_of_other_type(
        &mut self,
        value: &Bound<'py, PyAny>,
        is_inside: bool,
    ) -> YamlResult<ValueKind> {
        let is_list = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
        let is_mapping = !is_list && self.is_mapping(value)?;
        if !(is_inside || is_list || is_mapping) {
            return Ok(scalar_kind(value));
        }
        let is_truthy = value.is_truthy()?;
        Ok(match (is_list, is_mapping) {
            (true, _) => {
                if is_truthy {
                    ValueKind::Items
                } else {
                    ValueKind::EmptyList
                }
            }
            (_, true) if is_truthy => ValueKind::Mapping,
            (_, is_mapping) => match scalar_kind(value) {
                ValueKind::Unknown if is_mapping => ValueKind::EmptyMapping,
                kind => kind,
            },
        })
    }

    /// Whether `value` is a `collections.abc.Mapping`. Each type is checked once.
    fn is_mapping(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<bool> {
        let class = value.get_type();
        if let Some((_, is_mapping)) = self.known_types.iter().find(|(known, _)| known.is(&class)) {
            return Ok(*is_mapping);
        }
        let mapping_class = match &self.mapping_class {
            Some(class) => class,
            None => {
                // The module in which the interpreter defines the class; `collections.abc` would load others.
                let class = self.py.import("_collections_abc")?.getattr("Mapping")?;
                self.mapping_class.insert(class)
            }
        };
        let is_mapping = value.is_instance(mapping_class)?;
        if self.known_types.len() < MAX_KNOWN_TYPES {
            self.known_types.push((class, is_mapping));
        }
        Ok(is_mapping)
    }
}

fn scalar_kind(value: &Bound<'_, PyAny>) -> ValueKind {
    if value.is_instance_of::<PyString>() {
        ValueKind::Text
    } else if value.is_instance_of::<PyInt>() {
        ValueKind::Int
    } else if value.is_instance_of::<PyFloat>() {
        ValueKind::Float
    } else {
        ValueKind::Unknown
    }
}

#[inline]
fn list_item<'py>(list: &Bound<'py, PyAny>, index: usize) -> Option<Bound<'py, PyAny>> {
    let list = list.cast_exact::<PyList>().ok()?;
    if index < list.len() {
        list.get_item(index).ok()
    } else {
        None
    }
}

#[inline]
fn tuple_item<'py>(tuple: &Bound<'py, PyAny>, index: usize) -> Option<Bound<'py, PyAny>> {
    let tuple = tuple.cast_exact::<PyTuple>().ok()?;
    if index < tuple.len() {
        tuple.get_item(index).ok()
    } else {
        None
    }
}
