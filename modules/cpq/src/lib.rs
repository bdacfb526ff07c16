//! Configure, price, quote. `module()` is the plain list of what the Rust of this module adds.
//! Not here: orders (module sales), bills of materials (module manufacturing).

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

mod choice;
mod configuration;
mod item;
mod lines;
mod offered;
mod option;
mod overview;
mod price_list;
mod pricing;
mod quote;
mod reach;
mod report;
mod rule;
#[cfg(test)]
mod samples;
mod variant;
mod volume;
mod waterfall;

/// The module, to be handed to the kernel.
pub fn module() -> Module {
    Module::new("cpq", include_str!("../module.toml"))
        .locales(locales!("cpq"))
        .models(MODELS)
        .reports(REPORTS)
        .documents(DOCUMENTS)
        .record::<option::OptionGroup>()
        .record::<option::ProductOption>()
        .record::<rule::Rule>()
        .record::<configuration::Configuration>()
        .record::<item::Item>()
        .record::<price_list::PriceList>()
        .record::<price_list::PriceListLine>()
        .record::<price_list::Customer>()
        .record::<volume::VolumeDiscount>()
        .record::<volume::Tier>()
        .record::<quote::Quote>()
        .record::<quote::QuoteLine>()
        .record::<quote::Course>()
        .record::<quote::Version>()
        .record::<quote::Limits>()
        .before_save("cpq.option_group", |tx, batch| Box::pin(option::prepare(tx, batch)))
        .before_save("cpq.rule", |tx, batch| Box::pin(rule::prepare(tx, batch)))
        .before_save("cpq.configuration", |tx, batch| Box::pin(configuration::prepare(tx, batch)))
        .before_save("cpq.price_list", |tx, batch| Box::pin(price_list::prepare(tx, batch)))
        .before_save("cpq.volume_discount", |tx, batch| Box::pin(volume::prepare(tx, batch)))
        .before_save("cpq.quote", |tx, batch| Box::pin(quote::prepare(tx, batch)))
        .action("cpq.quote", "refresh", act!(quote::refresh))
        .action("cpq.quote", "approve", act!(quote::approve))
        .action("cpq.quote", "send", act!(quote::send))
        .action("cpq.quote", "revise", act!(quote::revise))
        .action("cpq.quote", "accept", act!(quote::accept))
        .action("cpq.quote", "reject", act!(quote::reject))
        .action("cpq.quote", "expire", act!(quote::expire))
        .action("cpq.quote", "cancel", act!(quote::cancel))
        .action("cpq.quote", "order", act!(quote::order))
        .job(quote::EXPIRE, |tx, payload| Box::pin(quote::expire_due(tx, payload)))
        .report("cpq.price", |tx, args| Box::pin(report::price(tx, args)))
        .report("cpq.results", |tx, args| Box::pin(report::results(tx, args)))
        .port(|ports| ports.pricing = Some(Arc::new(pricing::Prices)))
        .port(|ports| ports.configuration = Some(Arc::new(configuration::Configurator)))
        .port(|ports| ports.overview.push(Arc::new(overview::Quotes)))
}

const MODELS: &[(&str, &str)] = &[
    ("models/option_group.toml", include_str!("../models/option_group.toml")),
    ("models/option.toml", include_str!("../models/option.toml")),
    ("models/rule.toml", include_str!("../models/rule.toml")),
    ("models/configuration.toml", include_str!("../models/configuration.toml")),
    ("models/chosen.toml", include_str!("../models/chosen.toml")),
    ("models/price_list.toml", include_str!("../models/price_list.toml")),
    ("models/price_list_line.toml", include_str!("../models/price_list_line.toml")),
    ("models/volume_discount.toml", include_str!("../models/volume_discount.toml")),
    ("models/volume_tier.toml", include_str!("../models/volume_tier.toml")),
    ("models/quote.toml", include_str!("../models/quote.toml")),
    ("models/quote_line.toml", include_str!("../models/quote_line.toml")),
    ("models/quote_version.toml", include_str!("../models/quote_version.toml")),
    ("models/product.toml", include_str!("../models/product.toml")),
    ("models/party.toml", include_str!("../models/party.toml")),
    ("models/company.toml", include_str!("../models/company.toml")),
];

const REPORTS: &[(&str, &str)] = &[
    ("reports/price.toml", include_str!("../reports/price.toml")),
    ("reports/results.toml", include_str!("../reports/results.toml")),
];

const DOCUMENTS: &[(&str, &str)] =
    &[("documents/quote.toml", include_str!("../documents/quote.toml"))];
