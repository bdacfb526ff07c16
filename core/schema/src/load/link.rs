//! Ties links and lines: targets exist, each line model has one owner, no lines go in a circle.

use super::Loader;
use super::document::Place;
use super::field::{PRODUCT, not_beside};
use crate::{Kind, Model, Owner};

/// A field of kind lines with its place.
struct Lines {
    parent: String,
    field: String,
    of: String,
    by: String,
    place: Place,
}

impl Loader<'_> {
    pub(super) fn links(&mut self) {
        let mut lines = Vec::new();
        let mut missing = Vec::new();
        let mut unlinked = Vec::new();
        for ((model, name), place) in &self.places {
            let Some(field) = self.models.get(model).and_then(|model| model.field(name)) else {
                continue;
            };
            match &field.kind {
                Kind::Link { to } | Kind::Links { to } if !self.models.contains_key(to) => {
                    missing.push((*place, to.clone()));
                }
                Kind::Options { product } => {
                    let link = self.models.get(model).and_then(|model| model.field(product));
                    if link.is_none_or(|link| link.kind.target() != Some(PRODUCT)) {
                        unlinked.push((*place, product.clone()));
                    }
                }
                Kind::Lines { of, by } => {
                    let (parent, field) = (model.clone(), name.clone());
                    let (of, by) = (of.clone(), by.clone());
                    lines.push(Lines { parent, field, of, by, place: *place });
                }
                _ => {}
            }
        }
        for (place, to) in missing {
            self.unknown_model(place, &to);
        }
        for (place, name) in unlinked {
            self.faults.at(place, not_beside(&name));
        }
        lines.sort_by_key(|lines| (lines.place.source, lines.place.offset));
        for lines in &lines {
            self.tie(lines);
        }
        for lines in lines.iter().filter(|lines| lines.of != lines.parent) {
            self.refuse_circle(lines);
        }
        self.share_with_owners();
    }

    fn tie(&mut self, lines: &Lines) {
        let Lines { parent, field, of, place, .. } = lines;
        let Some(child) = self.models.get(of) else { return self.unknown_model(*place, of) };
        if of == parent {
            let help = "for a tree, declare a link to the record above".to_owned();
            let message = "a model is not made of its own lines";
            return self.faults.with_help(*place, message, Some(help));
        }
        if let Some(owner) = &child.owner {
            let message = format!(
                "`{of}` are already the lines `{}` of `{}`; lines have one owner",
                owner.lines, owner.parent
            );
            return self.faults.at(*place, message);
        }
        let by = match link_back(child, lines) {
            Ok(by) => by,
            Err(message) => return self.faults.at(*place, message),
        };
        if let Some(child) = self.models.get_mut(of) {
            if let Some(link) = child.fields.get_mut(&by) {
                link.required = true;
            }
            let (parent, lines) = (parent.clone(), field.clone());
            child.owner = Some(Owner { parent, lines, by: by.clone() });
        }
        let kind = self
            .models
            .get_mut(parent)
            .and_then(|parent| parent.fields.get_mut(field))
            .map(|field| &mut field.kind);
        if let Some(Kind::Lines { by: found, .. }) = kind {
            *found = by;
        }
    }

    fn refuse_circle(&mut self, lines: &Lines) {
        let mut names = vec![lines.of.clone()];
        let mut at = lines.parent.clone();
        while !names.contains(&at) {
            names.push(at.clone());
            match self.models.get(&at).and_then(|model| model.owner.as_ref()) {
                Some(owner) => at = owner.parent.clone(),
                None => return,
            }
        }
        names.push(at);
        let message = format!("lines go in a circle: {}", names.join(" ← "));
        self.faults.at(lines.place, message);
        if let Some(child) = self.models.get_mut(&lines.of) {
            child.owner = None;
        }
    }

    /// Lines belong to a company when their document does.
    fn share_with_owners(&mut self) {
        let names: Vec<String> = self.models.keys().cloned().collect();
        for name in names {
            let mut shared = None;
            let mut owner = self.models.get(&name).and_then(|model| model.owner.clone());
            while let Some(above) = owner.and_then(|owner| self.models.get(&owner.parent)) {
                shared = Some(above.shared);
                owner = above.owner.clone();
            }
            if let (Some(shared), Some(model)) = (shared, self.models.get_mut(&name)) {
                model.shared = shared;
            }
        }
    }
}

/// The child's link to the parent: the one named, or the only one.
fn link_back(child: &Model, lines: &Lines) -> Result<String, String> {
    let Lines { parent, by, of, .. } = lines;
    let leads_back = |kind: &Kind| matches!(kind, Kind::Link { to } if to == parent);
    if !by.is_empty() {
        return match child.field(by) {
            Some(field) if leads_back(&field.kind) => Ok(by.clone()),
            Some(_) => Err(format!("`{by}` of `{of}` is not a link to `{parent}`")),
            None => Err(format!("`{of}` has no field `{by}`")),
        };
    }
    let mut links = child.fields.values().filter(|field| leads_back(&field.kind));
    match (links.next(), links.next()) {
        (Some(link), None) => Ok(link.name.clone()),
        (None, _) => Err(format!("`{of}` has no link to `{parent}`; lines need one")),
        (Some(one), Some(two)) => Err(format!(
            "`{of}` has several links to `{parent}`; say by = \"{}\" or by = \"{}\"",
            one.name, two.name
        )),
    }
}
