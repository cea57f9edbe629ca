//! Transit lines: codes, names and hours of service.

use contract::document::disruptions::{Line, Mode};

use crate::parameters::DisruptionParameters;

/// Mode and code of a line.
pub(crate) type LineKey = (Mode, String);

/// Minutes of a day of 24 hours.
pub(crate) const DAY: u32 = 24 * 60;

/// A line that runs, and its hours of service by the wall clock. The reliability of a day is measured over these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceLine {
    /// Mode.
    pub(crate) mode: Mode,
    /// Code, such as `13` or `T3a`.
    pub(crate) code: String,
    /// Name for people.
    pub(crate) name: String,
    /// Begin of service, minutes after midnight, below 1440.
    pub(crate) service_start_minutes: u32,
    /// End of service, minutes after midnight; of the next midnight where it is not after the begin, or where it is 1440 or more.
    pub(crate) service_end_minutes: u32,
}

impl ServiceLine {
    /// A line with its hours; without a name it bears that of its mode and code.
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

    /// A line of the city profile, which knows no hours: they are the settings.
    #[must_use]
    pub(crate) fn from_profile(mode: Mode, code: &str, name: &str, parameters: &DisruptionParameters) -> Self {
        // The setting counts the end from the next midnight.
        let end = DAY + parameters.service_fin_minutes.min(DAY);
        Self::new(mode, code, name, parameters.service_debut_minutes, end)
    }

    /// What names it.
    #[must_use]
    pub(crate) fn key(&self) -> LineKey {
        (self.mode, self.code.clone())
    }

    /// Its hours of service on a day by the wall clock, minutes after midnight, begin inclusive, end exclusive: 05:30 to 00:30 is
    /// 00:00 to 00:30 and 05:30 to 24:00. An end that equals the begin is service round the clock.
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

/// One spelling per code: `7bis` is `7B`, `T3A` and `3a` are `T3a`, letters of trains are capitals. Others as they are.
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

/// Name for people, such as `Métro 13`.
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

/// The line as documents hold it: named as the lines of service name it, else by mode and code.
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
    fn service_over_midnight_is_the_two_ends_of_the_day() {
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
    fn each_line_has_one_spelling_of_its_code() {
        assert_eq!(canonical_code(Mode::Metro, "7bis"), "7B");
        assert_eq!(canonical_code(Mode::Metro, "3 bis"), "3B");
        assert_eq!(canonical_code(Mode::Tram, "T3A"), "T3a");
        assert_eq!(canonical_code(Mode::Tram, "3b"), "T3b");
        assert_eq!(canonical_code(Mode::Bus, "N12"), "N12");
    }
}
