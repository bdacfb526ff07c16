//! The ledger as the settings see it: whether its chain holds, and the way to years and months.
//! Not here: closing and opening them again, which are actions of their records.

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::{Error, ledger};
use maud::{Markup, html};

use super::{Sheet, open_model, owner};
use crate::App;
use crate::pages::go_to;
use crate::visitor::Visitor;
use crate::works::{self, End};

/// Models of months and years, where their module is on.
const PERIODS: [&str; 2] = ["accounting.fiscal_year", "accounting.period"];

pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-ledger" };
    let page = may_read(&visitor).map(|()| sheet.show(body(&visitor)));
    visitor.answer(page)
}

fn may_read(visitor: &Visitor) -> Result<(), Error> {
    let journal = visitor.schema().model("journal");
    let journal = journal.ok_or_else(|| Error::not_found("model", "journal"))?;
    permissions::require(&visitor.ctx, journal, Right::Read)
}

fn body(visitor: &Visitor) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let open: Vec<&str> = PERIODS.into_iter().filter(|name| open_model(visitor, name)).collect();
    html! {
        section.panel {
            h2 { (say("office-periods")) }
            p.soft { (say("office-periods-lead")) }
            @if open.is_empty() { p { (say("office-periods-none")) } }
            p.deeds { @for name in open {
                @if let Some(model) = visitor.schema().model(name) {
                    a.button href={ "/" (name) } { (visitor.words.plural(model)) }
                }
            } }
        }
        section.panel {
            h2 { (say("office-verify")) }
            p.soft { (say("office-verify-lead")) }
            form method="post" action="/settings/ledger/verify" { button.primary { (say("office-verify-do")) } }
        }
    }
}

/// Walks the chain of the whole ledger beside the page about it.
pub(crate) async fn verify(State(app): State<App>, visitor: Visitor) -> Response {
    let begun = may_read(&visitor).map(|()| {
        let hold = app.works.begin(owner(&visitor), "office-verify", "/settings/ledger");
        let place = format!("/settings/works/{}", hold.id);
        let (kernel, ctx, words) = (app.kernel.clone(), visitor.ctx.clone(), visitor.words.clone());
        works::beside(async move {
            let walk = kernel
                .read(&ctx, |tx| Box::pin(async move { ledger::verify(tx, None, None).await }));
            hold.end(match walk.await {
                Ok(ledger::Verdict::Sound { entries, seals }) => {
                    let (entries, seals) = (words.locale.int(entries), words.locale.int(seals));
                    let args = [("entries", Arg::Text(&entries)), ("seals", Arg::Text(&seals))];
                    End::Well(vec![words.say_of("office-verify-sound", &args).into_owned()])
                }
                Ok(ledger::Verdict::FirstBad { seq, why }) => {
                    let seq = seq.to_string();
                    let args = [("seq", Arg::Text(&seq)), ("why", Arg::Text(why.sentence()))];
                    End::Badly(vec![words.say_of("office-verify-bad", &args).into_owned()])
                }
                Err(error) => End::Badly(vec![error.public()]),
            });
        });
        go_to(&place)
    });
    visitor.answer(begun)
}
