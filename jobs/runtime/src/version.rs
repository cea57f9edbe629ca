//! The version of the programs.

use std::sync::OnceLock;

/// Version, commit if the build names it (`CITYFLOW_COMMIT`), and IANA release of the time zone rules: `0.1.0 (1a2b3c4d5e6f, time zones 2026f)`.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let commit = option_env!("CITYFLOW_COMMIT").filter(|commit| !commit.is_empty());
        let commit = commit.map_or_else(String::new, |commit| format!("{commit}, "));
        format!("{} ({commit}time zones {})", env!("CARGO_PKG_VERSION"), contract::tz_version())
    })
}
