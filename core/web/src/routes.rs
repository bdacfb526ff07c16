//! Every route, on one screen.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, delete, get, post};
use fondaco_kernel::values::limits as sizes;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::pages::office::plugins as wares;
use crate::pages::{
    act, board, bulk, calendar, configure, entry, export, floor, form, home, import, list, notices,
    office, planner, related, report, save, scan, search, settings, sign, timeline as beside, tree,
    worklist, wrong,
};
use crate::{
    App, api, assets, batch, caller, configuration, dashboards, desk, files, health, imports,
    ledger, limits, live, metrics, openapi, papers, plugin, plugins, reports, respond, session,
    timeline,
};

pub fn all(app: App) -> Router {
    api()
        .merge(offices())
        .merge(pages())
        .merge(settings_pages())
        .layer(from_fn_with_state(app.clone(), caller::guard_origin))
        // Styles and scripts.
        .route("/assets/{version}/{name}", get(assets::file))
        // For the operator.
        .route("/health/live", get(health::alive))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::text))
        .fallback(wrong::nowhere)
        .layer(from_fn(respond::as_problem))
        // Not of events, which must not wait for each other.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        // What plugins answer is said as they said it.
        .route("/x/{plugin}", for_plugins(&app, any(plugin::root)))
        .route("/x/{plugin}/{*path}", for_plugins(&app, any(plugin::answer)))
        .layer(from_fn_with_state(app.clone(), limits::at_once))
        .layer(from_fn_with_state(app.clone(), metrics::observe))
        .layer(DefaultBodyLimit::max(sizes::BODY_BYTES_MAX))
        .with_state(app)
}

/// Programs.
fn api() -> Router<App> {
    Router::new()
        // Who is asking.
        .route("/api/session", post(session::sign_in).get(session::who).delete(session::sign_out))
        .route("/api/session/first", post(session::first_administrator))
        .route("/api/session/password", post(session::redeem_code))
        .route("/api/tokens", post(session::create_token).get(session::tokens))
        .route("/api/tokens/{id}", delete(desk::end_token))
        .route("/api/user/{id}/code", post(desk::code))
        .route("/api/notifications", get(notices::list))
        .route("/api/notifications/read", post(notices::read))
        // What there is.
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/events", get(live::events))
        // More than one thing at once.
        .route("/api/batch", post(batch::run))
        // What a configurable product would be, and figures.
        .route("/api/configure", get(configure::api))
        .route("/api/dashboards", get(dashboards::index))
        .route("/api/dashboards/{name}", get(dashboards::run))
        .route("/api/reports", get(reports::index))
        .route("/api/reports/{name}", get(reports::run))
        .route("/api/ledger/trial-balance", get(ledger::trial_balance))
        .route("/api/ledger/accounts/{id}/lines", get(ledger::lines))
        .route("/api/ledger/entries/{id}", get(ledger::entry))
        .route("/api/ledger/verify", post(ledger::verify))
        // Files: a larger body, and nothing that runs.
        .route("/api/attachment/content", post(timeline::upload).layer(for_files()))
        .route("/api/attachment/{id}/content", get(timeline::download))
        // Plugins: a package is a larger body too.
        .route("/api/plugins", get(plugins::index).post(plugins::install).layer(for_files()))
        .route("/api/plugins/{id}", get(plugins::one))
        .route("/api/plugins/{id}/plan", get(plugins::plan))
        .route("/api/plugins/{id}/history", get(plugins::history))
        .route("/api/plugins/{id}/calls", get(plugins::calls))
        .route("/api/plugins/{id}/calls/{call}", get(plugins::call))
        .route("/api/plugins/{id}/calls/{call}/fixture", get(plugins::fixture))
        .route("/api/plugins/{id}/calls/{call}/replay", post(plugins::replay))
        .route("/api/plugins/{id}/shadow", get(plugins::shadow).post(plugins::shadow_of))
        .route("/api/plugins/{id}/{verb}", post(plugins::act))
        // Records of any model.
        .route("/api/{model}", get(api::list).post(api::create))
        .route("/api/{model}/totals", get(api::totals))
        .route("/api/{model}/proposals", get(worklist::api))
        .route("/api/{model}/outlook", post(api::outlook))
        .route("/api/{model}/{id}", get(api::get).patch(api::update).delete(api::delete))
        .route("/api/{model}/{id}/history", get(api::history))
        .route("/api/{model}/{id}/timeline", get(timeline::of_record))
        .route("/api/{model}/{id}/document/{file}", get(papers::pdf))
        .route("/api/{model}/{id}/{action}", post(api::act))
}

