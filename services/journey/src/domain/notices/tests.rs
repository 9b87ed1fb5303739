//! Which change is told and which is not; when; and that every letter can be read, in every language.

use super::{
    letter::{Block, HouseWords, Letter, Material, compose},
    words::Language,
    *,
};
use crate::domain::{
    Contact, Method, Money, PartyLine, Seat,
    samples::{at, meal, showing, visit},
};

fn known(state: State) -> Visit {
    let mut visit = visit(state);
    visit.contact = Contact { name: "Caroline Herschel".to_owned(), email: "caroline@slough.example".to_owned() };
    visit
}

fn kinds(before: &Visit, after: &Visit) -> Vec<Kind> {
    following(before, after, Some(&showing())).into_iter().map(|wanted| wanted.kind).collect()
}

#[test]
fn what_is_told_of_a_visit_s_steps() {
    let table: [(State, State, &[Kind]); 15] = [
        (State::Waiting, State::Waiting, &[]),
        (State::Waiting, State::Held, &[]),
        (State::Waiting, State::Expired, &[Kind::WaitOver]),
        (State::Held, State::AwaitingPayment, &[]),
        (State::AwaitingPayment, State::Confirming, &[]),
        (State::Confirming, State::Confirmed, &[Kind::Confirmed]),
        (State::Confirmed, State::Confirmed, &[]),
        (State::AwaitingPayment, State::Expired, &[Kind::NotCompleted]),
        (State::Held, State::Expired, &[Kind::WaitOver]),
        (State::Confirmed, State::Refunding, &[Kind::Cancelled]),
        (State::Confirming, State::Refunding, &[Kind::Cancelled]),
        (State::Confirmed, State::Cancelled, &[Kind::Cancelled]),
        (State::Refunding, State::Refunded, &[]),
        (State::Refunding, State::Cancelled, &[]),
        (State::Confirmed, State::Refunded, &[Kind::Cancelled]),
    ];
    for (before, after, told) in table {
        assert_eq!(kinds(&known(before), &known(after)), told, "{before:?} to {after:?}");
    }
    assert_eq!(kinds(&visit(State::Held), &visit(State::Expired)), [], "nobody knows who chose and went away");
    let (before, after) = (known(State::Refunding), known(State::Refunded));
    let told = refunded(&before, &after, 700).expect("told, with what payments has given back");
    assert_eq!((told.kind, told.facts.cents), (Kind::Refunded, 700));
    assert_eq!(refunded(&after, &after, 700), None, "once");
    assert_eq!(refunded(&before, &known(State::Cancelled), 0), None, "nothing comes back");
}

#[test]
fn without_an_address_nothing_is_sent_and_that_is_written_down() {
    let told = following(&visit(State::Confirming), &visit(State::Confirmed), None);
    assert_eq!(told.iter().map(|wanted| wanted.state).collect::<Vec<_>>(), [Sending::NoAddress]);
}

#[test]
fn a_meal_is_news_when_it_leaves_its_showing() {
    let mut before = known(State::Confirmed);
    before.meal = Some(meal());
    let moved = |minutes: i64| {
        let mut after = before.clone();
        after.meal.as_mut().expect("a meal").pickup_at = at(190 + minutes);
        after
    };
    assert_eq!(kinds(&before, &moved(9)), []);
    assert_eq!(kinds(&before, &moved(10)), [Kind::MealMoved]);
    // A delay of twenty minutes explains twenty.
    let mut late = showing();
    late.starts_at = at(140);
    assert_eq!(following(&before, &moved(20), Some(&late)), []);
    let running = Showing { admission: Admission::Running, ..showing() };
    assert_eq!(following(&before, &moved(30), Some(&running)), [], "the end moves while it runs");
    let mut inside = moved(30);
    inside.admitted = 2;
    assert_eq!(kinds(&before, &inside), [], "nobody reads mail in the dome");
    let mut off = before.clone();
    off.meal.as_mut().expect("a meal").part = Part::Cancelled;
    assert_eq!(kinds(&before, &off), [Kind::MealOff]);
    off.state = State::Refunding;
    assert_eq!(kinds(&before, &off), [Kind::Cancelled], "with its visit it needs no word of its own");
}

