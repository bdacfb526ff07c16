//! Words in the language of whoever reads them: Fluent files of the kernel, the modules and the
//! shell in one bundle a language. The English of a model stands in its TOML and nowhere else; what
//! a language lacks is said in English.
//! Not here: which keys there are (`keys`), numbers and dates (`Locale` of `fondaco-values`).

pub mod keys;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};
use fondaco_values::Problem;

use crate::error::{Error, Result};

/// The languages that the program speaks: tag and own name.
pub const LANGUAGES: [(&str, &str); 5] =
    [("en", "English"), ("vi", "Tiếng Việt"), ("th", "ไทย"), ("pl", "Polski"), ("zh", "简体中文")];

/// A file of texts: its language, its path and what it says.
pub type LocaleFile = (&'static str, &'static str, &'static str);

/// The kernel's own: the shared models, and what it refuses.
pub const OF_KERNEL: &[LocaleFile] = &[
    ("vi", "core/kernel/locales/vi.ftl", include_str!("../locales/vi.ftl")),
    ("th", "core/kernel/locales/th.ftl", include_str!("../locales/th.ftl")),
    ("pl", "core/kernel/locales/pl.ftl", include_str!("../locales/pl.ftl")),
    ("zh", "core/kernel/locales/zh.ftl", include_str!("../locales/zh.ftl")),
];

/// In the place of a path, for files that come at run time.
const OF_PLUGIN: &str = "(a plugin)";

/// All texts of a program.
#[derive(Default)]
pub struct Texts {
    bundles: BTreeMap<&'static str, FluentBundle<FluentResource>>,
    /// Keys by language, attributes as `key.attribute`, with the file that has them.
    keys: BTreeMap<&'static str, BTreeMap<String, &'static str>>,
}

impl Texts {
    /// Reads files of texts.
    ///
    /// # Errors
    /// `Startup` with everything that is not Fluent, and every key that is there twice.
    pub fn read(files: impl IntoIterator<Item = LocaleFile>) -> Result<Texts> {
        let mut texts = Texts::default();
        let mut wrong = Vec::new();
        for file in files {
            texts.add(file, &mut wrong);
        }
        if wrong.is_empty() { Ok(texts) } else { Err(Error::Startup(wrong.join("\n"))) }
    }

    /// Adds a file of a plugin: new keys, in a language that the program speaks.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn add_of_plugin(
        &mut self,
        language: &str,
        path: &str,
        text: &str,
    ) -> std::result::Result<(), String> {
        let others = LANGUAGES.map(|(tag, _)| tag).into_iter().filter(|tag| *tag != "en");
        let Some(own) = others.clone().find(|tag| *tag == language) else {
            let others: Vec<&str> = others.collect();
            return Err(format!("{path}: {language} is none of {}", others.join(", ")));
        };
        let mut wrong = Vec::new();
        self.add((own, OF_PLUGIN, text), &mut wrong);
        let told = wrong.join("\n").replace(OF_PLUGIN, path);
        if wrong.is_empty() { Ok(()) } else { Err(told) }
    }

    fn add(
        &mut self,
        (language, path, text): (&'static str, &'static str, &str),
        wrong: &mut Vec<String>,
    ) {
        let Ok(tag) = language.parse() else {
            return wrong.push(format!("{path}: {language} is not the tag of a language"));
        };
        let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(rest, errors)| {
            wrong.extend(errors.iter().map(|error| format!("{path}: {error}")));
            rest
        });
        let known = self.keys.entry(language).or_default();
        for key in keys::of_resource(&resource) {
            if let Some(other) = known.insert(key.clone(), path) {
                wrong.push(format!("{path}: {key} is there twice, also in {other}"));
            }
        }
        let bundle = self.bundles.entry(language).or_insert_with(|| {
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            // The marks around arguments would be copied with the text.
            bundle.set_use_isolating(false);
            bundle
        });
        // What is there twice was told above.
        let _ = bundle.add_resource(resource);
    }

    /// The text of a key, `key.attribute` for one of its attributes; `None` when the language has
    /// none, or one that asks for other arguments.
    pub fn find<'t>(&'t self, language: &str, key: &str, args: Args<'_>) -> Option<Cow<'t, str>> {
        let bundle = self.bundles.get(language)?;
        let (id, attribute) = key.split_once('.').map_or((key, None), |(k, a)| (k, Some(a)));
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            Some(name) => message.get_attribute(name)?.value(),
            None => message.value()?,
        };
        let mut errors = Vec::new();
        let given = (!args.0.is_empty()).then(|| args.fluent());
        let said = bundle.format_pattern(pattern, given.as_ref(), &mut errors);
        // The text may borrow from the arguments, which end here.
        let said = match said {
            Cow::Borrowed(text) if given.is_none() => Cow::Borrowed(text),
            other => Cow::Owned(other.into_owned()),
        };
        errors.is_empty().then_some(said)
    }

    /// A text that the TOML says in English: a label, a help.
    pub fn label<'t>(&'t self, language: &str, key: &str, english: &'t str) -> Cow<'t, str> {
        if language == "en" || english.is_empty() {
            return Cow::Borrowed(english);
        }
        self.find(language, key, Args::NONE).unwrap_or(Cow::Borrowed(english))
    }

    /// What is wrong, in a language: by `problem-<code>` with the problem's own arguments and the
    /// `label` of its field; else the English sentence.
    pub fn problem(&self, language: &str, problem: &Problem, label: &str) -> String {
        let mut args: Vec<(&str, Arg<'_>)> =
            problem.args.iter().map(|(name, value)| (name.as_str(), Arg::Text(value))).collect();
        args.push(("label", Arg::Text(label)));
        let key = format!("problem-{}", problem.code);
        let said = self.find(language, &key, Args(&args));
        said.map_or_else(|| problem.message.clone(), Cow::into_owned)
    }

    /// The keys that a language has, each with the file that has it.
    pub fn keys(&self, language: &str) -> impl Iterator<Item = (&str, &'static str)> {
        let known = self.keys.get(language).into_iter().flatten();
        known.map(|(key, path)| (key.as_str(), *path))
    }

    /// What a language lacks of what is asked for, and what nobody asks for.
    pub fn gaps(&self, language: &str, wanted: &BTreeSet<String>) -> Gaps {
        let has: BTreeSet<String> = self.keys(language).map(|(key, _)| key.to_owned()).collect();
        Gaps {
            missing: wanted.difference(&has).cloned().collect(),
            unused: has.difference(wanted).cloned().collect(),
        }
    }
}

