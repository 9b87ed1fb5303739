//! The list of all services. Nothing but this binary knows it.

use kernel::Service;

/// Every service of the house.
pub const ALL: [Service; 8] = [
    reservations::SERVICE,
    parking::SERVICE,
    flow::SERVICE,
    signage::SERVICE,
    gastro::SERVICE,
    payments::SERVICE,
    journey::SERVICE,
    portal::SERVICE,
];

/// The services of a list of names; "all" is all of them.
///
/// # Errors
/// A name that is none, with those that are.
pub fn named(names: &[String]) -> anyhow::Result<Vec<Service>> {
    if names.iter().any(|name| name == "all") {
        return Ok(ALL.to_vec());
    }
    names
        .iter()
        .map(|name| {
            ALL.into_iter().find(|service| service.name == name).ok_or_else(|| {
                let known: Vec<&str> = ALL.iter().map(|service| service.name).collect();
                anyhow::anyhow!("there is no service \"{name}\"; choose from all, {}", known.join(", "))
            })
        })
        .collect()
}
