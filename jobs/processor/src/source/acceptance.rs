//! Whether a file as a whole can be trusted, from the number of its rows that were rejected.

use std::collections::BTreeMap;

use contract::Reason;

use crate::quality::excerpt_of;
use crate::raw_file::SourceError;

/// Rows, header included, at which a spreadsheet stops without a word.
const SPREADSHEET_ROWS: u64 = 1_048_576;
/// Characters of a quoted value.
const QUOTED: usize = 60;

/// Rows of one file, and those rejected whole with the first value of each reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Acceptance {
    rows: u64,
    rejected: BTreeMap<Reason, (u64, String)>,
}

impl Acceptance {
    #[inline]
    pub(crate) fn accept(&mut self) {
        self.rows += 1;
    }

    /// Counts a rejected row. `value` is the part of it that is wrong, or the whole row.
    pub(crate) fn reject(&mut self, reason: Reason, value: &[u8]) {
        self.rows += 1;
        self.rejected.entry(reason).or_insert_with(|| (0, short(value))).0 += 1;
    }

    /// Adds the rows that follow in the same file.
    pub(crate) fn merge(&mut self, next: &Self) {
        self.rows += next.rows;
        for (reason, (n, value)) in &next.rejected {
            self.rejected.entry(*reason).or_insert_with(|| (0, value.clone())).0 += n;
        }
    }

    #[must_use]
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    #[must_use]
    pub(crate) fn count(&self, reason: Reason) -> u64 {
        self.rejected.get(&reason).map_or(0, |(n, _)| *n)
    }

    /// Whether there are rows and none was accepted, or its dates are month first, so that none of them is certain.
    #[must_use]
    pub(crate) fn is_refused(&self) -> bool {
        let rejected: u64 = self.rejected.values().map(|(n, _)| n).sum();
        self.rows > 0 && (rejected == self.rows || self.count(Reason::MonthFirstDate) > 0)
    }

    /// The warnings for the document.
    ///
    /// # Errors
    /// The file is refused as a whole: [`Self::is_refused`].
    pub(crate) fn verdict(&self, key: &str) -> Result<Vec<String>, SourceError> {
        let rows = self.rows;
        let most = self.rejected.iter().rev().max_by_key(|(_, (n, _))| *n);
        if let Some((reason, (n, value))) = self.rejected.get_key_value(&Reason::MonthFirstDate).or(most)
            && self.is_refused()
        {
            let reason = format!(
                "{n} of {rows} rows rejected: {}, such as \"{value}\"; {}",
                reason.description(),
                advice(*reason)
            );
            return Err(SourceError { key: key.to_owned(), reason });
        }
        let mut warnings = Vec::new();
        if let Some((reason, (n, value))) = most
            && n * 2 > rows
        {
            let name = reason.name();
            warnings.push(format!(
                "{n} des {rows} lignes de {key} sont rejetées ({name}, par exemple « {value} ») : les chiffres ne viennent que des autres."
            ));
        }
        if rows + 1 == SPREADSHEET_ROWS {
            warnings.push(format!(
                "{key} a exactement {SPREADSHEET_ROWS} lignes, la limite d'un tableur : la suite du fichier manque sans doute."
            ));
        }
        Ok(warnings)
    }
}

fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::UnreadableDate | Reason::MonthFirstDate => {
            "write the times as 2025-11-03 08:00 or 03/11/2025 08:00 (a time zone offset may follow the first form)"
        }
        Reason::InvalidUtf8 => "export the file as UTF-8",
        _ => "check that the file is the export of this source, and export it again",
    }
}

fn short(value: &[u8]) -> String {
    excerpt_of(value).trim().chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(accepted: u64, rejected: &[(Reason, u64, &str)]) -> Acceptance {
        let mut all = Acceptance::default();
        (0..accepted).for_each(|_| all.accept());
        for (reason, n, value) in rejected {
            (0..*n).for_each(|_| all.reject(*reason, value.as_bytes()));
        }
        all
    }

    #[test]
    fn file_without_an_accepted_row_is_an_error_with_the_most_frequent_reason() {
        let all = rows(0, &[(Reason::MissingId, 2, ";;"), (Reason::UnreadableDate, 22, "Feb 6, 2023 1:00 AM")]);
        let error = all.verdict("batch/comptages.csv").unwrap_err().to_string();
        assert!(
            error.starts_with(
                "batch/comptages.csv: 22 of 24 rows rejected: unreadable timestamp, such as \"Feb 6, 2023 1:00 AM\""
            ),
            "{error}"
        );
        assert!(error.contains("write the times as"), "{error}");
    }

    #[test]
    fn file_with_one_month_first_date_is_an_error() {
        let all = rows(99, &[(Reason::UnreadableDate, 3, "x"), (Reason::MonthFirstDate, 1, "02/13/2023 01:00")]);
        let error = all.verdict("k").unwrap_err().to_string();
        assert!(
            error.contains("1 of 103 rows rejected: date with the month first, such as \"02/13/2023 01:00\""),
            "{error}"
        );
    }

    #[test]
    fn header_without_rows_is_accepted() {
        assert_eq!(Acceptance::default().verdict("k"), Ok(Vec::new()));
    }

    #[test]
    fn exactly_the_rows_of_a_spreadsheet_are_suspicious() {
        let all = Acceptance { rows: SPREADSHEET_ROWS - 1, ..Acceptance::default() };
        assert_eq!(all.verdict("k").unwrap().len(), 1);
        assert!(Acceptance { rows: SPREADSHEET_ROWS, ..all }.verdict("k").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn verdict_follows_from_the_share_of_the_rejected_rows(accepted in 0_u64..60, date in 0_u64..60, id in 0_u64..60, split in 0_u64..60) {
            let all = rows(accepted, &[(Reason::UnreadableDate, date, "soon"), (Reason::MissingId, id, ";")]);
            let verdict = all.verdict("k");
            let total = accepted + date + id;
            prop_assert_eq!(verdict.is_err(), accepted == 0 && total > 0);
            if let Ok(warnings) = &verdict {
                prop_assert_eq!(!warnings.is_empty(), date * 2 > total || id * 2 > total);
            }
            let split = split.min(accepted);
            let mut parts = rows(split, &[(Reason::UnreadableDate, date, "soon")]);
            parts.merge(&rows(accepted - split, &[(Reason::MissingId, id, ";")]));
            prop_assert_eq!(parts, all);
        }
    }
}
