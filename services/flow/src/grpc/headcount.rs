//! The headcount: everything that is known of who is where, read at one instant and told as ranges. No decisions.

use chrono::TimeDelta;
use kernel::values::timestamp;
use sky_proto::flow::v1 as pb;

use super::zones::ZonesGrpc;
use crate::{
    domain::{
        Zone,
        headcount::{self, Basis, Known, Range},
        zones::{Kind, Quality, storey},
    },
    error::Error,
    events, store,
};

/// Showings that start in so many hours before and after now may have guests in the house.
const AROUND: TimeDelta = TimeDelta::hours(24);

const fn basis(basis: Basis) -> pb::HeadcountBasis {
    match basis {
        Basis::Rooms => pb::HeadcountBasis::Rooms,
        Basis::Tickets => pb::HeadcountBasis::Tickets,
        Basis::Doors => pb::HeadcountBasis::Doors,
        Basis::SeenEmpty => pb::HeadcountBasis::SeenEmpty,
    }
}

fn line(zones: &[Zone], zone: &Zone, (range, quality): (Range, Quality)) -> pb::HeadcountZone {
    let level = storey(zones, &zone.id).filter(|level| level.kind == Kind::Level);
    pb::HeadcountZone {
        zone_id: zone.id.clone(),
        name: Some(zone.name.to_proto()),
        level_name: level.map(|level| level.name.to_proto()),
        low: range.low,
        high: range.high,
        observed_at: Some(timestamp(zone.observed_at)),
        quality: events::zones::quality(quality).into(),
    }
}

impl ZonesGrpc {
    pub(super) async fn headcount(&self) -> Result<pb::Headcount, Error> {
        let mut conn = self.0.pool().acquire().await?;
        let now = self.0.clock().now();
        let policy = store::headcount::policy(&mut conn).await?;
        let empty_at = store::headcount::empty_at(&mut conn).await?;
        let doors = match empty_at {
            Some(since) => store::headcount::doors(&mut conn, &policy.doors, since).await?,
            None => None,
        };
        let admissions = store::admissions(&mut conn, now - AROUND, now + AROUND).await?;
        let egress = store::policy(&mut conn).await?.egress();
        let zones = store::zones(&mut conn).await?;
        let rooms: Vec<&Zone> = zones.iter().filter(|zone| zone.kind == Kind::Room).collect();
        let blind_until = store::sensors::blind_until(&mut conn, now).await?;
        let evacuation = store::headcount::evacuation(&mut conn, now - AROUND).await?;
        let known = Known {
            rooms: &rooms,
            admissions: &admissions,
            policy: &policy,
            egress,
            empty_at,
            doors,
            blind_until,
            evacuation,
        };
        let count = headcount::headcount(&known, now);
        Ok(pb::Headcount {
            low: count.total.low,
            high: count.total.high,
            as_of: Some(timestamp(now)),
            oldest: rooms.iter().map(|zone| zone.observed_at).min().map(timestamp),
            house: Some(events::house(&store::house(&mut conn).await?)),
            zones: rooms.iter().zip(count.rooms).map(|(zone, counted)| line(&zones, zone, counted)).collect(),
            basis: basis(count.basis).into(),
            basis_text: Some(count.basis.words().to_proto()),
            assumptions: policy.words(evacuation).iter().map(kernel::values::Text::to_proto).collect(),
            seen_empty_at: empty_at.map(timestamp),
        })
    }
}
