//! Numbers as text, in Go's notation.

/// The shortest digits that give `value` back, without its sign, and the exponent of the first one.
fn shortest(value: f64) -> (String, i32) {
    let value = value.abs();
    let mut text = format!("{value:e}");
    let digits = text.find('e').unwrap_or(0).saturating_sub(1);
    if digits >= 16 {
        // Of two that are equally near (562949953421312.25) Go and Python take the even one, here the upper is taken;
        // with a given number of digits it is the even one. With fewer than 16 there are no two.
        let even = format!("{value:.*e}", digits - 1);
        if even.parse() == Ok(value) {
            text = even;
        }
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 64)`: with an exponent below 10^-4 and from 10^6 on.
///
/// Source: strconv ftoa.go, formatDigits.
pub fn general_number(value: f64) -> String {
    let (digits, exponent) = shortest(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if !(-4..6).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let mark = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}e{mark}{:02}", exponent.abs());
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let point = exponent as usize + 1;
    if digits.len() <= point {
        return format!("{sign}{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

/// `value`, which has no fraction, as an integer; None beyond 64 bits.
pub fn whole_number(value: f64) -> Option<i128> {
    if value % 1.0 != 0.0 || value.abs() >= 1e21 {
        return None;
    }
    let (digits, exponent) = shortest(value);
    let zeros = "0".repeat((exponent as usize + 1).saturating_sub(digits.len()));
    let whole: i128 = format!("{digits}{zeros}").parse().ok()?;
    let whole = if value < 0.0 { -whole } else { whole };
    is_64_bits(whole).then_some(whole)
}

/// Whether an integer of Go, signed or not, holds `value`.
pub fn is_64_bits(value: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value)
}

/// A number that is a key of a kustomization file: the shortest text that it is in 32 bits, in Go's `g` format.
///
/// Source: sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
pub fn float32_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value.abs() > 3.402_823_5e38 {
        return if value < 0.0 { "-.inf" } else { ".inf" }.into();
    }
    // The digits of the 32-bit number are the shortest for it; parsed as 64 bits they print as they are.
    let value = value as f32;
    let mut text = format!("{value:e}");
    let digits = text.trim_start_matches('-').find('e').unwrap_or(0).saturating_sub(1);
    let even = format!("{value:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(value) {
        text = even; // as in `shortest`
    }
    general_number(text.parse().unwrap_or_default())
}
