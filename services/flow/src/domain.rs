//! Admissions, zones, the house's state, and the verdict on a scan. Pure: no I/O, no clock, no proto.

mod admission;
mod house;
pub(crate) mod scan;
mod zone;

pub(crate) use admission::{Admission, AdmissionState};
pub(crate) use house::{House, HouseState, Setting};
pub(crate) use zone::{Level, Quality, Zone};

#[cfg(test)]
mod tests;
