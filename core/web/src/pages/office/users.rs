//! Who signs in: the list with roles, inviting by a one-time code, a new code, on and off. Roles and
//! companies of one are changed in the form of the user.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::identity::{self, CONSOLE, EVERYONE};
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Query, Select};
use fondaco_kernel::schema::Role;
use fondaco_kernel::texts::{Arg, LANGUAGES};
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

use super::{Sheet, further, labelled, shown_once};
use crate::App;
use crate::address::{Asked, Pairs, Sent, query};
use crate::api::id_of;
use crate::pages::go_saying;
use crate::visitor::Visitor;

const SECTION: &str = "office-users";
const PLACE: &str = "/settings/users";
/// Users on one page.
const PAGE: usize = 50;

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = list(&sheet, &asked).await;
    visitor.answer(page.map(|list| sheet.show(html! { (list) (invitation(&sheet, None)) })))
}

async fn list(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Markup, Error> {
    let visitor = sheet.visitor;
    permissions::administers(&visitor.ctx, Office::Rights, Right::Read)?;
    let words = asked.filled("q").map(str::to_owned);
    let wanted = Query {
        search: words.clone(),
        sort: vec!["name".to_owned()],
        limit: Some(PAGE),
        after: asked.filled("after").map(str::to_owned),
        show: Select { fields: Vec::new(), expand: vec!["roles".to_owned()] },
        ..Query::default()
    };
    let work = sheet.app.kernel.read(&visitor.ctx, move |tx| {
        let wanted = wanted.clone();
        Box::pin(async move { records::list(tx, "user", &wanted).await })
    });
    let page = work.await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    let kept = query(words.iter().map(|words| ("q", words.as_str())));
    Ok(html! {
        form.words action=(PLACE) role="search" {
            input type="search" name="q" value=(words.clone().unwrap_or_default())
                placeholder=(say("office-users-find")) aria-label=(say("office-users-find")) data-key="/";
        }
        div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-name")) } th scope="col" { (say("sign-in-login")) }
                th scope="col" { (say("office-roles")) } th scope="col" { (say("office-state")) }
                th scope="col" { span.away { (say("palette-act")) } }
            } }
            tbody { @for user in &page.rows { (row(visitor, user)) } }
        } }
        (further(visitor, PLACE, &kept, page.next.as_deref()))
    })
}

fn row(visitor: &Visitor, user: &Rec) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let active = user.flag("active");
    let (turn, sure) = match active {
        true => ("office-users-off", Some(say("office-users-off-sure"))),
        false => ("office-users-on", None),
    };
    let place = format!("{PLACE}/{}", user.id);
    html! {
        tr {
            td { a.row href={ "/user/" (user.id) } { (user.title()) } }
            td data-label=(say("sign-in-login")) { (user.text("login").unwrap_or_default()) }
            td.many data-label=(say("office-roles")) {
                @for line in user.lines("roles") { span.badge data-tone="plain" { (named(visitor, line.text("role").unwrap_or_default())) } " " }
            }
            td data-label=(say("office-state")) {
                @if active { span.badge data-tone="good" { (say("office-active")) } }
                @else { span.badge data-tone="gone" { (say("office-inactive")) } }
            }
            td { div.deeds {
                form method="post" action={ (place) "/code" } { button.small { (say("office-users-code")) } }
                form method="post" action={ (place) "/active" } {
                    input type="hidden" name="version" value=(user.version);
                    button.small .danger[active] name="active" value=(!active) data-sure=[sure] { (say(turn)) }
                }
            } }
        }
    }
}

/// What a role is called; one that no module has any more is called by its name.
pub(super) fn named(visitor: &Visitor, role: &str) -> String {
    let known = visitor.schema().roles.get(role);
    known.map_or_else(|| role.to_owned(), |role| visitor.words.role(role).into_owned())
}

/// Roles that somebody can be given.
fn given(visitor: &Visitor) -> impl Iterator<Item = &Role> {
    let roles = visitor.schema().roles.values();
    roles.filter(|role| ![EVERYONE, CONSOLE].contains(&role.name.as_str()))
}

