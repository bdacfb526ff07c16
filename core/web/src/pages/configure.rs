//! Choosing the options of a configurable product: what there is, what does not go together and why,
//! what it costs step by step, when it could be there. The choice stands in the address, so that it
//! works without scripts and can be sent to somebody; with them it follows each click, also over a
//! form whose field of options asks for it.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::configure::{self, Ask, Configured, Place};
use fondaco_kernel::ports::configuration::{OfferedGroup, OfferedOption};
use fondaco_kernel::ports::pricing::{Price, PriceStep};
use fondaco_kernel::ports::supply::Outlook;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Decimal, Problem, Quantity, currency_exponent};
use fondaco_kernel::{Ctx, Error, Tx};
use maud::{Markup, html};
use serde_json::Value;

use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{self, Asked, Pairs, Reading};
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::visitor::Visitor;
use crate::widgets::held_options;

/// Products to choose among that a page shows.
const PRODUCTS: usize = 200;

/// The same for programs.
pub(crate) async fn api(
    State(app): State<App>,
    Caller(ctx): Caller,
    Asked(pairs): Asked,
) -> Result<Json<Configured>, Refusal> {
    let ask = asked(&pairs)?.ok_or_else(|| {
        let message = "Say of which product: its id.";
        Error::Invalid(vec![Problem::new("product", "required", message)])
    })?;
    Ok(Json(looked(&app, &ctx, ask).await?))
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(pairs): Asked,
) -> Response {
    let page = page(&app, &visitor, &pairs).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, pairs: &Pairs) -> Result<Response, Error> {
    let Some(ask) = asked(&typed(pairs))? else { return products(app, visitor).await };
    let found = looked(app, &visitor.ctx, ask).await?;
    let title = visitor.words.say_of("options-of", &[("name", Arg::Text(&found.name))]);
    let sheet = Sheet { visitor, pairs, found: &found };
    let body = html! { h1 { (title) } (sheet.form()) };
    let crumbs = vec![(format!("/product/{}", found.product), found.name.clone())];
    let page = Page { title: &title, crumbs, shows: None, body };
    Ok(good(shell::page(visitor, page)))
}

async fn looked(app: &App, ctx: &Ctx, ask: Ask) -> Result<Configured, Error> {
    let look = app.kernel.read(ctx, move |tx| {
        let ask = ask.clone();
        Box::pin(async move { configure::look(tx, &ask).await })
    });
    look.await
}

/// What the address asks; `None` where it names no product. Without a quantity it is of one.
fn asked(pairs: &Pairs) -> Result<Option<Ask>, Error> {
    let mut read = Reading::of(pairs);
    let product = read.id("product");
    let (party, currency) = (read.id("customer"), read.id("currency"));
    let quantity = read.get("quantity", "2 or 1.5").unwrap_or(Quantity::ONE);
    read.done()?;
    if quantity <= Quantity::ZERO {
        return Err(Error::problem("quantity", "range", "The quantity is more than nothing."));
    }
    let ask = |product: AnyId| Ask {
        product: product.cast(),
        choice: chosen(pairs),
        quantity,
        party: party.map(AnyId::cast),
        currency: currency.map(AnyId::cast),
    };
    Ok(product.map(ask))
}

/// The same without a quantity that is half typed, or of a line that nobody has filled.
fn typed(pairs: &Pairs) -> Pairs {
    let quantity =
        |text: &str| text.trim().parse().is_ok_and(|quantity: Quantity| quantity > Quantity::ZERO);
    let pairs = pairs.0.iter().filter(|(name, text)| name != "quantity" || quantity(text));
    Pairs(pairs.cloned().collect())
}

/// The codes that the address names: all in one, or a name a group as the form sends them.
fn chosen(pairs: &Pairs) -> Value {
    let named = |(name, _): &&(String, String)| name == "choice" || name.starts_with("choice.");
    let texts = pairs.0.iter().filter(named).map(|(_, text)| text.trim());
    let mut codes: Vec<Value> = Vec::new();
    for text in texts {
        // As programs write it.
        if let (true, Ok(json)) = (text.starts_with(['{', '[']), serde_json::from_str(text)) {
            return json;
        }
        codes.extend(
            text.split(';').map(str::trim).filter(|code| !code.is_empty()).map(Value::from),
        );
    }
    Value::Array(codes)
}

