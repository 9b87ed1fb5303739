//! The mail server that is not there, in the whole house.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use kernel::{Role, testing::free_port};
use sky_proto::{
    journey::v1::{ListNoticesRequest, ListUndeliveredRequest, NoticeState, notices_client::NoticesClient},
    payments::v1::Method,
};

use crate::{
    scenario::Family,
    world::{furnished, staff, until},
};

type Mails = Arc<Mutex<Vec<String>>>;

/// A mail server that takes everything.
fn takes_everything(port: u16) -> Mails {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
    let mails = Mails::default();
    let taken = mails.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = talk(&stream, &taken);
        }
    });
    mails
}

fn talk(stream: &TcpStream, mails: &Mails) -> std::io::Result<()> {
    let mut out = stream;
    out.write_all(b"220 here again\r\n")?;
    let mut text: Option<String> = None;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        match (&mut text, line.as_str()) {
            (Some(mail), ".") => {
                mails.lock().expect("mails").push(std::mem::take(mail));
                text = None;
            }
            (Some(mail), line) => {
                mail.push_str(line);
                mail.push('\n');
                continue;
            }
            (None, "DATA") => {
                text = Some(String::new());
                out.write_all(b"354 go on\r\n")?;
                continue;
            }
            (None, _) => {}
        }
        out.write_all(b"250 ok\r\n")?;
    }
    Ok(())
}

/// Nobody answers at the mail server for hours: the order is confirmed all the same, staff see what waits, and once the
/// server is there again the notice arrives, once.
pub async fn is_away() {
    let port = free_port();
    let smtp = toml::Table::from_iter([
        ("host".to_owned(), "127.0.0.1".into()),
        ("port".to_owned(), i64::from(port).into()),
        ("security".to_owned(), "none".into()),
        ("from".to_owned(), "Planetarium <visit@planetarium.example>".into()),
    ]);
    let (house, world) = furnished(|settings| {
        let journey = settings.services.entry("journey".to_owned()).or_default();
        journey.insert("public_url".to_owned(), "https://planetarium.example".into());
        journey.insert("smtp".to_owned(), smtp.into());
    })
    .await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;

    let notices = || NoticesClient::new(world.door("journey", &staff(Role::Desk)));
    let waits = || async {
        house.clock.advance(TimeDelta::seconds(30));
        notices().list_undelivered(ListUndeliveredRequest {}).await.expect("a list").into_inner()
    };
    let seen = until("staff see that it waits", waits, |list| list.late == 1 && list.late_since.is_some()).await;
    assert!(seen.post_is_set_up && seen.notices.is_empty(), "it waits, it has not failed: {seen:?}");

    let mails = takes_everything(port);
    let first = || async {
        house.clock.advance(TimeDelta::seconds(30));
        let request = ListNoticesRequest { visit_id: visit.visit_id.clone() };
        let list = notices().list_notices(request).await.expect("a list").into_inner().notices;
        list.into_iter().find(|it| it.kind == "confirmed").expect("the confirmation")
    };
    until("it is sent", first, |notice| notice.state() == NoticeState::Sent).await;
    let told = mails.lock().expect("mails").iter().filter(|mail| mail.contains("gebucht")).count();
    assert_eq!(told, 1, "each once");
}
