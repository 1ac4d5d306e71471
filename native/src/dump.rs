//! Values → YAML text, byte for byte what sigs.k8s.io/yaml's Marshal prints; the Rust version of `kmanifest/yaml/dumper.py`.
//!
//! Block style throughout, keys in go-yaml's natural order, lists not indented under their key, `{}` and `[]` for what
//! is empty. The walk keeps its own stack, so that depth is bounded by the data; each frame is one open container.
//! The entries of all open mappings lie, sorted, in one vector, those of the innermost at its end. A container that
//! starts on the line of its list item finds that line begun (`Walk::begun`).
//!
//! Most values are of the exact types of JSON: for these no code of Python runs. The others (subclasses, mappings) are
//! asked what the other room asks them, in the same order.

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
use crate::scalars::{marks, write_float, write_int, write_key, write_text, Marks, Spot};

/// Containers within one another, from where on a cycle is looked for.
const DEEP: usize = 64;
/// Types of which is remembered whether they are mappings.
const MANY_TYPES: usize = 16;

/// One document as sigs.k8s.io/yaml prints it, with a line break at its end.
///
/// Raises SourceError for what JSON or YAML can't hold: NaN, infinities, control characters; LimitError past
/// `max_output` characters, which a small body reaches whose parts are shared many times. Where both are due, the one
/// that comes first in the text is raised.
/// Source: sigs.k8s.io/yaml v1.6.0 yaml.go, Marshal and JSONToYAML.
pub fn dump<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
    max_output: usize,
) -> YamlResult<Bound<'py, PyString>> {
    let mut walk = Walk {
        py,
        output: OutputText::new(max_output),
        entries: Vec::with_capacity(32),
        frames: Vec::with_capacity(16),
        begun: false,
        mapping: None,
        types: Vec::new(),
    };
    match walk.document(value) {
        Ok(()) => Ok(PyString::from_bytes(py, &walk.output.text)?),
        Err(error) => Err(walk.output.first_error(error)),
    }
}

/// The characters of a `str`, as UTF-8 in which lone surrogates are written, too.
struct Text<'py> {
    /// The `str`, or the `bytes` where it holds surrogates.
    _owner: Bound<'py, PyAny>,
    start: *const u8,
    length: usize,
}

