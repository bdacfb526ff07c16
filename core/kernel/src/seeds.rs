//! What every company starts with: records from the `data/*.toml` of kernel and modules, sown once.
//! A record is known by its key, so sowing again changes nothing, and what a company has changed
//! since stays changed. The same keys serve imports (`external`).
//!
//! ```toml
//! [[unit]]
//! key = "piece"
//! name = "Piece"
//! category = { key = "count" }      # a link by the key of another record
//! ```
