//! Short texts of the tree: labels, durations, amounts.

use std::collections::BTreeMap;

use super::paint::{Paint, Tone};

/// A detail that is shortened further tells the reader nothing.
const MIN_DETAIL: usize = 6;

/// The label of a span: its name, its distinctive attributes, and remarks such as retries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) marks: String,
}

impl Label {
    fn parts(&self) -> impl Iterator<Item = &str> {
        [&self.name, &self.detail, &self.marks].into_iter().map(String::as_str).filter(|part| !part.is_empty())
    }

    /// In columns.
    pub(super) fn len(&self) -> usize {
        let columns: Vec<_> = self.parts().map(|part| part.chars().count()).collect();
        columns.iter().sum::<usize>() + columns.len().saturating_sub(1)
    }

    /// At most `room` columns: the detail is shortened first, then the name.
    pub(super) fn short(&self, room: usize) -> Self {
        let over = self.len().saturating_sub(room);
        if over == 0 {
            return self.clone();
        }
        let detail = self.detail.chars().count();
        if detail >= over + MIN_DETAIL {
            return Self { detail: shorten(&self.detail, detail - over), ..self.clone() };
        }
        let name = Self { detail: String::new(), ..self.clone() };
        let over = name.len().saturating_sub(room);
        let columns = self.name.chars().count().saturating_sub(over);
        if columns > 0 || self.marks.is_empty() {
            return Self { name: shorten(&self.name, columns), ..name };
        }
        Self { name: shorten(&self.name, room), ..Self::default() }
    }

    pub(super) fn plain(&self) -> String {
        self.parts().collect::<Vec<_>>().join(" ")
    }

    /// `top` marks the first span of a job.
    pub(super) fn painted(&self, paint: Paint, tone: Tone, top: bool) -> String {
        let name = match tone {
            Tone::Bad | Tone::Warning | Tone::Dim => tone,
            _ if top => Tone::Bold,
            _ => Tone::Plain,
        };
        let parts = [(name, &self.name), (Tone::Dim, &self.detail), (Tone::Warning, &self.marks)];
        let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
        parts.map(|(tone, text)| paint.it(tone, text)).collect::<Vec<_>>().join(" ")
    }
}

/// At most `columns` columns. The leading folders of a key are dropped first, then the middle of the rest.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    let Some(kept) = columns.checked_sub(1) else { return String::new() };
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() <= columns {
        return text.to_owned();
    }
    let folders = letters.iter().enumerate().filter(|(_, letter)| **letter == '/').map(|(place, _)| place);
    let folders: Vec<_> = folders.collect();
    if let Some(from) = folders.iter().find(|from| letters.len() - **from <= kept) {
        return std::iter::once('…').chain(letters.split_off(*from)).collect();
    }
    if let Some(last) = folders.last() {
        letters.drain(..=*last);
    }
    let (head, tail) = (kept / 2, kept - kept / 2);
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}

/// Wraps between words; a word longer than a line is split.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        if let Some(line) = lines.last_mut().filter(|_| letters.len() < room) {
            line.push(' ');
            line.push_str(word);
            room -= letters.len() + 1;
            continue;
        }
        lines.extend(letters.chunks(columns).map(|piece| piece.iter().collect::<String>()));
        room = columns - lines.last().map_or(columns, |line| line.chars().count());
    }
    lines
}

