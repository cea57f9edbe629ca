//! Transit lines: codes, names and service hours.

use contract::document::disruptions::{Line, Mode};

use crate::parameters::DisruptionParameters;

/// Mode and code of a line.
pub(crate) type LineKey = (Mode, String);

/// Minutes of a day of 24 hours.
pub(crate) const DAY: u32 = 24 * 60;

/// A line of the reliability index with its service hours in local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceLine {
    pub(crate) mode: Mode,
    /// Code, such as `13` or `T3a`.
    pub(crate) code: String,
    /// Display name.
    pub(crate) name: String,
    /// Minutes after midnight, below 1440.
    pub(crate) service_start_minutes: u32,
    /// Minutes after midnight; on the next day if it is not after the start, or if it is 1440 or more.
    pub(crate) service_end_minutes: u32,
}

impl ServiceLine {
    /// An empty `name` becomes the default name of mode and code.
    #[must_use]
    pub(crate) fn new(
        mode: Mode,
        code: &str,
        name: &str,
        service_start_minutes: u32,
        service_end_minutes: u32,
    ) -> Self {
        let code = canonical_code(mode, code);
        let name = if name.trim().is_empty() { default_name(mode, &code) } else { name.trim().to_owned() };
        Self { mode, code, name, service_start_minutes, service_end_minutes }
    }

    /// A line of the city profile, with the service hours of the parameters.
    #[must_use]
    pub(crate) fn from_profile(mode: Mode, code: &str, name: &str, parameters: &DisruptionParameters) -> Self {
        // The parameter counts from the next midnight.
        let end = DAY + parameters.service_fin_minutes.min(DAY);
        Self::new(mode, code, name, parameters.service_debut_minutes, end)
    }

    #[must_use]
    pub(crate) fn key(&self) -> LineKey {
        (self.mode, self.code.clone())
    }

    /// Service hours of a day in local time, minutes after midnight, start inclusive, end exclusive: 05:30 to 00:30 is 00:00 to 00:30 and
    /// 05:30 to 24:00. Equal start and end mean 24 hours of service.
    #[must_use]
    pub(crate) fn service(&self) -> Vec<(u32, u32)> {
        let (start, end) = (self.service_start_minutes.min(DAY), self.service_end_minutes);
        let after_midnight = if end > DAY { Some(end - DAY) } else { (end <= start).then_some(end) };
        match after_midnight {
            None => vec![(start, end)],
            Some(end) if end >= start => vec![(0, DAY)],
            Some(0) => vec![(start, DAY)],
            Some(end) => vec![(0, end), (start, DAY)],
        }
    }
}

/// One spelling per code: `7bis` is `7B`, `T3A` and `3a` are `T3a`, train letters are upper case, others are unchanged.
pub(crate) fn canonical_code(mode: Mode, code: &str) -> String {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match mode {
        Mode::Metro => {
            let upper = code.to_uppercase();
            match upper.strip_suffix("BIS") {
                Some(number) => format!("{}B", number.trim_end()),
                None => upper,
            }
        }
        Mode::Rer | Mode::Transilien => code.to_uppercase(),
        Mode::Tram => {
            let lower = code.to_lowercase();
            let number = lower.strip_prefix('t').unwrap_or(&lower);
            if number.starts_with(|first: char| first.is_ascii_digit()) { format!("T{number}") } else { code }
        }
        Mode::Shuttle | Mode::Bus | Mode::Other => code,
    }
}

/// Display name, such as `Métro 13`.
pub(crate) fn default_name(mode: Mode, code: &str) -> String {
    match mode {
        Mode::Metro => format!("Métro {code}"),
        Mode::Rer => format!("RER {code}"),
        Mode::Transilien => format!("Transilien {code}"),
        Mode::Tram => format!("Tram {code}"),
        Mode::Bus => format!("Bus {code}"),
        Mode::Shuttle | Mode::Other => code.to_owned(),
    }
}

/// The line in documents: with its name in `service`, else with its default name.
#[must_use]
pub(crate) fn line(key: &LineKey, service: &[ServiceLine]) -> Line {
    let (mode, code) = key;
    let known = service.iter().find(|line| line.mode == *mode && line.code == *code);
    let name = known.map_or_else(|| default_name(*mode, code), |line| line.name.clone());
    Line { mode: *mode, code: code.clone(), name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_over_midnight_covers_both_ends_of_the_day() {
        let service = |start, end| ServiceLine::new(Mode::Metro, "1", "", start, end).service();
        assert_eq!(service(330, 30), [(0, 30), (330, 1440)]);
        assert_eq!(service(330, 1470), [(0, 30), (330, 1440)]);
        assert_eq!(service(330, 0), [(330, 1440)]);
        assert_eq!(service(330, 1440), [(330, 1440)]);
        assert_eq!(service(360, 1200), [(360, 1200)]);
        assert_eq!(service(300, 300), [(0, 1440)]);
        let profile = |end: u32| {
            let parameters = DisruptionParameters { service_fin_minutes: end, ..DisruptionParameters::default() };
            ServiceLine::from_profile(Mode::Metro, "1", "", &parameters).service()
        };
        assert_eq!(profile(30), [(0, 30), (330, 1440)]);
        assert_eq!(profile(400), [(0, 1440)]);
    }

    #[test]
    fn line_codes_have_one_canonical_spelling() {
        assert_eq!(canonical_code(Mode::Metro, "7bis"), "7B");
        assert_eq!(canonical_code(Mode::Metro, "3 bis"), "3B");
        assert_eq!(canonical_code(Mode::Tram, "T3A"), "T3a");
        assert_eq!(canonical_code(Mode::Tram, "3b"), "T3b");
        assert_eq!(canonical_code(Mode::Bus, "N12"), "N12");
    }
}
