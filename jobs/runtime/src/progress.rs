//! Progress bars at a terminal. Elsewhere, and with `--quiet`, every call does nothing: a cluster has the lines of `log`.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::log::is_terminal;

/// The bars of the process, so that log lines can be written above them.
static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// Creates the bars of a run.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    bars: Option<MultiProgress>,
}

/// One bar, which disappears when it is finished or dropped.
#[derive(Debug, Clone, Default)]
pub struct Bar {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Bars on stderr if it is a terminal and `quiet` is false.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && is_terminal();
        Self { bars: shown.then(|| BARS.get_or_init(MultiProgress::new).clone()) }
    }

    /// Shows nothing, for tests.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A bar of `total` bytes, with speed and remaining time.
    pub fn bytes(&self, label: &str, total: u64) -> Bar {
        self.bar(
            label,
            total,
            "{prefix:14} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
        )
    }

    /// A bar of `total` items, with the remaining time.
    pub fn items(&self, label: &str, total: u64) -> Bar {
        self.bar(label, total, "{prefix:14} {wide_bar} {human_pos}/{human_len} {msg} {eta}")
    }

    /// A spinner with the elapsed time, for an unknown total.
    pub fn spinner(&self, label: &str) -> Bar {
        let bar = self.bar(label, 0, "{prefix:14} {spinner} {elapsed} {msg}");
        if let Some(bar) = &bar.bar {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }

    fn bar(&self, label: &str, total: u64, template: &str) -> Bar {
        let Some(bars) = &self.bars else { return Bar::default() };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bars.add(ProgressBar::new(total).with_style(style).with_prefix(label.to_owned()));
        Bar { bar: Some(bar) }
    }
}

impl Bar {
    /// Advances by `amount` bytes or items.
    pub fn inc(&self, amount: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(amount);
        }
    }

    /// Changes the total, in bytes or items.
    pub fn set_total(&self, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }

    /// Shows a short text next to the bar.
    pub fn message(&self, text: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.into());
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Removes the bars for good, also those that interrupted work still holds.
pub(crate) fn end() {
    if let Some(bars) = BARS.get() {
        // A terminal that is gone shows nothing anyway.
        let _ = bars.clear();
        bars.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// Runs `write` while the bars are hidden.
pub(crate) fn suspended<T>(write: impl FnOnce() -> T) -> T {
    match BARS.get() {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_bar_ignores_every_call() {
        let progress = Progress::silent();
        for bar in [progress.bytes("a", 10), progress.items("b", 1), progress.spinner("c")] {
            bar.inc(3);
            bar.set_total(4);
            bar.message("x");
            bar.finish();
            assert!(bar.bar.is_none());
        }
    }
}
