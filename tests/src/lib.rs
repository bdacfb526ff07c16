//! The test kit: a company in memory with users at their desks (`shop`), its API over HTTP
//! (`served`), a browser on its pages (`browser`), company folders on disk (`folder`) and the real
//! program on them (`program`), public sample data (`sample`), plugins (`guests`) and whom they
//! ask (`peer`), and what benchmarks fill their databases with (`bolts`). The tests themselves are
//! in `tests/it`.

pub mod engine;
pub mod shop;
pub mod bolts;
pub mod served;
pub mod folder;
pub mod program;
pub mod scratch;
pub mod sample;
pub mod browser;
pub mod guests;
pub mod peer;

pub use browser::Browser;
pub use folder::Folder;
pub use fondaco_cluster::both;
pub use peer::Peer;
pub use program::{Client, Program};
pub use served::Served;
pub use shop::Shop;
