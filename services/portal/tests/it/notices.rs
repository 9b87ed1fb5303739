//! What staff see of notices to visitors: that a notice is shown in a frame which may do nothing, and what did not
//! arrive. Journey is a stand-in.

use kernel::{Access, Context, Parts, Role, Service, Who, testing::House};
use sky_proto::journey::v1::{self as pb, NoticeState, notices_server};
use tonic::{Request, Response, Status, service::Routes};

use crate::browser::Browser;

const JOURNEY: Service = Service {
    name: "journey",
    migrations: || sqlx::migrate::Migrator { ignore_missing: true, ..sqlx::migrate::Migrator::DEFAULT },
    build: |_: Context| {
        Box::pin(async {
            let grpc = Routes::new(notices_server::NoticesServer::new(StandIn));
            Ok(Parts { grpc, access: vec![ACCESS], ..Parts::default() })
        })
    },
};

const ACCESS: Access = Access {
    service: "sky.journey.v1.Notices",
    methods: &[
        ("ListUndelivered", &[Who::Staff(Role::Desk)]),
        ("PreviewNotice", &[Who::Staff(Role::Desk)]),
        ("ResendNotice", &[Who::Staff(Role::Desk)]),
        ("SetTold", &[Who::Staff(Role::Desk)]),
    ],
};

#[derive(Debug)]
struct StandIn;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl notices_server::Notices for StandIn {
    async fn list_undelivered(&self, _: Request<pb::ListUndeliveredRequest>) -> Answer<pb::ListUndeliveredResponse> {
        let notice = pb::Notice {
            notice_id: "n1".to_owned(),
            reference: "AB12-CD34".to_owned(),
            kind: "delayed".to_owned(),
            state: NoticeState::Failed.into(),
            failure: "550".to_owned(),
            ..pb::Notice::default()
        };
        Ok(Response::new(pb::ListUndeliveredResponse { notices: vec![notice], late: 2, ..Default::default() }))
    }

    async fn set_told(&self, request: Request<pb::SetToldRequest>) -> Answer<pb::Notice> {
        let request = request.into_inner();
        match (request.notice_id.as_str(), request.told) {
            ("n1", true) => Ok(Response::new(pb::Notice::default())),
            _ => Err(Status::failed_precondition("the notice is sent")),
        }
    }

    async fn preview_notice(&self, request: Request<pb::PreviewNoticeRequest>) -> Answer<pb::PreviewNoticeResponse> {
        let html = format!("<!doctype html><html lang=\"{}\"><p>in the frame</p></html>", request.get_ref().language);
        let (subject, text) = ("Betreff".to_owned(), "<b>as text</b>".to_owned());
        Ok(Response::new(pb::PreviewNoticeResponse { subject, html, text, calendar: String::new() }))
    }

    async fn resend_notice(&self, request: Request<pb::ResendNoticeRequest>) -> Answer<pb::Notice> {
        match request.get_ref().notice_id.as_str() {
            "n1" => Ok(Response::new(pb::Notice::default())),
            _ => Err(Status::failed_precondition("the notice is sent")),
        }
    }

    async fn list_notices(&self, _: Request<pb::ListNoticesRequest>) -> Answer<pb::ListNoticesResponse> {
        Err(Status::unimplemented("not in the stand-in"))
    }

    async fn set_language(&self, _: Request<pb::SetLanguageRequest>) -> Answer<pb::SetLanguageResponse> {
        Err(Status::unimplemented("not in the stand-in"))
    }

    async fn get_calendar(&self, _: Request<pb::GetCalendarRequest>) -> Answer<pb::GetCalendarResponse> {
        Err(Status::unimplemented("not in the stand-in"))
    }
}

#[tokio::test]
async fn a_notice_is_shown_in_a_frame_that_may_do_nothing() {
    let house = House::start(&[portal::SERVICE, JOURNEY]).await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let page = desk.get("/desk/notices/parking_lost/de-x-ls").await;
    page.is_page(200).says("Betreff").says("&#60;b&#62;as text");
    assert!(page.body.contains("<iframe class=\"mail\" src=\"/desk/notices/parking_lost/de-x-ls/mail\""));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src 'self'") && !policy.contains("unsafe"), "{policy}");

    let mail = desk.get("/desk/notices/parking_lost/de-x-ls/mail").await;
    assert!(mail.status == 200 && mail.body.starts_with("<!doctype html><html lang=\"de-x-ls\">"));
    let policy = mail.header("content-security-policy");
    for part in ["default-src 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("img-src"), "{policy}");

    for path in ["/desk/notices/spam/de", "/desk/notices/confirmed/fr", "/desk/notices/confirmed/fr/mail"] {
        desk.get(path).await.is_page(404);
    }
    let mut cook = Browser::of(&house, Role::Kitchen).await;
    for path in ["/desk/notices", "/desk/notices/confirmed/de", "/desk/notices/confirmed/de/mail"] {
        cook.get(path).await.is_page(403);
    }
}

#[tokio::test]
async fn what_did_not_arrive_is_listed_and_sent_again() {
    let house = House::start(&[portal::SERVICE, JOURNEY]).await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let page = desk.get("/desk/notices").await;
    page.is_page(200)
        .says("AB12-CD34")
        .says("nicht gesendet (550)")
        .says("kein Mailserver")
        .says("2 Nachrichten warten");
    let again = desk.post("/desk/notices/resend", &[("notice", "n1")]).await;
    assert_eq!(again.location(), "/desk/notices");
    desk.get("/desk/notices").await.says("wird noch einmal gesendet");
    // Or somebody rings them up.
    page.says("Ist gesagt");
    let told = desk.post("/desk/notices/told", &[("notice", "n1")]).await;
    assert_eq!(told.location(), "/desk/notices");
    desk.get("/desk/notices").await.says("Vermerkt: Sie wissen es.");
    desk.post("/desk/notices/told", &[("notice", "n1"), ("not", "1")]).await;
    desk.get("/desk/notices").await.says("Das ging nicht");
    desk.post("/desk/notices/resend", &[("notice", "n2")]).await;
    desk.get("/desk/notices").await.says("Das ging nicht");
}
