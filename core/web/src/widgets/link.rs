//! Links to other records, to several of them, and to files.
//! A link is a hidden id beside the name that one types: with scripts the name is looked up while
//! one types, without them when the form is sent (`entered`).

use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::schema::Kind;
use fondaco_kernel::values::{AnyId, Value};
use maud::{Markup, html};

use super::{Entry, Shown, described};

pub(super) fn show(shown: Shown<'_>) -> Markup {
    let (Some(id), Some(target)) = (shown.value.as_link(), shown.field.kind.target()) else {
        return html! {};
    };
    // Without a name it leads to what the reader may not see.
    let Some(title) = shown.title else { return html! { span.soft { "#" (id) } } };
    let is_page = shown.visitor.schema().model(target).is_some_and(|model| !model.is_line());
    html! {
        @if is_page { a href={ "/" (target) "/" (id) } { (title) } }
        @else { (title) }
    }
}

pub(super) fn show_many(shown: Shown<'_>) -> Markup {
    let target = shown.field.kind.target().unwrap_or_default();
    let ids = shown.value.as_list().unwrap_or_default().iter().filter_map(Value::as_link);
    html! { span.tags { @for id in ids { a.tag href={ "/" (target) "/" (id) } { "#" (id) } } } }
}

pub(super) fn show_file(shown: Shown<'_>) -> Markup {
    let Some(id) = shown.value.as_link() else { return html! {} };
    let name = shown.title.map_or_else(|| format!("#{id}"), str::to_owned);
    html! { a href={ "/api/attachment/" (id) "/content" } download=(name) { (name) } }
}

pub(super) fn enter(entry: Entry<'_>) -> Markup {
    let target = entry.shown.field.kind.target().unwrap_or_default();
    let visitor = entry.shown.visitor;
    let model = visitor.schema().model(target);
    let creates = model.is_some_and(|model| permissions::may(&visitor.ctx, model, Right::Create));
    let searches = model.is_some_and(|model| model.searchable().next().is_some());
    let title = model.map_or("", |model| model.title.as_str());
    let id = entry.raw.map_or_else(|| entry.shown.value.as_link(), |raw| raw.parse().ok());
    let list = format!("{}-list", entry.id);
    let (by, invalid) = described(entry);
    html! {
        link-box data-model=(target) data-title=(title) data-searches[searches] data-creates[creates] {
            input type="hidden" name=(entry.name) value=[id];
            input type="text" id=(entry.id) name={ (entry.name) "~" } value=(entry.typed.map_or_else(|| linked_name(entry.shown, id), str::to_owned))
                role="combobox" aria-expanded="false" aria-controls=(list) aria-autocomplete="list"
                autocomplete="off" spellcheck="false" placeholder=(visitor.words.say("link-choose"))
                aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid]
                aria-required[entry.shown.field.required];
            @if let Some(id) = id {
                a.go href={ "/" (target) "/" (id) } tabindex="-1" aria-hidden="true" { "↗" }
            }
            ul id=(list) role="listbox" hidden {}
        }
    }
}

/// What the box shows of a link: the name, or the id where the name is not for the reader.
fn linked_name(shown: Shown<'_>, id: Option<AnyId>) -> String {
    let by_id = || id.map_or_else(String::new, |id| format!("#{id}"));
    shown.title.map_or_else(by_id, str::to_owned)
}

/// Ids, separated by semicolons; a browser with scripts shows boxes of names instead.
pub(super) fn enter_many(entry: Entry<'_>) -> Markup {
    let Kind::Links { to } = &entry.shown.field.kind else { return html! {} };
    let (by, invalid) = described(entry);
    html! {
        input type="text" id=(entry.id) name=(entry.name) data-links=(to)
            value=(entry.text()) autocomplete="off"
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
    }
}

/// The file that is there; with scripts another can be chosen, which is kept at once.
pub(super) fn enter_file(entry: Entry<'_>) -> Markup {
    let words = &entry.shown.visitor.words;
    let id = entry.shown.value.as_link();
    html! {
        file-box {
            input type="hidden" name=(entry.name) value=[id];
            @if id.is_some() { (show_file(entry.shown)) }
            @else { span.soft { (words.say("file-none")) } }
            label.button.small.scripted {
                (words.say("file-choose"))
                input.away type="file" id=(entry.id);
            }
        }
    }
}
