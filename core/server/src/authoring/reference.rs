//! The reference of the contract as Markdown, from the comments in its WIT: one chapter an interface, one
//! entry a function or type. Reads the lines of our own files, which are written evenly; it is no parser of WIT.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::sdk::WIT;

/// The reference of a version.
///
/// # Errors
/// Names the versions that there are.
pub fn markdown(api: &str) -> Result<String> {
    let folder = format!("sdk/wit/{api}/");
    let found = WIT.iter().find(|(path, _)| path.starts_with(&folder));
    let known: Vec<&str> = WIT.iter().filter_map(|(path, _)| path.split('/').nth(2)).collect();
    let (_, text) = found
        .with_context(|| format!("there is no contract {api:?}; there are {}", known.join(", ")))?;
    let mut page = Page::default();
    writeln!(page.out, "# The contract {api}\n")?;
    writeln!(
        page.out,
        "Printed by `fondaco plugin reference --api {api}` from the comments of `sdk/wit/{api}`.\n"
    )?;
    for line in text.lines() {
        page.line(line)?;
    }
    Ok(page.out)
}

#[derive(Default)]
struct Page {
    out: String,
    /// Comments that belong to what follows.
    said: Vec<String>,
    /// The entry that is being read, as far as it goes.
    entry: Vec<String>,
    in_interface: bool,
}

impl Page {
    fn line(&mut self, line: &str) -> Result<()> {
        let text = line.trim();
        if !self.entry.is_empty() {
            self.entry.push(line.strip_prefix("    ").unwrap_or(line).to_owned());
            return self.end_of_entry();
        }
        if let Some(comment) = text.strip_prefix("///") {
            self.said.push(comment.trim().to_owned());
        } else if text.starts_with("package ") {
            let said = self.comment();
            writeln!(self.out, "{said}")?;
        } else if let Some(name) = text.strip_prefix("interface ") {
            self.in_interface = true;
            let said = self.comment();
            writeln!(self.out, "## {}\n\n{said}", name.trim_end_matches(" {"))?;
        } else if text.starts_with("world ") || text == "}" {
            self.in_interface = false;
            self.said.clear();
        } else if self.in_interface && !text.is_empty() && !text.starts_with("use ") {
            self.entry.push(text.to_owned());
            return self.end_of_entry();
        }
        Ok(())
    }

    /// An entry is at its end when its braces are closed, or by a semicolon.
    fn end_of_entry(&mut self) -> Result<()> {
        let whole = self.entry.join("\n");
        let open = whole.matches('{').count();
        let is_whole = match open {
            0 => whole.ends_with(';'),
            _ => open == whole.matches('}').count(),
        };
        if !is_whole {
            return Ok(());
        }
        let said = self.comment();
        writeln!(self.out, "```wit\n{whole}\n```\n{said}")?;
        self.entry.clear();
        Ok(())
    }

    fn comment(&mut self) -> String {
        let text = self.said.join(" ");
        self.said.clear();
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }
}
