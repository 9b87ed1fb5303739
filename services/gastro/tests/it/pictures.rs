//! Pictures of items: named in the house file, known by their content, kept by browsers for ever.

use data_encoding::BASE64;
use kernel::testing::{House, visitor};
use reqwest::{StatusCode, header};
use sky_proto::gastro::v1 as pb;
use tonic::Code;

use crate::{client, support::*};

const SOUP: &[u8] = include_bytes!("../../../../deploy/houses/pictures/lentil-soup.png");

/// The house file as `sky house load` sends it, with this content for the soup's picture.
fn with(content: &[u8]) -> String {
    format!("{}\n[gastro.pictures]\n\"pictures/lentil-soup.png\" = \"{}\"\n", nearby(), BASE64.encode(content))
}

async fn picture(house: &House) -> Option<pb::Picture> {
    let menu = client!(house, &visitor(None)).get_menu(pb::GetMenuRequest::default()).await.expect("a menu");
    menu.into_inner().items.into_iter().find(|item| item.item_id == "lentil-soup").expect("soup").picture
}

#[tokio::test]
async fn a_picture_is_served_under_its_hash_and_kept_for_ever() {
    let house = house().await;
    assert_eq!(picture(&house).await, None, "its content did not come along: no broken picture");
    for _ in 0..2 {
        load(&house, &with(SOUP), false).await.expect("loaded");
    }
    let shown = picture(&house).await.expect("a picture");
    let alt = shown.alt.expect("for who does not see it");
    assert!(alt.de.contains("Schale") && alt.en.contains("bowl"));
    let address = format!("http://{}{}", house.running.http, shown.path);
    let served = reqwest::get(&address).await.expect("an answer");
    assert_eq!(served.status(), StatusCode::OK);
    let header = |name| served.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header(header::CONTENT_TYPE), "image/png");
    assert_eq!(header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    let tag = header(header::ETAG);
    assert_eq!(served.bytes().await.expect("bytes"), SOUP);
    let again = reqwest::Client::new().get(&address).header(header::IF_NONE_MATCH, tag).send().await.expect("asked");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    for name in ["0".repeat(64).as_str(), "%00", "soup.png", "%C3%A4"] {
        let none = reqwest::get(format!("http://{}/gastro/pictures/{name}", house.running.http)).await;
        assert_eq!(none.expect("an answer").status(), StatusCode::NOT_FOUND, "{name}");
    }

    let menu = reqwest::get(format!("http://{}/open/v1/gastro/menu?lang=en", house.running.http)).await.expect("menu");
    let media_type = menu.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    assert_eq!(media_type, Some("application/ld+json"));
    let menu: serde_json::Value = menu.json().await.expect("JSON");
    let soup = &menu["hasMenuSection"][0]["hasMenuItem"][0];
    assert_eq!(soup["image"]["@type"], "ImageObject");
    assert_eq!(soup["image"]["contentUrl"], address.as_str(), "a whole address, for who reads the menu elsewhere");
    assert!(menu["hasMenuSection"][0]["hasMenuItem"][1].get("image").is_none());

    // Of what a request says of its host, only a host is written into addresses.
    for (host, written) in [("guide.example:8080", "http://guide.example:8080"), ("x/../y", ""), ("a b", ""), ("", "")]
    {
        let asked = reqwest::Client::new().get(format!("http://{}/open/v1/gastro/menu", house.running.http));
        let told = asked.header(header::HOST, host).send().await.expect("an answer");
        let told: serde_json::Value = told.json().await.expect("JSON");
        let address = &told["hasMenuSection"][0]["hasMenuItem"][0]["image"]["contentUrl"];
        assert_eq!(address.as_str(), Some(format!("{written}{}", shown.path).as_str()), "{host}");
    }

    let other = [SOUP, &[0]].concat();
    load(&house, &with(&other), false).await.expect("another picture");
    assert_ne!(picture(&house).await.expect("a picture").path, shown.path);
    assert_eq!(reqwest::get(&address).await.expect("an answer").status(), StatusCode::OK, "pages are still open");
}

#[tokio::test]
async fn what_is_no_picture_names_its_line() {
    let house = house().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let large = [SOUP, &vec![0; 200 << 10]].concat();
    for (content, why) in [(&svg[..], "PNG, JPEG or WebP"), (&[], "PNG, JPEG or WebP"), (&large, "200 kB")] {
        for check_only in [true, false] {
            let refused = load(&house, &with(content), check_only).await.expect_err(why);
            let message = refused.message();
            assert_eq!(refused.code(), Code::InvalidArgument, "{message}");
            assert!(message.contains("line ") && message.contains("gastro.items[0].picture.file: "), "{message}");
            assert!(message.contains(why), "{message}");
        }
    }
    let no_english = with(SOUP).replacen("en = \"Drawing: a blue", "plain = \"Drawing: a blue", 1);
    let refused = load(&house, &no_english, true).await.expect_err("everybody reads it");
    assert!(refused.message().contains("items[0].picture.alt: "), "{}", refused.message());
    let no_base64 = with(SOUP).replacen("soup.png\" = \"", "soup.png\" = \"*", 1);
    assert!(load(&house, &no_base64, true).await.expect_err("garbled").message().contains("Base64"));
    assert_eq!(picture(&house).await, None, "nothing of it was stored");
}
