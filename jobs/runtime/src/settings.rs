//! The settings of a job: flags and environment variables, with all mistakes reported together.
//!
//! clap stops at the first invalid value. So every value parser here succeeds: it yields a [`Checked`] value, which is either valid or
//! says why it is not, and a program's configuration collects the mistakes of all of them in [`Mistakes`].
//!
//! ```text
//! flag or variable --clap--> Checked<T> --Mistakes::take--> T, or one Failure that lists every mistake
//! ```
//!
//! A variable that is set to nothing counts as not set, because that is how a chart renders an optional value.

pub mod command_line;
pub mod markdown;
mod shared;
mod value;

use std::ffi::OsStr;
use std::fmt::Display;

use clap::builder::TypedValueParser;
use clap::error::Error;
use clap::parser::ValueSource;
use clap::{Arg, Command};

use crate::failure::{Code, Failure};
use crate::location::Location;

pub use shared::{CITY, DAYS, IN_OUT, JobArgs, KUBERNETES, OUTPUT, PROCESSING, Shared};
pub use value::{duration, earlier_days, size, switch, text};

/// A setting that clap has parsed: its value, `None` if it was set to nothing, or the mistake in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// Flag and variable, for messages: `--wait (CITYFLOW_WAIT)`.
    setting: String,
    value: Result<Option<T>, String>,
}

impl<T> Checked<T> {
    /// The value, if it is valid and set. Mistakes are reported through [`Mistakes::take`].
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().ok()?.as_ref()
    }

    /// Whether it was set to nothing.
    pub fn is_unset(&self) -> bool {
        matches!(self.value, Ok(None))
    }
}

/// A clap value parser for a [`Checked`] value. A blank text selects the argument's default value, if it has one.
pub fn checked<T, E, F>(parse: F) -> impl TypedValueParser<Value = Checked<T>>
where
    T: Clone + Send + Sync + 'static,
    E: Display,
    F: Fn(&str) -> Result<T, E> + Clone + Send + Sync + 'static,
{
    Checker(move |text: &str, arg: Option<&Arg>, _| {
        let default = || arg.and_then(|arg| arg.get_default_values().first()?.to_str());
        let text = if text.trim().is_empty() { default() } else { Some(text) };
        text.map(&parse).transpose().map_err(|error| error.to_string())
    })
}

/// A clap value parser for a [`Location`]. A bare name is a bucket in a variable and a folder in a flag. A blank flag is a mistake, so that
/// an unset shell variable (`--out "$OUT"`) never selects the default folder.
pub fn checked_location() -> impl TypedValueParser<Value = Checked<Location>> {
    Checker(|text: &str, _: Option<&Arg>, source| {
        let from_variable = source == ValueSource::EnvVariable;
        if from_variable && text.trim().is_empty() {
            return Ok(None);
        }
        Location::from_setting(text, from_variable).map(Some).map_err(|error| error.to_string())
    })
}

#[derive(Clone)]
struct Checker<F>(F);

impl<T, F> TypedValueParser for Checker<F>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(&str, Option<&Arg>, ValueSource) -> Result<Option<T>, String> + Clone + Send + Sync + 'static,
{
    type Value = Checked<T>;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, text: &OsStr) -> Result<Checked<T>, Error> {
        self.parse_ref_(command, arg, text, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        _: &Command,
        arg: Option<&Arg>,
        text: &OsStr,
        source: ValueSource,
    ) -> Result<Checked<T>, Error> {
        let value = match text.to_str() {
            Some(text) => (self.0)(text, arg, source),
            None => Err("the value is not UTF-8".to_owned()),
        };
        Ok(Checked { setting: arg.map(setting_name).unwrap_or_default(), value })
    }
}

fn setting_name(arg: &Arg) -> String {
    let flag = arg.get_long().map_or_else(|| arg.get_id().to_string(), |flag| format!("--{flag}"));
    match arg.get_env().and_then(OsStr::to_str) {
        Some(variable) => format!("{flag} ({variable})"),
        None => flag,
    }
}

/// The mistakes in a program's settings.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<String>);

impl Mistakes {
    /// The value of a setting; `None` if it is not set or invalid.
    pub fn take<'a, T: Clone + 'a>(&mut self, setting: impl Into<Option<&'a Checked<T>>>) -> Option<T> {
        self.take_with(setting, |value| Ok::<_, String>(value.clone()))
    }

