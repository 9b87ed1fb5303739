//! The gRPC face of directives, incidents and the audit log. No decisions.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Access, Caller, Db, Role, Who,
    values::{self, InvalidField, Text, invalid, timestamp},
};
use sky_proto::flow::v1::{self as pb, directives_server::Directives};
use tonic::{Request, Response, Status};

use super::{DOOR, zones::limit};
use crate::{
    commands::{
        directives,
        incidents::{self, Report},
    },
    domain::{
        directives::{Directive, Kind, Stated, Wish},
        incidents::{Incident, Kind as IncidentKind},
    },
    error::Error,
    events::measures,
    store,
};

/// Whoever works here may report; the front desk and the operator decide.
const REPORTERS: &[Who] =
    &[Who::Staff(Role::Desk), Who::Staff(Role::Operator), Who::Staff(Role::Kitchen), Who::Staff(Role::Attendant)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.flow.v1.Directives",
    methods: &[
        ("ProposeDirective", DOOR),
        ("ConfirmDirective", DOOR),
        ("EndDirective", DOOR),
        ("ReportIncident", REPORTERS),
        ("ConfirmIncident", DOOR),
        ("EndIncident", DOOR),
        ("ListMeasures", REPORTERS),
        ("ListAudit", DOOR),
        ("ResumeDirective", DOOR),
        ("ResumeIncident", DOOR),
    ],
};

/// How long a directive holds if nothing is said, and at most; and how far ahead it may begin.
const USUAL: u32 = 30;
const LONGEST: u32 = 480;
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// The server.
#[derive(Debug)]
pub(crate) struct DirectivesGrpc(pub(crate) Db);

fn directive_kind(value: i32) -> Result<Kind, InvalidField> {
    match values::choice("kind", value)? {
        pb::DirectiveKind::Redirect => Ok(Kind::Redirect),
        pb::DirectiveKind::StopAdmission => Ok(Kind::StopAdmission),
        pb::DirectiveKind::OpenOverflow => Ok(Kind::OpenOverflow),
        pb::DirectiveKind::Unspecified => Err(invalid("kind", "is missing")),
    }
}

fn stated(kind: Kind, value: i32) -> Result<Option<Stated>, InvalidField> {
    if value == 0 {
        return Ok(None);
    }
    let stated = match values::choice("cause", value)? {
        pb::RedirectCause::Unspecified => return Ok(None),
        pb::RedirectCause::Full => Stated::Full,
        pb::RedirectCause::Cleaning => Stated::Cleaning,
        pb::RedirectCause::Fault => Stated::Fault,
        pb::RedirectCause::PrivateEvent => Stated::Private,
        pb::RedirectCause::LongWait => Stated::LongWait,
    };
    if kind != Kind::Redirect {
        return Err(invalid("cause", "is for a redirect only; leave it out"));
    }
    Ok(Some(stated))
}

fn incident_kind(value: i32) -> Result<IncidentKind, InvalidField> {
    match values::choice("kind", value)? {
        pb::IncidentKind::LostChild => Ok(IncidentKind::LostChild),
        pb::IncidentKind::Medical => Ok(IncidentKind::Medical),
        pb::IncidentKind::TechnicalFault => Ok(IncidentKind::TechnicalFault),
        pb::IncidentKind::Evacuation => {
            Err(invalid("kind", "an evacuation is a state of the house; set that with SetHouseState"))
        }
        pb::IncidentKind::Unspecified => Err(invalid("kind", "is missing")),
    }
}