#[test]
fn another_dish_is_told_with_what_the_kitchen_says() {
    let mut before = known(State::Confirmed);
    before.notice = Text::new("Sie haben neue Plätze: C1.", "You have new places: C1.");
    let mut juice = meal();
    juice.dishes = vec![crate::domain::Dish {
        item_id: "apple".to_owned(),
        name: Text::new("Apfelsaft", "Apple juice"),
        quantity: 1,
        station: "bar".to_owned(),
        allergens: Vec::new(),
    }];
    before.meal = Some(juice);
    let mut after = before.clone();
    after.meal.as_mut().expect("a meal").dishes[0].item_id = "grape".to_owned();
    let instead = Text::new("Statt Apfelsaft bekommen Sie Traubensaft.", "Instead of apple juice you get grape juice.");
    after.notice = crate::domain::join(&before.notice, &instead);
    let told = following(&before, &after, None);
    assert_eq!(told.iter().map(|it| (it.kind, &it.facts.reason)).collect::<Vec<_>>(), [(Kind::MealChanged, &instead)]);
    let back_and_there = Visit { revision: after.revision + 2, ..after.clone() };
    assert_ne!(following(&before, &back_and_there, None)[0].about, told[0].about, "another change is told again");
    let choose = Text::new("Bitte wählen Sie.", "Please choose.");
    let asked = Visit { notice: crate::domain::join(&before.notice, &choose), ..before.clone() };
    let about = |question| kitchen_asks(&asked, question, choose.clone()).expect("told").about;
    assert_eq!(about("q1"), about("q1"), "one question is one notice");
    assert_ne!(about("q1"), about("q2"), "another question about the same pickup is another one");
    assert!(about("").ends_with(&instant(asked.meal.as_ref().expect("a meal").pickup_at)), "before they had names");
    let as_ordered = Text::new("Sie bekommen Ihr Essen wie bestellt.", "You get your meal as ordered.");
    let settled = Visit { notice: crate::domain::join(&before.notice, &as_ordered), ..before.clone() };
    let said = kitchen_says(&asked, &settled, "q1", &as_ordered).expect("told");
    let next = kitchen_says(&asked, &settled, "q2", &as_ordered).expect("told");
    assert_ne!(said.about, next.about, "the answer to another question is told too");
    assert_eq!((said.kind, &said.facts.reason), (Kind::MealSettled, &as_ordered));
    assert_eq!(kitchen_says(&settled, &settled, "q1", &as_ordered), None, "told twice");
    let mut off = settled;
    off.meal.as_mut().expect("a meal").part = Part::Cancelled;
    assert_eq!(kitchen_says(&asked, &off, "q1", &as_ordered), None, "that it is off is told by itself");
}

#[test]
fn other_places_and_codes_are_told_to_those_who_come() {
    let seat = |label: &str| Seat {
        label: label.to_owned(),
        features: Vec::new(),
        tariff_class: "adult".to_owned(),
        need: String::new(),
    };
    let at_places = |labels: &[&str], revision| {
        let seats = labels.iter().map(|label| seat(label)).collect();
        Visit { seats, revision, booking: Part::Confirmed, ..known(State::Confirmed) }
    };
    let before = at_places(&["C1", "C2"], 4);
    assert_eq!(kinds(&before, &at_places(&["D1", "D2"], 5)), [Kind::Reseated]);
    assert_eq!(kinds(&before, &at_places(&["C2", "C1"], 5)), [], "the same ones in another order");
    let there = following(&before, &at_places(&["D1", "D2"], 5), None).remove(0);
    let again = following(&before, &at_places(&["D1", "D2"], 7), None).remove(0);
    assert_ne!(there.about, again.about, "moved there, back, and there again: told each time");
    let inside = Visit { admitted: 2, ..at_places(&["D1", "D2"], 5) };
    assert_eq!(kinds(&before, &inside), [], "they sit already");
    let elsewhere = Visit { showing: Uuid::from_u128(99), ..at_places(&["D1", "D2"], 5) };
    assert_eq!(kinds(&before, &elsewhere), [], "another showing is told as such");

    let told = reissued(&before, at(10)).expect("told");
    assert_eq!((told.kind, told.about.as_str()), (Kind::Reissued, "2026-11-28T11:10:00Z"));
    assert_eq!(reissued(&Visit { admitted: 2, ..before.clone() }, at(10)), None);
    assert_eq!(reissued(&known(State::Refunding), at(10)), None, "late, of a visit that is off");
}

