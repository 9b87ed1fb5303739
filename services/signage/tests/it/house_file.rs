//! The house file: errors with line and key, applied once.

use sky_proto::signage::v1 as pb;

use crate::support::*;

#[tokio::test]
async fn the_same_file_changes_nothing_and_another_one_only_what_differs() {
    let house = house().await;
    let before = content(&house, "foyer-1").await;
    assert_eq!(load(&house, HOUSE_FILE, false).await.expect("again"), "16 displays");
    assert_eq!(content(&house, "foyer-1").await, before);
    let other = HOUSE_FILE.replace("Willkommen im Planetarium Halle", "Guten Tag");
    load(&house, &other, false).await.expect("applied");
    let after = content(&house, "foyer-1").await;
    assert!(after.revision > before.revision);
    assert_eq!(after.fallback.expect("fallback").de, "Guten Tag");
    let gone = HOUSE_FILE.replace("\"cafe-2\"", "\"cafe-3\"");
    load(&house, &gone, false).await.expect("applied");
    let mut staff = crate::client!(house, &operator());
    let get = pb::GetContentRequest { display_id: "cafe-2".to_owned() };
    assert_eq!(staff.get_content(get).await.expect_err("taken down").code(), tonic::Code::NotFound);
    assert!(!content(&house, "cafe-3").await.lines.is_empty());
}

#[tokio::test]
async fn an_error_names_line_and_key_and_changes_nothing() {
    let house = house().await;
    let before = content(&house, "foyer-1").await;
    let cases = [
        ("id = \"foyer-2\"", "id = \"foyer-1\"", "displays[1].id"),
        ("id = \"foyer-2\"", "id = \"foyer 2\"", "displays[1].id"),
        ("viewing_distance_m = 12", "viewing_distance_m = 51", "displays[0].viewing_distance_m"),
        ("group = \"dome-door\"", "group = \"dome door\"", "displays[3].group"),
        ("en = \"Welcome to Planetarium Halle\"", "en = \" \"", "welcome"),
        ("plain = \"Gehen Sie jetzt aus dem Haus\"", "plain = \"\"", "evacuation.headline"),
        ("arrow = \"left\", step_free = true },\n]", "arrow = \"left\" },\n]", "displays[0].exits"),
    ];
    for (from, to, key) in cases {
        let text = HOUSE_FILE.replacen(from, to, 1);
        assert_ne!(text, HOUSE_FILE, "{key}");
        let refused = load(&house, &text, false).await.expect_err(key);
        let message = refused.message();
        assert!(message.contains("line ") && message.contains(&format!("signage.{key}")), "{message}");
    }
    for (from, to) in [("profile = \"foyer\"", "profile = \"lobby\""), ("location =", "place =")] {
        let refused = load(&house, &HOUSE_FILE.replacen(from, to, 1), true).await.expect_err(to);
        assert!(refused.message().contains("line"), "{}", refused.message());
    }
    assert_eq!(content(&house, "foyer-1").await, before);
}
