//! Flow against a real PostgreSQL and a real NATS.

mod api;
mod audit;
mod bad_day;
mod clock;
mod directives;
mod door;
mod erasure;
mod headcount;
mod log;
mod offline;
mod reactions;
mod stops;
mod support;
mod xovis;
mod zones;
