//! Payments against real PostgreSQL, NATS and a provider over HTTP.

mod api;
mod online;
mod parts;
mod payouts;
mod support;