impl<'py> Text<'py> {
    #[inline]
    fn of(text: Bound<'py, PyAny>) -> YamlResult<Text<'py>> {
        let mut size = 0;
        // SAFETY: `text` is an object, and we are attached to the interpreter; the function fails for what is no `str`.
        let start = unsafe { ffi::PyUnicode_AsUTF8AndSize(text.as_ptr(), &mut size) };
        if start.is_null() {
            return Text::with_surrogates(text);
        }
        Ok(Text { _owner: text, start: start.cast(), length: size as usize })
    }

    #[cold]
    fn with_surrogates(text: Bound<'py, PyAny>) -> YamlResult<Text<'py>> {
        drop(PyErr::take(text.py()));
        let encode = text.py().get_type::<PyString>().getattr("encode")?;
        let encoded = encode.call1((&text, "utf-8", "surrogatepass"))?;
        let bytes = encoded.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
        let (start, length) = (bytes.as_ptr(), bytes.len());
        Ok(Text { _owner: encoded, start, length })
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes belong to the owner, which lives as long as `self`. A `bytes` never changes, and a `str`
        // keeps its UTF-8 as long as it lives.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// A key of an open mapping, and its value.
struct Entry<'py> {
    key: Text<'py>,
    marks: Marks,
    value: Entered<'py>,
}

enum Entered<'py> {
    Value(Bound<'py, PyAny>),
    /// The key by which the mapping is asked for its value once it is printed.
    Key(Bound<'py, PyAny>),
    Taken,
}

/// One container that is being printed, and what is left of it.
struct Frame<'py> {
    container: Bound<'py, PyAny>,
    rest: Rest<'py>,
    indent: usize,
}

enum Rest<'py> {
    /// The index of the next item of an exact list or tuple.
    List(usize),
    Tuple(usize),
    Items(Bound<'py, PyIterator>),
    /// Entries of `Walk::entries`: the first one, the next one, the end.
    Entries {
        first: usize,
        next: usize,
        end: usize,
    },
}

/// How a value is printed.
enum Kind {
    Text,
    Null,
    True,
    False,
    Int,
    Float,
    /// A list or mapping with something in it.
    List,
    Tuple,
    Items,
    Dict,
    Mapping,
    EmptyList,
    EmptyMapping,
    Unknown,
}

impl Kind {
    fn is_list(&self) -> bool {
        matches!(self, Kind::List | Kind::Tuple | Kind::Items)
    }

    fn is_container(&self) -> bool {
        self.is_list() || matches!(self, Kind::Dict | Kind::Mapping)
    }
}

struct Walk<'py> {
    py: Python<'py>,
    output: OutputText,
    entries: Vec<Entry<'py>>,
    frames: Vec<Frame<'py>>,
    /// Whether what stands before the next line is written already.
    begun: bool,
    /// `collections.abc.Mapping`, once it is needed.
    mapping: Option<Bound<'py, PyAny>>,
    /// Types that were met, and whether they are mappings.
    types: Vec<(Bound<'py, PyType>, bool)>,
}

impl<'py> Walk<'py> {
    fn document(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<()> {
        let kind = self.kind(value, false)?;
        if !kind.is_container() {
            return self.scalar(value.clone(), &kind, Spot { column: 0, indent: 2 });
        }
        self.open(value.clone(), &kind, 0)?;
        while let Some(frame) = self.frames.last_mut() {
            let indent = frame.indent;
            let item = match &mut frame.rest {
                Rest::Entries { first, next, end } => {
                    let (first, index) = (*first, *next);
                    if index < *end {
                        *next += 1;
                        self.entry(index, indent)?;
                    } else {
                        self.entries.truncate(first);
                        self.close();
                    }
                    continue;
                }
                Rest::List(next) => {
                    let index = *next;
                    *next += 1;
                    next_of_list(&frame.container, index)
                }
                Rest::Tuple(next) => {
                    let index = *next;
                    *next += 1;
                    next_of_tuple(&frame.container, index)
                }
                Rest::Items(items) => items.next().transpose()?,
            };
            match item {
                Some(item) => self.item(item, indent)?,
                None => self.close(),
            }
        }
        Ok(())
    }

    /// Print an item of a list; a container is opened on its line.
    fn item(&mut self, item: Bound<'py, PyAny>, indent: usize) -> YamlResult<()> {
        let kind = self.kind(&item, true)?;
        self.begin(indent);
        self.output.push(b"- ");
        if kind.is_container() {
            self.begun = true;
            return self.open(item, &kind, indent + 2);
        }
        self.scalar(item, &kind, Spot { column: indent + 2, indent: indent + 2 })
    }

    /// Print an entry of a mapping; a container is opened.
    fn entry(&mut self, index: usize, indent: usize) -> YamlResult<()> {
        let value = self.value_of(index)?;
        self.begin(indent);
        let entry = &self.entries[index];
        let Some(width) = write_key(&mut self.output, entry.key.bytes(), entry.marks)? else {
            return self.complex_entry(index, value, indent);
        };
        let kind = self.kind(&value, true)?;
        if kind.is_container() {
            self.output.push(b":\n");
            self.output.line_is_complete()?;
            return self.open(value, &kind, if kind.is_list() { indent } else { indent + 2 });
        }
        self.output.push(b": ");
        self.scalar(value, &kind, Spot { column: indent + width + 2, indent: indent + 2 })
    }

    /// Print an entry whose key is too long, or has lines, for its colon to follow: `? key`, then `: value`.
    #[cold]
    fn complex_entry(
        &mut self,
        index: usize,
        value: Bound<'py, PyAny>,
        indent: usize,
    ) -> YamlResult<()> {
        let spot = Spot { column: indent + 2, indent: indent + 2 };
        let entry = &self.entries[index];
        self.output.push(b"? ");
        write_text(&mut self.output, entry.key.bytes(), entry.marks, spot)?;
        self.output.line_is_complete()?;
        let kind = self.kind(&value, false)?;
        self.begin(indent);
        self.output.push(b": ");
        if kind.is_container() {
            self.begun = true;
            return self.open(value, &kind, indent + 2);
        }
        self.scalar(value, &kind, spot)
    }

    /// Write what stands before a line.
    #[inline]
    fn begin(&mut self, indent: usize) {
        if !std::mem::take(&mut self.begun) {
            self.output.spaces(indent);
        }
    }

    fn value_of(&mut self, index: usize) -> YamlResult<Bound<'py, PyAny>> {
        match std::mem::replace(&mut self.entries[index].value, Entered::Taken) {
            Entered::Value(value) => Ok(value),
            Entered::Key(key) => match self.frames.last() {
                Some(frame) => Ok(frame.container.get_item(key)?),
                None => Err(YamlError::source("an entry without its mapping")),
            },
            Entered::Taken => Err(YamlError::source("an entry that is printed twice")),
        }
    }

    /// Write a scalar or an empty container, and the break of its line.
    #[inline]
    fn scalar(&mut self, value: Bound<'py, PyAny>, kind: &Kind, spot: Spot) -> YamlResult<()> {
        let word: &[u8] = match kind {
            Kind::Text => {
                let text = Text::of(value)?;
                let text = text.bytes();
                write_text(&mut self.output, text, marks(text), spot)?;
                return self.output.line_is_complete();
            }
            Kind::Null => b"null\n",
            Kind::True => b"true\n",
            Kind::False => b"false\n",
            Kind::EmptyList => b"[]\n",
            Kind::EmptyMapping => b"{}\n",
            _ => {
                self.number(&value, kind)?;
                b"\n"
            }
        };
        self.output.push(word);
        self.output.line_is_complete()
    }

    fn number(&mut self, value: &Bound<'py, PyAny>, kind: &Kind) -> YamlResult<()> {
        match kind {
            Kind::Int => self.int(value),
            Kind::Float => {
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

    /// Write an integer; one beyond 64 bits comes out of JSON as a float.
    fn int(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<()> {
        if let Ok(small) = value.extract::<i64>() {
            write_int(&mut self.output, small);
            return Ok(());
        }
        let shown = match value.extract::<i128>() {
            Ok(wide) if is_64_bits(wide) => wide.to_string(),
            _ => match value.extract::<f64>() {
                Ok(float) => general_number(float),
                // Too large for a float: go-yaml reads it as a string that needs no quotes.
                Err(error) if error.is_instance_of::<PyOverflowError>(self.py) => {
                    let whole = self.py.get_type::<PyInt>().call1((value,))?;
                    whole.str()?.to_string_lossy().into_owned()
                }
                Err(error) => return Err(error.into()),
            },
        };
        self.output.push(shown.as_bytes());
        Ok(())
    }

    // --- containers ---------------------------------------------------------------------------------------------

    /// Put a container with something in it on the stack.
    fn open(&mut self, container: Bound<'py, PyAny>, kind: &Kind, indent: usize) -> YamlResult<()> {
        let rest = match kind {
            Kind::List => Rest::List(0),
            Kind::Tuple => Rest::Tuple(0),
            Kind::Items => Rest::Items(container.try_iter()?),
            Kind::Dict => {
                self.enter_dict(container.cast_exact::<PyDict>().map_err(PyErr::from)?)?
            }
            _ => self.enter_mapping(&container)?,
        };
        if self.frames.len() > DEEP && self.is_cycle(&container) {
            return Err(self.output.endless());
        }
        self.frames.push(Frame { container, rest, indent });
        Ok(())
    }

    /// Whether a container is within itself, as is found out before it is printed many more times.
    ///
    /// By R. P. Brent's method: each is compared with the one above it whose depth is a power of two.
    fn is_cycle(&self, container: &Bound<'py, PyAny>) -> bool {
        let depth = self.frames.len() - 1;
        self.frames[1 << depth.ilog2()].container.is(container)
    }

    /// Leave the innermost container.
    #[inline]
    fn close(&mut self) {
        self.frames.pop();
        if std::mem::take(&mut self.begun) {
            // It said that there is something in it, and then there was not.
            self.output.drop_line();
        }
    }

    fn enter_dict(&mut self, dict: &Bound<'py, PyDict>) -> YamlResult<Rest<'py>> {
        let first = self.entries.len();
        let mut all = 0;
        for (key, value) in dict {
            all |= self.enter(key, Entered::Value(value))?;
        }
        Ok(self.sorted(first, all))
    }

    #[cold]
    fn enter_mapping(&mut self, mapping: &Bound<'py, PyAny>) -> YamlResult<Rest<'py>> {
        let keys = mapping.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        for key in &keys {
            key.hash()?;
        }
        let first = self.entries.len();
        let mut all = 0;
        for key in keys {
            all |= self.enter(key.clone(), Entered::Key(key))?;
        }
        Ok(self.sorted(first, all))
    }

    /// Add an entry to those of the mapping that is opened; the kinds of characters in its key.
    #[inline]
    fn enter(&mut self, key: Bound<'py, PyAny>, value: Entered<'py>) -> YamlResult<Marks> {
        if !(key.is_exact_instance_of::<PyString>() || key.is_instance_of::<PyString>()) {
            let shown = key.repr()?;
            let shown = shown.to_string_lossy();
            return Err(YamlError::source(format!("the key {shown} is not a string")));
        }
        let key = Text::of(key)?;
        let marks = marks(key.bytes());
        self.entries.push(Entry { key, marks, value });
        Ok(marks)
    }

    fn sorted(&mut self, first: usize, all: Marks) -> Rest<'py> {
        let end = self.entries.len();
        if end - first > 1 {
            order::sort(self.py, &mut self.entries[first..], all, |entry| entry.key.bytes());
        }
        Rest::Entries { first, next: first, end }
    }

    // --- types --------------------------------------------------------------------------------------------------

    /// How `value` is printed. One within a container is asked whether it is true, as the other room does it.
    #[inline]
    fn kind(&mut self, value: &Bound<'py, PyAny>, is_inside: bool) -> YamlResult<Kind> {
        if value.is_exact_instance_of::<PyString>() {
            return Ok(Kind::Text);
        }
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            return Ok(if dict.is_empty() { Kind::EmptyMapping } else { Kind::Dict });
        }
        if let Ok(list) = value.cast_exact::<PyList>() {
            return Ok(if list.is_empty() { Kind::EmptyList } else { Kind::List });
        }
        if value.is_none() {
            return Ok(Kind::Null);
        }
        if let Ok(truth) = value.cast_exact::<PyBool>() {
            return Ok(if truth.is_true() { Kind::True } else { Kind::False });
        }
        if value.is_exact_instance_of::<PyInt>() {
            return Ok(Kind::Int);
        }
        if value.is_exact_instance_of::<PyFloat>() {
            return Ok(Kind::Float);
        }
        if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return Ok(if tuple.is_empty() { Kind::EmptyList } else { Kind::Tuple });
        }
        self.kind_of_other(value, is_inside)
    }

    #[cold]
    fn kind_of_other(&mut self, value: &Bound<'py, PyAny>, is_inside: bool) -> YamlResult<Kind> {
        let is_list = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
        let is_mapping = !is_list && self.is_mapping(value)?;
        if !(is_inside || is_list || is_mapping) {
            return Ok(kind_of_scalar(value));
        }
        let is_filled = value.is_truthy()?;
        Ok(match (is_list, is_mapping) {
            (true, _) => {
                if is_filled {
                    Kind::Items
                } else {
                    Kind::EmptyList
                }
            }
            (_, true) if is_filled => Kind::Mapping,
            (_, is_mapping) => match kind_of_scalar(value) {
                Kind::Unknown if is_mapping => Kind::EmptyMapping,
                kind => kind,
            },
        })
    }

    /// Whether `value` is a `collections.abc.Mapping`; each type is asked once.
    fn is_mapping(&mut self, value: &Bound<'py, PyAny>) -> YamlResult<bool> {
        let kind = value.get_type();
        if let Some((_, known)) = self.types.iter().find(|(each, _)| each.is(&kind)) {
            return Ok(*known);
        }
        let mapping = match &self.mapping {
            Some(mapping) => mapping,
            None => {
                let found = self.py.import("collections.abc")?.getattr("Mapping")?;
                self.mapping.insert(found)
            }
        };
        let known = value.is_instance(mapping)?;
        if self.types.len() < MANY_TYPES {
            self.types.push((kind, known));
        }
        Ok(known)
    }
}

fn kind_of_scalar(value: &Bound<'_, PyAny>) -> Kind {
    if value.is_instance_of::<PyString>() {
        Kind::Text
    } else if value.is_instance_of::<PyInt>() {
        Kind::Int
    } else if value.is_instance_of::<PyFloat>() {
        Kind::Float
    } else {
        Kind::Unknown
    }
}

#[inline]
fn next_of_list<'py>(list: &Bound<'py, PyAny>, index: usize) -> Option<Bound<'py, PyAny>> {
    let list = list.cast_exact::<PyList>().ok()?;
    if index < list.len() {
        list.get_item(index).ok()
    } else {
        None
    }
}

#[inline]
fn next_of_tuple<'py>(tuple: &Bound<'py, PyAny>, index: usize) -> Option<Bound<'py, PyAny>> {
    let tuple = tuple.cast_exact::<PyTuple>().ok()?;
    if index < tuple.len() {
        tuple.get_item(index).ok()
    } else {
        None
    }
}
