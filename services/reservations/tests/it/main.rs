//! Reservations against a real PostgreSQL and a real NATS.

mod api;
mod reactions;
mod support;
