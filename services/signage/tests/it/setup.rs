//! What staff change of a display: it stays over the house file, and can be taken back.

use kernel::{Role, testing::staff};
use sky_proto::signage::v1::{self as pb, displays_client::DisplaysClient, programmes_client::ProgrammesClient};
use tonic::Code;

use crate::support::*;

fn change() -> pb::ChangeDisplayRequest {
    pb::ChangeDisplayRequest {
        display_id: "foyer-2".to_owned(),
        as_in_house_file: false,
        location: "Erdgeschoss, am Empfang".to_owned(),
        orientation: pb::Orientation::Portrait.into(),
        viewing_distance_m: 5,
        profile: "queue".to_owned(),
        groups: vec!["queue".to_owned(), "foyer".to_owned(), "queue".to_owned()],
    }
}

#[tokio::test]
async fn a_change_shows_at_once_stays_over_the_house_file_and_is_taken_back() {
    let house = house().await;
    let before = (listed(&house, "foyer-2").await, content(&house, "foyer-2").await);
    let mut desk = DisplaysClient::new(house.channel(&staff(Role::Desk)));
    let changed = desk.change_display(change()).await.expect("changed").into_inner().display.expect("it");
    let is_changed = |it: &pb::Display| {
        assert_eq!((it.location.as_str(), it.profile.as_str()), ("Erdgeschoss, am Empfang", "queue"));
        assert_eq!((it.orientation(), it.viewing_distance_m), (pb::Orientation::Portrait, 5));
        assert_eq!((it.group.as_str(), &it.groups[..]), ("queue", &["queue".to_owned(), "foyer".to_owned()][..]));
        assert!(it.changed);
    };
    is_changed(&changed);
    assert_eq!(changed.name, before.0.name, "the rest is the house file's");
    publish(&house, &message(pb::PriorityClass::Operations, "Nur Nummern", "queue")).await.expect("a group of its own");
    assert!(words(&content(&house, "foyer-2").await).contains("Nur Nummern"));
    assert!(content(&house, "foyer-2").await.revision > before.1.revision);

    load(&house, HOUSE_FILE, false).await.expect("again");
    is_changed(&listed(&house, "foyer-2").await);
    let house = house.restart().await;
    load(&house, &HOUSE_FILE.replace("Foyer, Eingang", "Foyer, Tor"), false).await.expect("another one");
    let renamed = listed(&house, "foyer-2").await;
    is_changed(&renamed);
    assert_eq!(renamed.name.expect("a name").de, "Foyer, Tor");

    let mut desk = DisplaysClient::new(house.channel(&staff(Role::Desk)));
    let back =
        pb::ChangeDisplayRequest { display_id: "foyer-2".to_owned(), as_in_house_file: true, ..Default::default() };
    for _ in 0..2 {
        let it = desk.change_display(back.clone()).await.expect("taken back").into_inner().display.expect("it");
        assert_eq!(
            (it.location, it.profile, it.groups),
            (before.0.location.clone(), "foyer".to_owned(), vec!["foyer".to_owned()])
        );
        assert!(!it.changed);
    }
}

#[tokio::test]
async fn a_display_that_is_read_from_elsewhere_is_told_at_once() {
    let house = house().await;
    let (before, neighbour) = (content(&house, "foyer-2").await, content(&house, "foyer-1").await);
    let is = listed(&house, "foyer-2").await;
    let change = pb::ChangeDisplayRequest {
        location: is.location,
        orientation: is.orientation,
        profile: is.profile,
        groups: is.groups,
        viewing_distance_m: 5,
        ..change()
    };
    let mut desk = DisplaysClient::new(house.channel(&staff(Role::Desk)));
    for _ in 0..2 {
        desk.change_display(change.clone()).await.expect("changed");
        let after = content(&house, "foyer-2").await;
        assert_eq!(after.revision, before.revision + 1, "once");
        assert_eq!(words(&after), words(&before));
    }
    assert_eq!(content(&house, "foyer-1").await, neighbour);
}

#[tokio::test]
async fn a_change_that_makes_no_sense_names_its_field() {
    let house = house().await;
    let before = listed(&house, "foyer-2").await;
    let mut desk = DisplaysClient::new(house.channel(&staff(Role::Desk)));
    type Spoil = fn(&mut pb::ChangeDisplayRequest);
    let cases: [(&str, Spoil); 11] = [
        ("display_id", |it| it.display_id = "a b".to_owned()),
        ("location", |it| it.location = "  ".to_owned()),
        ("location", |it| it.location = "x".repeat(201)),
        ("orientation", |it| it.orientation = 0),
        ("orientation", |it| it.orientation = 9),
        ("viewing_distance_m", |it| it.viewing_distance_m = 0),
        ("viewing_distance_m", |it| it.viewing_distance_m = 51),
        ("profile", |it| it.profile = "lobby".to_owned()),
        ("profile", |it| it.profile = "wayfinding".to_owned()),
        ("groups", |it| it.groups.clear()),
        ("groups", |it| it.groups = vec!["a b".to_owned()]),
    ];
    for (field, spoil) in cases {
        let mut bad = change();
        spoil(&mut bad);
        let refused = desk.change_display(bad).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(refused.message().starts_with(field), "{field}: {}", refused.message());
    }
    let none = desk.change_display(pb::ChangeDisplayRequest { display_id: "roof".to_owned(), ..change() }).await;
    assert_eq!(none.expect_err("no such display").code(), Code::NotFound);
    assert_eq!(listed(&house, "foyer-2").await, before);
    // A display with directions may become something else and a signpost again.
    for profile in ["foyer", "wayfinding"] {
        let request =
            pb::ChangeDisplayRequest { display_id: "way-roof".to_owned(), profile: profile.to_owned(), ..change() };
        desk.change_display(request).await.expect(profile);
        assert_eq!(listed(&house, "way-roof").await.profile, profile);
    }
}

#[tokio::test]
async fn the_house_file_names_parts_of_the_day() {
    let house = house().await;
    let mut desk = ProgrammesClient::new(house.channel(&staff(Role::Desk)));
    let programmes = desk.list_programmes(pb::ListProgrammesRequest {}).await.expect("a list").into_inner();
    let parts: Vec<(&str, &str, &str)> =
        programmes.day_parts.iter().map(|it| (it.part_id.as_str(), it.from.as_str(), it.until.as_str())).collect();
    assert_eq!(parts, [("school", "08:30", "13:00"), ("afternoon", "13:00", "18:00"), ("evening", "18:00", "23:00")]);
    for (from, to, key) in [
        ("id = \"afternoon\"", "id = \"school\"", "day_parts[1].id"),
        ("until = \"13:00\"", "until = \"1 pm\"", "day_parts[0].from"),
        ("en = \"Evening\"", "en = \"\"", "day_parts[2].name"),
    ] {
        let refused = load(&house, &HOUSE_FILE.replacen(from, to, 1), true).await.expect_err(key);
        assert!(refused.message().contains(&format!("signage.{key}")), "{}", refused.message());
    }
}
