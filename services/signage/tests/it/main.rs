//! Signage against real PostgreSQL and NATS: composing, reactions, streams, API, house file.

mod acknowledgements;
mod api;
mod audit;
mod calendar;
mod called;
mod cap_out;
mod composing;
mod conformance;
mod devices;
mod feeds;
mod hazards;
mod house_file;
mod late_entry;
mod lifts;
mod many;
mod memory;
mod open_formats;
mod players;
mod presence;
mod programmes;
mod reactions;
mod restored;
mod setup;
mod silence;
mod support;
mod watch;
