//! The company folder as pages and API see it: what may be switched, the texts of its files with a change
//! in them, and what the company would be then. The folder stays the truth: what is changed here is written
//! there, and what people wrote by hand in it stays as it is.
//! Not here: where the folder lies and how TOML is changed (the server), what a change does (`kernel::plan`).

use std::collections::BTreeMap;

use fondaco_kernel::Error;
use fondaco_kernel::plan::Desired;

use crate::address::Pairs;

/// Whoever keeps the company folder. His deeds touch files and are done apart from the requests.
pub trait CompanyFolder: Send + Sync {
    /// The modules of this program.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn modules(&self) -> Result<Vec<Offer>, Error>;

    /// The folder with a change in it; nothing is written.
    ///
    /// # Errors
    /// Every problem with the change.
    fn edited(&self, edit: &Edit) -> Result<Edited, Error>;

    /// Writes the changed files, if they are still what the change was made on.
    ///
    /// # Errors
    /// `Conflict` when somebody changed one of them meanwhile.
    fn write(&self, edited: &Edited) -> Result<(), Error>;

    /// Puts the files back as they were.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn put_back(&self, edited: &Edited) -> Result<(), Error>;
}

/// A module of the program.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Offer {
    pub name: String,
    pub title: String,
    pub help: String,
    pub version: String,
    pub is_on: bool,
    /// On for some only.
    pub is_piloted: bool,
}

/// A change of the folder, as a form or a request names it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Modules are switched on and off.
    Modules {
        #[serde(default)]
        on: Vec<String>,
        #[serde(default)]
        off: Vec<String>,
    },
    /// A model gets a field of the company's own.
    Field {
        model: String,
        name: String,
        kind: String,
        #[serde(default)]
        label: String,
        #[serde(default)]
        help: String,
        /// Of a link: the model that it leads to.
        #[serde(default)]
        to: String,
        /// Of a choice: its values.
        #[serde(default)]
        values: Vec<String>,
        #[serde(default)]
        required: bool,
        #[serde(default)]
        search: bool,
    },
    /// A model gets a state, and an action that leads there.
    State {
        model: String,
        state: String,
        label: String,
        action: String,
        action_label: String,
        from: Vec<String>,
        /// Roles of the company's own that may do it.
        #[serde(default)]
        roles: Vec<String>,
        /// The name of a new role that may, too, and the role that it includes.
        #[serde(default)]
        new_role: String,
        #[serde(default)]
        includes: String,
    },
    /// What somebody has changed in the folder by hand.
    Folder {},
}

impl Edit {
    /// As a form sends it.
    pub(crate) fn read(form: &Pairs) -> Option<Edit> {
        let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
        let all = |name: &str| form.all(name).map(str::to_owned).collect::<Vec<_>>();
        let flag = |name: &str| form.get(name) == Some("true");
        Some(match form.get("edit")? {
            "modules" => Edit::Modules { on: all("on"), off: all("off") },
            "folder" => Edit::Folder {},
            "field" => Edit::Field {
                model: text("model"),
                name: text("name"),
                kind: text("kind"),
                label: text("label"),
                help: text("help"),
                to: text("to"),
                values: lines(&text("values")),
                required: flag("required"),
                search: flag("search"),
            },
            "state" => Edit::State {
                model: text("model"),
                state: text("state"),
                label: text("label"),
                action: text("action"),
                action_label: text("action_label"),
                from: all("from"),
                roles: all("roles"),
                new_role: text("new_role"),
                includes: text("includes"),
            },
            _ => return None,
        })
    }

    /// The pairs of a form that says the same.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let many = |name: &'static str, values: &[String]| {
            values.iter().map(move |value| (name, value.clone())).collect::<Vec<_>>()
        };
        match self {
            Edit::Folder {} => vec![("edit", "folder".to_owned())],
            Edit::Modules { on, off } => {
                [vec![("edit", "modules".to_owned())], many("on", on), many("off", off)].concat()
            }
            Edit::Field { model, name, kind, label, help, to, values, required, search } => vec![
                ("edit", "field".to_owned()),
                ("model", model.clone()),
                ("name", name.clone()),
                ("kind", kind.clone()),
                ("label", label.clone()),
                ("help", help.clone()),
                ("to", to.clone()),
                ("values", values.join("\n")),
                ("required", required.to_string()),
                ("search", search.to_string()),
            ],
            Edit::State {
                model,
                state,
                label,
                action,
                action_label,
                from,
                roles,
                new_role,
                includes,
            } => {
                let own = vec![
                    ("edit", "state".to_owned()),
                    ("model", model.clone()),
                    ("state", state.clone()),
                    ("label", label.clone()),
                    ("action", action.clone()),
                    ("action_label", action_label.clone()),
                    ("new_role", new_role.clone()),
                    ("includes", includes.clone()),
                ];
                [own, many("from", from), many("roles", roles)].concat()
            }
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// The folder with a change in it.
#[derive(Clone)]
pub struct Edited {
    /// What the company would be.
    pub desired: Desired,
    /// The files that change, by their path in the folder.
    pub files: BTreeMap<String, EditedFile>,
}

/// One file of the folder: as it is, and as it would be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EditedFile {
    /// `None`: it is new.
    pub before: Option<String>,
    pub after: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::query;

    #[test]
    fn a_change_survives_its_form() {
        let text = |text: &str| text.to_owned();
        for edit in [
            Edit::Folder {},
            Edit::Modules { on: vec![text("sales")], off: vec![text("hr"), text("crm")] },
            Edit::Field {
                model: text("party"),
                name: text("shoe_size"),
                kind: text("choice"),
                label: text("Größe"),
                help: text(""),
                to: text(""),
                values: vec![text("s"), text("m")],
                required: true,
                search: false,
            },
            Edit::State {
                model: text("sales.order"),
                state: text("checked"),
                label: text("Checked"),
                action: text("check"),
                action_label: text("Check"),
                from: vec![text("draft")],
                roles: vec![text("auditor")],
                new_role: text("Boss"),
                includes: text("sales_user"),
            },
        ] {
            let pairs = edit.pairs();
            let sent = query(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            assert_eq!(Edit::read(&Pairs::read(&sent)), Some(edit));
        }
        assert_eq!(Edit::read(&Pairs::read("edit=nonsense")), None);
    }
}
