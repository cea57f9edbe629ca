//! Names that are written out in code equal the serde names.

use contract::Source;
use contract::document::DayStatus;
use contract::document::manifest::EntryStatus;

#[test]
fn source_and_status_names_are_their_serde_names() {
    for source in Source::ALL {
        assert_eq!(serde_json::to_value(source).unwrap(), source.name());
        assert_eq!(source.name().parse(), Ok(source));
    }
    for status in [DayStatus::Provisional, DayStatus::Final] {
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
    }
    for status in [EntryStatus::Ok, EntryStatus::Absent, EntryStatus::Error, EntryStatus::Retained] {
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
    }
}
