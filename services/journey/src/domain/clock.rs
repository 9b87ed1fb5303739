//! The clock of the visit: which stretches a party has still to go, how long they take and how sure that is, how much
//! time that leaves before the doors close, and when that makes it a party at risk; and the ways after the showing. Pure. Who is missing (for staff) and
//! the visit's page (for its visitor) are read from here.

pub(crate) mod after;
pub(crate) mod ahead;
pub(crate) mod legs;
pub(crate) mod policy;
pub(crate) mod risk;

#[cfg(test)]
mod tests;
