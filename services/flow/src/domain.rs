//! Admissions, zones, the house's state, and the verdict on a scan. Pure: no I/O, no clock, no proto.

mod admission;
pub(crate) mod advice;
pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod coming;
pub(crate) mod counters;
pub(crate) mod directives;
pub(crate) mod estimates;
pub(crate) mod headcount;
mod house;
pub(crate) mod incidents;
pub(crate) mod journal;
pub(crate) mod queue;
pub(crate) mod replay;
pub(crate) mod scan;
pub(crate) mod steps;
pub(crate) mod ways;
pub(crate) mod weather;
pub(crate) mod zones;

pub(crate) use admission::{Admission, AdmissionState};
pub(crate) use house::{House, HouseState, Next, Setting};
pub(crate) use zones::{Level, Quality, Zone};

#[cfg(test)]
mod tests;
