//! Pictures, playlists, schedules by the part of the day, and the preview of any display at any time.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Role,
    testing::{House, noon, staff},
    values::{Text, timestamp},
};
use sky_proto::signage::v1::{self as pb, programmes_client::ProgrammesClient};
use tonic::{Code, Status};

use crate::support::*;

macro_rules! programmes {
    ($house:expr) => {
        ProgrammesClient::new($house.channel(&staff(Role::Desk)))
    };
}

pub fn png(size: usize) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.resize(size, 7);
    png
}

pub async fn upload(house: &House, name: &str, file: &[u8], piece: usize) -> Result<pb::StoredMedia, Status> {
    let pieces: Vec<_> = file
        .chunks(piece)
        .map(|bytes| pb::UploadMediaRequest { name: name.to_owned(), piece: bytes.to_vec() })
        .collect();
    programmes!(house).upload_media(tokio_stream::iter(pieces)).await.map(tonic::Response::into_inner)
}

pub fn playlist(media_id: &str) -> pb::Playlist {
    let item = pb::PlaylistItem {
        media_id: media_id.to_owned(),
        seconds: 10,
        text: Some(Text::new("Lange Nacht der Sterne", "Long night of stars").to_proto()),
    };
    pb::Playlist {
        playlist_id: "night".to_owned(),
        name: Some(Text::new("Heute Abend", "Tonight").to_proto()),
        items: vec![item],
    }
}

/// Fridays and Saturdays from six in the evening until one in the morning, in the foyer.
pub fn schedule() -> pb::Schedule {
    pb::Schedule {
        schedule_id: "weekend".to_owned(),
        playlist_id: "night".to_owned(),
        groups: vec!["foyer".to_owned()],
        weekdays: vec![5, 6],
        from: "18:00".to_owned(),
        until: "01:00".to_owned(),
        first_day: "2026-11-01".to_owned(),
        last_day: String::new(),
        beside: false,
    }
}

async fn preview(house: &House, id: &str, at: DateTime<Utc>) -> pb::Content {
    let request = pb::PreviewDisplayRequest { display_id: id.to_owned(), at: Some(timestamp(at)) };
    programmes!(house).preview_display(request).await.expect("a preview").into_inner()
}

#[tokio::test]
async fn a_playlist_runs_in_its_part_of_the_day_and_the_preview_shows_when() {
    let house = house().await;
    let stored = upload(&house, "plakat.png", &png(3000), 1000).await.expect("stored");
    assert_eq!((stored.media_type.as_str(), stored.size), ("image/png", 3000));
    let again = upload(&house, "anders.gif", &png(3000), 3000).await.expect("stored");
    assert_eq!(again, stored, "the same file is the same, whatever it is called");
    let mut desk = programmes!(house);
    desk.put_playlist(playlist(&stored.media_id)).await.expect("put");
    let put = desk.put_schedule(schedule()).await.expect("put").into_inner();
    assert_eq!(put, schedule());
    // Saturday noon in Halle: 12:00 in Berlin is `noon()`.
    let hours = |hours: i64| noon() + TimeDelta::hours(hours);
    let scheduled = pb::PriorityClass::Scheduled;
    for (hour, runs) in
        [(0, false), (5, false), (6, true), (12, true), (13, false), (30, false), (-18, true), (-11, false)]
    {
        let content = preview(&house, "foyer-1", hours(hour)).await;
        assert_eq!(content.priority_class() == scheduled, runs, "noon {hour:+} h");
        if runs {
            let media = content.lines[0].media.clone().expect("a picture");
            assert_eq!((media.media_id, media.seconds), (stored.media_id.clone(), 10));
            assert!(words(&content).contains("Lange Nacht der Sterne"));
        }
    }
    assert_ne!(preview(&house, "cafe-1", hours(6)).await.priority_class(), scheduled, "not in this group");

    // The real one follows when its time comes, and ends with it.
    assert_ne!(content(&house, "foyer-1").await.priority_class(), scheduled);
    for (hour, runs) in [(6, true), (13, false)] {
        house.clock.set(hours(hour));
        let turns = async {
            while (content(&house, "foyer-1").await.priority_class() == scheduled) != runs {
                house.clock.advance(TimeDelta::seconds(11));
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), turns).await.expect("in time");
    }

    // Beside what is shown anyway.
    house.clock.set(hours(24));
    desk.put_schedule(pb::Schedule { beside: true, until: "18:00".to_owned(), weekdays: Vec::new(), ..schedule() })
        .await
        .expect("put");
    let both = content(&house, "foyer-1").await;
    assert_eq!(both.priority_class(), pb::PriorityClass::Default);
    assert!(both.lines.iter().any(|line| line.kind == "media"), "{}", words(&both));

    // Nothing is pulled from under those who need it.
    let media = pb::DeleteMediaRequest { media_id: stored.media_id.clone() };
    let list = pb::RemovePlaylistRequest { playlist_id: "night".to_owned() };
    let used = desk.delete_media(media.clone()).await.expect_err("a playlist has it");
    assert_eq!(used.code(), Code::FailedPrecondition);
    assert_eq!(desk.remove_playlist(list.clone()).await.expect_err("scheduled").code(), Code::FailedPrecondition);
    for _ in 0..2 {
        desk.remove_schedule(pb::RemoveScheduleRequest { schedule_id: "weekend".to_owned() }).await.expect("gone");
    }
    assert!(content(&house, "foyer-1").await.lines.iter().all(|line| line.media.is_none()));
    desk.remove_playlist(list).await.expect("gone");
    desk.delete_media(media).await.expect("gone");
    assert_eq!(desk.list_media(pb::ListMediaRequest {}).await.expect("a list").into_inner().media, []);
    let left = desk.list_programmes(pb::ListProgrammesRequest {}).await.expect("a list").into_inner();
    assert_eq!((left.playlists.len(), left.schedules.len()), (0, 0));
}

