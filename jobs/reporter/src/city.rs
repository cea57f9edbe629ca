//! What the reporter needs of a city profile: its name for people, and its time zone, which says which day yesterday is.
//!
//! The profile file is the processor's, which knows all of it and says what is wrong with it; the rest of it is not looked at here.

use chrono_tz::Tz;
use serde::Deserialize;

/// A city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// Its name for people.
    pub name: String,
    /// Its time zone.
    pub tz: Tz,
}

impl Default for City {
    fn default() -> Self {
        Self { name: "Paris".to_owned(), tz: Tz::Europe__Paris }
    }
}

impl City {
    /// The city of a profile: `paris`, which is built in, or the path of a JSON file, which is read.
    ///
    /// # Errors
    /// A sentence that says what to correct.
    pub fn load(profile: &str) -> Result<Self, String> {
        let profile = profile.trim();
        let shown = profile.escape_debug();
        if profile == "paris" {
            return Ok(Self::default());
        }
        // A bare word is a slip more likely than a file without an ending.
        if !profile.contains(['/', '.']) {
            return Err(format!(
                "there is no city profile \"{shown}\"; write paris or the path of a JSON file, like ./lyon.json"
            ));
        }
        let json =
            std::fs::read(profile).map_err(|error| format!("the profile \"{shown}\" cannot be read ({error})"))?;
        Self::read(&json).map_err(|wrong| format!("in the profile \"{shown}\", {wrong}"))
    }

    /// The city of a profile's JSON.
    fn read(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Profile {
            name: String,
            timezone: String,
        }
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        let profile: Profile = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        Ok(Self { name: name(&profile.name)?, tz: zone(&profile.timezone)? })
    }
}

/// A name for people.
///
/// # Errors
/// An empty one.
pub fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("the city's name is empty; write one like Paris".to_owned()) } else { Ok(text.to_owned()) }
}

/// A time zone by its IANA name.
///
/// # Errors
/// A name that is none.
pub fn zone(text: &str) -> Result<Tz, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("there is no time zone \"{}\"; write one like Europe/Paris", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_file_is_read_as_far_as_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ville.json");
        let path = path.to_str().unwrap();
        std::fs::write(path, r#"{"name":"Ville","timezone":"America/Guadeloupe","rail_lines":[{"mode":"x"}]}"#)
            .unwrap();
        assert_eq!(City::load(path), Ok(City { name: "Ville".into(), tz: Tz::America__Guadeloupe }));
        assert_eq!(City::load("paris"), Ok(City::default()));
    }

    #[test]
    fn a_wrong_profile_says_what_to_correct() {
        assert!(City::load("lyon").unwrap_err().contains("like ./lyon.json"));
        assert!(City::load("./no-such-file.json").unwrap_err().contains("cannot be read"));
        for (json, part) in [
            ("{", "EOF"),
            (r#"{"name":"V"}"#, "missing field `timezone`"),
            (r#"{"name":" ","timezone":"UTC"}"#, "name is empty"),
            (r#"{"name":"V","timezone":"Europe/Pari"}"#, "there is no time zone \"Europe/Pari\""),
        ] {
            let wrong = City::read(json.as_bytes()).unwrap_err();
            assert!(wrong.contains(part), "{wrong}");
        }
    }
}
