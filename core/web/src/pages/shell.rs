//! What stands around every page: head, menu, the way back, the companies, the account, and what
//! scripts need to know. The menus open without scripts.

use fondaco_kernel::texts::{Arg, LANGUAGES};
use maud::{DOCTYPE, Markup, html};

use super::menu::{self, Section};
use crate::assets;
use crate::visitor::{Look, Theme, Visitor};
use crate::words::Words;

/// A page to be put into the shell.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// The ways back: address and name.
    pub(crate) crumbs: Vec<(String, String)>,
    /// What the page shows, for scripts: the model and the record.
    pub(crate) shows: Option<(&'a str, String)>,
    pub(crate) body: Markup,
}

pub(crate) fn page(visitor: &Visitor, page: Page<'_>) -> Markup {
    let words = &visitor.words;
    let (model, record) = page.shows.clone().unwrap_or(("", String::new()));
    html! {
        (DOCTYPE)
        html lang=(words.language()) data-theme=[theme(visitor.around.look)]
            data-density=[visitor.around.look.compact.then_some("compact")] {
            (head(page.title))
            body data-model=(model) data-record=(record) data-user=(visitor_id(visitor)) {
                a.skip href="#main" { (words.say("skip")) }
                (top(visitor))
                (navigation(visitor))
                main id="main" tabindex="-1" {
                    @if !page.crumbs.is_empty() { (crumbs(&page, words)) }
                    (page.body)
                }
                div id="said" role="status" aria-live="polite" {
                    @if let Some(said) = &visitor.around.said { p { (said) } }
                }
                div id="live" hidden data-list=(words.say("list-changed")) data-show=(words.say("list-reload"))
                    data-fixed=(words.say("cell-fixed")) data-conflict=(words.say("cell-conflict")) data-saved=(words.say("form-saved"))
                    data-record=(words.say("form-changed")) data-gone=(words.say("form-gone"))
                    data-create=(words.say_of("link-create", &[("name", Arg::Text("§"))])) {}
                (sheets(visitor))
            }
        }
    }
}

/// A page for somebody who has not signed in.
pub(crate) fn bare(words: &Words, look: Look, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.language()) data-theme=[theme(look)] {
            (head(title))
            body.bare { main id="main" { (body) } }
        }
    }
}

fn theme(look: Look) -> Option<&'static str> {
    match look.theme {
        Theme::Auto => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    }
}

fn visitor_id(visitor: &Visitor) -> String {
    visitor.ctx.actor().user().map_or_else(String::new, |id| id.to_string())
}

fn head(title: &str) -> Markup {
    let version = assets::version();
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Fondaco" }
            link rel="icon" href={ "/assets/" (version) "/icon.svg" } type="image/svg+xml";
            link rel="stylesheet" href={ "/assets/" (version) "/app.css" };
            link rel="stylesheet" href={ "/assets/" (version) "/figures.css" };
            link rel="stylesheet" href={ "/assets/" (version) "/office.css" };
            script type="module" src={ "/assets/" (version) "/app.js" } {}
        }
    }
}

fn top(visitor: &Visitor) -> Markup {
    let words = &visitor.words;
    html! {
        header.top {
            button.icon.burger.scripted type="button" data-toggle="nav" aria-expanded="false"
                aria-controls="nav" aria-label=(words.say("menu")) { "☰" }
            a.brand href="/" { span.mark aria-hidden="true" { "▟" } "Fondaco" }
            form.find action="/search" role="search" {
                label.away for="find" { (words.say("search")) }
                input type="search" id="find" name="q" placeholder=(words.say("search-hint"))
                    autocomplete="off" data-palette;
                kbd aria-hidden="true" { "Ctrl K" }
            }
            (companies(visitor))
            a.bell href="/notifications" title=(words.say("notices")) {
                span.ring aria-hidden="true" {} span.away { (words.say("notices")) }
                b.unread data-bell hidden data-unread=(words.say("notices-unread")) {}
            }
            (account(visitor))
        }
    }
}

fn companies(visitor: &Visitor) -> Markup {
    let own = visitor.ctx.company().any();
    let companies = &visitor.around.companies;
    let name = companies.iter().find(|(id, _, _)| *id == own).map_or("", |(_, name, _)| name);
    html! {
        @if companies.len() > 1 {
            details.menu.companies {
                summary { (name) }
                form.sheet method="post" action="/do/company" {
                    p.soft { (visitor.words.say("company-switch")) }
                    @for (id, name, _) in companies {
                        button.item name="company" value=(id)
                            aria-current=[(*id == own).then_some("true")] { (name) }
                    }
                }
            }
        } @else { span.companies.soft { (name) } }
    }
}

