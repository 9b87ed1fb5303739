//! The gRPC face of notices: for staff to see how far each is, what each kind says, and to send one again; for visitors
//! their visit as a calendar file.

use chrono::TimeDelta;
use kernel::{
    Access, Caller, Db, Role, Who,
    values::{self, InvalidField, invalid},
};
use sky_proto::journey::v1::{self as pb, notices_server::Notices};
use tonic::{Request, Response, Status};

use super::asker;
use crate::{
    commands,
    domain::notices::{
        Kind, example,
        letter::{self, Language, Material},
    },
    error::Error,
    events, post, store,
};

const STEER: &[Who] = &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const NOTICES_ACCESS: Access = Access {
    service: "sky.journey.v1.Notices",
    methods: &[
        ("ListNotices", STEER),
        ("ListUndelivered", STEER),
        ("ResendNotice", STEER),
        ("SetTold", STEER),
        ("PreviewNotice", STEER),
        ("SetLanguage", &[Who::Visitor, Who::Staff(Role::Desk)]),
        ("GetCalendar", &[Who::Visitor, Who::Staff(Role::Desk), Who::Staff(Role::Operator)]),
    ],
};

const MOST_UNDELIVERED: i64 = 100;
/// Whom somebody has told in person stays listed so long: a touch too much can be taken back.
const UNDOABLE: TimeDelta = TimeDelta::minutes(10);

/// The server.
#[derive(Debug)]
pub(crate) struct NoticesGrpc {
    db: Db,
    post_is_set_up: bool,
}

impl NoticesGrpc {
    pub(crate) const fn new(db: Db, post_is_set_up: bool) -> Self {
        Self { db, post_is_set_up }
    }
}

/// Reading needs no transaction.
impl NoticesGrpc {
    async fn of_visit(&self, id: &str) -> Result<pb::ListNoticesResponse, Error> {
        let id = values::id("visit_id", id)?;
        let mut conn = self.db.reader().await?;
        let visit = store::visit(&mut conn, id).await?.ok_or(Error::NoVisit)?;
        let notices = store::notices::of_visit(&mut conn, id).await?;
        Ok(pb::ListNoticesResponse {
            notices: notices.iter().map(events::notices::notice).collect(),
            has_address: !visit.contact.email.is_empty(),
            post_is_set_up: self.post_is_set_up,
        })
    }

    async fn undelivered(&self) -> Result<pb::ListUndeliveredResponse, Error> {
        let now = self.db.clock().now();
        let mut conn = self.db.reader().await?;
        let notices = store::notices::undelivered(&mut conn, MOST_UNDELIVERED, now, now - UNDOABLE).await?;
        let (late, since) = store::notices::late(&mut conn, now).await?;
        Ok(pb::ListUndeliveredResponse {
            notices: notices.iter().map(events::notices::notice).collect(),
            post_is_set_up: self.post_is_set_up,
            late,
            late_since: since.map(values::timestamp),
        })
    }

    async fn preview(&self, kind: Kind, language: Language) -> Result<pb::PreviewNoticeResponse, Error> {
        let house = {
            let mut conn = self.db.reader().await?;
            store::notices::house(&mut conn).await?
        };
        let now = self.db.clock().now();
        let (visit, showing, facts, car_park) = example(kind, language, now);
        let link = "https://planetarium.example/v/example";
        let material = Material { visit: &visit, showing: &showing, house: &house, car_park: Some(&car_park), link };
        let letter = letter::compose(kind, &facts, &material);
        let not_made = |error: askama::Error| Error::Stored(format!("a notice that cannot be made: {error}"));
        Ok(pb::PreviewNoticeResponse {
            html: post::message::html(&letter).map_err(not_made)?,
            text: post::message::text(&letter).map_err(not_made)?,
            subject: letter.subject,
            calendar: post::message::attachment(kind, &material, now).unwrap_or_default(),
        })
    }

    async fn calendar(&self, caller: &Caller, id: &str) -> Result<String, Error> {
        let id = values::id("visit_id", id)?;
        let mut conn = self.db.reader().await?;
        let visit = asker(caller).sees(id, store::visit(&mut conn, id).await?)?;
        let showing = store::showings::get(&mut conn, visit.showing).await?.ok_or(Error::NoVisit)?;
        let house = store::notices::house(&mut conn).await?;
        let material = Material { visit: &visit, showing: &showing, house: &house, car_park: None, link: "" };
        Ok(post::calendar::of(&material, self.db.clock().now()))
    }
}

fn language(tag: &str) -> Result<Language, InvalidField> {
    let known = Language::ALL.into_iter().find(|language| language.tag() == tag);
    known.ok_or_else(|| invalid("language", "must be \"de\", \"de-x-ls\" or \"en\""))
}

#[tonic::async_trait]
impl Notices for NoticesGrpc {
    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        Ok(Response::new(self.of_visit(&request.into_inner().visit_id).await?))
    }

    async fn list_undelivered(
        &self,
        _: Request<pb::ListUndeliveredRequest>,
    ) -> Result<Response<pb::ListUndeliveredResponse>, Status> {
        Ok(Response::new(self.undelivered().await?))
    }

    async fn resend_notice(&self, request: Request<pb::ResendNoticeRequest>) -> Result<Response<pb::Notice>, Status> {
        let account = Caller::of(&request).for_the_record();
        let id = values::id("notice_id", &request.into_inner().notice_id)?;
        let notice = self.db.transact(move |tx| Box::pin(commands::notices::resend(tx, id))).await?;
        tracing::info!(account, notice = %id, kind = notice.kind.name(), "a notice is sent again");
        Ok(Response::new(events::notices::notice(&notice)))
    }

    async fn set_told(&self, request: Request<pb::SetToldRequest>) -> Result<Response<pb::Notice>, Status> {
        let account = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let (id, told) = (values::id("notice_id", &request.notice_id)?, request.told);
        let notice = self.db.transact(move |tx| Box::pin(commands::notices::set_told(tx, id, told))).await?;
        tracing::info!(account, notice = %id, kind = notice.kind.name(), told, "a visitor is told in person");
        Ok(Response::new(events::notices::notice(&notice)))
    }

    async fn preview_notice(
        &self,
        request: Request<pb::PreviewNoticeRequest>,
    ) -> Result<Response<pb::PreviewNoticeResponse>, Status> {
        let request = request.into_inner();
        let kind = Kind::named(&request.kind).ok_or_else(|| invalid("kind", "is no kind of notice"))?;
        let language = language(&request.language)?;
        Ok(Response::new(self.preview(kind, language).await?))
    }

    async fn set_language(
        &self,
        request: Request<pb::SetLanguageRequest>,
    ) -> Result<Response<pb::SetLanguageResponse>, Status> {
        let asker = asker(&Caller::of(&request));
        let request = request.into_inner();
        let (id, tag) = (values::id("visit_id", &request.visit_id)?, language(&request.language)?.tag());
        self.db
            .transact(move |tx| Box::pin(async move { commands::notices::set_language(tx, id, &asker, tag).await }))
            .await?;
        Ok(Response::new(pb::SetLanguageResponse {}))
    }

    async fn get_calendar(
        &self,
        request: Request<pb::GetCalendarRequest>,
    ) -> Result<Response<pb::GetCalendarResponse>, Status> {
        let caller = Caller::of(&request);
        let calendar = self.calendar(&caller, &request.into_inner().visit_id).await?;
        Ok(Response::new(pb::GetCalendarResponse { calendar }))
    }
}