fn invitation(sheet: &Sheet<'_>, sent: Option<&Pairs>) -> Markup {
    let visitor = sheet.visitor;
    let say = |key: &str| visitor.words.say(key).into_owned();
    let held = |name: &str| sent.and_then(|sent| sent.get(name)).unwrap_or_default().to_owned();
    let chosen = |role: &str| sent.is_some_and(|sent| sent.all("roles").any(|own| own == role));
    let language = sent.and_then(|sent| sent.get("language")).unwrap_or(visitor.ctx.language());
    html! {
        section.panel id="invite" {
            h2 { (say("office-users-invite")) }
            p.soft { (say("office-users-invite-lead")) }
            form.asking method="post" action=(PLACE) {
                (labelled(&say("office-name"), "u-name", html! { input type="text" id="u-name" name="name" value=(held("name")) required maxlength="200" autocomplete="off"; }))
                (labelled(&say("sign-in-login"), "u-login", html! { input type="email" id="u-login" name="login" value=(held("login")) required autocomplete="off"; }))
                (labelled(&say("language"), "u-language", html! { select id="u-language" name="language" {
                    @for (tag, name) in LANGUAGES { option value=(tag) selected[tag == language] lang=(tag) { (name) } }
                } }))
                fieldset.ticks { legend { (say("office-roles")) }
                    @for role in given(visitor) {
                        label.tick title=(visitor.words.help_of_role(role)) {
                            input type="checkbox" name="roles" value=(role.name) checked[chosen(&role.name)];
                            (visitor.words.role(role))
                        }
                    }
                }
                p.deeds { button.primary { (say("office-users-invite-do")) } }
            }
        }
    }
}

pub(crate) async fn invite(State(app): State<App>, visitor: Visitor, Sent(form): Sent) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let made = match make(&sheet, &form).await {
        Ok(user) => code_of(&sheet, user).await,
        Err(error @ Error::Invalid(_)) => {
            let list = list(&sheet, &Pairs::default()).await;
            list.map(|list| {
                sheet.refuse(&error, html! { (invitation(&sheet, Some(&form))) (list) })
            })
        }
        Err(error) => Err(error),
    };
    visitor.answer(made)
}

async fn make(sheet: &Sheet<'_>, form: &Pairs) -> Result<AnyId, Error> {
    let ctx = &sheet.visitor.ctx;
    permissions::administers(ctx, Office::Rights, Right::Write)?;
    let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let roles: Vec<Json> = form.all("roles").map(|role| json!({ "role": role })).collect();
    let wanted = json!({
        "name": text("name"), "login": text("login"), "language": text("language"),
        "companies": [ctx.company().to_string()], "roles": roles,
    });
    let wanted: Map<String, Json> = wanted.as_object().cloned().unwrap_or_default();
    let made = sheet.app.kernel.run(ctx, move |tx| {
        let wanted = wanted.clone();
        Box::pin(async move {
            let draft = records::draft_of(tx, "user", &wanted)?;
            Ok(records::create(tx, "user", vec![draft]).await?.first().copied())
        })
    });
    made.await?.ok_or_else(|| Error::not_found("user", ""))
}

pub(crate) async fn code(
    State(app): State<App>,
    visitor: Visitor,
    Path(user): Path<String>,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: SECTION };
    let page = match id_of("user", &user) {
        Ok(user) => code_of(&sheet, user).await,
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(page)
}

/// A one-time code for a user, shown once, with the page on which it is used.
async fn code_of(sheet: &Sheet<'_>, user: AnyId) -> Result<Response, Error> {
    let visitor = sheet.visitor;
    let code = identity::password_code(&sheet.app.kernel, &visitor.ctx, user.cast()).await?;
    let work = sheet.app.kernel.read(&visitor.ctx, move |tx| {
        Box::pin(async move { records::get(tx, "user", user, &Select::default()).await })
    });
    let about = work.await?;
    let name = about.title();
    let lead = visitor.words.say_of("office-users-code-for", &[("name", Arg::Text(&name))]);
    Ok(sheet.show(html! {
        (shown_once(visitor, &lead, code.reveal()))
        p { (visitor.words.say("office-users-code-use")) " " a href="/code" { "/code" } }
        p.deeds { a.button href=(PLACE) { (visitor.words.say("back")) } }
    }))
}

pub(crate) async fn turn(
    State(app): State<App>,
    visitor: Visitor,
    Path(user): Path<String>,
    Sent(form): Sent,
) -> Response {
    let active = form.get("active") == Some("true");
    let version = form.get("version").and_then(|version| version.parse().ok());
    let turned = match id_of("user", &user) {
        Ok(id) => {
            let work = app.kernel.run(&visitor.ctx, move |tx| {
                Box::pin(async move {
                    let mut draft = records::draft(tx, "user")?;
                    draft.set("active", active);
                    records::update(tx, "user", vec![Change { id, version, draft }]).await
                })
            });
            work.await.map(drop)
        }
        Err(refusal) => Err(refusal.0),
    };
    let said = visitor.words.say("form-saved");
    visitor.answer(turned.map(|()| go_saying(PLACE, &said)))
}
