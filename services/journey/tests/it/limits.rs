//! Limits per browser and per contact: at the height and beyond it, at the same instant, and for staff.

use futures::{StreamExt, future::join_all};
use sky_proto::{
    journey::v1::{self as pb, VisitState, journey_client::JourneyClient},
    payments::v1::Method,
};
use tonic::{Code, Status};

use crate::{client, support::*};

/// Before somebody who was sent away comes again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Refused by a limit, with words for people that say what helps.
fn limited(answer: Result<pb::Visit, Status>) {
    let (de, en) = refused(answer);
    assert!(de.contains("geben Sie") && en.contains("give one back"), "{de} {en}");
}

/// In German and English.
fn refused(answer: Result<pb::Visit, Status>) -> (String, String) {
    let refused = answer.expect_err("beyond the limit");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{}", refused.message());
    let details = refusal(&refused);
    assert_eq!(details.part, "limit");
    let reason = details.reason.expect("reason");
    assert!(reason.de.contains("Kasse") && reason.en.contains("front desk"), "{} {}", reason.de, reason.en);
    (reason.de, reason.en)
}

fn walking(town: &Town) -> pb::HoldVisitRequest {
    pb::HoldVisitRequest { parking: None, ..town.wish() }
}

async fn visits(town: &Town) -> i64 {
    sqlx::query_scalar("select count(*) from visit").fetch_one(town.house.pool("journey")).await.expect("counted")
}

#[tokio::test]
async fn a_browser_holds_so_many_visits_and_no_more() {
    let town = town().await;
    let first = walking(&town);
    let mut held = vec![town.hold(&first).await.expect("held")];
    for _ in 1..5 {
        held.push(town.hold(&walking(&town)).await.expect("below the limit"));
    }
    let beyond = walking(&town);
    limited(town.hold(&beyond).await);
    assert_eq!((visits(&town).await, town.taken().await), (5, (10, 0)), "nothing half done");
    assert_eq!(town.hold(&first).await.expect("a repeat"), held[0], "gets the first answer");
    town.hold_as(&guest("other"), &walking(&town)).await.expect("another browser");
    for _ in 0..6 {
        town.hold_as(&desk(), &walking(&town)).await.expect("staff are not limited");
    }

    // Given back, ordered, or run out: there is room again, and the refused request may come again.
    town.cancel(&held[0], &guest("test")).await.expect("given back");
    town.hold(&beyond).await.expect("room again");
    limited(town.hold(&walking(&town)).await);
    town.confirm(&held[1], Method::Online).await.expect("ordered");
    limited(town.hold(&walking(&town)).await);
    town.confirm(&held[2], Method::AtDesk).await.expect("ordered");
    town.hold(&walking(&town)).await.expect("room again");
    town.house.clock.set(minutes(10));
    for _ in 0..4 {
        town.hold(&walking(&town)).await.expect("what ran out is not counted, swept or not");
    }
    limited(town.hold(&walking(&town)).await);
}

#[tokio::test]
async fn a_browser_holds_so_many_places_and_no_more() {
    let town = town_limited("places_per_browser", 7).await;
    let party = |people| pb::HoldVisitRequest { party: vec![line("adult", people)], ..walking(&town) };
    let (de, en) = refused(town.hold(&party(8)).await);
    assert!(de.contains("wählen Sie weniger") && en.contains("choose fewer"), "{de} {en}");
    assert!(!de.contains("geben Sie") && !en.contains("give"), "nothing is held: {de} {en}");
    town.hold(&party(5)).await.expect("five");
    let (de, en) = refused(town.hold(&party(3)).await);
    for (helps, said) in [("höchstens noch 2", &de), ("bezahlen Sie online", &de), ("at most 2 more", &en)] {
        assert!(said.contains(helps), "{said}");
    }
    assert!(!de.contains("bestellen"), "who pays at the desk has ordered, and it counts: {de}");
    town.hold(&party(2)).await.expect("seven");
    limited(town.hold(&party(1)).await);
    assert_eq!((visits(&town).await, town.taken().await), (2, (7, 0)));
}

#[tokio::test]
async fn a_crowd_from_one_browser_gets_its_limit_and_clear_words() {
    let town = town().await;
    let client = JourneyClient::new(town.house.channel(&guest("test")));
    // Two thousand requests, some hundreds of them at any moment; with one address ten thousand, below.
    let crowd = futures::stream::iter(0..2_000).map(|_| {
        let (mut client, request) = (client.clone(), walking(&town));
        async move {
            loop {
                match client.hold_visit(request.clone()).await {
                    // Who waited too long for their turn is asked to come again.
                    Err(status) if kernel::error::is_busy(&status) => tokio::time::sleep(PAUSE).await,
                    answer => return answer.map(tonic::Response::into_inner),
                }
            }
        }
    });
    let answers: Vec<_> = crowd.buffer_unordered(400).collect().await;
    let (held, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(held.len(), 5);
    refused.into_iter().for_each(limited);
    assert_eq!((visits(&town).await, town.taken().await), (5, (10, 0)), "nothing half done");
}

fn in_the_name_of(visit: &pb::Visit, email: &str) -> pb::ConfirmVisitRequest {
    pb::ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: Method::AtDesk.into(),
        contact: Some(pb::Contact { email: email.to_owned(), ..contact() }),
        return_url: String::new(),
    }
}