/// What is between the texts that a language has and those that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    pub missing: Vec<String>,
    pub unused: Vec<String>,
}

/// What a text speaks about. Numbers choose its plural form.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(pub &'a [(&'a str, Arg<'a>)]);

#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    Text(&'a str),
    Count(usize),
}

impl Args<'_> {
    pub const NONE: Args<'static> = Args(&[]);

    fn fluent(&self) -> FluentArgs<'static> {
        let pairs = self.0.iter().map(|(name, value)| {
            let value = match value {
                Arg::Text(text) => FluentValue::from((*text).to_owned()),
                Arg::Count(count) => FluentValue::from(*count),
            };
            ((*name).to_owned(), value)
        });
        pairs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        Texts::read([
            ("pl", "a.ftl", "sales-order = Zamówienie\n    .plural = Zamówienia\n"),
            (
                "pl",
                "b.ftl",
                "rows = { $count ->\n    [one] { $count } wiersz\n    [few] { $count } wiersze\n   \
                 *[many] { $count } wierszy\n }\nproblem-too_small = { $label }: co najmniej { $min }.\n",
            ),
        ])
        .unwrap()
    }

    #[test]
    fn polish_counts_in_three_ways() {
        let texts = texts();
        for (count, said) in
            [(1, "1 wiersz"), (3, "3 wiersze"), (12, "12 wierszy"), (22, "22 wiersze")]
        {
            let args = [("count", Arg::Count(count))];
            assert_eq!(texts.find("pl", "rows", Args(&args)).unwrap(), said);
        }
    }

    #[test]
    fn what_a_language_lacks_is_said_in_english() {
        let texts = texts();
        assert_eq!(texts.label("pl", "sales-order.plural", "Sales orders"), "Zamówienia");
        assert_eq!(texts.label("vi", "sales-order", "Sales order"), "Sales order");
        assert_eq!(texts.label("pl", "sales-order--total", "Total"), "Total");
        let small = Problem::new("age", "too_small", "Age is less than 18.");
        assert_eq!(texts.problem("pl", &small, "Wiek"), "Age is less than 18.", "min is missing");
        let small = small.arg("min", 18);
        assert_eq!(texts.problem("pl", &small, "Wiek"), "Wiek: co najmniej 18.");
    }

    #[test]
    fn gaps_name_what_is_missing_and_what_nobody_asks_for() {
        let wanted = ["sales-order", "sales-order.plural", "sales-order--total"];
        let wanted: BTreeSet<String> = wanted.iter().map(|key| (*key).to_owned()).collect();
        let gaps = texts().gaps("pl", &wanted);
        assert_eq!(gaps.missing, ["sales-order--total"]);
        assert_eq!(gaps.unused, ["problem-too_small", "rows"]);
    }

    #[test]
    fn a_key_stands_once_and_a_file_is_fluent() {
        let twice = Texts::read([("pl", "a.ftl", "a = 1\n"), ("pl", "b.ftl", "a = 2\n")]);
        assert!(twice.is_err_and(|e| e.to_string().contains("a is there twice, also in a.ftl")));
        assert!(Texts::read([("pl", "a.ftl", "a = { $x\n")]).is_err());
    }
}