/// Without a product: those that can be configured.
async fn products(app: &App, visitor: &Visitor) -> Result<Response, Error> {
    configure::require(&visitor.ctx, visitor.schema())?;
    let found = app.kernel.read(&visitor.ctx, |tx| Box::pin(configurable(tx))).await?;
    let words = &visitor.words;
    let title = words.say("options-title");
    let body = html! {
        h1 { (title) }
        @if found.is_empty() { p.soft { (words.say("options-no-product")) } }
        ul.plain {
            @for (id, name) in &found {
                li { a href={ "/configure?product=" (id) } { (name) } }
            }
        }
    };
    let page = Page { title: &title, crumbs: Vec::new(), shows: None, body };
    Ok(good(shell::page(visitor, page)))
}

async fn configurable(tx: &mut Tx) -> Result<Vec<(AnyId, String)>, Error> {
    let query = Query {
        filter: Some("kind == 'configurable'".to_owned()),
        sort: vec!["name".to_owned()],
        limit: Some(PRODUCTS),
        show: Select { fields: vec!["name".to_owned()], expand: Vec::new() },
        ..Query::default()
    };
    let found = records::list(tx, "product", &query).await?.rows;
    Ok(found.iter().map(|rec| (rec.id, rec.title())).collect())
}

struct Sheet<'a> {
    visitor: &'a Visitor,
    pairs: &'a Pairs,
    found: &'a Configured,
}

