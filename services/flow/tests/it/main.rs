//! Flow against a real PostgreSQL and a real NATS.

mod api;
mod directives;
mod door;
mod reactions;
mod support;
mod xovis;
mod zones;
