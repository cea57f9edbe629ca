//! The command line of a program: a short and a long help, help of a command with the settings that it reads, and the commands `completions`
//! and `man`, which every program has.

use clap::error::ErrorKind;
use clap::{Arg, Command, Parser, value_parser};
use clap_complete::Shell;

/// Prints the completions of a shell.
const COMPLETIONS: &str = "completions";
/// Prints a manual page.
const MAN: &str = "man";

/// Which settings the help names.
#[derive(Debug, Clone, Copy)]
pub struct Help {
    /// Ids of the arguments that `-h` shows; `--help` shows all.
    pub short: &'static [&'static str],
    /// For each command the ids of the program's settings that it reads. The others are accepted, because a variable may set them, and not shown.
    pub commands: &'static [(&'static str, &'static [&'static str])],
}

/// What a command line asks for.
#[derive(Debug)]
pub enum CommandLine<A> {
    /// Work.
    Args(A),
    /// A text about the program.
    Text(Vec<u8>),
}

/// Parses the command line of this process.
///
/// # Errors
/// A mistake, or a request for help or the version.
pub fn parse<A: Parser>(help: &Help) -> Result<CommandLine<A>, clap::Error> {
    parse_from(help, std::env::args_os())
}

fn parse_from<A: Parser, T: Into<std::ffi::OsString> + Clone>(
    help: &Help,
    words: impl IntoIterator<Item = T>,
) -> Result<CommandLine<A>, clap::Error> {
    let mut command = command::<A>(help);
    let mut matches = command.clone().try_get_matches_from(words)?;
    match matches.subcommand() {
        Some((COMPLETIONS, of)) => {
            let shell = of.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash);
            let name = command.get_name().to_owned();
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command, name, &mut text);
            Ok(CommandLine::Text(text))
        }
        Some((MAN, of)) => {
            let name = of.get_one::<String>("command").map(String::as_str);
            page(&command, name).map(CommandLine::Text).map_err(|error| error.format(&mut command))
        }
        _ => match A::from_arg_matches_mut(&mut matches) {
            Ok(args) => Ok(CommandLine::Args(args)),
            Err(error) => Err(error.format(&mut command)),
        },
    }
}

/// The parser of a program, complete.
#[must_use]
pub fn command<A: Parser>(help: &Help) -> Command {
    let short = |arg: Arg| {
        let shown = help.short.contains(&arg.get_id().as_str());
        if shown { arg } else { arg.hide_short_help(true) }
    };
    let mut command = A::command().mut_args(short).subcommand(completions());
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    command = command.subcommand(man()).subcommand_negates_reqs(true);
    // Makes the global settings arguments of each command.
    command.build();
    let program = command.get_name().to_owned();
    for name in names.iter().map(String::as_str).chain([MAN]) {
        let used = help.commands.iter().find(|(of, _)| *of == name).map_or(&[] as &[&str], |(_, used)| used);
        command = command.mut_subcommand(name, |sub| {
            let sub = sub.mut_args(|arg| {
                let is_of_others = arg.is_global_set() && !used.contains(&arg.get_id().as_str());
                // What it reads belongs to its short help too.
                if is_of_others { arg.hide(true) } else { arg.hide_short_help(false) }
            });
            if used.is_empty() { sub } else { sub.after_help(format!("`{program} --help` lists all settings.")) }
        });
    }
    command
}

fn completions() -> Command {
    Command::new(COMPLETIONS)
        .about("Print the completions of a shell, for its folder of completions")
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell)))
}

fn man() -> Command {
    let of = Arg::new("command").value_name("COMMAND").help("Command to describe [default: the program]");
    Command::new(MAN).about("Print the manual page of the program or of one of its commands").arg(of)
}

/// The page of the program, or of one of its commands, as `git-commit(1)`.
fn page(command: &Command, name: Option<&str>) -> Result<Vec<u8>, clap::Error> {
    let described = match name {
        None => command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> =
                command.get_subcommands().map(Command::get_name).filter(|name| *name != "help").collect();
            let text = format!("there is no command `{}`; one of {}", name.escape_debug(), names.join(", "));
            clap::Error::raw(ErrorKind::InvalidSubcommand, text)
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(described.clone()).render(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "city")]
    struct Cli {
        #[command(subcommand)]
        command: Option<Work>,
        /// Where
        #[arg(long, global = true)]
        out: Option<String>,
        /// How many
        #[arg(long, global = true)]
        threads: Option<u8>,
        /// What
        #[arg(long)]
        seed: Option<u8>,
    }

    #[derive(Debug, Subcommand)]
    enum Work {
        /// Look
        Status {
            #[arg(long)]
            last: Option<u8>,
        },
        /// List
        Params,
    }

    const HELP: Help = Help { short: &["out"], commands: &[("status", &["out"])] };

    fn text(words: &str) -> String {
        match parse_from::<Cli, _>(&HELP, words.split(' ')) {
            Ok(CommandLine::Text(text)) => String::from_utf8(text).unwrap(),
            Ok(CommandLine::Args(args)) => format!("{args:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn short_help_names_the_usual_settings_and_long_help_all() {
        assert!(text("city -h").contains("--out") && !text("city -h").contains("--threads"));
        for flag in ["--out", "--threads", "--seed", "completions", "man"] {
            assert!(text("city --help").contains(flag), "{flag}");
        }
    }

    #[test]
    fn help_of_a_command_names_what_it_reads() {
        for help in ["-h", "--help"] {
            let of_status = text(&format!("city status {help}"));
            assert!(
                of_status.contains("--out") && of_status.contains("--last") && of_status.contains("city --help"),
                "{of_status}"
            );
            assert!(!of_status.contains("--threads"), "{of_status}");
            assert!(!text(&format!("city params {help}")).contains("--out"));
            assert!(!text(&format!("city man {help}")).contains("--threads"));
        }
    }

    #[test]
    fn command_accepts_settings_that_it_does_not_read() {
        assert!(text("city status --out x --threads 3").contains("threads: Some(3)"));
    }

    #[test]
    fn completions_and_pages_come_from_the_parser() {
        assert!(text("city completions bash").contains("--threads"));
        assert!(text("city completions fish").contains("complete -c city"));
        assert!(text("city man").contains(".TH city 1"), "{}", text("city man"));
        assert!(text("city man status").contains(".TH city-status 1"));
        assert!(text("city man stats").contains("one of status, params, completions, man"));
    }
}
