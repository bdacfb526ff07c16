//! One call: a fresh instance, its limits, the desk beside it, and what it came to. Nothing of an instance
//! outlives its call, so a plugin that falls takes nothing with it, and keeps nothing for the next caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_kernel::plugins::{
    Answer, Ask, Borrowed, Call, Called, Desk, Failed, Failure, Installed, Spent, Word,
};
use fondaco_schema::plugin::Limits;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::engine::{Metering, Running};
use crate::limits::{DESK_WALL_MS_MAX, LIFTED_BYTES_MAX};
use crate::meter::{Meter, Metered};
use crate::state::{Errand, State, Stop};

/// More than any call can use.
const FUEL: u64 = u64::MAX / 2;
const HANDLES_MAX: usize = 1_000;

/// A component of whichever version, linked and ready to be instantiated.
pub(crate) trait Guest: Send + Sync {
    /// The outer error is the machine's: a trap, a limit. The inner one is the plugin's own.
    fn call<'c>(
        &'c self,
        store: &'c mut Store<State>,
        hook: &'c str,
        ask: &'c Ask,
    ) -> Borrowed<'c, wasmtime::Result<Word<Answer>>>;
}

/// Runs one call to its end.
pub(crate) async fn run(
    (running, metering): (&Running, Metering),
    guest: &dyn Guest,
    plugin: Arc<Installed>,
    call: &Call,
    desk: Option<&mut dyn Desk>,
) -> Called {
    let mut limits = plugin.limits();
    limits.cpu_ms = limits.cpu_ms.saturating_mul(hundreds(&call.ask));
    if desk.is_some() {
        limits.cpu_ms = limits.cpu_ms.saturating_mul(Limits::LONGER);
    }
    let meter = Meter::new(limits.cpu_ms);
    let (errands, inbox) = mpsc::unbounded_channel();
    let errands = desk.is_some().then_some(errands);
    let state = State::new(plugin, call, (limits, meter.clone()), errands);
    let _slot = running.slot().await;
    let _ticking = running.enter();
    let mut store = Store::new(&running.engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(LIFTED_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        context.data().meter.check()?;
        Ok(UpdateDeadline::Yield(1))
    });
    let metered = metering == Metering::Fuel && store.set_fuel(FUEL).is_ok();
    let work =
        Metered { meter: meter.clone(), inner: guest.call(&mut store, &call.hook, &call.ask) };
    let outcome = serve(work, inbox, desk).await;
    let state = store.data();
    let spent = Spent {
        cpu_us: meter.cpu_us(),
        memory_bytes: u64::try_from(state.memory_bytes).unwrap_or(u64::MAX),
        host_calls: state.host_calls,
        fuel: if metered { FUEL.saturating_sub(store.get_fuel().unwrap_or(FUEL)) } else { 0 },
    };
    let outcome = outcome.unwrap_or_else(|error| Err(failure(&error)));
    Called { outcome, spent }
}

/// A batch has the time of a call for each hundred that it has begun.
fn hundreds(ask: &Ask) -> u32 {
    let many = match ask {
        Ask::Save(told) => told.len(),
        Ask::Price(prices) => prices.len(),
        _ => 1,
    };
    u32::try_from(many.div_ceil(100).max(1)).unwrap_or(u32::MAX)
}

/// Lets the plugin work and answers what it asks, until it has answered itself.
async fn serve(
    mut work: Metered<'_, wasmtime::Result<Word<Answer>>>,
    mut inbox: UnboundedReceiver<Errand>,
    desk: Option<&mut dyn Desk>,
) -> wasmtime::Result<Word<Answer>> {
    let Some(desk) = desk else { return work.await };
    let began = Instant::now();
    loop {
        let (request, answer) = tokio::select! {
            biased;
            outcome = &mut work => return outcome,
            Some(errand) = inbox.recv() => errand,
        };
        if began.elapsed() > Duration::from_millis(DESK_WALL_MS_MAX) {
            let message = format!("it took longer than {} s", DESK_WALL_MS_MAX / 1_000);
            return Err(Stop::new(Failed::Deadline, message).into());
        }
        let Ok(reply) = desk.serve(request).await else {
            return Err(Stop::new(Failed::Lost, "its transaction was lost").into());
        };
        // It may have been ended meanwhile.
        let _ = answer.send(reply.map_err(|error| error.to_string()));
    }
}

fn failure(error: &wasmtime::Error) -> Failure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return Failure::new(stop.kind, stop.message.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Failure::new(Failed::Trap, "it used its stack"),
        Some(trap) => Failure::new(Failed::Trap, format!("its code ended: {trap}")),
        None => {
            let cause = error.root_cause().to_string();
            Failure::new(Failed::Output, format!("what it said cannot be read: {cause}"))
        }
    }
}
