//! The order of keys: go-yaml's natural one; the Rust version of `natural_order` in `kmanifest/yaml/dumper.py`.
//!
//! Go's relation is not transitive (`v2 < v10 < v1alpha1 < v2`), so what comes out depends on where the sort starts and
//! which pairs it compares. Both are fixed, for both rooms: it starts from the order of code points; then neighbours
//! are merged, first single keys, then runs of 2, 4, 8 keys; and a merge takes the key on the left unless that on the
//! right is less. (The sorts of the standard library may panic on such a relation.)
//!
//! What is a letter and what a digit beyond ASCII is asked of Python, as the other room does it: Go's IsLetter and
//! IsDigit are the categories L* and Nd, which the standard library of Rust does not know.
//!
//! Source: go.yaml.in/yaml/v2 v2.4.4 sorter.go, keyList.Less.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::scalars::{are_ordered, first_character, Marks};

/// Put `items` in the order of their keys, whose characters are of the kinds `marks`.
pub fn sort<T>(py: Python<'_>, items: &mut [T], marks: Marks, key: impl Fn(&T) -> &[u8]) {
    items.sort_by(|left, right| key(left).cmp(key(right)));
    if are_ordered(marks) {
        // Among letters and what stands before them in ASCII, digits aside, code points decide.
        return;
    }
    let keys: Vec<&[u8]> = items.iter().map(key).collect();
    let order = merge_sort(keys.len(), |left, right| is_less(py, keys[left], keys[right]));
    arrange(items, order);
}

/// The numbers below `count`, sorted by `is_less`, which need not be transitive.
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

/// Put at each place the item that `order` has there.
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut place = start;
        // Follow the cycle of moves that begins here; a place that is done points at itself.
        while order[place] != start {
            let source = order[place];
            items.swap(place, source);
            order[place] = place;
            place = source;
        }
        order[place] = place;
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

/// Whether `left` goes before `right`, which differ at `index` for the first time.
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
    // The number first, then how many digits it has.
    if a_number == b_number {
        a < b
    } else {
        a_number < b_number
    }
}

/// Whether the digits at the end of `text` hold another one than zero.
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

/// The number that `text` starts with, led by `number`, with the wrap-around of Go's int64, and how many digits it has.
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
        _ => says(py, code, "isalpha"),
    }
}

fn is_digit(py: Python<'_>, code: u32) -> bool {
    match code {
        0..=0x7F => (code as u8).is_ascii_digit(),
        _ => says(py, code, "isdecimal"),
    }
}

/// What Python says of a character; a lone surrogate is neither a letter nor a digit.
fn says(py: Python<'_>, code: u32, method: &str) -> bool {
    char::from_u32(code).is_some_and(|character| {
        let text = PyString::new(py, character.encode_utf8(&mut [0; 4]));
        text.call_method0(method).and_then(|answer| answer.is_truthy()).unwrap_or(false)
    })
}
