//! The house as a whole: its rules, who may call what, and the journey through it, in one process and in
//! many.

mod access;
mod architecture;
mod arrival;
mod autonomy;
mod booking;
mod browsers;
mod commands;
mod crash;
mod day;
mod displays;
mod failures;
mod forms;
mod freshness;
mod late;
mod left;
mod processes;
mod replicas;
mod scenario;
mod selling;
mod spoiled;
mod start;
mod topology;
mod unknown;
mod waiting_room;
mod world;
