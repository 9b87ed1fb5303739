//! What visitors are written when their showing begins at another time.

use sky_proto::{parking::v1::RightMoved, reservations::v1::ShowingDelayed};

use super::*;

#[tokio::test]
async fn delays_that_follow_each_other_are_one_notice_with_the_last_times() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    let first = mails(&town, &sink, 1).await.remove(0);
    delay(&town, &visit, 10).await;
    turn(&town, 20).await;
    delay(&town, &visit, 5).await;
    let second = mails(&town, &sink, 2).await.remove(1);
    let at = |minutes: i64| {
        let at = from_timestamp(visit.starts_at) + TimeDelta::minutes(minutes);
        at.with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M Uhr").to_string()
    };
    assert!(second.contains(&at(15)) && second.contains("Technik"), "{second}");
    assert!(!second.contains(&at(10)), "the time between says nothing: {second}");
    assert!(second.contains(&format!("bis {}", until(&town, &visit).await)), "the bay has moved along: {second}");
    let sequence = |mail: &str| line(mail, "SEQUENCE:")[9..].parse::<u64>().expect("a number");
    assert_eq!(line(&first, "UID:"), line(&second, "UID:"));
    assert!(sequence(&second) > sequence(&first));
    let kinds = kept(&town, &visit).await;
    let of = |kind: &str, state: &str| kinds.iter().filter(|(is, in_, _)| is == kind && in_ == state).count();
    assert_eq!((of("delayed", "sent"), of("delayed", "overtaken")), (1, 1), "{kinds:?}");

    replay::<ShowingDelayed>(&town, "reservations", &visit.showing_id).await;
    replay::<RightMoved>(&town, "parking", &visit.visit_id).await;
    mails(&town, &sink, 2).await;
}

#[tokio::test]
async fn a_delay_that_is_taken_back_is_told_to_whoever_was_told_of_it() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    mails(&town, &sink, 1).await;
    // Taken back before anybody was told: there is nothing to tell.
    delay(&town, &visit, 20).await;
    turn(&town, 20).await;
    delay(&town, &visit, -20).await;
    mails(&town, &sink, 1).await;

    delay(&town, &visit, 20).await;
    assert!(mails(&town, &sink, 2).await[1].contains("beginnt später"));
    delay(&town, &visit, -20).await;
    let back = mails(&town, &sink, 3).await.remove(2);
    let start =
        from_timestamp(visit.starts_at).with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M Uhr").to_string();
    assert!(back.contains("doch früher") && back.contains(&start), "{back}");
    assert!(town.get(&visit).await.notice.expect("a word").de.contains("beginnt doch schon um"));
    // The same time as before, and news all the same.
    delay(&town, &visit, 20).await;
    assert!(mails(&town, &sink, 4).await[3].contains("beginnt später"));
    replay::<ShowingDelayed>(&town, "reservations", &visit.showing_id).await;
    mails(&town, &sink, 4).await;
}

async fn until(town: &Town, visit: &pb::Visit) -> String {
    let right = town.get(visit).await.parking.expect("a bay");
    from_timestamp(right.until).with_timezone(&chrono_tz::Europe::Berlin).format("%H:%M Uhr").to_string()
}