    /// The same for a value with a further check, such as one that reads a file.
    pub fn take_with<'a, T: 'a, U, E: Display>(
        &mut self,
        setting: impl Into<Option<&'a Checked<T>>>,
        read: impl FnOnce(&T) -> Result<U, E>,
    ) -> Option<U> {
        let Checked { setting, value } = setting.into()?;
        let read = match value {
            Ok(value) => read(value.as_ref()?).map_err(|error| error.to_string()),
            Err(mistake) => Err(mistake.clone()),
        };
        read.map_err(|mistake| self.add(format!("{setting}: {mistake}"))).ok()
    }

    /// Adds a mistake: a clause that names the setting and says what to write.
    pub fn add(&mut self, mistake: impl Into<String>) {
        self.0.push(mistake.into());
    }

    /// Ends the checks of `program`.
    ///
    /// # Errors
    /// [`Code::Usage`], with every mistake.
    pub fn finish(self, program: &str) -> Result<(), Failure> {
        let what = match self.0.as_slice() {
            [] => return Ok(()),
            [one] => format!("invalid setting: {one}"),
            several => format!("{} invalid settings", several.len()),
        };
        let todo = format!("Correct the settings; `{program} --help` shows each of them with an example");
        let failure = Failure::new(Code::Usage, what, "", todo);
        Err(if self.0.len() > 1 { failure.with_list(self.0) } else { failure })
    }
}

/// The command without the variables that are set in this process: tests must not depend on them.
#[must_use]
pub fn without_environment(command: Command) -> Command {
    command.mut_args(|arg| match arg.get_env().map(std::env::var_os) {
        Some(Some(_)) => arg.env(None),
        _ => arg,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[arg(long, env = "CITYFLOW_TEST_WAIT", value_parser = checked(duration), default_value = "40m")]
        wait: Checked<std::time::Duration>,
        #[arg(long, value_parser = checked(size))]
        size: Option<Checked<u64>>,
        #[arg(long, value_parser = checked_location())]
        out: Option<Checked<Location>>,
    }

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(std::iter::once("test").chain(line.split(' ').filter(|word| !word.is_empty()))).unwrap()
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let cli = parse("--wait soon --size lots --out gs://x");
        let mut mistakes = Mistakes::default();
        assert_eq!(mistakes.take(&cli.wait), None);
        assert_eq!(mistakes.take(cli.size.as_ref()), None);
        assert_eq!(mistakes.take(cli.out.as_ref()), None);
        let failure = mistakes.finish("test").unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        for part in
            ["3 invalid settings: ", "--wait (CITYFLOW_TEST_WAIT): \"soon\"", "--size: \"lots\"", "--out: `gs://`"]
        {
            assert!(failure.to_string().contains(part), "{failure}");
        }
        assert!(failure.todo.contains("`test --help`"), "{failure}");
    }

    #[test]
    fn valid_values_and_defaults_are_no_mistakes() {
        let mut mistakes = Mistakes::default();
        let cli = parse("--size 2MiB");
        assert_eq!(mistakes.take(&cli.wait), Some(std::time::Duration::from_secs(2400)));
        assert_eq!(mistakes.take(cli.size.as_ref()), Some(2 << 20));
        assert_eq!(mistakes.take(cli.out.as_ref()), None);
        assert_eq!(mistakes.finish("test"), Ok(()));
    }

    #[test]
    fn blank_value_counts_as_not_set() {
        let cli = Cli::try_parse_from(["test", "--wait", " ", "--size="]).unwrap();
        assert_eq!(cli.wait.value(), Some(&std::time::Duration::from_secs(2400)));
        assert_eq!(cli.size.map(|size| size.value), Some(Ok(None)));
    }

    #[test]
    fn blank_location_is_a_mistake_in_a_flag_only() {
        let parse = |text: &str, source| {
            let command = Command::new("test");
            checked_location().parse_ref_(&command, None, OsStr::new(text), source).unwrap().value
        };
        assert!(parse("", ValueSource::CommandLine).unwrap_err().contains("cannot be empty"));
        assert_eq!(parse("", ValueSource::EnvVariable), Ok(None));
        let bucket = Location::S3 { bucket: "city".into(), prefix: String::new() };
        assert_eq!(parse("city", ValueSource::EnvVariable), Ok(Some(bucket)));
        assert_eq!(parse("city", ValueSource::CommandLine), Ok(Some(Location::Local("city".into()))));
    }

    #[test]
    fn value_that_is_not_utf_8_is_a_mistake() {
        use std::os::unix::ffi::OsStrExt as _;
        let command = Command::new("test");
        let value = checked(switch).parse_ref(&command, None, OsStr::from_bytes(b"\xff")).unwrap().value;
        assert_eq!(value, Err("the value is not UTF-8".to_owned()));
    }
}
