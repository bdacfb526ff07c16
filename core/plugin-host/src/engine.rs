//! Engines: one a tier, since the slots of a pool are all of one size, each with a thread that ticks while
//! somebody runs. INVARIANT: what is compiled for an engine depends on its tier and its metering only, so
//! that the compiler, which has no pool, makes the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fondaco_schema::plugin::{Limits, Tier};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::limits::{STACK_BYTES_MAX, TABLE_ELEMENTS_MAX};

/// One tick: what a deadline is exact to.
const TICK: Duration = Duration::from_millis(1);
const GUARD_BYTES: u64 = 32 << 20;
/// What stays in memory of a slot between two calls where the kernel does not say which pages were
/// written (Linux before 6.7): so much from the beginning is copied at each call, written or not.
const KEPT_BLINDLY_BYTES: usize = 64 << 10;
const STACK_WITH_HOST_BYTES: usize = 1 << 20;
/// The clock rests when nobody has run for so many ticks: whoever comes sooner need not wake it.
const TICKS_AWAKE: u32 = 100;

/// How the time of a plugin is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Metering {
    /// By processor time.
    #[default]
    Time,
    /// By fuel too: counted exactly, the same on every run and machine. Slower; for tests.
    Fuel,
}

/// What a pool has for each tier.
struct Slots {
    slots: u32,
    instances: u32,
    tables: u32,
    table_elements: usize,
    instance_bytes: usize,
    /// What stays in memory of a slot between two calls where the kernel says which pages were written:
    /// those are put back by copying, and neither given back nor fetched once more.
    kept_bytes: usize,
}

fn slots(tier: Tier) -> Slots {
    match tier {
        Tier::Pure => Slots {
            slots: 128,
            instances: 32,
            tables: 16,
            table_elements: TABLE_ELEMENTS_MAX,
            instance_bytes: 4 << 20,
            kept_bytes: 512 << 10,
        },
        // An interpreter brings many parts: one of Python has 38.
        Tier::Script => Slots {
            slots: 16,
            instances: 64,
            tables: 64,
            table_elements: 60_000,
            instance_bytes: 8 << 20,
            kept_bytes: 8 << 20,
        },
    }
}

fn memory_bytes(tier: Tier) -> u64 {
    u64::from(Limits::memory_mib_max(tier)) << 20
}

/// What code is compiled for: the same for those who run it and for the compiler.
fn config(tier: Tier, metering: Metering) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .relaxed_simd_deterministic(true)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .consume_fuel(metering == Metering::Fuel)
        .max_wasm_stack(STACK_BYTES_MAX)
        .async_stack_size(STACK_WITH_HOST_BYTES)
        .memory_init_cow(true)
        .memory_may_move(false)
        .memory_reservation(memory_bytes(tier))
        .memory_guard_size(GUARD_BYTES);
    config
}

/// An engine that only compiles: it sets no memory aside.
pub(crate) fn compiler(tier: Tier, metering: Metering) -> wasmtime::Result<Engine> {
    Engine::new(&config(tier, metering))
}

/// An engine with its pool and its clock.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    clock: Arc<Clock>,
    slots: Semaphore,
}

impl Running {
    pub(crate) fn new(tier: Tier, metering: Metering) -> wasmtime::Result<Running> {
        let mut with_pool = config(tier, metering);
        with_pool.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(tier)));
        let engine = Engine::new(&with_pool).or_else(|error| {
            tracing::warn!(%error, "no pool of memory for plugins; each call sets its own aside");
            Engine::new(&config(tier, metering))
        })?;
        let clock = Arc::new(Clock::default());
        let (ticks, weak) = (clock.clone(), engine.weak());
        let thread = std::thread::Builder::new().name("fondaco-ticks".to_owned());
        let thread = thread.spawn(move || ticks.tick(&weak))?;
        let _ = clock.thread.set(thread.thread().clone());
        let slots = Semaphore::new(usize::try_from(slots(tier).slots).unwrap_or(1));
        Ok(Running { engine, clock, slots })
    }

    /// Waits until there is room for one call more.
    pub(crate) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }

    /// The clock ticks as long as one of these lives.
    pub(crate) fn enter(&self) -> Ticking {
        if self.clock.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.clock.wake();
        }
        Ticking(self.clock.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.clock.ended.store(true, Ordering::Release);
        self.clock.wake();
    }
}

#[derive(Default)]
struct Clock {
    running: AtomicUsize,
    ended: AtomicBool,
    thread: std::sync::OnceLock<std::thread::Thread>,
}

impl Clock {
    /// Costs a system call only where the thread is asleep.
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The work of the thread. Nobody gets a tick that he has not waited for: what ran into one at once
    /// would give its thread back before it has begun.
    fn tick(&self, engine: &EngineWeak) {
        let mut idle = 0;
        while !self.ended.load(Ordering::Acquire) {
            idle = if self.running.load(Ordering::Acquire) == 0 { idle + 1 } else { 0 };
            if idle > TICKS_AWAKE {
                std::thread::park();
                idle = 0;
            }
            std::thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    }
}

pub(crate) struct Ticking(Arc<Clock>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

fn pool(tier: Tier) -> PoolingAllocationConfig {
    let Slots { slots, instances, tables, table_elements, instance_bytes, kept_bytes } =
        slots(tier);
    let kept = match PoolingAllocationConfig::is_pagemap_scan_available() {
        true => kept_bytes,
        false => KEPT_BLINDLY_BYTES,
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots * 4)
        .total_memories(slots)
        .total_tables(slots * 4)
        .total_stacks(slots)
        .max_memory_size(usize::try_from(memory_bytes(tier)).unwrap_or(usize::MAX))
        .max_core_instances_per_component(instances)
        .max_tables_per_component(tables)
        .max_memories_per_component(1)
        .max_component_instance_size(instance_bytes)
        .max_core_instance_size(instance_bytes)
        .table_elements(table_elements)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(kept)
        .table_keep_resident(kept)
        .max_unused_warm_slots(slots);
    pool
}
