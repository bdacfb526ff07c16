//! What a long command shows while it works: a bar on a terminal, a line now and then elsewhere.
//! Progress goes to stderr; results go to stdout.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A line for the person, beside the result.
pub fn note(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A line of the result.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A bar over `total` steps.
pub struct Progress {
    bar: ProgressBar,
    label: String,
    told: u64,
}

impl Progress {
    pub fn new(label: &str, total: u64) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let look = "{prefix:<24} {bar:32} {pos:>7}/{len} {msg}";
        if let Ok(style) = ProgressStyle::with_template(look) {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        if !is_terminal() {
            note(&format!("{label} …"));
        }
        Progress { bar, label: label.to_owned(), told: 0 }
    }

    pub fn step(&mut self, by: u64) {
        self.bar.inc(by);
        let (at, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let tenth = (at * 10).checked_div(total.max(1)).unwrap_or(0);
        if !is_terminal() && tenth > self.told {
            self.told = tenth;
            note(&format!("{} {at}/{total}", self.label));
        }
    }

    /// Stands at `done` of `total`, whatever was told before.
    pub fn at(&mut self, done: u64, total: u64) {
        self.bar.set_length(total);
        if done < self.bar.position() {
            self.bar.set_position(done);
            self.told = 0;
        }
        self.step(done.saturating_sub(self.bar.position()));
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
