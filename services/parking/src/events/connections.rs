//! What speaks from outside, in the words of the contract. Decides nothing.

use kernel::values::timestamp;
use sky_proto::parking::v1 as pb;

use crate::domain::connections::{Act, Connection, Kind, Step};

pub(crate) fn connection(it: &Connection) -> pb::Connection {
    let kind = match it.kind {
        Kind::Camera => pb::ConnectionKind::Camera,
        Kind::Feed => pb::ConnectionKind::Feed,
        Kind::Apds => pb::ConnectionKind::Apds,
        Kind::Ocpi => pb::ConnectionKind::Ocpi,
    };
    pb::Connection {
        device_id: it.id.clone(),
        kind: kind.into(),
        lane: it.lane.clone(),
        has_token: it.has_token,
        last_used_at: it.used_at.map(timestamp),
        acts: it.acts.iter().map(act).collect(),
    }
}

fn act(it: &Act) -> pb::TokenAct {
    let step = match it.step {
        Step::Issued => pb::TokenStep::Issued,
        Step::Revoked => pb::TokenStep::Revoked,
    };
    pb::TokenAct { at: Some(timestamp(it.at)), step: step.into(), by: it.by.clone() }
}
