//! Tests of the ledger against a database: a small world of accounts, tables of cases in it, the
//! random operations against a model, and tampering. Tests of pure rules stand beside them.

mod cases;
mod crowd;
mod model;
mod random;
mod checks;
mod speed;
mod tamper;
mod world;