/// Programs of administrators, and files that become records.
fn offices() -> Router<App> {
    Router::new()
        // For administrators.
        .route("/api/roles", get(desk::roles))
        .route("/api/explain", get(desk::explain))
        .route("/api/jobs", get(desk::waiting))
        .route("/api/jobs/{id}/again", post(desk::again))
        .route("/api/audit", get(desk::audit))
        .route("/api/modules", get(configuration::modules))
        .route("/api/configuration/plan", post(configuration::planned))
        .route("/api/configuration/apply", post(configuration::applied))
        // Files that become records.
        .route("/api/imports/{id}", get(imports::one))
        .route("/api/imports/{id}/choice", get(imports::choice))
        .route("/api/imports/{id}/preview", post(imports::preview))
        .route("/api/imports/{id}/run", post(imports::run))
        .route("/api/imports/{id}/refused", get(imports::refused))
}

/// People at work.
fn pages() -> Router<App> {
    Router::new()
        // Who is asking.
        .route("/sign-in", get(sign::door).post(sign::sign_in))
        .route("/sign-out", post(sign::sign_out))
        .route("/first", post(sign::first))
        .route("/code", get(sign::code).post(sign::redeem))
        // Finding one's way.
        .route("/", get(home::show))
        .route("/search", get(search::show))
        .route("/palette", get(search::palette))
        .route("/notifications", get(notices::show).post(notices::done))
        .route("/do/look", post(settings::look))
        .route("/do/company", post(settings::company))
        .route("/do/view", post(settings::save_view))
        .route("/do/view/delete", post(settings::forget_view))
        // What hangs on a record, and several records at once.
        .route("/do/note", post(beside::add_note))
        .route("/do/activity", post(beside::add_activity))
        .route("/do/activity-done", post(beside::activity_done))
        .route("/do/bulk/{model}", post(bulk::run))
        .route("/do/move/{model}", post(board::shift))
        .route("/do/worklist/{model}", post(worklist::take_all))
        .route("/do/plan/{model}", post(planner::shift))
        .route("/do/scan/{model}", post(scan::count))
        // Choosing and figures.
        .route("/configure", get(configure::show))
        .route("/reports", get(report::index))
        .route("/report/{name}", get(report::show))
        .route("/report/{name}/{ending}", get(files::reports::file))
        .route("/entry/{id}", get(entry::show))
        // Records of any model.
        .route("/{model}", get(list::show))
        .route("/{model}/board", get(board::show))
        .route("/{model}/calendar", get(calendar::show))
        .route("/{model}/worklist", get(worklist::show))
        .route("/{model}/timeline", get(planner::show))
        .route("/{model}/tree", get(tree::show))
        .route("/{model}/scan", get(scan::index))
        .route("/{model}/floor", get(floor::show))
        .route("/{model}/export", get(export::csv))
        .route("/{model}/export.xlsx", get(export::xlsx))
        .route("/{model}/outlook", post(save::outlook))
        .route("/{model}/new", get(form::new).post(save::create))
        .route("/{model}/{id}", get(form::show).post(save::update))
        .route("/{model}/{id}/related", get(related::show))
        .route("/{model}/{id}/scan", get(scan::show))
        .route("/{model}/{id}/{action}", post(act::run).get(wrong::nowhere))
}

/// People who set things up.
fn settings_pages() -> Router<App> {
    Router::new()
        // Settings, each for whom the rights allow it.
        .route("/settings", get(office::home))
        .route("/settings/users", get(office::users::show).post(office::users::invite))
        .route("/settings/users/{id}/code", post(office::users::code))
        .route("/settings/users/{id}/active", post(office::users::turn))
        .route("/settings/roles", get(office::roles::show))
        .route("/settings/explain", get(office::explain::show))
        .route("/settings/tokens", get(office::tokens::show).post(office::tokens::make))
        .route("/settings/tokens/{id}/end", post(office::tokens::end))
        .route("/settings/modules", get(office::modules::show))
        .route("/settings/fields", get(office::fields::show))
        .route("/settings/plan", get(office::modules::plan))
        .route("/settings/apply", post(office::modules::apply))
        .route("/settings/works/{id}", get(office::work))
        .route("/settings/plugins", get(wares::show).post(wares::install).layer(for_files()))
        .route("/settings/plugins/{id}", get(wares::one))
        .route("/settings/plugins/{id}/calls/{call}/fixture", get(wares::fixture))
        .route("/settings/plugins/{id}/{verb}", post(wares::act))
        .route("/settings/jobs", get(office::jobs::show))
        .route("/settings/jobs/{id}/again", post(office::jobs::again))
        .route("/settings/audit", get(office::audit::show))
        .route("/settings/ledger", get(office::ledger::show))
        .route("/settings/ledger/verify", post(office::ledger::verify))
        // A file becomes records.
        .route("/import", get(import::show).post(import::send).layer(for_files()))
        .route("/import/{id}", get(import::one))
        .route("/import/{id}/preview", post(import::preview))
        .route("/import/{id}/run", post(import::run))
}

fn for_plugins(app: &App, answer: MethodRouter<App>) -> MethodRouter<App> {
    answer.layer(from_fn_with_state(app.clone(), caller::guard_origin))
}

fn for_files() -> DefaultBodyLimit {
    DefaultBodyLimit::max(sizes::ATTACHMENT_BYTES_MAX)
}
