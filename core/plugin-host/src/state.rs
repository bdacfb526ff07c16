//! What a plugin reaches from inside a call, whatever version of the contract it was built for: its log,
//! its settings, the hour, and the desk where there is one. Limits of the call are kept here and nowhere
//! else; what it may at the desk is the kernel's to say.

use std::fmt;
use std::sync::Arc;

use fondaco_kernel::plugins::{Call, Failed, Installed, Reply, Request};
use fondaco_schema::plugin::Limits;
use tokio::sync::{mpsc, oneshot};
use wasmtime::ResourceLimiter;

use crate::limits::{LOG_BYTES_MAX, TABLE_ELEMENTS_MAX};
use crate::meter::Meter;

/// A call that the host ends.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) kind: Failed,
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn new(kind: Failed, message: impl Into<String>) -> Stop {
        Stop { kind, message: message.into() }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}

/// A question on its way to the desk, and where the answer goes.
pub(crate) type Errand = (Request, oneshot::Sender<Result<Reply, String>>);

pub(crate) struct State {
    plugin: Arc<Installed>,
    limits: Limits,
    pub(crate) meter: Arc<Meter>,
    now_us: i64,
    language: String,
    random: u64,
    /// Of the piece of work.
    key: String,
    pub(crate) host_calls: u32,
    log_bytes: usize,
    pub(crate) memory_bytes: usize,
    desk: Option<mpsc::UnboundedSender<Errand>>,
}

impl State {
    pub(crate) fn new(
        plugin: Arc<Installed>,
        call: &Call,
        (limits, meter): (Limits, Arc<Meter>),
        desk: Option<mpsc::UnboundedSender<Errand>>,
    ) -> State {
        State {
            plugin,
            limits,
            meter,
            now_us: call.now.as_microsecond(),
            language: call.language.clone(),
            random: call.seed,
            key: format!("{:016x}", call.seed),
            host_calls: 0,
            log_bytes: 0,
            memory_bytes: 0,
            desk,
        }
    }

    /// Each call of the plugin to the host counts, before anything else is done for it.
    fn count(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls <= self.limits.host_calls {
            return Ok(());
        }
        let message = format!("it called the host more than {} times", self.limits.host_calls);
        Err(Stop::new(Failed::HostCalls, message).into())
    }

    pub(crate) fn log(&mut self, level: tracing::Level, message: &str) -> wasmtime::Result<()> {
        self.count()?;
        let room = LOG_BYTES_MAX.saturating_sub(self.log_bytes);
        self.log_bytes = self.log_bytes.saturating_add(message.len());
        if room == 0 {
            return Ok(());
        }
        let kept = message.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room).count();
        let text: String = message.chars().take(kept).collect();
        let (plugin, cut) = (self.plugin.manifest.id.as_str(), text.len() < message.len());
        match level {
            tracing::Level::ERROR => tracing::error!(target: "plugin", plugin, cut, "{text}"),
            tracing::Level::WARN => tracing::warn!(target: "plugin", plugin, cut, "{text}"),
            tracing::Level::INFO => tracing::info!(target: "plugin", plugin, cut, "{text}"),
            _ => tracing::debug!(target: "plugin", plugin, cut, "{text}"),
        }
        Ok(())
    }

    pub(crate) fn setting(&mut self, name: &str) -> wasmtime::Result<Option<String>> {
        self.count()?;
        Ok(self.plugin.setting(name))
    }

    pub(crate) fn now(&mut self) -> wasmtime::Result<i64> {
        self.count()?;
        Ok(self.now_us)
    }

    /// SplitMix64 from the seed of the call: for choices that are to be made again, never for secrets.
    pub(crate) fn random(&mut self) -> wasmtime::Result<u64> {
        self.count()?;
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    pub(crate) fn key(&mut self) -> wasmtime::Result<String> {
        self.count()?;
        Ok(self.key.clone())
    }

    pub(crate) fn language(&mut self) -> wasmtime::Result<String> {
        self.count()?;
        Ok(self.language.clone())
    }

    /// Asks at the desk; the inner error is the plugin's to bear.
    pub(crate) async fn ask(
        &mut self,
        request: Request,
    ) -> wasmtime::Result<Result<Reply, String>> {
        self.count()?;
        let Some(desk) = &self.desk else {
            let why = "a hook that a user waits for is told what it selects, and asks for nothing";
            return Ok(Err(why.to_owned()));
        };
        let (answer, wait) = oneshot::channel();
        let lost = || Stop::new(Failed::Lost, "the transaction that it worked in is at its end");
        desk.send((request, answer)).map_err(|_| lost())?;
        Ok(wait.await.map_err(|_| lost())?)
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        let most = usize::try_from(self.limits.memory_mib).unwrap_or_default() << 20;
        if grown > most {
            let message = format!("it used its {} MiB of memory", self.limits.memory_mib);
            return Err(Stop::new(Failed::Memory, message).into());
        }
        self.memory_bytes = grown;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS_MAX {
            let message = format!("a table of more than {TABLE_ELEMENTS_MAX} elements");
            return Err(Stop::new(Failed::Memory, message).into());
        }
        Ok(true)
    }
}