/// About three significant digits.
pub(super) fn duration(nanoseconds: u64, drawn: bool) -> String {
    let seconds = nanoseconds as f64 / 1e9;
    let whole = (seconds.round()) as u64;
    match nanoseconds {
        0..999_500 => format!("{:.0} {}", seconds * 1e6, if drawn { "µs" } else { "us" }),
        999_500..9_995_000 => format!("{:.2} ms", seconds * 1e3),
        9_995_000..99_950_000 => format!("{:.1} ms", seconds * 1e3),
        99_950_000..999_500_000 => format!("{:.0} ms", seconds * 1e3),
        999_500_000..9_995_000_000 => format!("{seconds:.2} s"),
        9_995_000_000..59_950_000_000 => format!("{seconds:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The amount of work of a span: bytes, else rows, else documents.
pub(super) fn figure(attributes: &BTreeMap<String, String>) -> Option<String> {
    [("bytes", "B"), ("rows", " rows"), ("documents", " docs")].into_iter().find_map(|(key, unit)| {
        let count: f64 = attributes.get(key)?.parse().ok()?;
        if count < 999.5 {
            return Some(if unit == "B" { format!("{count} B") } else { format!("{count}{unit}") });
        }
        let (factor, prefix) = match count {
            ..999_950.0 => (1e3, "k"),
            ..999_950_000.0 => (1e6, "M"),
            ..999_950_000_000.0 => (1e9, "G"),
            _ => (1e12, "T"),
        };
        Some(format!("{:.1} {prefix}{unit}", count / factor))
    })
}

/// A trace id in the format of AWS X-Ray; anything else unchanged.
pub(super) fn xray(id: &str) -> String {
    match id.split_at_checked(8) {
        Some((seconds, rest)) if id.len() == 32 && id.is_ascii() => format!("1-{seconds}-{rest}"),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_amounts_are_short() {
        for (nanoseconds, text) in [
            (0, "0 µs"),
            (412_300, "412 µs"),
            (999_500, "1.00 ms"),
            (12_340_000, "12.3 ms"),
            (812_000_000, "812 ms"),
            (999_700_000, "1.00 s"),
            (4_310_000_000, "4.31 s"),
            (59_940_000_000, "59.9 s"),
            (59_960_000_000, "1 min 00 s"),
            (3_725_000_000_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(nanoseconds, true), text);
        }
        assert_eq!(duration(5_000, false), "5 us");
        for (key, count, text) in [
            ("bytes", "0", "0 B"),
            ("bytes", "999", "999 B"),
            ("bytes", "12345678", "12.3 MB"),
            ("rows", "999950", "1.0 M rows"),
            ("documents", "6", "6 docs"),
        ] {
            let figure = figure(&BTreeMap::from([(key.to_owned(), count.to_owned())]));
            assert_eq!(figure.as_deref(), Some(text));
            assert!(figure.is_some_and(|text| text.len() <= 11));
        }
        assert_eq!(figure(&BTreeMap::from([("rows".to_owned(), "many".to_owned())])), None);
    }

    #[test]
    fn long_key_loses_its_folders_and_then_its_middle() {
        let key = "api/bikes/dt=2025-11-03/hour=08/bikes-08-15.json";
        for (columns, short) in [
            (48, key),
            (47, "…/bikes/dt=2025-11-03/hour=08/bikes-08-15.json"),
            (27, "…/hour=08/bikes-08-15.json"),
            (20, "…/bikes-08-15.json"),
            (14, "bikes-…15.json"),
        ] {
            assert_eq!(shorten(key, columns), short, "{columns}");
        }
        for columns in 0..40 {
            assert!(shorten("api/bikes/dt=2025-11-03/hour=08/é.json", columns).chars().count() <= columns);
        }
        let label =
            Label { name: "read".into(), detail: "batch/comptages-2025-11.csv".into(), marks: "2 retries".into() };
        for room in 0..60 {
            let short = label.short(room);
            assert!(short.len() <= room, "{room}: {short:?}");
            assert!(short.name == "read" || room < 14, "{room}: {short:?}");
        }
        assert_eq!(label.short(label.len()), label);
    }

    #[test]
    fn long_message_wraps_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("s3://bucket/key is no", 8), ["s3://buc", "ket/key", "is no"]);
        assert_eq!(wrap("", 5), [""; 0]);
    }

    #[test]
    fn xray_format_splits_the_id() {
        assert_eq!(xray("6906e8a0bd862e3fe1be46a994272793"), "1-6906e8a0-bd862e3fe1be46a994272793");
        for odd in ["", "6906e8a0", "éééééééééééééééé"] {
            assert_eq!(xray(odd), odd);
        }
    }
}
