//! A dashboard: what somebody of a role looks at first. Each tile is a question to one model, or the
//! chart of a report.
//! Not here: reading it from TOML (`load::dashboard`), asking (kernel `dashboards`), the page.

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Dashboard {
    pub name: String,
    pub label: String,
    pub module: String,
    /// Whose it is. Empty: nobody's but the administrator's.
    pub roles: Vec<String>,
    pub tiles: Vec<Tile>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tile {
    pub label: String,
    /// Takes the whole width.
    pub wide: bool,
    #[serde(flatten)]
    pub shows: Shows,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shows {
    /// How many records there are, or what a field of theirs comes to; by day, this period beside the
    /// one before.
    Figure { of: Records, sum: Option<String>, date: Option<String>, period: Period },
    /// The first few.
    List { of: Records, sort: Vec<String>, columns: Vec<String>, limit: usize },
    /// Groups as bars or as a line.
    Chart { of: Records, group: String, sum: Option<String> },
    /// The chart that a report has, with its usual parameters.
    Report { report: String },
}

/// Records of a model that fit a condition.
#[derive(Clone, Debug, Serialize)]
pub struct Records {
    pub model: String,
    pub filter: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    #[default]
    Month,
    Quarter,
    Year,
}

impl Period {
    pub const ALL: [(&'static str, Period); 3] =
        [("month", Period::Month), ("quarter", Period::Quarter), ("year", Period::Year)];
}

impl Tile {
    /// The model that it asks; none of a report.
    pub fn of(&self) -> Option<&Records> {
        match &self.shows {
            Shows::Figure { of, .. } | Shows::List { of, .. } | Shows::Chart { of, .. } => Some(of),
            Shows::Report { .. } => None,
        }
    }

    /// The fields that one must be able to read to see it.
    pub fn fields(&self) -> Vec<&str> {
        match &self.shows {
            Shows::Figure { sum, date, .. } => sum.iter().chain(date).map(String::as_str).collect(),
            Shows::List { columns, .. } => columns.iter().map(String::as_str).collect(),
            Shows::Chart { group, sum, .. } => {
                let group = group.split('.').next().unwrap_or(group);
                sum.iter().map(String::as_str).chain([group]).collect()
            }
            Shows::Report { .. } => Vec::new(),
        }
    }
}