fn read_wish(request: pb::ProposeDirectiveRequest, by: String, now: DateTime<Utc>) -> Result<Wish, InvalidField> {
    let kind = directive_kind(request.kind)?;
    let to = match (kind.leads(), request.to_zone_id.is_empty()) {
        (true, _) => values::slug("to_zone_id", &request.to_zone_id)?.to_owned(),
        (false, true) => String::new(),
        (false, false) => return Err(invalid("to_zone_id", "must be empty: stopping sends nobody anywhere")),
    };
    let active_from = match request.active_from {
        None => now,
        at => values::time("active_from", at)?.max(now),
    };
    if active_from > now + AHEAD {
        return Err(invalid("active_from", "is more than 24 hours ahead"));
    }
    if request.minutes > LONGEST {
        return Err(invalid("minutes", format!("is at most {LONGEST}")));
    }
    let minutes = if request.minutes == 0 { USUAL } else { request.minutes };
    Ok(Wish {
        kind,
        from: values::slug("from_zone_id", &request.from_zone_id)?.to_owned(),
        to,
        reason: Text::checked("reason", request.reason, 200, false)?,
        stated: stated(kind, request.cause)?,
        active_from,
        valid_for: TimeDelta::minutes(minutes.into()),
        by_policy: false,
        by,
    })
}

fn read_report(request: pb::ReportIncidentRequest, by: String) -> Result<Report, InvalidField> {
    let kind = incident_kind(request.kind)?;
    let optional = |field: &'static str, id: &str| match id {
        "" => Ok(String::new()),
        id => values::slug(field, id).map(str::to_owned),
    };
    if !request.lift_id.is_empty() && kind != IncidentKind::TechnicalFault {
        return Err(invalid("lift_id", "is for a technical fault only"));
    }
    Ok(Report {
        kind,
        zone: optional("zone_id", &request.zone_id)?,
        lift: optional("lift_id", &request.lift_id)?,
        note: values::text("note", &request.note, 300)?,
        text: Text::checked("text", request.text, 200, false)?,
        by,
    })
}

/// The kitchen and the attendant report; whether it is so, others decide.
fn may_confirm(caller: &Caller) -> bool {
    match caller {
        Caller::Staff { roles, .. } => {
            roles.iter().any(|role| matches!(role, Role::Desk | Role::Operator | Role::Admin))
        }
        _ => false,
    }
}

impl DirectivesGrpc {
    async fn answer_directive(&self, directive: &Directive) -> Result<Response<pb::Directive>, Error> {
        let mut conn = self.0.pool().acquire().await?;
        Ok(Response::new(measures::directive(directive, &store::zones(&mut conn).await?)))
    }

    async fn answer_incident(&self, incident: &Incident) -> Result<Response<pb::Incident>, Error> {
        let mut conn = self.0.pool().acquire().await?;
        Ok(Response::new(measures::incident(incident, &store::zones(&mut conn).await?)))
    }

    async fn measures(&self) -> Result<pb::ListMeasuresResponse, Error> {
        let mut conn = self.0.pool().acquire().await?;
        let since = self.0.clock().now() - directives::RECENT;
        let zones = store::zones(&mut conn).await?;
        let directives = store::measures::directives(&mut conn, since).await?;
        let incidents = store::measures::incidents(&mut conn, since).await?;
        Ok(pb::ListMeasuresResponse {
            directives: directives.iter().map(|directive| measures::directive(directive, &zones)).collect(),
            incidents: incidents.iter().map(|incident| measures::incident(incident, &zones)).collect(),
            lifts: store::measures::lifts(&mut conn).await?.iter().map(measures::lift).collect(),
        })
    }

    async fn audit(&self, before: u64, about: &str, limit: u32) -> Result<pb::ListAuditResponse, Error> {
        let mut conn = self.0.pool().acquire().await?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let acts = store::audit::page(&mut conn, before, about, limit.into()).await?;
        let full = acts.len() == limit as usize;
        let next = acts.last().filter(|_| full).map_or(0, |act| act.id.unsigned_abs());
        let entry = |act: store::audit::Act| pb::AuditEntry {
            id: act.id.unsigned_abs(),
            at: Some(timestamp(act.at)),
            who: act.who,
            act: act.act,
            about: act.about,
            before: act.before.to_string(),
            after: act.after.to_string(),
        };
        Ok(pb::ListAuditResponse { entries: acts.into_iter().map(entry).collect(), next_before_id: next })
    }
}

