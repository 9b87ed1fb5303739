//! Gastro against real PostgreSQL and NATS: its calls, its capacity, its kitchen, its reactions, its
//! house file.

mod api;
mod capacity;
mod counter;
mod firing;
mod house_file;
mod kds;
mod kitchen;
mod moves;
mod ordering;
mod printing;
mod reactions;
mod rebooking;
mod receipts;
mod stations;
mod support;
