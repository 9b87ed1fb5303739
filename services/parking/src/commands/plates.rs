//! Plates of booked bays, and what cameras see of them, each in a given transaction. No proto, no commit.

use chrono::{DateTime, NaiveDate, Utc};
use data_encoding::HEXLOWER;
use kernel::{
    Tx,
    identity::Keys,
    token,
    values::{day_of, midnight},
};
use uuid::Uuid;

use super::lanes::{LaneAnswer, Seen, record_lane};
use crate::{
    domain::{
        lanes::{Credential, Direction},
        plates::{Behind, Sight, late, may_stand_since},
    },
    error::Error,
    store::{self, plates::Camera},
};

/// A plate as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    /// Under the house's key.
    pub(crate) fingerprint: [u8; 32],
    /// As a lane without a link looks it up, with a key of the day on which the bay is booked.
    pub(crate) for_lanes: Vec<u8>,
    pub(crate) day: NaiveDate,
}

impl Noted {
    /// Of a plate in its one spelling, for a bay of a day.
    pub(crate) fn of(keys: &Keys, plate: &str, day: NaiveDate) -> Self {
        let for_lanes = token::hash(&format!("{}:{plate}", day_key(keys, day)));
        Self { fingerprint: keys.fingerprint("plate", plate), for_lanes, day }
    }
}

/// The key under which a lane without a link looks plates up, on one day and on no other.
pub(crate) fn day_key(keys: &Keys, day: NaiveDate) -> String {
    HEXLOWER.encode(&keys.fingerprint("lane-list", &day.to_string()))
}

/// Notes the plate of a visit's car, in place of the one before; None: forgets it.
pub(crate) async fn set_plate(tx: &mut Tx, visit: Uuid, plate: Option<Noted>) -> Result<(), Error> {
    let now = tx.now();
    let right = store::lock_right(tx.conn(), visit).await?.ok_or(Error::NoRight)?;
    let Some(plate) = plate else {
        return store::plates::forget(tx.conn(), visit).await;
    };
    if !right.keeps_plate() {
        return Err(Error::NoBayForPlate(right.state));
    }
    store::plates::save(tx.conn(), visit, &plate.fingerprint, (&plate.for_lanes, plate.day), now).await
}

/// A camera has seen a car `at` a time by its clock. The site must be locked. `visit` is the one whose plate it is. What
/// comes late is about a car that has passed, and opens nothing; but a way out that has let out none since then opens, for
/// its camera's clock may be wrong: never a trapped car.
pub(crate) async fn seen_by_camera(
    tx: &mut Tx,
    key: Uuid,
    Camera { id, lane, direction, .. }: Camera,
    (sight, at): (&Sight, DateTime<Utc>),
    visit: Option<Uuid>,
) -> Result<LaneAnswer, Error> {
    let now = tx.now();
    let late = late(at, now);
    let mut behind = None;
    let has_passed = match late {
        None => false,
        Some(by) => {
            let before = store::plates::behind(tx.conn(), &id).await?;
            behind = Some(Behind::of(by, before, now));
            let since = may_stand_since(at, before, now);
            direction == Direction::In || store::counting::has_let_out(tx.conn(), &lane, since).await?
        }
    };
    store::plates::note_clock(tx.conn(), &id, behind).await?;
    let credential = match sight {
        _ if has_passed => Credential::Late,
        Sight::Plates(_) => visit.map_or(Credential::UnknownPlate, Credential::Plate),
        Sight::Unreadable => Credential::Unreadable,
    };
    record_lane(tx, Seen { key, lane, direction, credential, by_controller: false }).await
}

/// Forgets the plates whose purpose is over: of rights that have ended, and of days that have.
pub(crate) async fn forget_old(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let forgotten = store::plates::forget_old(tx.conn(), midnight(day_of(now)), now).await?;
    if forgotten > 0 {
        tracing::info!(forgotten, "plates forgotten");
    }
    Ok(())
}