#[test]
fn a_bay_that_is_not_to_be_had_is_told_once() {
    let with = |part| {
        let mut visit = known(State::Confirmed);
        visit.bay.as_mut().expect("a bay").part = part;
        visit
    };
    let (given, refused) = (with(Part::Confirmed), with(Part::Refused));
    assert_eq!(kinds(&given, &refused), [Kind::ParkingOff]);
    assert_eq!(kinds(&refused, &refused.clone()), []);
    let off = Visit { state: State::Refunding, ..with(Part::Cancelled) };
    assert_eq!(kinds(&given, &off), [Kind::Cancelled], "with its visit it needs no word of its own");
}

#[test]
fn each_closure_of_the_car_park_is_told_once() {
    let open = known(State::Confirmed);
    let with = |lost: bool| {
        let mut visit = open.clone();
        visit.bay.as_mut().expect("a bay").suspension = Some(Suspension {
            closure: "c1".to_owned(),
            since: None,
            state: "SITE_STATE_UNREACHABLE".to_owned(),
            reason: Text::new("Brücke gesperrt", "Bridge closed"),
            until: None,
            alternatives: vec![("Spitze".to_owned(), 9)],
            lost,
            left: Vec::new(),
        });
        visit
    };
    let (closed, lost) = (with(false), with(true));
    assert_eq!(kinds(&open, &closed), [Kind::ParkingSuspended]);
    assert_eq!(kinds(&closed, &closed.clone()), []);
    assert_eq!(kinds(&closed, &lost), [Kind::ParkingLost]);
    assert_eq!(kinds(&closed, &open), [Kind::ParkingRestored]);
    let told = following(&open, &closed, None).remove(0);
    assert_eq!((told.about.as_str(), told.facts.places[0].walk_minutes), ("c1", 9));
    assert_eq!(following(&closed, &open, None)[0].about, "c1");
    // Prolonged: another closure, and another notice. One that says the same is none.
    let mut longer = closed.clone();
    let suspension = longer.bay.as_mut().and_then(|bay| bay.suspension.as_mut()).expect("suspended");
    suspension.closure = "c2".to_owned();
    assert_eq!(kinds(&closed, &longer), []);
    let suspension = longer.bay.as_mut().and_then(|bay| bay.suspension.as_mut()).expect("suspended");
    suspension.until = Some(at(300));
    let told = following(&closed, &longer, None).remove(0);
    assert_eq!((told.kind, told.about.as_str(), told.facts.until), (Kind::ParkingSuspended, "c2", Some(at(300))));
    assert_eq!(kinds(&longer, &longer.clone()), []);
    assert_eq!(following(&longer, &open, None)[0].about, "c2");
}

#[test]
fn a_delay_is_told_to_those_who_come() {
    let reason = Text::new("Technik", "Technical");
    let new = |was, starts_at| NewStart { was: at(was), starts_at: at(starts_at), told_at: at(60) };
    assert_eq!(delayed(&known(State::Held), new(120, 140), &reason), None);
    assert_eq!(delayed(&known(State::Confirmed), new(140, 140), &reason), None, "told twice");
    let inside = Visit { admitted: 2, ..known(State::Confirmed) };
    assert_eq!(delayed(&inside, new(120, 140), &reason), None);
    let wanted = delayed(&known(State::Confirmed), new(120, 140), &reason).expect("told");
    assert_eq!((wanted.facts.was, wanted.about.as_str()), (Some(at(120)), "2026-11-28T12:00:00.000000Z"));
    assert_eq!(wanted.send_at(at(0)), at(1), "a second delay may follow");
}

#[test]
fn a_new_start_is_said_by_what_its_reader_knows() {
    let knows = |minute| Facts { was: Some(at(minute)), ..Facts::default() };
    let begins = |minute| Showing { starts_at: at(minute), ..showing() };
    assert_eq!(said_as(Kind::Delayed, &knows(120), &begins(140)), Kind::Delayed);
    assert_eq!(said_as(Kind::Delayed, &knows(150), &begins(140)), Kind::Earlier);
    assert_eq!(said_as(Kind::Rebooked, &knows(150), &begins(140)), Kind::Rebooked);
}

