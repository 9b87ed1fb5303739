//! Flow against a real PostgreSQL and a real NATS.

mod acknowledgements;
mod agents;
mod api;
mod audit;
mod bad_day;
mod causes;
mod clock;
mod directives;
mod door;
mod ended;
mod erasure;
mod everybody_out;
mod headcount;
mod locks;
mod log;
mod offline;
mod reactions;
mod show_list;
mod silences;
mod steps;
mod stops;
mod support;
mod taken_back;
mod weather;
mod xovis;
mod zones;
