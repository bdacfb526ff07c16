//! What only a database server does: units of work that it lets run again, and its wall between
//! companies.

mod reruns;
mod wall;
