//! What `sdk/wit/0.2` is in Rust. One world for each point, since a component exports what it has and no
//! more; all of them speak with the types and the imports of the first.

pub mod with_jobs {
    wit_bindgen::generate!({
        path: "../wit/0.2",
        world: "with-jobs",
        pub_export_macro: true,
        default_bindings_module: "fondaco_plugin::wit::with_jobs",
        export_macro_name: "export_jobs",
        generate_all,
        additional_derives: [PartialEq],
    });
}

macro_rules! world {
    ($name:ident, $world:literal, $module:literal, $export:literal $(, $import:literal: $own:path)*) => {
        pub mod $name {
            wit_bindgen::generate!({
                path: "../wit/0.2",
                world: $world,
                pub_export_macro: true,
                default_bindings_module: $module,
                export_macro_name: $export,
                additional_derives: [PartialEq],
                with: {
                    "fondaco:plugin/types@0.2.0": crate::wit::with_jobs::fondaco::plugin::types,
                    "fondaco:plugin/log@0.2.0": crate::wit::with_jobs::fondaco::plugin::log,
                    "fondaco:plugin/settings@0.2.0": crate::wit::with_jobs::fondaco::plugin::settings,
                    "fondaco:plugin/context@0.2.0": crate::wit::with_jobs::fondaco::plugin::context,
                    "fondaco:plugin/data@0.2.0": crate::wit::with_jobs::fondaco::plugin::data,
                    $($import: $own,)*
                },
            });
        }
    };
}

world!(with_records, "with-records", "fondaco_plugin::wit::with_records", "export_records");
world!(with_guards, "with-guards", "fondaco_plugin::wit::with_guards", "export_guards");
world!(with_effects, "with-effects", "fondaco_plugin::wit::with_effects", "export_effects");
world!(with_pricing, "with-pricing", "fondaco_plugin::wit::with_pricing", "export_pricing");
world!(
    with_events,
    "with-events",
    "fondaco_plugin::wit::with_events",
    "export_events",
    "fondaco:plugin/kv@0.2.0": crate::wit::with_jobs::fondaco::plugin::kv,
    "fondaco:plugin/http@0.2.0": crate::wit::with_jobs::fondaco::plugin::http
);
world!(
    with_requests,
    "with-requests",
    "fondaco_plugin::wit::with_requests",
    "export_requests",
    "fondaco:plugin/kv@0.2.0": crate::wit::with_jobs::fondaco::plugin::kv,
    "fondaco:plugin/http@0.2.0": crate::wit::with_jobs::fondaco::plugin::http
);
world!(with_actions, "with-actions", "fondaco_plugin::wit::with_actions", "export_actions");

pub use with_actions::exports::fondaco::plugin::actions;
pub use with_effects::exports::fondaco::plugin::effects;
pub use with_events::exports::fondaco::plugin::events;
pub use with_guards::exports::fondaco::plugin::guards;
pub use with_jobs::exports::fondaco::plugin::jobs;
pub use with_jobs::fondaco::plugin::{context, data, http, kv, log, settings, types};
pub use with_pricing::exports::fondaco::plugin::pricing;
pub use with_records::exports::fondaco::plugin::records;
pub use with_requests::exports::fondaco::plugin::requests;
