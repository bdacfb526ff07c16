//! SQL and memory agree.
