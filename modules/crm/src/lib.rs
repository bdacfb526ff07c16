//! Leads, opportunities, activities and the customer's page. `module()` is the plain list of what
//! the Rust of this module adds.
//! Not here: quotes (module cpq), orders (module sales).

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

mod activity;
mod duplicates;
mod exchange;
mod key;
mod lead;
mod opportunity;
mod overview;
mod pipeline;
mod seen;

/// The module, to be handed to the kernel.
pub fn module() -> Module {
    Module::new("crm", include_str!("../module.toml"))
        .locales(locales!("crm"))
        .models(MODELS)
        .dashboards(DASHBOARDS)
        .reports(REPORTS)
        .data(&[("data/crm.toml", include_str!("../data/crm.toml"))])
        .record::<lead::Lead>()
        .record::<lead::Outcome>()
        .record::<lead::NewParty>()
        .record::<lead::NewAddress>()
        .record::<lead::NewWay>()
        .record::<duplicates::LeadKey>()
        .record::<duplicates::WayKey>()
        .record::<duplicates::ContactKey>()
        .record::<duplicates::Ways>()
        .record::<duplicates::Way>()
        .record::<opportunity::Opportunity>()
        .record::<opportunity::OpportunityLine>()
        .record::<opportunity::StageChange>()
        .record::<opportunity::Stage>()
        .record::<opportunity::Course>()
        .record::<overview::Said>()
        .opening(|tx, opening| Box::pin(duplicates::open(tx, opening)))
        .before_save("crm.lead", |tx, batch| Box::pin(lead::prepare(tx, batch)))
        .before_save("crm.opportunity", |tx, batch| Box::pin(opportunity::prepare(tx, batch)))
        .before_save("party", |tx, batch| Box::pin(duplicates::prepare_party(tx, batch)))
        .before_save("contact", |tx, batch| Box::pin(duplicates::prepare_contact(tx, batch)))
        .action("crm.lead", "qualify", act!(lead::qualify))
        .action("crm.lead", "convert", act!(lead::convert))
        .action("crm.lead", "lose", act!(lead::lose))
        .action("crm.lead", "reopen", act!(lead::reopen))
        .action("crm.lead", "plan", act!(activity::plan_for_lead))
        .action("crm.opportunity", "win", act!(opportunity::win))
        .action("crm.opportunity", "lose", act!(opportunity::lose))
        .action("crm.opportunity", "reopen", act!(opportunity::reopen))
        .action("crm.opportunity", "order", act!(opportunity::order))
        .action("crm.opportunity", "plan", act!(activity::plan_for_opportunity))
        .inside("cpq.quote.accepted", |tx, event| Box::pin(opportunity::quote_accepted(tx, event)))
        .job(duplicates::KEYS, |tx, _| Box::pin(duplicates::complete_keys(tx)))
        .report("crm.pipeline", |tx, args| Box::pin(pipeline::pipeline(tx, args)))
        .report("crm.forecast", |tx, args| Box::pin(pipeline::forecast(tx, args)))
        .report("crm.losses", |tx, args| Box::pin(pipeline::losses(tx, args)))
        .report("crm.activities", |tx, args| Box::pin(activity::report(tx, args)))
        .report("crm.duplicates", |tx, args| Box::pin(duplicates::report(tx, args)))
        .report("crm.overview", |tx, args| Box::pin(overview::report(tx, args)))
        .port(|ports| ports.overview.push(Arc::new(opportunity::Opportunities)))
}

const MODELS: &[(&str, &str)] = &[
    ("models/lead.toml", include_str!("../models/lead.toml")),
    ("models/opportunity.toml", include_str!("../models/opportunity.toml")),
    ("models/opportunity_line.toml", include_str!("../models/opportunity_line.toml")),
    ("models/stage_change.toml", include_str!("../models/stage_change.toml")),
    ("models/stage.toml", include_str!("../models/stage.toml")),
    ("models/source.toml", include_str!("../models/source.toml")),
    ("models/lost_reason.toml", include_str!("../models/lost_reason.toml")),
    ("models/party.toml", include_str!("../models/party.toml")),
    ("models/contact.toml", include_str!("../models/contact.toml")),
    ("models/contact_way.toml", include_str!("../models/contact_way.toml")),
];

const DASHBOARDS: &[(&str, &str)] = &[
    ("dashboards/desk.toml", include_str!("../dashboards/desk.toml")),
    ("dashboards/service.toml", include_str!("../dashboards/service.toml")),
];

const REPORTS: &[(&str, &str)] = &[
    ("reports/pipeline.toml", include_str!("../reports/pipeline.toml")),
    ("reports/forecast.toml", include_str!("../reports/forecast.toml")),
    ("reports/losses.toml", include_str!("../reports/losses.toml")),
    ("reports/activities.toml", include_str!("../reports/activities.toml")),
    ("reports/duplicates.toml", include_str!("../reports/duplicates.toml")),
    ("reports/overview.toml", include_str!("../reports/overview.toml")),
];