impl Sheet<'_> {
    fn form(&self) -> Markup {
        let words = &self.visitor.words;
        html! {
            form id="configurator" method="get" action="/configure"
                data-choice=(held_options(&self.found.offered.choice)) {
                input type="hidden" name="product" value=(self.found.product);
                @for name in ["customer", "currency"] {
                    @if let Some(id) = self.pairs.filled(name) { input type="hidden" name=(name) value=(id); }
                }
                div.choices {
                    @for group in &self.found.offered.groups { (self.group(group)) }
                    @if self.found.offered.groups.is_empty() { p.soft { (words.say("options-none")) } }
                }
                div.outcome {
                    div.field {
                        label for="configurator-quantity" { (words.say("options-quantity")) }
                        input id="configurator-quantity" name="quantity" inputmode="decimal"
                            value=(self.found.quantity) autocomplete="off";
                    }
                    div aria-live="polite" {
                        @if !self.found.offered.problems.is_empty() { (self.problems()) }
                        @if let Some(price) = &self.found.price { (self.waterfall(price)) }
                        @if let Some(outlook) = &self.found.supply { (self.supply(outlook)) }
                    }
                    button.unscripted { (words.say("options-look")) }
                    @if self.found.offered.problems.is_empty() { (self.ways_on()) }
                }
            }
        }
    }

    fn group(&self, group: &OfferedGroup) -> Markup {
        let words = &self.visitor.words;
        let (least, most) = (group.least, group.most.min(group.options.len()));
        let args = [("least", Arg::Count(least)), ("most", Arg::Count(most))];
        let single = group.most == 1;
        let many = match (least, single) {
            (_, true) => None,
            (0, _) => Some(words.say_of("options-up-to", &args)),
            _ => Some(words.say_of("options-from-to", &args)),
        };
        let none_chosen = !group.options.iter().any(|option| option.chosen);
        html! {
            fieldset {
                legend { (group.name) @if let Some(many) = many { small.soft { " " (many) } } }
                @if single && least == 0 {
                    label.option {
                        input type="radio" name={ "choice." (group.code) } value="" checked[none_chosen];
                        span { (words.say("options-nothing")) }
                    }
                }
                @for option in &group.options { (self.option(group, option, single)) }
            }
        }
    }

    fn option(&self, group: &OfferedGroup, option: &OfferedOption, single: bool) -> Markup {
        let locale = &self.visitor.words.locale;
        let id = format!("option-{}", option.code);
        let kind = if single { "radio" } else { "checkbox" };
        let price = option.price.decimal();
        let reason = option.refusal.as_ref().map(|_| format!("{id}-reason"));
        html! {
            label.option .against[option.refusal.is_some()] {
                input type=(kind) id=(id) name={ "choice." (group.code) } value=(option.code)
                    checked[option.chosen] aria-describedby=[&reason];
                span { (option.name) }
                @if !price.is_zero() {
                    span.n { (signed(locale.money(price, self.visitor.exponent()), price)) }
                }
                @if let (Some(refusal), Some(reason)) = (&option.refusal, &reason) {
                    small id=(reason) { (refusal) }
                }
            }
        }
    }

    fn problems(&self) -> Markup {
        html! {
            div.alert role="alert" {
                p { strong { (self.visitor.words.say("options-not-possible")) } }
                ul { @for problem in &self.found.offered.problems { li { (problem.message) } } }
            }
        }
    }

    /// From the base price to the price of one, and of all.
    fn waterfall(&self, price: &Price) -> Markup {
        let words = &self.visitor.words;
        let exponent = currency_exponent(&self.found.currency).unwrap_or(2);
        let money = |amount: Decimal| words.locale.money(amount, exponent);
        let all = price.net.checked_mul(self.found.quantity.decimal());
        let highest = price.steps.iter().map(|step| step.unit_price).chain([price.net]).max();
        html! {
            table.waterfall {
                caption { (words.say("options-price")) " (" (self.found.currency) ")" }
                tbody {
                    @for step in &price.steps {
                        tr data-kind=(step.kind.name()) {
                            th scope="row" { (step.label) }
                            td.n { (signed(money(step.change), step.change)) }
                            td.n { (money(step.unit_price)) }
                            td.share { (bar(step, highest.unwrap_or_default())) }
                        }
                    }
                }
                tfoot {
                    tr { th scope="row" { (words.say("options-of-one")) } td {} td.n { strong { (money(price.net)) } } td {} }
                    @if let Some(all) = all {
                        tr {
                            th scope="row" { (words.say_of("options-of-all", &[("quantity", Arg::Text(&words.locale.decimal(self.found.quantity.decimal(), 0)))])) }
                            td {} td.n { strong { (money(all)) } } td {}
                        }
                    }
                }
            }
        }
    }

    fn supply(&self, outlook: &Outlook) -> Markup {
        let words = &self.visitor.words;
        let number = |quantity: Quantity| words.locale.decimal(quantity.decimal(), 0);
        html! {
            p {
                @match outlook.ready_on {
                    Some(day) => { (words.say("options-ready")) " " strong { (words.locale.date(day)) } }
                    None => { (words.say("options-ready-unknown")) }
                }
            }
            @if !outlook.parts.is_empty() {
                table.parts {
                    caption { (words.say("options-parts")) }
                    thead { tr {
                        th scope="col" { (words.say("options-part")) }
                        th.n scope="col" { (words.say("options-wanted")) }
                        th.n scope="col" { (words.say("options-free")) }
                        th.n scope="col" { (words.say("options-short")) }
                    } }
                    tbody {
                        @for part in &outlook.parts {
                            tr .short[!part.short().is_zero()] {
                                th scope="row" { (part.name) }
                                td.n { (number(part.wanted)) }
                                td.n { (number(part.free)) }
                                td.n { (number(part.short())) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Documents that take the choice up; over a form its field does (`data-choice`).
    fn ways_on(&self) -> Markup {
        let (visitor, words) = (self.visitor, &self.visitor.words);
        let places = configure::places(&visitor.ctx, visitor.schema());
        html! {
            p.deeds.ways {
                button.primary.take type="button" hidden { (words.say("options-use")) }
                @for place in &places {
                    a.button href=(self.address(place)) {
                        (words.say_of("options-take", &[("model", Arg::Text(&words.model(place.document)))]))
                    }
                }
            }
        }
    }

    /// A form of a new document with the choice in it.
    fn address(&self, place: &Place<'_>) -> String {
        let start = place.lines.map(|lines| format!("{lines}.0.")).unwrap_or_default();
        let choice = held_options(&self.found.offered.choice);
        let mut pairs = vec![
            (format!("{start}{}", place.product), self.found.product.to_string()),
            (format!("{start}{}~", place.product), self.found.name.clone()),
            (format!("{start}{}", place.options), choice),
        ];
        if place.lines.is_some() {
            pairs.push((format!("{start}quantity"), self.found.quantity.to_string()));
        }
        let customer = self.pairs.filled("customer");
        let customer = customer.filter(|_| place.document.field("customer").is_some());
        pairs.extend(customer.map(|id| ("customer".to_owned(), id.to_owned())));
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        format!("/{}/new?{}", place.document.name, address::query(pairs))
    }
}

fn signed(text: String, amount: Decimal) -> String {
    if amount > Decimal::ZERO { format!("+{text}") } else { text }
}

/// The step as a part of the highest price, from where it begins to where it ends.
fn bar(step: &PriceStep, highest: Decimal) -> Markup {
    let place = |price: Decimal| {
        let share = price.max(Decimal::ZERO).checked_mul(Decimal::ONE_HUNDRED);
        share.and_then(|share| share.checked_div(highest)).unwrap_or_default().round_dp(1)
    };
    let (from, to) = (step.unit_price - step.change, step.unit_price);
    let (low, high) = (place(from.min(to)), place(from.max(to)));
    html! {
        svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect x=(low) y="0" width=(high - low) height="8" .less[step.change < Decimal::ZERO] {}
        }
    }
}
