//! How long a plugin's own code has run: processor time of the thread that runs it, so that a busy machine
//! kills nobody, with a bound on the clock on the wall, so that nobody is held up for long.
//! What the plugin waits for at the desk counts in neither.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use fondaco_kernel::plugins::{Borrowed, Failed};
use rustix::time::{ClockId, clock_gettime};

use crate::limits::WALL_FACTOR;
use crate::state::Stop;

#[derive(Debug)]
pub(crate) struct Meter {
    budget_us: u64,
    /// Of the slices before the one that runs.
    cpu_us: AtomicU64,
    wall_us: AtomicU64,
    slice_cpu_us: AtomicU64,
    slice_began: Mutex<Instant>,
}

impl Meter {
    pub(crate) fn new(budget_ms: u32) -> Arc<Meter> {
        Arc::new(Meter {
            budget_us: u64::from(budget_ms) * 1_000,
            cpu_us: AtomicU64::new(0),
            wall_us: AtomicU64::new(0),
            slice_cpu_us: AtomicU64::new(0),
            slice_began: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn cpu_us(&self) -> u64 {
        self.cpu_us.load(Ordering::Relaxed)
    }

    /// Whether the running slice is within the budget. Asked at every tick, on the thread that runs it.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        let slice = thread_cpu_us().saturating_sub(self.slice_cpu_us.load(Ordering::Relaxed));
        let cpu = self.cpu_us() + slice;
        let wall = self.wall_us.load(Ordering::Relaxed) + self.slice_wall_us();
        let budget_ms = self.budget_us / 1_000;
        if cpu > self.budget_us {
            let message = format!("it used its {budget_ms} ms of processor time");
            return Err(Stop::new(Failed::Deadline, message));
        }
        if wall > self.budget_us.saturating_mul(u64::from(WALL_FACTOR)) {
            let message = format!("it took longer than {WALL_FACTOR} times its {budget_ms} ms");
            return Err(Stop::new(Failed::Deadline, message));
        }
        Ok(())
    }

    fn slice_wall_us(&self) -> u64 {
        let began = *self.slice_began.lock().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn begin(&self) {
        self.slice_cpu_us.store(thread_cpu_us(), Ordering::Relaxed);
        let mut began = self.slice_began.lock().unwrap_or_else(PoisonError::into_inner);
        *began = Instant::now();
    }

    fn end(&self) {
        let cpu = thread_cpu_us().saturating_sub(self.slice_cpu_us.load(Ordering::Relaxed));
        self.cpu_us.fetch_add(cpu, Ordering::Relaxed);
        self.wall_us.fetch_add(self.slice_wall_us(), Ordering::Relaxed);
    }
}

fn thread_cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let us = time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000);
    u64::try_from(us).unwrap_or_default()
}

/// A future of a plugin, measured each time it runs.
pub(crate) struct Metered<'c, T> {
    pub(crate) meter: Arc<Meter>,
    pub(crate) inner: Borrowed<'c, T>,
}

impl<T> Future for Metered<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.meter.begin();
        let polled = self.inner.as_mut().poll(context);
        self.meter.end();
        polled
    }
}
