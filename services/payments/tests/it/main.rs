//! Payments against real PostgreSQL, NATS and a provider over HTTP.

mod api;
mod https;
mod online;
mod parts;
mod payouts;
mod support;
