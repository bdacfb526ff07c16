//! The records of a model as a tree by a link to their own kind, as `[views.tree]` says: who is led by
//! whom, what is part of what. It is read level by level, a fixed number of records in all; of what is
//! below that it says how many there are and leads to them.
//! Not here: records on a circle, which hang on nothing; they are found by searching.

mod read;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Right, may_read_field};
use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};

use self::read::{Grown, Twig};
use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, name_of, show as value};

/// What `[views.tree]` says, as far as the reader may know it, and where he looks.
struct Tree<'a> {
    visitor: &'a Visitor,
    model: &'a Model,
    parent: &'a Field,
    title: Option<&'a Field>,
    fields: Vec<&'a Field>,
    words: String,
    /// The record whose branch alone is shown.
    root: Option<AnyId>,
}

/// Whether a model has one that the reader may look at.
pub(crate) fn has(visitor: &Visitor, model: &Model) -> bool {
    field(visitor, model, "parent").is_some() && permissions::may(&visitor.ctx, model, Right::Read)
}

/// A field that the view names and the reader may read.
fn field<'m>(visitor: &Visitor, model: &'m Model, key: &str) -> Option<&'m Field> {
    let field = model.field(model.views["tree"][key].as_str()?)?;
    may_read_field(&visitor.ctx, visitor.schema(), field).then_some(field)
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(pairs): Asked,
) -> Response {
    let page = page(&app, &visitor, &model, &pairs).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, model: &str, pairs: &Pairs) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let none = || Error::not_found("page", &model.name);
    let named = model.views["tree"]["fields"].as_array().into_iter().flatten();
    let named = named.filter_map(|name| model.field(name.as_str()?));
    let may = |f: &&Field| may_read_field(&visitor.ctx, visitor.schema(), f);
    let tree = Tree {
        parent: field(visitor, &model, "parent")
            .filter(|_| has(visitor, &model))
            .ok_or_else(none)?,
        title: field(visitor, &model, "title"),
        fields: named.filter(may).collect(),
        words: pairs.filled("q").unwrap_or_default().to_owned(),
        root: pairs.filled("root").and_then(|id| id.parse().ok()),
        visitor,
        model: &model,
    };
    let grown = tree.read(app).await?;
    let name = tree.name();
    let words = &visitor.words;
    let body = html! {
        (tree.head(&name))
        tree-view data-model=(model.name) {
            @if let Some(above) = &grown.above { (tree.way_up(above)) }
            @if grown.twigs.is_empty() {
                p.soft.note { (words.say(if tree.words.is_empty() { "tree-none" } else { "tree-not-found" })) }
            } @else {
                ul.tree.panel role="tree" aria-label=(name) { (tree.twigs(&grown.twigs, 1, true)) (tree.rest_of_roots(&grown)) }
            }
        }
    };
    let shows = Some((model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &name, crumbs: Vec::new(), shows, body })))
}

