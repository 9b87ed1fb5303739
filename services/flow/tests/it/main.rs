//! Flow against a real PostgreSQL and a real NATS.

mod api;
mod door;
mod reactions;
mod support;