#[test]
fn what_is_no_longer_so_is_not_told() {
    let notice = |kind| Notice {
        id: Uuid::from_u128(3),
        visit: Uuid::from_u128(1),
        kind,
        facts: Facts::default(),
        state: Sending::Waiting,
        made_at: at(0),
        send_at: at(0),
        attempts: 0,
        sent_at: None,
        failure: String::new(),
        told_at: None,
    };
    let so = |kind, visit: &Visit, minute| is_still_true(&notice(kind), visit, &showing(), at(minute));
    let comes = known(State::Confirmed);
    for kind in [Kind::Confirmed, Kind::DayBefore, Kind::Delayed, Kind::AtRisk] {
        assert!(so(kind, &comes, 10), "{kind:?}");
        assert!(!so(kind, &known(State::Refunding), 10), "{kind:?} of a visit that is off");
        assert!(!so(kind, &comes, 181), "{kind:?} when it is over");
    }
    // The show begins at minute 120: who has missed it is still offered a later one.
    assert!(so(Kind::AtRisk, &comes, 119) && !so(Kind::AtRisk, &comes, 121));
    assert!(so(Kind::RebookingOffered, &comes, 121) && !so(Kind::RebookingOffered, &comes, 181));
    let mut offered = notice(Kind::RebookingOffered);
    offered.facts.until = Some(at(60));
    let stands = |minute| is_still_true(&offered, &comes, &showing(), at(minute));
    assert!(stands(59) && !stands(60), "an offer whose time is over is none");
    assert!(so(Kind::Cancelled, &known(State::Refunded), 500) && !so(Kind::Cancelled, &known(State::Refunded), 11_000));
    assert!(!so(Kind::MealMoved, &comes, 10), "there is no meal");
    let parked = Visit { entered_at: Some(at(5)), ..comes };
    assert!(!so(Kind::ParkingSuspended, &parked, 10));
}

#[test]
fn the_mail_server_is_asked_less_and_less_often_and_then_no_more() {
    let rests: Vec<i64> = (1..MOST_ATTEMPTS).map(|n| next_attempt(n).expect("again").num_seconds()).collect();
    assert!(rests.is_sorted() && rests[0] == 30, "{rests:?}");
    assert!(rests.iter().sum::<i64>() < 12 * 3600, "given up within half a day: {rests:?}");
    assert_eq!(next_attempt(MOST_ATTEMPTS), None);
}

#[test]
fn the_day_before_is_a_wall_clock_s() {
    let five = NaiveTime::from_hms_opt(17, 0, 0).expect("a time");
    let told = |start: &str| day_before(start.parse().expect("a time"), five).map(instant);
    assert_eq!(told("2026-11-28T13:00:00Z").as_deref(), Some("2026-11-27T16:00:00Z"));
    assert_eq!(told("2026-10-25T13:00:00Z").as_deref(), Some("2026-10-24T15:00:00Z"), "clocks go back in the night");
    assert_eq!(told("2026-11-28T23:30:00Z").as_deref(), Some("2026-11-28T16:00:00Z"), "half past midnight in Halle");
}

fn house() -> HouseWords {
    let text = |word: &str| Text { de: word.to_owned(), en: word.to_owned(), plain: word.to_owned() };
    HouseWords {
        name: text("Planetarium"),
        address: "Holzplatz 5".to_owned(),
        tram: text("Saline"),
        bicycle: text("64 stands"),
        car: text("barrier"),
        step_free: text("lift in the foyer"),
        bring: text("the code"),
        ..HouseWords::default()
    }
}

fn letter(kind: Kind, language: Language, change: impl FnOnce(&mut Visit)) -> Letter {
    let mut visit = known(State::Confirmed);
    visit.language = language.tag().to_owned();
    visit.money = Money::Paid;
    visit.bay.as_mut().expect("a bay").part = Part::Confirmed;
    visit.meal = Some(meal());
    visit.seats = vec![Seat {
        label: "C12".to_owned(),
        features: Vec::new(),
        tariff_class: "adult".to_owned(),
        need: String::new(),
    }];
    change(&mut visit);
    let facts = Facts {
        reason: Text::new("Projektor gestört", "Projector fault"),
        was: Some(at(120)),
        places: vec![Place { name: "Spitze".to_owned(), walk_minutes: 9 }],
        choices: vec![Choice { title: Text::new("Sterne", "Stars"), starts_at: at(240) }],
        until: Some(at(100)),
        cents: 1700,
    };
    let (showing, house) = (showing(), house());
    let material = Material { visit: &visit, showing: &showing, house: &house, car_park: None, link: "https://h/v/x" };
    compose(kind, &facts, &material)
}

