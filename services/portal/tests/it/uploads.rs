//! Files for the monitors that nobody should send. What a file is, signage says; the edge reads forms that are none,
//! empty and endless ones, and hears from nobody but staff.

use kernel::Role;
use reqwest::Method;

use crate::{
    browser::{Browser, Page},
    support::house,
};

const PATH: &str = "/displays/media";
const KIND: &str = "multipart/form-data; boundary=x";

fn form(file: &[u8]) -> Vec<u8> {
    let head =
        b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n";
    [head, file, b"\r\n--x\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nPlakat\r\n--x--\r\n"].concat()
}

async fn send(browser: &mut Browser, kind: &str, body: Vec<u8>) -> Page {
    let request = browser.request(Method::POST, PATH).header("content-type", kind).body(body);
    browser.send(request.header("sec-fetch-site", "same-origin")).await
}

#[tokio::test]
async fn what_is_no_upload_is_refused_in_words() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let whole = form(b"abc");
    for (kind, body) in [
        ("application/x-www-form-urlencoded", b"file=abc".to_vec()),
        ("multipart/form-data", whole.clone()),
        ("multipart/form-data; boundary=", whole.clone()),
        ("multipart/form-data; boundary=other", whole.clone()),
        (KIND, whole[..whole.len() - 20].to_vec()),
        (KIND, b"--x\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\n\xff\xfe\r\n--x--\r\n".to_vec()),
    ] {
        send(&mut desk, kind, body).await.is_page(422);
    }
    // Nothing was chosen, or what was chosen is empty.
    for body in [form(b""), b"--x--\r\n".to_vec()] {
        assert_eq!(send(&mut desk, KIND, body).await.location(), PATH);
        desk.get("/accessibility").await.says("Es kam keine Datei an");
    }
    // Too large is said as such, after all of it has been read.
    assert_eq!(send(&mut desk, KIND, form(&vec![7; (30 << 20) + 1])).await.location(), PATH);
    desk.get("/accessibility").await.says("Nicht angenommen").says("31,4 MB");
    // What looks good goes to signage, which is not in this house.
    send(&mut desk, KIND, whole).await.is_page(503);
}

#[tokio::test]
async fn only_the_desk_and_operators_send_files_and_only_from_our_pages() {
    let house = house().await;
    let mut stranger = Browser::new(&house);
    send(&mut stranger, KIND, form(b"abc")).await.is_page(401);
    let mut kitchen = Browser::of(&house, Role::Kitchen).await;
    send(&mut kitchen, KIND, form(b"abc")).await.is_page(403);
    let mut desk = Browser::of(&house, Role::Desk).await;
    let foreign = desk.request(Method::POST, PATH).header("content-type", KIND).body(form(b"abc"));
    desk.send(foreign.header("sec-fetch-site", "cross-site")).await.is_page(403);
    for path in
        ["/displays/media/delete", "/displays/playlists/new", "/displays/schedules", "/displays/screens/foyer-1"]
    {
        kitchen.post(path, &[("media", "x")]).await.is_page(403);
    }
}

#[tokio::test]
async fn a_report_that_no_player_sends_is_refused() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    for body in ["", "{", "[]", "{\"time\":1}", "{\"time\":\"now\"}", &format!("[{}]", "1,".repeat(2 << 20))] {
        let request = desk.request(Method::POST, "/monitor/foyer-1/report").header("content-type", "application/json");
        desk.send(request.body(body.to_owned()).header("sec-fetch-site", "same-origin")).await.is_page(422);
    }
    // Staff who look at a monitor are not it: what their page says is not passed on.
    let whole = "{\"time\":1,\"revision\":1,\"width\":1,\"height\":1,\"available\":0,\"total\":0,\"zone\":\"\",\
                 \"player\":\"web/1\",\"done\":true,\"faults\":[]}";
    let request = desk.request(Method::POST, "/monitor/foyer-1/report").header("content-type", "application/json");
    let answer = desk.send(request.body(whole).header("sec-fetch-site", "same-origin")).await;
    assert_eq!(answer.status, 204);
    let mut stranger = Browser::new(&house);
    let request = stranger.request(Method::POST, "/monitor/foyer-1/report").header("content-type", "application/json");
    stranger.send(request.body(whole).header("sec-fetch-site", "same-origin")).await.is_page(401);
}
