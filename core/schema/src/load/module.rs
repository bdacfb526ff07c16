//! `module = …` and `role = …`: what a module says of itself, roles, duties to keep apart, the menu.

use super::document::{Faults, Table, Text};
use super::field::class_of;
use super::{Loader, NAME_RULE, Part, PartKind, is_name, keys};
use crate::field::label_of;
use crate::plugin::last_word;
use crate::{Class, MenuItem, ModuleInfo, Origin, Role, Separation, Target};

impl Loader<'_> {
    pub(super) fn modules(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Module) {
            self.module(part);
            let Some(table) = part.table.table("roles", &mut self.faults) else { continue };
            for entry in table.entries() {
                let Some(table) = entry.item.table(entry.name, &mut self.faults) else { continue };
                table.only(&keys::ROLE, &mut self.faults);
                let name = Text { place: entry.place, text: entry.name.to_owned() };
                self.role(part, &name, table);
            }
        }
        for part in parts.iter().filter(|part| part.kind == PartKind::Role) {
            part.table.only(&keys::ROLE_FILE, &mut self.faults);
            self.role(part, &Text { place: part.place, text: part.name.clone() }, part.table);
        }
        for part in parts.iter().filter(|part| part.kind == PartKind::Module) {
            self.needs(part);
        }
        self.check_includes();
        for part in parts.iter().filter(|part| part.kind == PartKind::Module) {
            self.separations(part);
        }
    }

    fn module(&mut self, part: &Part<'_>) {
        self.no_settings(part);
        let named = match part.document.origin {
            Origin::Kernel => part.name == "kernel",
            Origin::Module(name) => part.name == *name,
            Origin::Plugin(id) => part.name == last_word(id),
            Origin::Company => false,
        };
        if !named {
            let message = format!("`{}` is not the name of this module", part.name);
            let help = match part.document.origin {
                Origin::Plugin(id) => format!("expected is `{}`", last_word(id)),
                origin => format!("expected is `{origin}`"),
            };
            self.faults.with_help(part.place, message, Some(help));
        }
        if self.modules.contains_key(&part.name) {
            return self.faults.at(part.place, format!("module `{}` is there twice", part.name));
        }
        let info = ModuleInfo {
            name: part.name.clone(),
            title: part
                .table
                .words("title", &mut self.faults)
                .unwrap_or_else(|| label_of(&part.name)),
            help: part.table.words("help", &mut self.faults).unwrap_or_default(),
            version: version(part.table, &mut self.faults),
            kernel: kernel(part.table, &mut self.faults),
            by: part.document.origin.to_string(),
            menu: Vec::new(),
        };
        self.modules.insert(part.name.clone(), info);
    }

    /// The modules that this one cannot be without, all of them switched on.
    fn needs(&mut self, part: &Part<'_>) {
        let Some(table) = part.table.table("needs", &mut self.faults) else { return };
        for entry in table.entries() {
            let Some(word) = entry.item.text(entry.name, &mut self.faults) else { continue };
            let wanted = range(&word, &mut self.faults);
            let (module, needed) = (&part.name, entry.name);
            let message = match self.modules.get(needed) {
                Some(there) if wanted.matches(&there.version) => continue,
                Some(there) => {
                    format!("`{module}` needs {needed} {wanted}, and it is {}", there.version)
                }
                None => format!("`{module}` needs {needed} {wanted}, which is not switched on"),
            };
            let help = format!("switch {needed} on too, or {module} off");
            self.faults.with_help(entry.place, message, Some(help));
        }
    }

    /// What a company decides is a field of the company: one for each of them, with its history and
    /// its rights, read and written like any other.
    fn no_settings(&mut self, part: &Part<'_>) {
        let Some(entry) = part.table.entry("settings") else {
            return part.table.only(&keys::MODULE, &mut self.faults);
        };
        let help = "make them fields of the company, in a file with extends = \"company\"";
        let message = "a module has no `settings` of its own";
        self.faults.with_help(entry.place, message, Some(help.to_owned()));
    }

    fn role(&mut self, part: &Part<'_>, name: &Text, table: Table<'_>) {
        if !is_name(&name.text) {
            let message = format!("`{}` is not a name of a role", name.text);
            return self.faults.with_help(name.place, message, Some(NAME_RULE.to_owned()));
        }
        if let Some(there) = self.roles.get(&name.text) {
            let message = format!("role `{}` is declared by {} already", name.text, there.module);
            return self.faults.at(name.place, message);
        }
        let label = table.words("label", &mut self.faults);
        let mut includes = table.texts("includes", &mut self.faults);
        includes.retain(|include| !self.absent.has_role(&include.text));
        let of_role = |include: &Text| (name.text.clone(), include.clone());
        self.includes.extend(includes.iter().map(of_role));
        let role = Role {
            name: name.text.clone(),
            label: label.unwrap_or_else(|| label_of(&name.text)),
            help: table.words("help", &mut self.faults).unwrap_or_default(),
            module: part.document.origin.to_string(),
            includes: includes.into_iter().map(|include| include.text).collect(),
            classes: classes("classes", table, &mut self.faults),
            write_classes: classes("write_classes", table, &mut self.faults),
        };
        self.roles.insert(name.text.clone(), role);
    }

    /// Included roles exist, and none includes itself by a detour.
    fn check_includes(&mut self) {
        for (role, include) in std::mem::take(&mut self.includes) {
            self.known_role(&include);
            if self.reaches(&include.text, &role) {
                self.faults.at(include.place, format!("role `{role}` includes itself"));
            }
        }
    }

    pub(super) fn known_role(&mut self, role: &Text) {
        if !self.roles.contains_key(&role.text) {
            let known = self.roles.keys().map(String::as_str);
            let message = format!("there is no role `{}`", role.text);
            self.faults.unknown(role.place, message, &role.text, known);
        }
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut seen = vec![from];
        let mut at = 0;
        while let Some(name) = seen.get(at) {
            if *name == to {
                return true;
            }
            let includes = self.roles.get(*name).map(|role| role.includes.as_slice());
            for next in includes.unwrap_or_default() {
                if !seen.contains(&next.as_str()) {
                    seen.push(next);
                }
            }
            at += 1;
        }
        false
    }

    fn separations(&mut self, part: &Part<'_>) {
        for item in part.table.items("separate", &mut self.faults) {
            let Some(table) = item.table("separate", &mut self.faults) else { continue };
            table.only(&keys::SEPARATE, &mut self.faults);
            let roles = table.texts("roles", &mut self.faults);
            if roles.iter().any(|role| self.absent.has_role(&role.text)) {
                continue;
            }
            roles.iter().for_each(|role| self.known_role(role));
            let reason = table.words("reason", &mut self.faults).unwrap_or_default();
            match roles.as_slice() {
                [one, two] if one.text != two.text => {
                    let roles = [one.text.clone(), two.text.clone()];
                    self.separations.push(Separation { roles, reason });
                }
                _ => self.faults.at(table.place, "`roles` wants two different roles"),
            }
        }
    }

    /// Menus name models and reports, so they come last.
    pub(super) fn menus(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Module) {
            let mut menu = Vec::new();
            for item in part.table.items("menu", &mut self.faults) {
                let Some(table) = item.table("menu", &mut self.faults) else { continue };
                menu.extend(self.menu_item(table));
            }
            if let Some(module) = self.modules.get_mut(&part.name) {
                module.menu = menu;
            }
        }
    }

    fn menu_item(&mut self, table: Table<'_>) -> Option<MenuItem> {
        table.only(&keys::MENU, &mut self.faults);
        let label = table.words("label", &mut self.faults);
        let model = table.text("model", &mut self.faults);
        let report = table.text("report", &mut self.faults);
        let (own_label, target) = match (model, report) {
            (Some(model), None) => match self.models.get(&model.text) {
                Some(found) => (found.plural.clone(), Target::Model(model.text)),
                None => {
                    self.unknown_model(model.place, &model.text);
                    return None;
                }
            },
            (None, Some(report)) => match self.reports.get(&report.text) {
                Some(found) => (found.label.clone(), Target::Report(report.text)),
                None => {
                    let known = self.reports.keys().map(String::as_str);
                    let message = format!("there is no report `{}`", report.text);
                    self.faults.unknown(report.place, message, &report.text, known);
                    return None;
                }
            },
            _ => {
                self.faults.at(table.place, "a menu item leads to a `model` or to a `report`");
                return None;
            }
        };
        let view = self.menu_view(table, &target, label.is_some());
        Some(MenuItem { label: label.unwrap_or(own_label), target, view })
    }

    /// A view that the model has, under a name of its own beside that of the list.
    fn menu_view(&mut self, table: Table<'_>, target: &Target, named: bool) -> Option<String> {
        let view = table.text("view", &mut self.faults)?;
        let has = match target {
            Target::Model(name) => {
                self.models.get(name).is_some_and(|model| model.views[&view.text].is_object())
            }
            Target::Report(_) => false,
        };
        if !has || !keys::PAGES.contains(&view.text.as_str()) {
            let message = format!("there is no view `{}` to lead to", view.text);
            self.faults.unknown(view.place, message, &view.text, keys::PAGES);
            return None;
        }
        if !named {
            self.faults.at(view.place, "a menu item that leads to a `view` needs a `label`");
        }
        Some(view.text)
    }
}

