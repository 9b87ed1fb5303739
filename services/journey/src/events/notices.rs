//! A notice in the words of the contract.

use kernel::{ticket_code::reference, values::timestamp};
use sky_proto::journey::v1::{self as pb, NoticeState};

use crate::domain::notices::{Notice, Sending};

const fn state(state: Sending) -> NoticeState {
    match state {
        Sending::Waiting => NoticeState::Waiting,
        Sending::UnderWay => NoticeState::Sending,
        Sending::Sent => NoticeState::Sent,
        Sending::Failed => NoticeState::Failed,
        Sending::Unsure => NoticeState::Unsure,
        Sending::Overtaken => NoticeState::Overtaken,
        Sending::NoAddress => NoticeState::NoAddress,
    }
}

pub(crate) fn notice(notice: &Notice) -> pb::Notice {
    pb::Notice {
        notice_id: notice.id.to_string(),
        visit_id: notice.visit.to_string(),
        reference: reference(notice.visit),
        kind: notice.kind.name().to_owned(),
        state: state(notice.state).into(),
        made_at: Some(timestamp(notice.made_at)),
        send_at: (notice.state == Sending::Waiting).then(|| timestamp(notice.send_at)),
        sent_at: notice.sent_at.map(timestamp),
        attempts: notice.attempts,
        failure: notice.failure.clone(),
        told_at: notice.told_at.map(timestamp),
    }
}
