//! Runs plugins: components of WebAssembly, each call in an instance of its own, within limits.
//! The kernel decides who is asked, what he is told and what comes of his answer (`kernel::plugins`); this
//! crate answers its questions. In reading order: `host` (the plugins in force), `load` (a component
//! against its manifest), `compile`, `engine`, `call` (one call), `state` (what a plugin reaches: the
//! inner side of all versions of the contract), `imports` and `v0_1`, `v0_2` (the versions), `way_out`
//! (somebody else, over HTTP); `package` is how a plugin travels, `fixtures` tries one without a kernel.
//! Architecture invariants: nothing of WASI is linked; no version knows a limit or a right; no instance
//! lives longer than its call; nothing compiled comes from outside.

mod call;
mod compile;
mod convert;
mod engine;
pub mod fixtures;
mod host;
mod imports;
mod load;
mod meter;
pub mod package;
mod state;
mod v0_1;
mod v0_2;
mod way_out;

pub use compile::{Cache, Compiler, run_as_compiler};
pub use engine::Metering;
pub use host::{Host, Options};
pub use load::Unfit;
pub use way_out::WayOut;

/// What one call may use besides what the manifest says (`schema::plugin::Limits`).
pub mod limits {
    /// Bytes that the host reads from a plugin in one call, answers and arguments together.
    pub const LIFTED_BYTES_MAX: usize = 4 << 20;
    /// Bytes of log kept from one call.
    pub const LOG_BYTES_MAX: usize = 64 << 10;
    /// A plugin that is not given the processor does not hold others up longer than this many times its
    /// processor time.
    pub const WALL_FACTOR: u32 = 10;
    /// How long a job, an event or an action may take with all that it asks for.
    pub const DESK_WALL_MS_MAX: u64 = 60_000;
    pub const TABLE_ELEMENTS_MAX: usize = 20_000;
    pub const STACK_BYTES_MAX: usize = 512 << 10;
}
