//! The natural order of keys in go-yaml. Rust version of `natural_order` in `kmanifest/yaml/dumper.py`.
//!
//! Go's relation is not transitive (`v2 < v10 < v1alpha1 < v2`). So the result depends on where the sort starts and
//! which pairs it compares. Both backends do this in the same way: they start from the order of code points. Then
//! they merge neighbours, first single keys, then runs of 2, 4, 8 keys. A merge takes the left key unless the right
//! one is less. (The sorts of Rust's standard library may panic on such a relation.)
//!
//! Python decides which characters beyond ASCII are letters or digits, as in the pure-Python backend. Go's IsLetter
//! and IsDigit are the categories L* and Nd, which Rust's standard library does not have.
//!
//! Source: go.yaml.in/yaml/v2 v2.4.4 sorter.go, keyList.Less.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::scalars::{first_character, sorts_by_code_point, CharKinds};

/// Sort `items` by their keys. `kinds` are the kinds of characters in all keys.
pub fn sort<T>(py: Python<'_>, items: &mut [T], kinds: CharKinds, key: impl Fn(&T) -> &[u8]) {
    items.sort_by(|left, right| key(left).cmp(key(right)));
    if sorts_by_code_point(kinds) {
        return;
    }
    let keys: Vec<&[u8]> = items.iter().map(key).collect();
    let order = merge_sort(keys.len(), |left, right| is_less(py, keys[left], keys[right]));
    arrange(items, order);
}

/// The numbers below `count`, sorted by `is_less`. The relation need not be transitive.
fn merge_sort(count: usize, is_less: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        merged.clear();
        for run in order.chunks(2 * width) {
            let (mut left, right) = run.split_at(width.min(run.len()));
            for &item in right {
                while let [first, rest @ ..] = left {
                    if is_less(item, *first) {
                        break;
                    }
                    merged.push(*first);
                    left = rest;
                }
                merged.push(item);
            }
            merged.extend_from_slice(left);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    order
}

/// Move the items so that index `i` holds the former item `order[i]`.
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut index = start;
        // Follow the cycle of moves that begins here. An index that is done points to itself.
        while order[index] != start {
            let source = order[index];
            items.swap(index, source);
            order[index] = index;
            index = source;
        }
        order[index] = index;
    }
}

fn is_less(py: Python<'_>, left: &[u8], right: &[u8]) -> bool {
    match left.iter().zip(right).position(|(a, b)| a != b) {
        None => left.len() < right.len(),
        Some(index) => is_less_at(py, left, right, start_of_character(left, index)),
    }
}

fn start_of_character(text: &[u8], index: usize) -> usize {
    text[..=index].iter().rposition(|byte| byte & 0xC0 != 0x80).unwrap_or(0)
}

/// Whether `left` sorts before `right`. `index` is the first index at which they differ.
fn is_less_at(py: Python<'_>, left: &[u8], right: &[u8], index: usize) -> bool {
    let (a, _) = first_character(&left[index..]);
    let (b, _) = first_character(&right[index..]);
    let (a_letter, b_letter) = (is_letter(py, a), is_letter(py, b));
    if a_letter || b_letter {
        return if a_letter && b_letter { a < b } else { b_letter };
    }
    let zero = u32::from(b'0');
    let seed = i64::from((a == zero || b == zero) && is_in_number(py, &left[..index]));
    let a_number = number_at(py, &left[index..], seed);
    let b_number = number_at(py, &right[index..], seed);
    // The number counts first, then how many digits it has.
    if a_number == b_number {
        a < b
    } else {
        a_number < b_number
    }
}

/// Whether the digits at the end of `text` contain one other than zero.
fn is_in_number(py: Python<'_>, text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(last) = rest.len().checked_sub(1) {
        let start = start_of_character(rest, last);
        let (code, _) = first_character(&rest[start..]);
        if code != u32::from(b'0') {
            return is_digit(py, code);
        }
        rest = &rest[..start];
    }
    false
}

/// The number at the start of `text` and how many digits it has.
///
/// `number` is put before these digits. The result wraps around like Go's int64.
fn number_at(py: Python<'_>, text: &[u8], mut number: i64) -> (i64, usize) {
    let mut digits = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (code, length) = first_character(rest);
        if !is_digit(py, code) {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(i64::from(code) - i64::from(b'0'));
        digits += 1;
        rest = &rest[length..];
    }
    (number, digits)
}

fn is_letter(py: Python<'_>, code: u32) -> bool {
    match code {
        0..=0x7F => (code as u8).is_ascii_alphabetic(),
        _ => python_test(py, code, "isalpha"),
    }
}

fn is_digit(py: Python<'_>, code: u32) -> bool {
    match code {
        0..=0x7F => (code as u8).is_ascii_digit(),
        _ => python_test(py, code, "isdecimal"),
    }
}

/// The result of a method of `str`, like `isalpha`, for one character. A lone surrogate passes no test.
fn python_test(py: Python<'_>, code: u32, method: &str) -> bool {
    char::from_u32(code).is_some_and(|character| {
        let text = PyString::new(py, character.encode_utf8(&mut [0; 4]));
        text.call_method0(method).and_then(|result| result.is_truthy()).unwrap_or(false)
    })
}
