//! Signage against real PostgreSQL and NATS: composing, reactions, streams, API, house file.

mod api;
mod composing;
mod house_file;
mod memory;
mod reactions;
mod support;
mod watch;