#[tokio::test]
async fn a_file_is_what_its_content_says() {
    let house = house().await;
    let film = |brand: &[u8]| [b"\0\0\0\x18ftyp".as_slice(), brand, &[0; 100]].concat();
    let good: [(Vec<u8>, &str); 5] = [
        (film(b"isom"), "video/mp4"),
        (b"\xff\xd8\xff\xe0rest".to_vec(), "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), "image/webp"),
        (film(b"mp42"), "video/mp4"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\x01\x42\x82\x84webm".to_vec(), "video/webm"),
    ];
    for (file, kind) in good {
        assert_eq!(upload(&house, "x", &file, 1 << 20).await.expect(kind).media_type, kind);
    }
    // The same box begins pictures, sound and films that players do not show.
    for brand in [b"heic", b"mif1", b"avif", b"M4A ", b"M4B ", b"qt  ", b"3gp4", b"\0\0\0\0"] {
        let refused = upload(&house, "x", &film(brand), 1 << 20).await.expect_err("no MP4");
        assert!(refused.message().contains("is no PNG, JPEG, WebP, MP4 or WebM"), "{}", refused.message());
    }
    let bad: [(&str, Vec<u8>, &str); 6] = [
        ("a page", b"<html><script>alert(1)</script>".to_vec(), "piece"),
        ("a vector picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "piece"),
        ("half a head", b"\x89PNG\r\n\x1a\n".to_vec(), "piece"),
        ("nothing", Vec::new(), "name"),
        ("a picture that is too large", png((5 << 20) + 1), "piece"),
        ("a film that is too large", [film(b"mp42"), vec![0; 30 << 20]].concat(), "piece"),
    ];
    for (name, file, field) in bad {
        let refused = upload(&house, name, &file, 1 << 20).await.expect_err(name);
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}");
        assert!(refused.message().starts_with(field), "{name}: {}", refused.message());
    }
}

#[tokio::test]
async fn a_stored_file_is_served_for_ever_under_its_hash() {
    let house = house().await;
    let stored = upload(&house, "plakat", &png(500), 500).await.expect("stored");
    let answer = http(&house, "GET", &stored.path, &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.body, png(500));
    let again = http(&house, "GET", &stored.path, &[("if-none-match", answer.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    for path in ["0".repeat(64), "..%2f..%2fetc%2fpasswd".to_owned(), "%ff%fe".to_owned()] {
        let none = http(&house, "GET", &format!("/signage/media/{path}"), &[]).await;
        assert!((400..500).contains(&none.status), "{path}: {}", none.status);
    }
}

#[tokio::test]
async fn a_list_or_schedule_that_makes_no_sense_names_its_field() {
    let house = house().await;
    let stored = upload(&house, "plakat", &png(500), 500).await.expect("stored");
    let good = playlist(&stored.media_id);
    let mut desk = programmes!(house);
    type SpoilList = fn(&mut pb::Playlist);
    let lists: [(&str, SpoilList); 7] = [
        ("playlist_id", |it| it.playlist_id = "a b".to_owned()),
        ("name", |it| it.name = None),
        ("items", |it| it.items.clear()),
        ("items", |it| it.items[0].media_id = "0".repeat(64)),
        ("items.media_id", |it| it.items[0].media_id = "x".to_owned()),
        ("items.seconds", |it| it.items[0].seconds = 2),
        ("items.text", |it| it.items[0].text = None),
    ];
    for (field, spoil) in lists {
        let mut bad = good.clone();
        spoil(&mut bad);
        let refused = desk.put_playlist(bad).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field), "{field}: {}", refused.message());
    }
    desk.put_playlist(good).await.expect("put");
    type SpoilSchedule = fn(&mut pb::Schedule);
    let schedules: [(&str, SpoilSchedule); 8] = [
        ("schedule_id", |it| it.schedule_id.clear()),
        ("playlist_id", |it| it.playlist_id = "none".to_owned()),
        ("groups", |it| it.groups = vec!["roof".to_owned()]),
        ("weekdays", |it| it.weekdays = vec![8]),
        ("from", |it| it.from = "24:00".to_owned()),
        ("until", |it| it.until = "6 pm".to_owned()),
        ("first_day", |it| it.first_day = "1.11.2026".to_owned()),
        ("last_day", |it| it.last_day = "2026-10-31".to_owned()),
    ];
    for (field, spoil) in schedules {
        let mut bad = schedule();
        spoil(&mut bad);
        let refused = desk.put_schedule(bad).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field), "{field}: {}", refused.message());
    }
    let request = pb::PreviewDisplayRequest { display_id: "foyer-1".to_owned(), at: Some(timestamp(minutes(600_000))) };
    assert_eq!(desk.preview_display(request).await.expect_err("far").code(), Code::InvalidArgument);
    let request = pb::PreviewDisplayRequest { display_id: "roof".to_owned(), at: Some(timestamp(noon())) };
    assert_eq!(desk.preview_display(request).await.expect_err("none").code(), Code::NotFound);
}