impl Tree<'_> {
    fn name(&self) -> String {
        super::menu::name_of_view(self.visitor, self.model, "tree")
    }

    fn address(&self, root: AnyId) -> String {
        let root = root.to_string();
        format!("/{}/tree?{}", self.model.name, query([("root", root.as_str())]))
    }

    fn head(&self, name: &str) -> Markup {
        let words = &self.visitor.words;
        let plural = words.plural(self.model);
        let search = words.say_of("search-list", &[("model", Arg::Text(&plural))]);
        html! {
            div.head {
                h1 { (name) }
                div.ways {
                    form.words action={ "/" (self.model.name) "/tree" } {
                        input type="search" name="q" value=(self.words) placeholder=(search) aria-label=(search) data-key="/";
                    }
                    button.scripted type="button" data-unfold { (words.say("tree-unfold")) }
                    button.scripted type="button" data-fold { (words.say("tree-fold")) }
                    a.button href={ "/" (self.model.name) } { (words.say("list-list")) }
                    @if permissions::may(&self.visitor.ctx, self.model, Right::Create) {
                        a.button.primary href={ "/" (self.model.name) "/new" } data-key="n" { (words.say("list-new")) }
                    }
                }
            }
        }
    }

    /// From a branch to what it is a branch of.
    fn way_up(&self, above: &Option<(AnyId, String)>) -> Markup {
        let words = &self.visitor.words;
        html! {
            p.up {
                a href={ "/" (self.model.name) "/tree" } { (words.say("tree-whole")) }
                @if let Some((id, name)) = above { " / " a href=(self.address(*id)) { (name) } }
            }
        }
    }

    fn twigs(&self, twigs: &[Twig], level: usize, first: bool) -> Markup {
        html! { @for (n, twig) in twigs.iter().enumerate() { (self.twig(twig, level, first && n == 0)) } }
    }

    /// A record with what hangs on it. The first of all is where the keyboard comes in.
    fn twig(&self, twig: &Twig, level: usize, first: bool) -> Markup {
        let rec = &twig.rec;
        let has_more = twig.below > 0;
        let shown = twig.children.len();
        let open = has_more.then_some(if shown > 0 { "true" } else { "false" });
        let rest = twig.below.saturating_sub(shown);
        html! {
            li role="none" {
                div.twig .found[twig.found] role="treeitem" aria-level=(level) aria-expanded=[open]
                    data-id=(rec.id) tabindex=(if first { "0" } else { "-1" }) {
                    span.fold aria-hidden="true" { @if shown > 0 { "▾" } @else if has_more { "▸" } }
                    span.label {
                        a.name href={ "/" (self.model.name) "/" (rec.id) } tabindex="-1" { (self.called(rec)) }
                        (self.facts(rec))
                    }
                    @if has_more {
                        a.count href=(self.address(rec.id)) tabindex="-1" title=(self.below(twig.below)) {
                            span aria-hidden="true" { (twig.below) } span.away { (self.below(twig.below)) }
                        }
                    }
                }
                @if shown > 0 {
                    ul role="group" {
                        (self.twigs(&twig.children, level + 1, false))
                        @if rest > 0 && self.words.is_empty() { (self.more(rest, level + 1, &self.rest(rec.id))) }
                    }
                }
            }
        }
    }

    fn below(&self, count: usize) -> String {
        self.visitor.words.say_of("tree-below", &[("count", Arg::Count(count))]).into_owned()
    }

    /// The list of all that hang on a record.
    fn rest(&self, id: AnyId) -> String {
        format!("/{}?f.{}={id}", self.model.name, self.parent.name)
    }

    fn rest_of_roots(&self, grown: &Grown) -> Markup {
        let address = format!("/{}", self.model.name);
        html! { @if grown.more > 0 { (self.more(grown.more, 1, &address)) } }
    }

    fn more(&self, count: usize, level: usize, address: &str) -> Markup {
        let said = self.visitor.words.say_of("tree-more", &[("count", Arg::Count(count))]);
        html! { li role="none" { a.more href=(address) role="treeitem" aria-level=(level) tabindex="-1" { (said) } } }
    }

    fn facts(&self, rec: &Rec) -> Markup {
        let exponent = exponent_of(self.visitor, rec);
        let shown = self.fields.iter().filter_map(|field| {
            let at = self.model.field_index(&field.name)?;
            let shown = Shown::of(self.visitor, rec, at, exponent);
            (!shown.value.is_null()).then_some((*field, shown))
        });
        html! {
            @for (field, shown) in shown {
                " " span.fact title=(self.visitor.words.field(&self.model.name, field)) {
                    @match (&field.kind, shown.title) { (Kind::Link { .. }, Some(title)) => { (title) }, _ => { (value(shown)) } }
                }
            }
        }
    }

    fn called(&self, rec: &Rec) -> String {
        let own =
            self.title.and_then(|field| rec.text(&field.name)).filter(|text| !text.is_empty());
        own.map_or_else(|| name_of(self.visitor, rec), str::to_owned)
    }
}
