//! The query string of a list as the kernel's `Query`. Unknown words are refused with a suggestion
//! of what there is, not ignored: a misspelt filter would show too much.

use std::collections::HashMap;

use fondaco_kernel::Error;
use fondaco_kernel::model::{Query, Select, Totals};
use fondaco_kernel::values::{Problem, limits};

use crate::problem::Refusal;

const KNOWN: &str = "filter, search, sort, limit, after, fields, expand, count";

/// Reads `?filter=…&sort=-date,number&limit=80&after=…&fields=a,b&expand=customer,lines&count=true`.
///
/// # Errors
/// Every word that is not understood, at once.
pub(crate) fn list(given: HashMap<String, String>) -> Result<Query, Refusal> {
    let mut query = Query::default();
    let mut problems = Vec::new();
    for (name, value) in given {
        match name.as_str() {
            "filter" => query.filter = Some(value),
            "search" => query.search = Some(value),
            "sort" => query.sort = words(&value),
            "after" => query.after = Some(value),
            "fields" => query.show.fields = words(&value),
            "expand" => query.show.expand = words(&value),
            "count" => match value.parse() {
                Ok(wanted) => query.count = wanted,
                Err(_) => problems.push(bad_count()),
            },
            "limit" => match value.parse() {
                Ok(limit) if (1..=limits::PAGE_SIZE_MAX).contains(&limit) => {
                    query.limit = Some(limit);
                }
                _ => problems.push(bad_limit()),
            },
            _ => problems.push(unknown(&name, KNOWN)),
        }
    }
    if problems.is_empty() { Ok(query) } else { Err(Refusal(Error::Invalid(problems))) }
}

/// Reads `?by=state&sums=total,net&filter=…&search=…`.
///
/// # Errors
/// Every word that is not understood, at once.
pub(crate) fn totals(given: HashMap<String, String>) -> Result<Totals, Refusal> {
    let mut wanted = Totals::default();
    let mut problems = Vec::new();
    for (name, value) in given {
        match name.as_str() {
            "filter" => wanted.filter = Some(value),
            "search" => wanted.search = Some(value),
            "by" => wanted.by = Some(value),
            "across" => wanted.across = Some(value),
            "sums" => wanted.sums = words(&value),
            _ => problems.push(unknown(&name, "by, across, sums, filter, search")),
        }
    }
    if problems.is_empty() { Ok(wanted) } else { Err(Refusal(Error::Invalid(problems))) }
}

/// Reads `?fields=a,b&expand=customer`.
///
/// # Errors
/// Every word that is not understood, at once.
pub(crate) fn one(given: HashMap<String, String>) -> Result<Select, Refusal> {
    let mut select = Select::default();
    let mut problems = Vec::new();
    for (name, value) in given {
        match name.as_str() {
            "fields" => select.fields = words(&value),
            "expand" => select.expand = words(&value),
            _ => problems.push(unknown(&name, "fields, expand")),
        }
    }
    if problems.is_empty() { Ok(select) } else { Err(Refusal(Error::Invalid(problems))) }
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn bad_limit() -> Problem {
    let message = format!("A page has 1 to {} rows.", limits::PAGE_SIZE_MAX);
    Problem::new("limit", "out_of_range", message)
}

fn bad_count() -> Problem {
    Problem::new("count", "unreadable", "Write count=true or count=false.")
}

fn unknown(name: &str, known: &str) -> Problem {
    Problem::new(name, "unknown", format!("There is no parameter {name}; there are {known}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Query, Refusal> {
        list(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_list_is_asked_for() {
        let query = read(&[("sort", "-date, number"), ("limit", "20"), ("count", "true")]).unwrap();
        assert_eq!(query.sort, ["-date", "number"]);
        assert_eq!(query.limit, Some(20));
        assert!(query.count);
    }

    #[test]
    fn what_is_not_understood_is_named_at_once() {
        let Err(Refusal(Error::Invalid(problems))) = read(&[("fliter", "x"), ("limit", "0")])
        else {
            panic!("it was taken");
        };
        let mut fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["fliter", "limit"]);
    }
}
