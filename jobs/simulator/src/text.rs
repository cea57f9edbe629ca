//! Numbers and delimited fields as bytes. Hand-written because `format!` is too slow for hundreds of millions of rows.

pub fn whole(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        }
        rest /= 10;
        if rest == 0 || at == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Writes `units` hundred-thousandths without trailing zeros, but with at least one decimal: `26.0`, `22.86333`.
pub fn decimal5(out: &mut Vec<u8>, units: u32, point: u8) {
    whole(out, u64::from(units / 100_000));
    out.push(point);
    let mut fraction = units % 100_000;
    let mut digits = [b'0'; 5];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(fraction % 10).unwrap_or(0);
        fraction /= 10;
    }
    let last = digits.iter().rposition(|digit| *digit != b'0').unwrap_or(0);
    out.extend_from_slice(digits.get(..=last).unwrap_or_default());
}

/// Writes a field of delimited text, quoted only if its content requires quotes.
pub fn field(out: &mut Vec<u8>, text: &str, separator: u8) {
    if text.bytes().any(|byte| byte == separator || matches!(byte, b'"' | b'\n' | b'\r')) {
        out.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

pub fn row<S: AsRef<str>>(out: &mut Vec<u8>, fields: &[S], separator: u8, line_end: &str) {
    for (index, text) in fields.iter().enumerate() {
        if index > 0 {
            out.push(separator);
        }
        field(out, text.as_ref(), separator);
    }
    out.extend_from_slice(line_end.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_the_format_of_the_real_exports() {
        assert_eq!(written(|out| whole(out, 0)), "0");
        assert_eq!(written(|out| whole(out, 1034)), "1034");
        assert_eq!(written(|out| decimal5(out, 2_286_333, b'.')), "22.86333");
        assert_eq!(written(|out| decimal5(out, 2_631_000, b'.')), "26.31");
        assert_eq!(written(|out| decimal5(out, 2_600_000, b',')), "26,0");
        assert_eq!(written(|out| decimal5(out, 7, b'.')), "0.00007");
    }

    #[test]
    fn fields_are_quoted_only_if_necessary() {
        assert_eq!(
            written(|out| row(out, &["a", "b;c", "d\"e", "f\ng"], b';', "\r\n")),
            "a;\"b;c\";\"d\"\"e\";\"f\ng\"\r\n"
        );
    }
}
