//! The controls around a list: ways to look at it, words, facets, columns, groups, saved views, what
//! can be done with several. All are links and forms that work without scripts.

use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};

use super::{List, Read};
use crate::pages::ask::{self, Ask};
use crate::pages::{calendar, floor, planner, scan, tree, worklist};
use crate::widgets::{label, values};

impl List<'_> {
    /// Other ways to look at the same, and a new record.
    pub(super) fn ways(&self) -> Markup {
        let words = &self.visitor.words;
        let query = self.ask.query();
        html! {
            div.ways {
                @if self.ask.group.is_some() && self.ask.show.as_deref() != Some("pivot") {
                    @let (is_chart, chart) = (self.ask.show.is_some(), Some("chart".to_owned()));
                    a.button href=(Ask { show: if is_chart { None } else { chart }, ..self.ask.clone() }.address(self.model))
                        aria-current=[is_chart.then_some("true")] { (words.say("list-chart")) }
                }
                @if self.ask.show.as_deref() == Some("pivot") {
                    a.button href=(Ask { group: None, across: None, measure: None, show: None, ..self.ask.clone() }.address(self.model)) { (words.say("list-list")) }
                } @else if !super::pivot::groupable(self).is_empty() {
                    a.button href=(Ask { show: Some("pivot".to_owned()), after: None, ..self.ask.clone() }.address(self.model)) { (words.say("list-pivot")) }
                }
                @if self.model.views["kanban"].is_object() {
                    a.button href={ "/" (self.model.name) "/board" } { (words.say("list-kanban")) }
                }
                @if worklist::has(self.visitor, self.model) {
                    a.button href={ "/" (self.model.name) "/worklist" } { (words.say("worklist-view")) }
                }
                @if calendar::has(self.visitor, self.model) {
                    a.button href={ "/" (self.model.name) "/calendar" } { (words.say("calendar-view")) }
                }
                @if planner::has(self.visitor, self.model) {
                    a.button href={ "/" (self.model.name) "/timeline" } { (words.say("planner-view")) }
                }
                @if tree::has(self.visitor, self.model) {
                    a.button href={ "/" (self.model.name) "/tree" } { (words.say("tree-view")) }
                }
                @if scan::has(self.visitor, self.model) {
                    a.button href={ "/" (self.model.name) "/scan" } { (words.say("scan-view")) }
                }
                @if floor::has(self.model) {
                    a.button href={ "/" (self.model.name) "/floor" } { (words.say("floor-view")) }
                }
                details.menu.files-of {
                    summary.button { (words.say("list-export")) }
                    div.sheet {
                        a.item href={ "/" (self.model.name) "/export.xlsx?" (query) } download { (words.say("list-export-xlsx")) }
                        a.item href={ "/" (self.model.name) "/export?" (query) } download { (words.say("list-export-csv")) }
                    }
                }
                @if self.may_create() {
                    a.button href={ "/import?model=" (self.model.name) } { (words.say("import")) }
                    a.button.primary href={ "/" (self.model.name) "/new" } data-key="n" { (words.say("list-new")) }
                }
            }
        }
    }

    pub(super) fn tools(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        let plural = words.plural(self.model);
        let search = words.say_of("search-list", &[("model", Arg::Text(&plural))]);
        html! {
            div.tools {
                form.words action={ "/" (self.model.name) } {
                    (self.hidden(&Ask { words: String::new(), ..self.ask.clone() }))
                    input type="search" name="q" value=(self.ask.words) placeholder=(search) aria-label=(search) data-key="/";
                }
                (self.filters())
                (self.grouping())
                (self.choosing())
                (self.views(read))
            }
            (self.chips(read))
        }
    }

    /// What a form keeps of the list that it changes.
    pub(super) fn hidden(&self, ask: &Ask) -> Markup {
        let text = ask.query();
        let pairs = crate::address::Pairs::read(&text).0;
        html! { @for (name, value) in &pairs { input type="hidden" name=(name) value=(value); } }
    }

    fn filters(&self) -> Markup {
        let words = &self.visitor.words;
        let rest = Ask { facets: Vec::new(), filter: String::new(), ..self.ask.clone() };
        html! {
            details.menu.filters {
                summary.button { (words.say("list-filters")) }
                form.sheet action={ "/" (self.model.name) } {
                    (self.hidden(&rest))
                    div.facets { @for field in &self.facets { (self.facet(field)) } }
                    label for="condition" { (words.say("list-filter-expression")) }
                    textarea.mono id="condition" name="filter" rows="2" spellcheck="false" aria-describedby="condition-help" { "\n" (self.ask.filter) }
                    p.soft id="condition-help" { (words.say("list-filter-help")) }
                    p.deeds {
                        button.primary { (words.say("list-apply")) }
                        a.button href={ "/" (self.model.name) } { (words.say("list-clear")) }
                    }
                }
            }
        }
    }

    fn facet(&self, field: &Field) -> Markup {
        let words = &self.visitor.words;
        let name = format!("f.{}", field.name);
        let title = words.field(&self.model.name, field);
        let own: Vec<&str> = self
            .ask
            .facets
            .iter()
            .filter(|(f, _)| *f == field.name)
            .map(|(_, v)| v.as_str())
            .collect();
        match &field.kind {
            Kind::Choice { .. } => html! {
                fieldset { legend { (title) }
                    @for choice in values(field) {
                        label.tick { input type="checkbox" name=(name) value=(choice.value) checked[own.contains(&choice.value.as_str())];
                            (label(self.visitor, &self.model.name, field, &choice.value)) }
                    }
                }
            },
            Kind::Bool => html! {
                fieldset { legend { (title) }
                    select name=(name) aria-label=(title) {
                        option value="*" { (words.say("list-any")) }
                        option value="true" selected[own == ["true"]] { (words.say("yes")) }
                        option value="false" selected[own == ["false"]] { (words.say("no")) }
                    }
                }
            },
            Kind::Date => html! {
                fieldset.days data-days=(name) { legend { (title) }
                    @let range = own.first().copied().unwrap_or("..");
                    @let (from, to) = range.split_once("..").unwrap_or(("", ""));
                    input type="date" value=(from) aria-label={ (title) " ≥" };
                    input type="date" value=(to) aria-label={ (title) " ≤" };
                    input type="hidden" name=(name) value=(own.first().copied().unwrap_or("*"));
                }
            },
            _ => html! {
                fieldset.scripted { legend { (title) }
                    @let target = field.kind.target().unwrap_or_default();
                    @let named = self.visitor.schema().model(target).map_or("", |model| model.title.as_str());
                    @let id = format!("facet-{}", field.name);
                    link-box data-model=(target) data-title=(named) data-searches data-any {
                        input type="hidden" name=(name) value="*";
                        input type="text" id=(id) role="combobox" aria-expanded="false" aria-controls={ (id) "-list" }
                            aria-autocomplete="list" autocomplete="off" aria-label=(title) placeholder=(words.say("link-choose"));
                        ul id={ (id) "-list" } role="listbox" hidden {}
                    }
                    @for value in own { input type="hidden" name=(name) value=(value); }
                }
            },
        }
    }

    fn grouping(&self) -> Markup {
        let words = &self.visitor.words;
        let now = self.ask.group.as_deref();
        html! {
            details.menu.grouping {
                summary.button { (words.say("list-group")) }
                div.sheet {
                    a.item href=(Ask { group: None, after: None, ..self.ask.clone() }.address(self.model))
                        aria-current=[now.is_none().then_some("true")] { (words.say("list-group-none")) }
                    @for (field, name) in super::pivot::groupable(self) {
                        a.item href=(Ask { group: Some(name.clone()), after: None, ..self.ask.clone() }.address(self.model))
                            aria-current=[(now == Some(&name)).then_some("true")] {
                            (super::pivot::label(self, field, &name))
                        }
                    }
                }
            }
        }
    }

    /// Which columns, in which order. Without scripts their order is that of the model.
    fn choosing(&self) -> Markup {
        let words = &self.visitor.words;
        let rest = Ask { columns: Vec::new(), ..self.ask.clone() };
        let chosen = self.columns.iter().copied();
        let fields = self.model.fields.values().filter(|field| ask::is_column(self.visitor, field));
        let others = fields.filter(|field| self.columns.iter().all(|own| own.name != field.name));
        html! {
            details.menu.choosing {
                summary.button { (words.say("list-columns")) }
                form.sheet action={ "/" (self.model.name) } {
                    (self.hidden(&rest))
                    ol.choose {
                        @for (field, is_chosen) in chosen.map(|f| (f, true)).chain(others.map(|f| (f, false))) {
                            li {
                                label.tick { input type="checkbox" name="columns" value=(field.name) checked[is_chosen];
                                    (words.field(&self.model.name, field)) }
                                span.scripted {
                                    button.icon type="button" data-move="up" aria-label=(words.say("list-columns-move-up")) { "↑" }
                                    button.icon type="button" data-move="down" aria-label=(words.say("list-columns-move-down")) { "↓" }
                                }
                            }
                        }
                    }
                    p.deeds {
                        button.primary { (words.say("list-apply")) }
                        a.button href=(rest.address(self.model)) { (words.say("list-columns-reset")) }
                    }
                }
            }
        }
    }

    fn views(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        let own = self.visitor.ctx.actor().user().map(|id| id.any());
        html! {
            details.menu.views {
                summary.button { (words.say("list-views")) }
                div.sheet {
                    a.item href={ "/" (self.model.name) } { (words.say("list-view-all")) }
                    @for view in &read.views { (self.view(view, own)) }
                    form.keep method="post" action="/do/view" {
                        input type="hidden" name="model" value=(self.model.name);
                        input type="hidden" name="query" value=(self.ask.query());
                        label for="view-name" { (words.say("list-view-save")) }
                        input type="text" id="view-name" name="name" placeholder=(words.say("list-view-name")) required maxlength="80" autocomplete="off";
                        label.tick { input type="checkbox" name="everybody" value="true"; (words.say("list-view-shared")) }
                        button { (words.say("form-save")) }
                    }
                }
            }
        }
    }

    fn view(&self, view: &Rec, own: Option<AnyId>) -> Markup {
        let words = &self.visitor.words;
        let query = view.text("query").unwrap_or_default();
        html! {
            div.saved {
                a.item href={ "/" (self.model.name) "?" (query) } { (view.text("name").unwrap_or_default()) }
                @if view.get("created_by").as_link() == own {
                    form method="post" action="/do/view/delete" {
                        button.icon name="view" value=(view.id) aria-label=(words.say("list-view-delete")) { "×" }
                    }
                }
            }
        }
    }

    /// What narrows the list, each a link that takes it away.
    fn chips(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        if !self.ask.is_narrow() {
            return html! {};
        }
        let remove = |what: &str, ask: Ask| {
            let title = words.say_of("list-remove", &[("what", Arg::Text(what))]).into_owned();
            html! { a.chip href=(ask.address(self.model)) title=(title) { (what) span aria-hidden="true" { " ×" } } }
        };
        html! {
            div.chips {
                @if !self.ask.words.is_empty() {
                    (remove(&format!("“{}”", self.ask.words), Ask { words: String::new(), after: None, ..self.ask.clone() }))
                }
                @for facet in &self.ask.facets {
                    (remove(&self.chip(facet, read), self.ask.without_facet(facet)))
                }
                @if !self.ask.filter.is_empty() {
                    (remove(&self.ask.filter, Ask { filter: String::new(), after: None, ..self.ask.clone() }))
                }
            }
        }
    }

    fn chip(&self, (name, value): &(String, String), read: &Read) -> String {
        let words = &self.visitor.words;
        let Some(field) = self.model.field(name) else { return value.clone() };
        let title = words.field(&self.model.name, field);
        let said = match &field.kind {
            _ if value.is_empty() => words.say("list-none").into_owned(),
            Kind::Choice { .. } => label(self.visitor, &self.model.name, field, value),
            Kind::Bool if value == "true" => return title.into_owned(),
            Kind::Bool => words.say("no").into_owned(),
            Kind::Link { .. } => {
                let named =
                    read.names.iter().find(|(f, id, _)| f == name && id.to_string() == *value);
                named.map_or_else(|| format!("#{value}"), |(_, _, name)| name.clone())
            }
            _ => value.clone(),
        };
        format!("{title}: {said}")
    }

    /// What can be done with the selected rows; scripts show it when there are some.
    pub(super) fn deeds(&self) -> Markup {
        use fondaco_kernel::permissions::{Right, may};
        let words = &self.visitor.words;
        let mine = |action: &&fondaco_kernel::schema::Action| {
            let asks = action.args.values().any(|arg| arg.required);
            !action.internal
                && !asks
                && may(&self.visitor.ctx, self.model, Right::Act(&action.name))
        };
        html! {
            div.bulk hidden {
                span { (words.say("list-selected")) " " b data-count {} }
                @for action in self.model.actions.values().filter(mine) {
                    button name="do" value=(action.name) { (words.action(&self.model.name, action)) }
                }
                @if may(&self.visitor.ctx, self.model, Right::Delete) {
                    button.danger name="do" value="delete" data-sure=(words.say("form-delete-sure")) { (words.say("list-delete")) }
                }
                input type="hidden" name="back" value=(self.ask.address(self.model));
            }
        }
    }

    /// What to do where there is nothing.
    pub(super) fn empty(&self) -> Markup {
        let words = &self.visitor.words;
        let name = words.model(self.model).to_lowercase();
        if self.ask.is_narrow() {
            return html! {
                section.empty {
                    h2 { (words.say("list-empty-found")) }
                    p.soft { (words.say("list-empty-found-lead")) }
                    a.button href={ "/" (self.model.name) } { (words.say("list-clear")) }
                }
            };
        }
        html! {
            section.empty {
                h2 { (words.say_of("list-empty", &[("model", Arg::Text(&name))])) }
                p.soft { (words.help_of_model(self.model)) }
                @if self.may_create() {
                    a.button.primary href={ "/" (self.model.name) "/new" } { (words.say("list-empty-new")) }
                }
            }
        }
    }
}
