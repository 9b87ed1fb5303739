//! The front desk: one till, and a queue in front of it whose people staff count with the clicker.

use kernel::Role;
use rand::RngExt;
use sky_proto::flow::v1::{ClickZoneRequest, zones_client::ZonesClient};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{World, estimates::What};

/// The zone in the house file.
const ZONE: &str = "desk";

/// The till: whoever comes first is served first.
#[derive(Debug, Default)]
pub struct Desk(Mutex<()>);

/// A party queues up, is served, and goes on its way.
pub async fn serve<T>(world: &World, people: u32, served: impl Future<Output = T>) -> anyhow::Result<T> {
    let (came, estimates) = (world.clock.now(), &world.report.estimates);
    let told = estimates.told(What::Desk, came);
    world.report.places.queue_up(people.into());
    click(world, people.cast_signed()).await?;
    let till = world.desk.0.lock().await;
    // Greeting, looking the booking up, paying, a word on the way.
    let seconds = rand::rng().random_range(35..95);
    world.wait(seconds).await;
    let done = served.await;
    drop(till);
    world.report.places.leave_desk(people.into());
    click(world, -people.cast_signed()).await?;
    estimates.stayed(What::Desk, told, (world.clock.now() - came).num_seconds().unsigned_abs());
    Ok(done)
}

async fn click(world: &World, people: i32) -> anyhow::Result<()> {
    let request = ClickZoneRequest { idempotency_key: Uuid::new_v4().to_string(), zone_id: ZONE.to_owned(), people };
    ZonesClient::new(world.api.staff(Role::Desk).await?).click_zone(request).await?;
    Ok(())
}
