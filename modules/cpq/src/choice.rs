//! A customer's choice among the options of a product: reading it, completing it, and what is wrong
//! with it by number. A choice is JSON by group, `{"frame": "carbon", "extras": ["bell", "light"]}`,
//! or a list of `group.option`; it is kept as such a list in the order of the groups.
//! Not here: which options go together (`rule`).

use std::collections::BTreeMap;

use fondaco_kernel::values::Problem;
use serde_json::Value as Json;

use crate::option::{OptionGroup, ProductOption};

/// The options chosen of a product's groups, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice<'g> {
    picks: Vec<Pick<'g>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick<'g> {
    pub(crate) group: &'g OptionGroup,
    pub(crate) option: &'g ProductOption,
}

impl Pick<'_> {
    /// `group.option`.
    pub(crate) fn code(&self) -> String {
        self.group.code_of(self.option)
    }
}

impl<'g> Choice<'g> {
    /// Reads a choice and completes it with what is preselected. What cannot be read is left out
    /// and told.
    pub(crate) fn read(json: &Json, groups: &'g [OptionGroup]) -> (Choice<'g>, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut found: BTreeMap<(usize, usize), Pick<'g>> = BTreeMap::new();
        for (group, option) in wanted(json, &mut problems) {
            match find(&group, &option, groups) {
                Ok((at, pick)) => {
                    if found.insert(at, pick).is_some() {
                        let message = format!("{} is chosen twice.", pick.option.name);
                        problems.push(Problem::new("choice", "twice", message));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (at, group) in groups.iter().enumerate() {
            if group.least() > 0 && !found.keys().any(|(other, _)| *other == at) {
                let offered = group.options.iter().enumerate();
                let taken = offered.filter(|(_, option)| option.preselected && option.active);
                found.extend(taken.map(|(n, option)| ((at, n), Pick { group, option })));
            }
        }
        (Choice { picks: found.into_values().collect() }, problems)
    }

    pub(crate) fn picks(&self) -> &[Pick<'g>] {
        &self.picks
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        self.picks.iter().map(Pick::code).collect()
    }

    /// The same for the same options, in whatever order groups are shown.
    pub(crate) fn key(&self) -> String {
        let mut codes = self.codes();
        codes.sort_unstable();
        codes.join("+")
    }

    /// As it is kept.
    pub(crate) fn json(&self) -> Json {
        self.codes().into()
    }

    /// As one reads it: `Carbon, Electronic`.
    pub(crate) fn words(&self) -> String {
        let names: Vec<&str> = self.picks.iter().map(|pick| pick.option.name.as_str()).collect();
        names.join(", ")
    }

    /// Too few, too many, or no longer offered.
    pub(crate) fn problems(&self, groups: &[OptionGroup]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for pick in &self.picks {
            if !pick.option.active || !pick.group.active {
                let message = format!("{} is no longer offered.", pick.option.name);
                problems.push(Problem::new("choice", "not_offered", message));
            }
        }
        for group in groups {
            let chosen = self.picks.iter().filter(|pick| pick.group.id == group.id).count();
            let (least, most) = (group.least(), group.most());
            if chosen < least {
                let message = format!("{}: choose {}.", group.name, how_many(least, most, group));
                let problem = Problem::new("choice", "too_few", message);
                problems.push(problem.arg("group", &group.code));
            } else if chosen > most {
                let message = format!("{}: at most {most}, not {chosen}.", group.name);
                let problem = Problem::new("choice", "too_many", message);
                problems.push(problem.arg("group", &group.code));
            }
        }
        problems
    }
}

fn how_many(least: usize, most: usize, group: &OptionGroup) -> String {
    let offered = group.options.iter().filter(|option| option.active);
    let names: Vec<&str> = offered.map(|option| option.name.as_str()).collect();
    let number = if least == most { least.to_string() } else { format!("{least} or more") };
    format!("{number} of {}", names.join(", "))
}

/// What a choice names, as group and option.
fn wanted(json: &Json, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut wanted = Vec::new();
    match json {
        Json::Null => {}
        Json::Array(codes) => {
            for code in codes {
                match code.as_str().and_then(|code| code.split_once('.')) {
                    Some((group, option)) => wanted.push((group.to_owned(), option.to_owned())),
                    None => problems.push(unreadable(code)),
                }
            }
        }
        Json::Object(groups) => {
            for (group, options) in groups {
                of_group(group, options, &mut wanted, problems);
            }
        }
        other => problems.push(unreadable(other)),
    }
    wanted
}

fn of_group(
    group: &str,
    options: &Json,
    wanted: &mut Vec<(String, String)>,
    problems: &mut Vec<Problem>,
) {
    let one = std::slice::from_ref(options);
    let options = match options {
        Json::Null => &[],
        Json::Array(options) => options.as_slice(),
        _ => one,
    };
    for option in options {
        match option.as_str() {
            Some(option) => wanted.push((group.to_owned(), option.to_owned())),
            None => problems.push(unreadable(option)),
        }
    }
}

fn unreadable(part: &Json) -> Problem {
    let message = format!(
        "{part} is not a choice; write {{\"group\": \"option\"}}, or a list of group.option."
    );
    Problem::new("choice", "unreadable", message)
}

fn find<'g>(
    group: &str,
    option: &str,
    groups: &'g [OptionGroup],
) -> Result<((usize, usize), Pick<'g>), Problem> {
    let Some((at, found)) = groups.iter().enumerate().find(|(_, known)| known.code == group) else {
        let known: Vec<&str> = groups.iter().map(|group| group.code.as_str()).collect();
        let message = if known.is_empty() {
            format!("There is nothing to choose here, so not {group}.{option} either.")
        } else {
            format!("There is no option group {group}; there are {}.", known.join(", "))
        };
        return Err(Problem::new("choice", "unknown_group", message).arg("group", group));
    };
    let options = found.options.iter().enumerate();
    let Some((n, chosen)) = options.into_iter().find(|(_, known)| known.code == option) else {
        let known: Vec<&str> = found.options.iter().map(|known| known.code.as_str()).collect();
        let message =
            format!("{} has no option {option}; there are {}.", found.name, known.join(", "));
        return Err(Problem::new("choice", "unknown_option", message).arg("option", option));
    };
    Ok(((at, n), Pick { group: found, option: chosen }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::bike;

    fn read(json: Json) -> (String, Vec<String>) {
        let groups = bike();
        let (choice, mut problems) = Choice::read(&json, &groups);
        problems.extend(choice.problems(&groups));
        let codes = problems.into_iter().map(|problem| problem.code).collect();
        (choice.codes().join(" "), codes)
    }

    #[test]
    fn both_ways_of_writing_are_one_choice() {
        let by_group = read(json!({"drivetrain": "electronic", "frame": "carbon", "extras": []}));
        let by_code = read(json!(["drivetrain.electronic", "frame.carbon"]));
        assert_eq!(by_group, by_code);
        let codes = "frame.carbon wheels.standard drivetrain.electronic";
        assert_eq!(by_group, (codes.to_owned(), vec![]));
    }

    #[test]
    fn what_is_preselected_is_taken_when_nothing_is_chosen() {
        for json in [json!(null), json!([]), json!({}), json!({"frame": null})] {
            let (codes, problems) = read(json);
            assert_eq!(codes, "frame.aluminium wheels.standard drivetrain.mechanical");
            assert_eq!(problems, Vec::<String>::new());
        }
    }

    #[test]
    fn what_is_wrong() {
        for (json, expected) in [
            (json!("frame.carbon"), vec!["unreadable"]),
            (json!(["carbon"]), vec!["unreadable"]),
            (json!({"frame": 3}), vec!["unreadable"]),
            (json!({"fame": "carbon"}), vec!["unknown_group"]),
            (json!({"frame": "karbon"}), vec!["unknown_option"]),
            (json!({"frame": ["carbon", "carbon"]}), vec!["twice"]),
            (json!({"frame": ["carbon", "aluminium"]}), vec!["too_many"]),
            (json!({"frame": "steel"}), vec!["not_offered"]),
            (json!({"extras": ["colour", "bell"], "wheels": "none"}), vec!["unknown_option"]),
        ] {
            assert_eq!(read(json.clone()).1, expected, "{json}");
        }
    }

    #[test]
    fn too_few_when_nothing_is_preselected() {
        let mut groups = bike();
        groups[0].options.iter_mut().for_each(|option| option.preselected = false);
        let (choice, _) = Choice::read(&json!([]), &groups);
        let problems = choice.problems(&groups);
        assert_eq!(problems[0].message, "Frame: choose 1 of Aluminium frame, Carbon frame.");
    }

    #[test]
    fn the_key_does_not_depend_on_the_order() {
        let groups = bike();
        let mut turned = bike();
        turned.reverse();
        let json = json!({"frame": "carbon", "extras": "colour"});
        let (one, _) = Choice::read(&json, &groups);
        let (other, _) = Choice::read(&json, &turned);
        assert_eq!(one.key(), other.key());
        assert_eq!(one.key(), "drivetrain.mechanical+extras.colour+frame.carbon+wheels.standard");
        let words = "Carbon frame, Standard wheels, Mechanical drivetrain, Custom colour";
        assert_eq!(one.words(), words);
    }
}
