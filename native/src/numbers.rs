//! The text of numbers in Go's notation. Rust version of the functions for numbers in `kmanifest/yaml/scalars.py`.

/// The shortest digits that are parsed as `value` again, without a sign, and the exponent of the first digit.
fn shortest(value: f64) -> (String, i32) {
    let value = value.abs();
    let mut text = format!("{value:e}");
    let digits = text.find('e').unwrap_or(0).saturating_sub(1);
    if digits >= 16 {
        // Two results can be equally near (562949953421312.25). Go and Python choose the even one. Rust's shortest
        // format chooses the upper one, but its format with a given number of digits chooses the even one. With fewer
        // than 16 digits there are never two.
        let even = format!("{value:.*e}", digits - 1);
        if even.parse() == Ok(value) {
            text = even;
        }
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 64)`. It has an exponent below 10^-4 and from 10^6 on.
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

/// `value` as an integer. None if it has a fraction or does not fit 64 bits.
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

/// Whether `value` fits Go's int64 or uint64.
pub fn is_64_bits(value: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value)
}

/// The text of a number that is a key in a kustomization file: the shortest one in 32 bits, in Go's `g` format.
///
/// Source: sigs.k8s.io/yaml v1.6.0 yaml.go, convertToJSONableObject.
pub fn float32_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value.abs() > 3.402_823_5e38 {
        return if value < 0.0 { "-.inf" } else { ".inf" }.into();
    }
    // These digits are the shortest for the 32-bit number. Parsed as 64 bits, they are printed unchanged.
    let value = value as f32;
    let mut text = format!("{value:e}");
    let digits = text.trim_start_matches('-').find('e').unwrap_or(0).saturating_sub(1);
    let even = format!("{value:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(value) {
        text = even; // the even one of two, as in `shortest`
    }
    general_number(text.parse().unwrap_or_default())
}