async fn order(town: &Town, caller: &kernel::Caller, visit: &pb::Visit, email: &str) -> Result<pb::Visit, Status> {
    client!(town, caller).confirm_visit(in_the_name_of(visit, email)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_contact_orders_so_many_places_of_a_showing_and_no_more() {
    let town = town_limited("places_per_contact", 6).await;
    let spellings = ["caroline@slough.example", " Caroline@Slough.example", "CAROLINE@SLOUGH.EXAMPLE "];
    let mut held = Vec::new();
    for n in 0..12 {
        held.push(town.hold_as(&guest(&n.to_string()), &walking(&town)).await.expect("held"));
    }
    // All at the same instant, each in a browser of its own.
    let orders = join_all(held.iter().enumerate().map(|(n, visit)| {
        let (town, caller) = (&town, guest(&n.to_string()));
        async move { order(town, &caller, visit, spellings[n % 3]).await }
    }))
    .await;
    let refused: Vec<_> = held.iter().zip(&orders).enumerate().filter(|(_, (_, answer))| answer.is_err()).collect();
    assert_eq!(refused.len(), 9, "two places each, six in all");
    for (_, (visit, answer)) in &refused {
        let status = answer.as_ref().expect_err("refused");
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("at most 6 places"), "{}", status.message());
        let now = town.get(visit).await;
        assert_eq!((now.state(), &now.reference), (VisitState::Held, &visit.reference), "held as before");
    }
    let &(n, (visit, _)) = refused.first().expect("one");
    order(&town, &guest(&n.to_string()), visit, "somebody@else.example").await.expect("another contact");
    let &(_, (visit, _)) = refused.last().expect("one");
    order(&town, &desk(), visit, spellings[0]).await.expect("staff are not limited");
    let mut elsewhere = walking(&town);
    elsewhere.showing_id.clone_from(&town.programme[1].showing_id);
    let elsewhere = town.hold(&elsewhere).await.expect("held");
    order(&town, &guest("test"), &elsewhere, spellings[1]).await.expect("another showing");
}

#[tokio::test]
async fn a_crowd_of_orders_with_one_address_gets_its_limit_and_clear_words() {
    let town = town_limited("places_per_contact", 6).await;
    let mut held = Vec::new();
    for n in 0..40 {
        held.push(town.hold_as(&guest(&n.to_string()), &walking(&town)).await.expect("held"));
    }
    // Ten thousand orders in one name, some hundreds of them at any moment, from forty browsers.
    let clients: Vec<_> =
        (0..40).map(|n: usize| JourneyClient::new(town.house.channel(&guest(&n.to_string())))).collect();
    let crowd = futures::stream::iter(0..10_000).map(|n: usize| {
        let (mut client, request) = (clients[n % 40].clone(), in_the_name_of(&held[n % 40], "caroline@slough.example"));
        async move { (n % 40, client.confirm_visit(request).await) }
    });
    let answers: Vec<_> = crowd.buffer_unordered(400).collect().await;
    let mut ordered = std::collections::BTreeSet::new();
    for (n, answer) in answers {
        match answer {
            Ok(_) => {
                ordered.insert(n);
            }
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
                let is_busy = kernel::error::is_busy(&status);
                assert!(is_busy || status.message().contains("at most 6 places"), "{}", status.message());
            }
        }
    }
    assert_eq!(ordered.len(), 3, "two places each, six in all");
    for (n, visit) in held.iter().enumerate() {
        let is_held = town.get(visit).await.state() == VisitState::Held;
        assert_eq!(is_held, !ordered.contains(&n), "visit {n}: ordered or as before");
    }
    let (held, sold) = town.taken().await;
    assert_eq!(held + sold, 80, "nobody has lost a place");
}

#[tokio::test]
async fn what_is_promised_at_the_desk_counts_for_its_showing_until_it_is_paid() {
    let town = town_limited("places_per_browser", 6).await;
    let party = |showing: usize, people| pb::HoldVisitRequest {
        party: vec![line("adult", people)],
        showing_id: town.programme[showing].showing_id.clone(),
        ..walking(&town)
    };
    let first = town.hold(&party(0, 4)).await.expect("held");
    order(&town, &guest("test"), &first, "one@slough.example").await.expect("ordered");
    let second = town.hold(&party(0, 2)).await.expect("six");
    order(&town, &guest("test"), &second, "two@slough.example").await.expect("in another name");
    limited(town.hold(&party(0, 1)).await);
    town.hold(&party(1, 6)).await.expect("another showing");
    town.hold_as(&guest("other"), &party(0, 6)).await.expect("another browser");
    town.hold_as(&desk(), &party(0, 12)).await.expect("the desk helps groups");
    sqlx::query("update visit set payment_state = 'paid' where showing_id = $1::uuid and maker like 'visitor:%'")
        .bind(&town.programme[0].showing_id)
        .execute(town.house.pool("journey"))
        .await
        .expect("paid");
    limited(town.hold(&party(0, 1)).await);
    town.house.clock.set(minutes(10));
    town.hold(&party(0, 6)).await.expect("paid, and the other hold has run out");
}

#[tokio::test]
async fn what_stands_behind_a_plus_is_the_same_contact() {
    let town = town_limited("places_per_contact", 4).await;
    let addresses = ["caroline+1@slough.example", "Caroline+two@Slough.example", "caroline@slough.example"];
    let mut held = Vec::new();
    for n in 0..3 {
        held.push(town.hold_as(&guest(&n.to_string()), &walking(&town)).await.expect("held"));
    }
    for n in 0..2 {
        order(&town, &guest(&n.to_string()), &held[n], addresses[n]).await.expect("below the limit");
    }
    let refused = order(&town, &guest("2"), &held[2], addresses[2]).await.expect_err("beyond it");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("at most 4 places"), "{}", refused.message());
}
