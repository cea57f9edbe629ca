//! The part of a city profile that the reporter uses: the name, and the time zone, which decides which day yesterday is.
//!
//! The processor owns the profile file and validates all of it; the reporter ignores every other key.

use contract::Tz;
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    pub name: String,
    pub tz: Tz,
}

impl Default for City {
    fn default() -> Self {
        Self { name: "Paris".to_owned(), tz: Tz::PARIS }
    }
}

impl City {
    /// Loads a profile: `paris`, which is built in, or the JSON file at a path.
    ///
    /// # Errors
    /// A sentence for the user: what is wrong and what to write instead.
    pub fn load(profile: &str) -> Result<Self, String> {
        let profile = profile.trim();
        let shown = profile.escape_debug();
        if profile == "paris" {
            return Ok(Self::default());
        }
        // A bare word is more likely a mistake than a file without an extension.
        if !profile.contains(['/', '.']) {
            return Err(format!(
                "\"{shown}\" is not a city profile; expected paris or the path of a JSON file, such as ./lyon.json"
            ));
        }
        let json = std::fs::read(profile)
            .map_err(|error| format!("the profile \"{shown}\" cannot be read ({error}); check the path"))?;
        Self::parse(&json).map_err(|error| format!("the profile \"{shown}\" is not valid: {error}"))
    }

    fn parse(json: &[u8]) -> Result<Self, String> {
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

/// Parses the name for people.
///
/// # Errors
/// The name is empty.
pub fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("the name of the city is empty; expected a name such as Paris".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Parses the IANA name of a time zone.
///
/// # Errors
/// The name is unknown.
pub fn zone(text: &str) -> Result<Tz, String> {
    text.trim().parse().map_err(|_| {
        format!("\"{}\" is not a time zone; expected an IANA name such as Europe/Paris", text.escape_debug())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_file_gives_name_and_time_zone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ville.json");
        let path = path.to_str().unwrap();
        std::fs::write(path, r#"{"name":"Ville","timezone":"America/Guadeloupe","rail_lines":[{"mode":"x"}]}"#)
            .unwrap();
        assert_eq!(City::load(path), Ok(City { name: "Ville".into(), tz: "America/Guadeloupe".parse().unwrap() }));
        assert_eq!(City::load("paris"), Ok(City::default()));
    }

    #[test]
    fn invalid_profile_names_the_correction() {
        assert!(City::load("lyon").unwrap_err().contains("such as ./lyon.json"));
        assert!(City::load("./no-such-file.json").unwrap_err().contains("cannot be read"));
        for (json, part) in [
            ("{", "EOF"),
            (r#"{"name":"V"}"#, "missing field `timezone`"),
            (r#"{"name":" ","timezone":"UTC"}"#, "name of the city is empty"),
            (r#"{"name":"V","timezone":"Europe/Pari"}"#, "\"Europe/Pari\" is not a time zone"),
        ] {
            let error = City::parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
