//! A cache from the text of plain scalars and keys to their Python objects.
//!
//! Each object is created once and shared by all documents that are read with the same `ScalarCache`. The table has a
//! fixed size, and a new text may replace another one in its slot. So no input can make the cache grow or slow it
//! down.

use pyo3::prelude::*;

/// Longer scalars are not cached; in bytes.
const MAX_TEXT: usize = 48;
/// Slots of a cache that Python creates for the files of a build.
const DEFAULT_SLOTS: usize = 1024;

#[pyclass(module = "kmanifest_native")]
pub struct ScalarCache {
    slots: Vec<Option<Slot>>,
}

struct Slot {
    text: Box<str>,
    value: Py<PyAny>,
}

#[pymethods]
impl ScalarCache {
    #[new]
    fn new() -> ScalarCache {
        ScalarCache::with_slots(DEFAULT_SLOTS)
    }
}

impl ScalarCache {
    /// A cache with `slots` slots, which must be a power of two.
    pub fn with_slots(slots: usize) -> ScalarCache {
        ScalarCache { slots: std::iter::repeat_with(|| None).take(slots).collect() }
    }

    /// The cached object for `text`. If there is none, call `create` and cache its result.
    pub fn get_or_create<'py, E>(
        &mut self,
        py: Python<'py>,
        text: &str,
        create: impl FnOnce() -> Result<Bound<'py, PyAny>, E>,
    ) -> Result<Bound<'py, PyAny>, E> {
        if text.len() > MAX_TEXT {
            return create();
        }
        let index = hash(text.as_bytes()) as usize & (self.slots.len() - 1);
        match &self.slots[index] {
            Some(slot) if *slot.text == *text => return Ok(slot.value.bind(py).clone()),
            _ => {}
        }
        let value = create()?;
        self.slots[index] = Some(Slot { text: text.into(), value: value.clone().unbind() });
        Ok(value)
    }
}

/// A hash that spreads scalars over the slots. A collision only costs the time to create an object again.
fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = text.len() as u64;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        state = mix(state, u64::from_le_bytes(chunk.try_into().unwrap_or_default()), FACTOR);
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(state, u64::from_le_bytes(last), FACTOR)
}

fn mix(state: u64, chunk: u64, factor: u64) -> u64 {
    let product = u128::from(state ^ chunk).wrapping_mul(u128::from(factor));
    (product as u64) ^ (product >> 64) as u64
}
