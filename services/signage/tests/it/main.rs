//! Signage against real PostgreSQL and NATS: composing, reactions, streams, API, house file.

mod api;
mod composing;
mod devices;
mod house_file;
mod memory;
mod open_formats;
mod presence;
mod programmes;
mod reactions;
mod setup;
mod silence;
mod support;
mod watch;
