//! What plain words mean and the keys they are: made once, shared by all documents that are read with one `ScalarCache`.
//!
//! A table of fixed size in which a word may take the place of another one: no input makes it grow, or slow.

use pyo3::prelude::*;

const LONGEST: usize = 48;

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
        ScalarCache::with_slots(1024)
    }
}

impl ScalarCache {
    /// A cache with `slots` entries, a power of two.
    pub fn with_slots(slots: usize) -> ScalarCache {
        ScalarCache { slots: std::iter::repeat_with(|| None).take(slots).collect() }
    }

    /// The value of `text`; `make` makes one that is not remembered.
    pub fn get<'py, E>(
        &mut self,
        py: Python<'py>,
        text: &str,
        make: impl FnOnce() -> Result<Bound<'py, PyAny>, E>,
    ) -> Result<Bound<'py, PyAny>, E> {
        if text.len() > LONGEST {
            return make();
        }
        let index = hash(text.as_bytes()) as usize & (self.slots.len() - 1);
        match &self.slots[index] {
            Some(slot) if *slot.text == *text => return Ok(slot.value.bind(py).clone()),
            _ => {}
        }
        let value = make()?;
        self.slots[index] = Some(Slot { text: text.into(), value: value.clone().unbind() });
        Ok(value)
    }
}

/// Spreads words over the slots; what shares a slot only costs the time to make it again.
fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = text.len() as u64;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        state = mixed(state, u64::from_le_bytes(chunk.try_into().unwrap_or_default()), FACTOR);
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mixed(state, u64::from_le_bytes(last), FACTOR)
}

fn mixed(state: u64, word: u64, factor: u64) -> u64 {
    let product = u128::from(state ^ word).wrapping_mul(u128::from(factor));
    (product as u64) ^ (product >> 64) as u64
}
