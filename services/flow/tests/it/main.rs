//! Flow against a real PostgreSQL and a real NATS.

mod api;
mod clock;
mod directives;
mod door;
mod log;
mod offline;
mod reactions;
mod support;
mod xovis;
mod zones;
