//! Gastro against real PostgreSQL and NATS: its calls, its capacity, its kitchen, its reactions, its
//! house file.

mod api;
mod capacity;
mod house_file;
mod kitchen;
mod ordering;
mod reactions;
mod support;
