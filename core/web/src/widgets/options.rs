//! Chosen options of a configurable product: as their codes, which can be typed, and a button that
//! opens what there is to choose (`pages::configure`).

use maud::{Markup, html};
use serde_json::Value as Json;

use super::{Entry, Shown, described};

/// Between the codes of options.
const BETWEEN: &str = "; ";

pub(super) fn show(shown: Shown<'_>) -> Markup {
    let codes = shown.value.as_json().map(held).unwrap_or_default();
    html! { span.tags { @for code in codes.split(BETWEEN) { span.tag { (code) } } } }
}

/// The codes as they are typed; what is no list of codes stays as it was written.
pub(crate) fn held(choice: &Json) -> String {
    let codes = choice.as_array().map(|codes| codes.iter().map(Json::as_str));
    let codes = codes.and_then(|codes| codes.collect::<Option<Vec<_>>>());
    codes.map_or_else(|| choice.to_string(), |codes| codes.join(BETWEEN))
}

pub(super) fn enter(entry: Entry<'_>, product: &str) -> Markup {
    let words = &entry.shown.visitor.words;
    let (by, invalid) = described(entry);
    // Fields beside it have the same beginning of their names.
    let beside = entry.name.strip_suffix(&entry.shown.field.name).unwrap_or_default();
    html! {
        option-box data-product={ (beside) (product) } data-quantity={ (beside) "quantity" } {
            input type="text" id=(entry.id) name=(entry.name) value=(entry.text())
                autocomplete="off" spellcheck="false" placeholder=(words.say("options-help"))
                aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
            button.small.scripted type="button" aria-haspopup="dialog" { (words.say("options-choose")) }
        }
    }
}
