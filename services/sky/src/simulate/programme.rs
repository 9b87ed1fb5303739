//! What is shown on the day, as the house tells it.

use chrono::TimeDelta;
use kernel::{Role, values};
use sky_proto::reservations::v1::{Audience, ListProgrammeRequest, Showing, reservations_client::ReservationsClient};

use super::World;

/// The public showings that start and end while the simulation plays.
pub async fn showings(world: &World) -> anyhow::Result<Vec<Showing>> {
    let mut reservations = ReservationsClient::new(world.api.staff(Role::Desk).await?);
    let request = ListProgrammeRequest {
        from: Some(values::timestamp(world.opens + TimeDelta::minutes(45))),
        until: Some(values::timestamp(world.closes - TimeDelta::minutes(90))),
        include_closed: false,
    };
    let mut showings = reservations.list_programme(request).await?.into_inner().showings;
    showings.retain(|showing| showing.audience() == Audience::Public);
    showings.sort_by_key(|showing| showing.starts_at.map(|at| at.seconds));
    Ok(showings)
}
