//! The test kit: a company in memory with users at their desks (`shop`), the real program over
//! HTTP (`program`). The tests themselves are in `tests/it`.

pub mod program;
pub mod shop;
pub mod scratch;

pub use program::Program;
pub use shop::Shop;