#[tonic::async_trait]
impl Directives for DirectivesGrpc {
    async fn propose_directive(
        &self,
        request: Request<pb::ProposeDirectiveRequest>,
    ) -> Result<Response<pb::Directive>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let id = values::id("idempotency_key", &request.idempotency_key)?;
        let confirm = request.confirm;
        let wish = read_wish(request, by, self.0.clock().now())?;
        let directive = self.0.transact(move |tx| Box::pin(directives::propose(tx, id, wish, confirm))).await?;
        Ok(self.answer_directive(&directive).await?)
    }

    async fn confirm_directive(
        &self,
        request: Request<pb::ConfirmDirectiveRequest>,
    ) -> Result<Response<pb::Directive>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("directive_id", &request.get_ref().directive_id)?;
        let directive =
            self.0.transact(move |tx| Box::pin(async move { directives::confirm(tx, id, &by).await })).await?;
        Ok(self.answer_directive(&directive).await?)
    }

    async fn end_directive(
        &self,
        request: Request<pb::EndDirectiveRequest>,
    ) -> Result<Response<pb::Directive>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("directive_id", &request.get_ref().directive_id)?;
        let directive = self.0.transact(move |tx| Box::pin(async move { directives::end(tx, id, &by).await })).await?;
        Ok(self.answer_directive(&directive).await?)
    }

    async fn report_incident(
        &self,
        request: Request<pb::ReportIncidentRequest>,
    ) -> Result<Response<pb::Incident>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let id = values::id("idempotency_key", &request.idempotency_key)?;
        let confirm = request.confirm;
        if confirm && !may_confirm(&caller) {
            return Err(Status::permission_denied("confirm: the front desk or the operator confirms; report it only."));
        }
        let report = read_report(request, caller.for_the_record())?;
        let incident = self.0.transact(move |tx| Box::pin(incidents::report(tx, id, report, confirm))).await?;
        Ok(self.answer_incident(&incident).await?)
    }

    async fn confirm_incident(
        &self,
        request: Request<pb::ConfirmIncidentRequest>,
    ) -> Result<Response<pb::Incident>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("incident_id", &request.get_ref().incident_id)?;
        let incident =
            self.0.transact(move |tx| Box::pin(async move { incidents::confirm(tx, id, &by).await })).await?;
        Ok(self.answer_incident(&incident).await?)
    }

    async fn end_incident(&self, request: Request<pb::EndIncidentRequest>) -> Result<Response<pb::Incident>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("incident_id", &request.get_ref().incident_id)?;
        let incident = self.0.transact(move |tx| Box::pin(async move { incidents::end(tx, id, &by).await })).await?;
        Ok(self.answer_incident(&incident).await?)
    }

    async fn resume_directive(
        &self,
        request: Request<pb::ResumeDirectiveRequest>,
    ) -> Result<Response<pb::Directive>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("directive_id", &request.get_ref().directive_id)?;
        let directive =
            self.0.transact(move |tx| Box::pin(async move { directives::resume(tx, id, &by).await })).await?;
        Ok(self.answer_directive(&directive).await?)
    }

    async fn resume_incident(
        &self,
        request: Request<pb::ResumeIncidentRequest>,
    ) -> Result<Response<pb::Incident>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("incident_id", &request.get_ref().incident_id)?;
        let incident = self.0.transact(move |tx| Box::pin(async move { incidents::resume(tx, id, &by).await })).await?;
        Ok(self.answer_incident(&incident).await?)
    }

    async fn list_measures(
        &self,
        _: Request<pb::ListMeasuresRequest>,
    ) -> Result<Response<pb::ListMeasuresResponse>, Status> {
        Ok(Response::new(self.measures().await?))
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let request = request.into_inner();
        let about = match request.about.as_str() {
            "" => "",
            about => values::slug("about", about)?,
        };
        Ok(Response::new(self.audit(request.before_id, about, limit(request.limit)?).await?))
    }
}
