//! The order of lists in documents: by id, numbers in numeric order, then text.

use std::cmp::Ordering;

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
    match id.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        _ => id,
    }
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

    proptest! {
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