fn account(visitor: &Visitor) -> Markup {
    let (words, look) = (&visitor.words, visitor.around.look);
    let initials: String = visitor
        .around
        .name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    let themes =
        [(Theme::Auto, "theme-auto"), (Theme::Light, "theme-light"), (Theme::Dark, "theme-dark")];
    html! {
        details.menu.account {
            summary aria-label={ (words.say("account-own")) ": " (visitor.around.name) } {
                span.face aria-hidden="true" { (initials) }
            }
            div.sheet {
                p.who { strong { (visitor.around.name) } br; span.soft { (visitor.ctx.actor().name()) } }
                form method="post" action="/do/look" {
                    p.soft { (words.say("theme")) }
                    div.switch {
                        @for (theme, key) in themes {
                            button name="look" value=(Look { theme, ..look }.write())
                                aria-pressed=(pressed(look.theme == theme)) { (words.say(key)) }
                        }
                    }
                    p.soft { (words.say("density")) }
                    div.switch {
                        @for (compact, key) in [(false, "density-comfortable"), (true, "density-compact")] {
                            button name="look" value=(Look { compact, ..look }.write())
                                aria-pressed=(pressed(look.compact == compact)) { (words.say(key)) }
                        }
                    }
                    @if words.language() == "th" {
                        p.soft { (words.say("years")) }
                        div.switch {
                            @for (common, key) in [(false, "years-buddhist"), (true, "years-common")] {
                                button name="look" value=(Look { common_years: common, ..look }.write())
                                    aria-pressed=(pressed(look.common_years == common)) { (words.say(key)) }
                            }
                        }
                    }
                }
                a.item href="/settings" { (words.say("office")) }
                button.item.scripted type="button" data-open="shortcuts" {
                    (words.say("shortcuts")) kbd { "?" }
                }
                form method="post" action="/sign-out" { button.item { (words.say("sign-out")) } }
            }
        }
    }
}

fn pressed(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

fn navigation(visitor: &Visitor) -> Markup {
    let path = visitor.around.path.as_str();
    let sections = menu::sections(visitor);
    // A record stands in its list; a report, and a view that the menu names, for itself.
    let named = sections.iter().flat_map(|section| &section.places).any(|at| at.address == path);
    let here = match named || path.starts_with("/report/") {
        true => path.to_owned(),
        false => format!("/{}", path.split('/').nth(1).unwrap_or_default()),
    };
    html! {
        nav id="nav" aria-label=(visitor.words.say("menu")) {
            a.place href="/" aria-current=[(here == "/").then_some("page")] { (visitor.words.say("home")) }
            a.place href="/reports" aria-current=[(here == "/reports").then_some("page")] { (visitor.words.say("reports")) }
            @for section in &sections { (part(section, &here)) }
        }
    }
}

fn part(section: &Section, here: &str) -> Markup {
    let is_here = section.places.iter().any(|place| place.address == here);
    let lists = section.places.iter().filter(|place| place.model.is_some()).count();
    html! {
        details open[is_here || lists < 4] {
            summary { (section.name) }
            @for place in &section.places {
                a.place href=(place.address) aria-current=[(place.address == here).then_some("page")] {
                    (place.label)
                }
            }
        }
    }
}

fn crumbs(page: &Page<'_>, words: &Words) -> Markup {
    html! {
        nav.crumbs aria-label=(words.say("back")) {
            @for (address, name) in &page.crumbs { a href=(address) { (name) } span aria-hidden="true" { "/" } }
        }
    }
}

/// The palette and the sheet of shortcuts; scripts open them.
fn sheets(visitor: &Visitor) -> Markup {
    let words = &visitor.words;
    html! {
        dialog id="palette" aria-label=(words.say("search")) {
            input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list"
                aria-label=(words.say("search-hint")) placeholder=(words.say("search-hint"))
                autocomplete="off" spellcheck="false";
            div id="palette-list" role="listbox" aria-label=(words.say("search"))
                data-go=(words.say("palette-go")) data-recent=(words.say("recent"))
                data-act=(words.say("palette-act")) data-none=(words.say("link-none")) {}
        }
        dialog id="shortcuts" aria-labelledby="shortcuts-title" {
            header { h2 id="shortcuts-title" { (words.say("shortcuts")) }
                button.icon type="button" data-close aria-label=(words.say("close")) { "×" } }
            div.columns {
                (keys(words, "shortcuts-anywhere", &[("Ctrl K", "key-palette"), ("/", "key-search"),
                    ("n", "key-new"), ("g h", "key-home"), ("?", "key-help"), ("Esc", "key-back")]))
                (keys(words, "shortcuts-list", &[("j k", "key-up-down"), ("Enter", "key-open"),
                    ("F2", "key-cell"), ("x", "key-select")]))
                (keys(words, "shortcuts-form", &[("Ctrl S", "key-save"), ("e", "key-edit"),
                    ("Ctrl Enter", "key-add-line")]))
            }
            p.soft { (words.say("key-letters")) }
        }
    }
}

fn keys(words: &Words, title: &str, keys: &[(&str, &str)]) -> Markup {
    html! {
        section { h3 { (words.say(title)) }
            dl { @for (key, what) in keys { div { dt { kbd { (key) } } dd { (words.say(what)) } } } }
        }
    }
}

/// The names of the languages, for whoever has not signed in.
pub(crate) fn languages(now: &str) -> Markup {
    html! {
        p.languages {
            @for (tag, name) in LANGUAGES {
                a href={ "?language=" (tag) } lang=(tag) aria-current=[(tag == now).then_some("true")] { (name) }
            }
        }
    }
}
