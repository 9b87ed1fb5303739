//! Gastro against real PostgreSQL and NATS: its calls, its capacity, its kitchen, its reactions, its
//! house file.

mod api;
mod capacity;
mod clock_change;
mod combos;
mod counter;
mod firing;
mod given_back;
mod hours;
mod house_file;
mod kds;
mod kitchen;
mod messages;
mod moves;
mod no_time;
mod ordering;
mod paid;
mod pictures;
mod pre_orders;
mod printing;
mod pushing;
mod quarters;
mod questions;
mod reactions;
mod rebooking;
mod receipts;
mod recipes;
mod signing;
mod stations;
mod support;
mod two_stations;
