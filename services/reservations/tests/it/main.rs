//! Reservations against a real PostgreSQL and a real NATS.

mod api;
mod model;
mod reactions;
mod seller;
mod support;
