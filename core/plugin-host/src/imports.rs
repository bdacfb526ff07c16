//! All that a plugin can reach, on one screen. Each version's interfaces are thin: they change types and
//! hand on to `State`, which counts and limits.

use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use crate::state::State;
use crate::{v0_1, v0_2};

/// The interfaces that plugins of a version may import.
pub(crate) fn known(interface: &str, api: &str) -> bool {
    let interfaces: &[&str] = match api {
        "0.1" => &["types", "log", "settings", "context"],
        _ => &["types", "log", "settings", "context", "data", "kv", "http"],
    };
    interfaces.contains(&interface)
}

/// A component with its imports in place: both versions of ours, and traps for what its language brings.
pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<InstancePre<State>> {
    type Own = HasSelf<State>;
    let mut linker: Linker<State> = Linker::new(engine);
    {
        use v0_1::bindings::fondaco::plugin::{context, log, settings, types};
        types::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        log::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        settings::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        context::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    }
    {
        use v0_2::bindings::fondaco::plugin::{context, data, http, kv, log, settings, types};
        types::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        log::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        settings::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        context::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        data::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        kv::add_to_linker::<_, Own>(&mut linker, |state| state)?;
        http::add_to_linker::<_, Own>(&mut linker, |state| state)?;
    }
    // `load` has refused everything unknown but what standard libraries bring.
    linker.define_unknown_imports_as_traps(component)?;
    linker.instantiate_pre(component)
}
