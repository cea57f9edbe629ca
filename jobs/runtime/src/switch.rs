//! Yes and no, as flags and variables write them.

/// Reads a switch. Nothing counts as no: that is how a chart writes a variable that nobody set.
///
/// # Errors
/// What to write instead.
pub fn parse(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" | "y" => Ok(true),
        "" | "no" | "false" | "0" | "off" | "n" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_no_and_nothing() {
        for (text, meant) in [("yes", true), (" TRUE ", true), ("1", true), ("On", true), ("y", true)]
            .into_iter()
            .chain([("no", false), ("False", false), ("0", false), ("off", false), ("N", false), (" ", false)])
        {
            assert_eq!(parse(text), Ok(meant), "{text:?}");
        }
        for text in ["perhaps", "2", "yes no", "oui"] {
            assert_eq!(parse(text), Err("write yes or no".to_owned()), "{text:?}");
        }
    }
}
