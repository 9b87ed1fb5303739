//! Reads who is missing, from what journey itself was told: no other service is asked, so the list is there
//! when the others are not.

use chrono::TimeDelta;
use sky_proto::journey::v1 as pb;
use uuid::Uuid;

use super::JourneyGrpc;
use crate::{
    domain::{
        Visit,
        missing::{self, MissingParty, PACE_SPAN, Situation},
    },
    error::Error,
    events, store,
};

/// When the car park has never told.
const USUAL_WALK: TimeDelta = TimeDelta::minutes(5);

/// A showing's visits, and who of them is missing.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) booked: Vec<Visit>,
    pub(super) parties: Vec<MissingParty>,
    pub(super) situation: Situation,
}

impl JourneyGrpc {
    pub(super) async fn missing(&self, showing: Uuid) -> Result<Missing, Error> {
        let now = self.db.clock().now();
        let mut conn = self.db.reader().await?;
        let booked = store::showings::booked(&mut conn, showing).await?;
        let times = store::showings::get(&mut conn, showing).await?;
        let sights = store::missing::sights(&mut conn, &booked).await?;
        let counts = store::missing::door_counts(&mut conn, showing, now - PACE_SPAN).await?;
        let situation = Situation {
            now,
            door_closes_at: times.map(|times| times.starts_at),
            walk: store::missing::walk(&mut conn).await?.unwrap_or(USUAL_WALK),
            pace: missing::pace(&counts),
        };
        let seen: Vec<_> = booked.iter().map(|visit| (visit.clone(), sights.get(&visit.id).copied())).collect();
        Ok(Missing { parties: missing::missing(&seen, &situation), booked, situation })
    }

    pub(super) async fn missing_list(&self, showing: Uuid) -> Result<pb::ListMissingResponse, Error> {
        let missing = self.missing(showing).await?;
        Ok(events::missing::list(missing.booked.iter(), &missing.parties, &missing.situation))
    }
}
