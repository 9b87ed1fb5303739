//! Reads who is missing, from what journey itself was told: no other service is asked, so the list is there
//! when the others are not.

use sky_proto::journey::v1 as pb;
use uuid::Uuid;

use super::JourneyGrpc;
use crate::{
    commands::clock::judge,
    domain::{
        Visit,
        missing::{MissingParty, Situation},
    },
    error::Error,
    events, store,
};

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
        let times = store::showings::get(&mut conn, showing).await?;
        let judged = judge(&mut conn, &[(showing, times.as_ref())], now).await?.pop();
        let judged = judged.ok_or_else(|| Error::Stored(format!("showing {showing} that was not judged")))?;
        Ok(Missing { booked: judged.booked, parties: judged.parties, situation: judged.situation })
    }

    pub(super) async fn missing_list(&self, showing: Uuid) -> Result<pb::ListMissingResponse, Error> {
        let missing = self.missing(showing).await?;
        Ok(events::missing::list(missing.booked.iter(), &missing.parties, &missing.situation))
    }
}
