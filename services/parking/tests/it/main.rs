//! Parking against real PostgreSQL and NATS: its calls, its reactions, its lanes, its house file.

mod api;
mod cameras;
mod capacity;
mod closures;
mod feeds;
mod gates;
mod lanes;
mod occupancy;
mod open_data;
mod reactions;
mod rebooking;
mod support;
