//! The data model on a whole kernel in memory, over a small module of orders.

mod world;
mod agreement;
mod migration;
mod search;
mod kept;
mod stories;
mod texts;
mod figures;
mod letters;
mod postgres;