fn all_text(letter: &Letter) -> String {
    let mut text = vec![letter.title.clone()];
    for block in &letter.blocks {
        match block {
            Block::Heading(line) | Block::Text(line) => text.push(line.clone()),
            Block::Facts(facts) => text.extend(facts.iter().map(|(label, value)| format!("{label}: {value}"))),
            Block::List(items) => text.extend(items.clone()),
            Block::Link { label, url } => text.push(format!("{label} {url}")),
        }
    }
    text.extend(letter.foot.clone());
    text.join("\n")
}

#[test]
fn every_kind_can_be_read_in_every_language() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let letter = letter(kind, language, |_| {});
            let text = all_text(&letter);
            assert!(!text.contains(['{', '}']) && !letter.subject.contains(['{', '}']), "{kind:?} {text}");
            assert!(letter.subject.chars().count() <= 70, "{}", letter.subject);
            assert!(text.contains("https://h/v/x") && text.contains("Caroline Herschel"), "{kind:?} {text}");
            assert_eq!(letter.lang, language.tag());
        }
    }
}

#[test]
fn a_subject_says_nothing_of_a_person() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let subject = letter(kind, language, |_| {}).subject;
            for secret in
                ["Caroline", "Herschel", "Sterne", "Stars", "C12", &kernel::ticket_code::reference(Uuid::from_u128(1))]
            {
                assert!(!subject.contains(secret), "{subject}");
            }
        }
    }
}

#[test]
fn plain_german_has_short_sentences() {
    for kind in Kind::ALL {
        let letter = letter(kind, Language::Plain, |_| {});
        let said =
            letter.blocks.iter().filter_map(|block| if let Block::Text(text) = block { Some(text) } else { None });
        for sentence in said.flat_map(|text| text.split_inclusive(['.', '!', '?'])) {
            let words = sentence.split_whitespace().count();
            assert!(words <= 12, "{kind:?}: {words} words: {sentence}");
        }
    }
}

#[test]
fn the_letter_has_what_is_booked_and_no_more() {
    let text = all_text(&letter(Kind::Confirmed, Language::German, |_| {}));
    for part in [
        "Samstag, 28. November 2026, 14:00 Uhr",
        "Seien Sie da um: 13:30 Uhr",
        "Stellplatz, von 13:00 Uhr bis 16:00 Uhr",
        "Essen abholen um: 15:10 Uhr",
        "Saline",
        "barrier",
        "2 × Erwachsene: 17,00 €",
        "§ 312g",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.find("Saline") < text.find("barrier"), "public transport stands before the car");
    assert!(!text.contains("lift"), "nobody has asked for a way without steps");
    let needs = |visit: &mut Visit| {
        visit.bay = None;
        visit.party.push(PartyLine { tariff_class: "adult".to_owned(), count: 1, need: "NEED_STEP_FREE".to_owned() });
    };
    let text = all_text(&letter(Kind::Confirmed, Language::English, needs));
    assert!(text.contains("lift in the foyer") && !text.contains("barrier"), "{text}");
}

#[test]
fn money_is_told_as_it_is() {
    let said = |state, money| {
        all_text(&letter(Kind::Cancelled, Language::German, |visit| (visit.state, visit.money) = (state, money)))
    };
    assert!(said(State::Refunding, Money::Paid).contains("Sie bekommen 17,00 € zurück"));
    let at_desk = |kind, state, money| {
        let change =
            |visit: &mut Visit| (visit.state, visit.money, visit.method) = (state, money, Some(Method::AtDesk));
        all_text(&letter(kind, Language::German, change))
    };
    let waits = at_desk(Kind::Cancelled, State::Refunding, Money::Paid);
    assert!(waits.contains("17,00 € zurück") && waits.contains("an der Kasse bezahlt"), "{waits}");
    let back = at_desk(Kind::Refunded, State::Refunded, Money::Refunded);
    assert!(back.contains("17,00 € an der Kasse") && !back.contains("Bank"), "{back}");
    assert!(said(State::Refunding, Money::DueAtDesk).contains("nichts bezahlen"));
    let kept = said(State::Cancelled, Money::Paid);
    assert!(!kept.contains("zurück") && !kept.contains("nichts bezahlen"), "{kept}");
}
