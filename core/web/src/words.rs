//! The words of the shell, and how a page says them: in the language of its reader.

use std::borrow::Cow;
use std::sync::Arc;

use fondaco_kernel::schema::template::Template;
use fondaco_kernel::schema::{Action, Field, Model, Report, Role};
use fondaco_kernel::texts::{Arg, Args, LocaleFile, Texts, keys};
use fondaco_kernel::values::Locale;
use fondaco_kernel::values::Problem;

/// The files of the shell; English comes first and has every key.
pub const SHELL: &[LocaleFile] = &[
    ("en", "core/web/locales/en.ftl", include_str!("../locales/en.ftl")),
    ("vi", "core/web/locales/vi.ftl", include_str!("../locales/vi.ftl")),
    ("th", "core/web/locales/th.ftl", include_str!("../locales/th.ftl")),
    ("pl", "core/web/locales/pl.ftl", include_str!("../locales/pl.ftl")),
    ("zh", "core/web/locales/zh.ftl", include_str!("../locales/zh.ftl")),
];

/// The words for one reader.
#[derive(Clone)]
pub(crate) struct Words {
    texts: Arc<Texts>,
    pub(crate) locale: Locale,
}

impl Words {
    pub(crate) fn new(texts: Arc<Texts>, locale: Locale) -> Words {
        Words { texts, locale }
    }

    pub(crate) fn language(&self) -> &'static str {
        self.locale.language()
    }

    /// A text of the shell.
    pub(crate) fn say(&self, key: &str) -> Cow<'_, str> {
        self.say_of(key, &[])
    }

    /// The same of something.
    pub(crate) fn say_of(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Cow<'_, str> {
        let own = self.texts.find(self.language(), key, Args(args));
        let english = || self.texts.find("en", key, Args(args));
        own.or_else(english).unwrap_or_else(|| Cow::Owned(key.to_owned()))
    }

    fn label<'t>(&'t self, key: &str, english: &'t str) -> Cow<'t, str> {
        self.texts.label(self.language(), key, english)
    }

    pub(crate) fn model<'t>(&'t self, model: &'t Model) -> Cow<'t, str> {
        self.label(&keys::model(&model.name), &model.label)
    }

    pub(crate) fn plural<'t>(&'t self, model: &'t Model) -> Cow<'t, str> {
        self.label(&format!("{}.plural", keys::model(&model.name)), &model.plural)
    }

    pub(crate) fn help_of_model<'t>(&'t self, model: &'t Model) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::model(&model.name)), &model.help)
    }

    pub(crate) fn field<'t>(&'t self, model: &str, field: &'t Field) -> Cow<'t, str> {
        self.label(&keys::field(model, field), &field.label)
    }

    pub(crate) fn help<'t>(&'t self, model: &str, field: &'t Field) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::field(model, field)), &field.help)
    }

    /// A value of a choice or a state.
    pub(crate) fn choice<'t>(
        &'t self,
        model: &str,
        field: &str,
        value: &str,
        english: &'t str,
    ) -> Cow<'t, str> {
        self.label(&keys::choice(model, field, value), english)
    }

    pub(crate) fn action<'t>(&'t self, model: &str, action: &'t Action) -> Cow<'t, str> {
        self.label(&keys::action(model, &action.name), &action.label)
    }

    pub(crate) fn help_of_action<'t>(&'t self, model: &str, action: &'t Action) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::action(model, &action.name)), &action.help)
    }

    pub(crate) fn refusal<'t>(&'t self, model: &str, action: &'t Action) -> Option<Cow<'t, str>> {
        let key = format!("{}.refusal", keys::action(model, &action.name));
        action.refusal.as_deref().map(|english| self.label(&key, english))
    }

    /// An argument of an action: its label and its help.
    pub(crate) fn arg<'t>(
        &'t self,
        (model, action): (&str, &str),
        field: &'t Field,
    ) -> (Cow<'t, str>, Cow<'t, str>) {
        let key = keys::arg(model, action, &field.name);
        (self.label(&key, &field.label), self.label(&format!("{key}.help"), &field.help))
    }

    pub(crate) fn group<'t>(&'t self, model: &str, english: &'t str) -> Cow<'t, str> {
        self.label(&keys::group(model, english), english)
    }

    pub(crate) fn module<'t>(&'t self, name: &str, english: &'t str) -> Cow<'t, str> {
        self.label(&keys::module(name), english)
    }

    pub(crate) fn report<'t>(&'t self, report: &'t Report) -> Cow<'t, str> {
        self.label(&keys::report(&report.name), &report.label)
    }

    pub(crate) fn help_of_report<'t>(&'t self, report: &'t Report) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::report(&report.name)), &report.help)
    }

    /// The heading of a column of a report.
    pub(crate) fn column<'t>(&'t self, report: &str, name: &str, english: &'t str) -> Cow<'t, str> {
        self.label(&format!("{}--column-{name}", keys::report(report)), english)
    }

    /// A text that a report has among its values; others stay as they are.
    pub(crate) fn in_report<'t>(&'t self, report: &Report, text: &'t str) -> Cow<'t, str> {
        match report.words.iter().any(|word| word == text) {
            true => self.label(&keys::report_word(&report.module, text), text),
            false => Cow::Borrowed(text),
        }
    }

    pub(crate) fn help_of_module<'t>(&'t self, name: &str, english: &'t str) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::module(name)), english)
    }

    pub(crate) fn role<'t>(&'t self, role: &'t Role) -> Cow<'t, str> {
        self.label(&keys::role(&role.name), &role.label)
    }

    pub(crate) fn help_of_role<'t>(&'t self, role: &'t Role) -> Cow<'t, str> {
        self.label(&format!("{}.help", keys::role(&role.name)), &role.help)
    }

    /// What a printed document is called.
    pub(crate) fn paper<'t>(&'t self, template: &'t Template) -> Cow<'t, str> {
        self.label(&keys::paper(&template.label), &template.label)
    }

    pub(crate) fn menu<'t>(&'t self, key: &str, english: &'t str) -> Cow<'t, str> {
        self.label(key, english)
    }

    pub(crate) fn problem(&self, problem: &Problem, label: &str) -> String {
        self.texts.problem(self.language(), problem, label)
    }
}