fn classes(key: &str, table: Table<'_>, faults: &mut Faults<'_>) -> Vec<Class> {
    let words = table.texts(key, faults);
    words.iter().filter_map(|word| class_of(word, faults)).collect()
}

pub(super) fn version(table: Table<'_>, faults: &mut Faults<'_>) -> semver::Version {
    let none = semver::Version::new(0, 0, 0);
    let Some(word) = table.text("version", faults) else { return none };
    semver::Version::parse(&word.text).unwrap_or_else(|error| {
        faults.at(word.place, format!("`{}` is not a version: {error}", word.text));
        none
    })
}

fn kernel(table: Table<'_>, faults: &mut Faults<'_>) -> semver::VersionReq {
    let Some(word) = table.text("kernel", faults) else { return semver::VersionReq::STAR };
    let wanted = range(&word, faults);
    fits_kernel(&word, faults);
    wanted
}

/// Says when a range of versions is not that of this kernel; whether it is one is said elsewhere.
pub(super) fn fits_kernel(word: &Text, faults: &mut Faults<'_>) {
    let own = kernel_version();
    let Ok(wanted) = semver::VersionReq::parse(&word.text) else { return };
    if !wanted.matches(&own) {
        let message = format!("it works with the kernel {wanted}, and this one is {own}");
        let help = "take a version of it that was made for this kernel".to_owned();
        faults.with_help(word.place, message, Some(help));
    }
}

/// All crates of the house go by one version.
fn kernel_version() -> semver::Version {
    let none = semver::Version::new(0, 0, 0);
    semver::Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(none)
}

pub(super) fn range(word: &Text, faults: &mut Faults<'_>) -> semver::VersionReq {
    semver::VersionReq::parse(&word.text).unwrap_or_else(|error| {
        faults.at(word.place, format!("`{}` is not a range of versions: {error}", word.text));
        semver::VersionReq::STAR
    })
}
