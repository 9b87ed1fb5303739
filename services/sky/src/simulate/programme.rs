//! What is shown on the day, as the house tells it.

use chrono::TimeDelta;
use kernel::{Role, values};
use sky_proto::reservations::v1::{Audience, ListProgrammeRequest, Showing, reservations_client::ReservationsClient};

use super::World;

/// People come before a showing, and eat and drive home after it: so long the day is open on both sides.
pub const BEFORE: TimeDelta = TimeDelta::minutes(45);
/// See [`BEFORE`].
pub const AFTER: TimeDelta = TimeDelta::minutes(90);

/// The public showings that start and end while the simulation plays.
pub async fn showings(world: &World) -> anyhow::Result<Vec<Showing>> {
    let mut reservations = ReservationsClient::new(world.api.staff(Role::Desk).await?);
    let request = ListProgrammeRequest {
        from: Some(values::timestamp(world.opens + BEFORE)),
        until: Some(values::timestamp(world.closes - AFTER)),
        include_closed: false,
    };
    let mut showings = reservations.list_programme(request).await?.into_inner().showings;
    showings.retain(|showing| showing.audience() == Audience::Public);
    showings.sort_by_key(|showing| showing.starts_at.map(|at| at.seconds));
    Ok(showings)
}
