//! Parking against real PostgreSQL and NATS: its calls, its reactions, its lanes, its house file.

mod apds;
mod api;
mod cameras;
mod capacity;
mod charging;
mod closures;
mod coaches;
mod connections;
mod ended;
mod evacuation;
mod feeds;
mod gates;
mod journal;
mod keys;
mod lanes;
mod meals;
mod occupancy;
mod open_data;
mod reactions;
mod rebooking;
mod staleness;
mod summer_time;
mod support;
mod unseen;
