//! The order of lists in documents (by id, numbers in numeric order, then text) and of files.

use std::cmp::Ordering;

use contract::keys;

/// Compares two ids: whole numbers first, by value, then other ids bytewise. Only identical ids are equal.
#[must_use]
pub(crate) fn id_order(a: &str, b: &str) -> Ordering {
    match (digits(a), digits(b)) {
        // Without leading zeros the longer number is the larger, for any size.
        (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Ids in [`id_order`], `None` last.
#[must_use]
pub(crate) fn optional_id_order(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => id_order(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// An id that a spreadsheet or a data frame wrote as a decimal number, `5462.0`, as the whole number that it is.
#[must_use]
pub(crate) fn whole_id(id: &str) -> &str {
    id.get(..whole_id_bytes(id.as_bytes()).len()).unwrap_or(id)
}

/// As [`whole_id`], for an id that may not be text.
#[inline]
#[must_use]
pub(crate) fn whole_id_bytes(id: &[u8]) -> &[u8] {
    match id.strip_suffix(b".0") {
        Some(whole) if !whole.is_empty() && whole.iter().all(u8::is_ascii_digit) => whole,
        _ => id,
    }
}

/// Compares two keys of files by name, for "the later one wins": numbers count as numbers, and endings do not count, so that `a (1).csv`, which a
/// browser writes second, comes after `a.csv`, and `a-10.csv` after `a-9.csv`. Only identical keys are equal.
#[must_use]
pub(crate) fn file_order(a: &str, b: &str) -> Ordering {
    natural(keys::split_ending(a).0.as_bytes(), keys::split_ending(b).0.as_bytes()).then_with(|| a.cmp(b))
}

fn natural(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (x, y) = (number(&mut a), number(&mut b));
        let order = match (x, y) {
            (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
            // At most one of them begins with a digit, so the bytes differ or both are the same other byte.
            (None, None) => match (a.split_first(), b.split_first()) {
                (Some((x, rest_a)), Some((y, rest_b))) => {
                    (a, b) = (rest_a, rest_b);
                    x.cmp(y)
                }
                (x, y) => return x.is_some().cmp(&y.is_some()),
            },
            (Some(_), None) => return b.first().map_or(Ordering::Greater, |byte| b'0'.cmp(byte)),
            (None, Some(_)) => return a.first().map_or(Ordering::Less, |byte| byte.cmp(&b'0')),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits at the beginning, without leading zeros; `None` if there are none.
fn number<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    *text = rest;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (length > 0).then(|| &digits[zeros..])
}

/// The digits of a whole number without leading zeros.
fn digits(id: &str) -> Option<&str> {
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_sort_first_and_by_value() {
        let mut ids = vec!["b", "10", "9", "a-2", "a-10", "", "100000000000000000000000", "007", "7"];
        ids.sort_by(|a, b| id_order(a, b));
        assert_eq!(ids, ["007", "7", "9", "10", "100000000000000000000000", "", "a-10", "a-2", "b"]);
    }

    #[test]
    fn decimal_zero_of_a_whole_id_is_dropped() {
        for (id, whole) in [
            ("5462.0", "5462"),
            ("5462", "5462"),
            ("5462.00", "5462.00"),
            (".0", ".0"),
            ("a.0", "a.0"),
            ("1.5.0", "1.5.0"),
        ] {
            assert_eq!(whole_id(id), whole);
        }
    }

    #[test]
    fn later_names_come_later_whatever_their_ending() {
        let mut names = vec![
            "b/a-10.csv",
            "b/a (1).csv",
            "b/a-9.csv.gz",
            "b/a.csv",
            "b/a (10).csv",
            "b/a (2).csv.gz",
            "b/a-09.csv",
            "b/a.csv.gz",
            "b/a-2025-11.csv",
            "b/a-2025-9.csv",
        ];
        names.sort_by(|a, b| file_order(a, b));
        let expected = [
            "b/a.csv",
            "b/a.csv.gz",
            "b/a (1).csv",
            "b/a (2).csv.gz",
            "b/a (10).csv",
            "b/a-09.csv",
            "b/a-9.csv.gz",
            "b/a-10.csv",
            "b/a-2025-9.csv",
            "b/a-2025-11.csv",
        ];
        assert_eq!(names, expected);
    }

    proptest! {
        #[test]
        fn file_order_is_a_total_order(
            names in prop::collection::vec("[-0-2a.]{0,5}(\\.csv|\\.gz)?", 3..4),
        ) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(file_order(a, b), file_order(b, a).reverse());
            prop_assert_eq!(file_order(a, b) == Ordering::Equal, a == b);
            if file_order(a, b).is_le() && file_order(b, c).is_le() {
                prop_assert!(file_order(a, c).is_le());
            }
        }

        #[test]
        fn id_order_is_a_total_order(a in "[0-9a]{0,3}", b in "[0-9a]{0,3}", c in "[0-9a]{0,3}") {
            prop_assert_eq!(id_order(&a, &b), id_order(&b, &a).reverse());
            prop_assert_eq!(id_order(&a, &b) == Ordering::Equal, a == b);
            if id_order(&a, &b).is_le() && id_order(&b, &c).is_le() {
                prop_assert!(id_order(&a, &c).is_le());
            }
        }
    }
}
