//! Messages for a person at a terminal, in the language of the report.
//!
//! Nothing is printed with `--quiet`, or when the output is a pipe or a pod: those readers have the log. Not for errors, which are English
//! and belong to `runtime::exit`, and not for the overview of a report, which `render::overview` writes.

use std::fmt::Display;

use runtime::day::DayOrigin;
use runtime::lang::Lang;
use runtime::terminal;

/// The terminal, if someone reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    shown: bool,
    lang: Lang,
}

impl Terminal {
    pub(crate) fn new(quiet: bool, lang: Lang) -> Self {
        Self { shown: !quiet && runtime::log::is_terminal(), lang }
    }

    /// Prints a line: the French or the English one.
    pub(crate) fn line(self, fr: impl Display, en: impl Display) {
        match self.lang {
            Lang::Fr => self.wrapped(&fr.to_string()),
            Lang::En => self.wrapped(&en.to_string()),
        }
    }

    /// Prints text that is in the right language, in lines of whole words.
    pub(crate) fn wrapped(self, text: &str) {
        if self.shown {
            self.print(format_args!("{}\n", terminal::wrap(text, terminal::columns(), 2)));
        }
    }

    /// Prints text that is in the right language and has its line ends.
    pub(crate) fn print(self, text: impl Display) {
        if self.shown {
            runtime::output::print(text);
        }
    }
}

/// The reason for the choice of the days, in French; `Display` of [`DayOrigin`] is the English one.
pub(crate) fn origin_fr(origin: &DayOrigin) -> String {
    match origin {
        DayOrigin::Argument => "jour demandé".to_owned(),
        DayOrigin::JobName(name) => format!("d'après le nom du Job {name}"),
        DayOrigin::Schedule(name) => format!("la veille de l'heure planifiée dans le nom du Job {name}"),
        DayOrigin::Manual(name) => {
            format!("hier, comme le ferait maintenant le planificateur, car le nom du Job {name} n'a pas de date")
        }
        DayOrigin::Yesterday => "hier, car aucun jour n'est demandé".to_owned(),
    }
}
