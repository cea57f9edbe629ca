//! The settings of a program as Markdown tables, one per group, for `docs/settings.md`. A unit test of each program holds its section of the
//! document to its argument parser.

use std::fmt::{self, Write as _};
use std::path::Path;

use clap::{Arg, ArgAction, Command};

/// Heading of the arguments that have no group.
const GENERAL: &str = "General";
/// Set to 1, [`hold`] writes the section instead of comparing it.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Why a section of a document is not as it should be. `Debug` shows its lines unescaped, so that a failed assertion shows the difference.
#[derive(PartialEq, Eq)]
pub struct Outdated(String);

impl fmt::Debug for Outdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All visible arguments of a command, grouped as in `--help`.
#[must_use]
pub fn tables(command: &Command) -> String {
    let mut command = command.clone();
    command.build();
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version")
        .collect();
    let mut groups: Vec<&str> = Vec::new();
    for arg in &arguments {
        let group = arg.get_help_heading().unwrap_or(GENERAL);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let mut text = String::new();
    for group in groups {
        let _ = write!(text, "**{group}**\n\n| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n");
        for arg in arguments.iter().filter(|arg| arg.get_help_heading().unwrap_or(GENERAL) == group) {
            text.push_str(&row(arg));
        }
        text.push('\n');
    }
    text
}

fn row(arg: &Arg) -> String {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let flag = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("`-{short}`, `--{long}`"),
        (None, Some(long)) => format!("`--{long}`"),
        _ => format!("`[{}]`", arg.get_value_names().and_then(<[_]>::first).map_or(arg.get_id().as_str(), |name| name)),
    };
    let variable = arg.get_env().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // A default that depends on other values stands at the end of the text.
    let (meaning, described) = match help.split_once(" [default: ") {
        Some((meaning, rest)) => (meaning.to_owned(), rest.trim_end_matches(']').to_owned()),
        None => (help, String::new()),
    };
    let fixed: Vec<String> = arg.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let default = if takes_value && !fixed.is_empty() { fixed.join(", ") } else { described };
    format!("| {flag} | {} | {default} | {} |\n", code(variable), meaning.replace('|', "\\|").replace('\n', " "))
}

/// Compares the section `name` of a Markdown file with the text that it should have. The section lies between
/// `<!-- name -->` and `<!-- end of name -->`. With `UPDATE_GOLDEN=1` it is written instead.
///
/// # Errors
/// The file cannot be read or has no such section, or the section is not up to date.
pub fn hold(file: &Path, name: &str, text: &str) -> Result<(), Outdated> {
    hold_section(file, name, text).map_err(Outdated)
}

fn hold_section(file: &Path, name: &str, text: &str) -> Result<(), String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let document = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let found = document.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?)));
    let Some((head, (section, tail))) = found else {
        return Err(format!("{} has no section between {begin}and {end}", file.display()));
    };
    let expected = format!("\n{}\n\n", text.trim());
    if section == expected {
        return Ok(());
    }
    if std::env::var(UPDATE).is_ok_and(|value| value == "1") {
        return std::fs::write(file, format!("{head}{begin}{expected}{end}{tail}")).map_err(|error| error.to_string());
    }
    Err(format!(
        "section {name} of {} is not up to date:\n{}{}Run this test with {UPDATE}=1 and commit the file",
        file.display(),
        only_in('-', section, &expected),
        only_in('+', &expected, section)
    ))
}

/// The lines that only `text` has.
fn only_in(mark: char, text: &str, other: &str) -> String {
    let other: Vec<&str> = other.lines().collect();
    text.lines().filter(|line| !other.contains(line)).map(|line| format!("{mark} {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("x")
            .arg(Arg::new("day").value_name("DAY").env("REPORT_DATE").help("Day [default: yesterday]"))
            .arg(Arg::new("wait").long("wait").env("WAIT").default_value("0").help("0 | more").help_heading("Days"))
            .arg(
                Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue).help("Less").help_heading("Days"),
            )
            .arg(Arg::new("secret").long("secret").hide(true))
    }

    #[test]
    fn each_visible_argument_is_a_row_of_its_group() {
        let head = "| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n";
        let general = format!("**General**\n\n{head}| `[DAY]` | `REPORT_DATE` | yesterday | Day |\n\n");
        let days = "| `--wait` | `WAIT` | `0` | 0 \\| more |\n| `-q`, `--quiet` |  |  | Less |\n\n";
        assert_eq!(tables(&command()), format!("{general}**Days**\n\n{head}{days}"));
    }

    #[test]
    fn outdated_or_missing_section_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.md");
        std::fs::write(&file, "# x\n<!-- a -->\n\nold\n\n<!-- end of a -->\n").unwrap();
        assert_eq!(hold(&file, "a", "old\n"), Ok(()));
        assert!(hold_section(&file, "a", "new").unwrap_err().contains("not up to date:\n- old\n+ new\n"));
        assert!(hold_section(&file, "b", "old").unwrap_err().contains("no section"));
    }
}
