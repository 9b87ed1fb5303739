//! Tables of the pure decisions.

use proptest::prelude::*;

use super::{parts::PartState, *};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600 + minute * 60, 0).expect("in range")
}

fn payment(state: State, method: Method, cents: i64) -> Payment {
    Payment {
        id: Uuid::from_u128(1),
        visit: Uuid::from_u128(2),
        idempotency_key: Uuid::from_u128(3),
        method,
        state,
        cents,
        items: Vec::new(),
        return_url: String::new(),
        provider_ref: "r".to_owned(),
        redirect_url: String::new(),
        created_at: at(0),
        expires_at: at(15),
        next_check_at: None,
        watch_until: (state == State::Failed).then(|| at(15) + WATCH),
        given_back: 0,
        means: None,
        paid_at: None,
        open_at: None,
        given_up: false,
    }
}

#[test]
fn what_the_provider_says_means_one_thing_in_each_state() {
    let every = TimeDelta::seconds(2);
    let open = || Answer::Open { reference: "r".to_owned(), redirect_url: "u".to_owned() };
    let paid = || Answer::Paid { reference: "r".to_owned(), at: None };
    let over = at(15) + WATCH;
    let cases = [
        (State::Pending, paid(), at(1), Step::Complete),
        // In time or not: money that is there while we still wait is good money.
        (State::Pending, paid(), at(20), Step::Complete),
        (State::Pending, Answer::Over, at(1), Step::Fail { watch: false }),
        (State::Pending, open(), at(14), Step::AskAgain(at(14) + every)),
        (State::Pending, open(), at(15), Step::Fail { watch: true }),
        (State::Pending, Answer::Unclear, at(15), Step::AskAgain(at(15) + every)),
        (State::Pending, Answer::Unclear, at(30), Step::Fail { watch: true }),
        // The visit takes its places again, if they are there.
        (State::Failed, paid(), at(60), Step::Complete),
        (State::Failed, open(), at(60), Step::AskAgain(at(60) + WATCH_EVERY)),
        (State::Failed, open(), over, Step::Done),
        // Nobody knows whether there is money: that is not left alone.
        (State::Failed, Answer::Unclear, over, Step::AskAgain(over + UNCLEAR_EVERY)),
        (State::Failed, Answer::Unclear, over + UNCLEAR, Step::Done),
        (State::Failed, Answer::Over, at(60), Step::Done),
        (State::Paid, paid(), at(2), Step::Done),
        (State::Refunding, paid(), at(2), Step::Done),
        (State::Refunded, paid(), at(2), Step::Done),
    ];
    for (state, answer, now, expected) in cases {
        assert_eq!(payment(state, Method::Online, 850).step(&answer, every, now), expected, "{state:?} {answer:?}");
    }
    let mut returned = payment(State::Failed, Method::Online, 850);
    returned.given_up = true;
    assert_eq!(returned.step(&paid(), every, at(60)), Step::ReturnLate, "called off, or paid another way");
    let unclear = payment(State::Failed, Method::Online, 850);
    assert_eq!(unclear.step(&paid(), every, over), Step::ReturnLate, "heard of after a day");
    returned.watch_until = None;
    assert_eq!(returned.step(&paid(), every, at(61)), Step::Done, "late money is returned once");
}

#[test]
fn a_payment_is_as_old_as_its_provider_can_say() {
    let never_open = payment(State::Pending, Method::Online, 850);
    let open = Payment { open_at: Some(at(18)), ..never_open.clone() };
    for (told, expected) in [
        (Some(at(5)), at(5)),
        (Some(at(0)), at(0)),
        (Some(at(20)), at(20)),
        // Before it was asked for, or not yet: its clock is wrong.
        (Some(at(-60)), at(18)),
        (Some(at(21)), at(18)),
        (None, at(18)),
    ] {
        assert_eq!(open.paid_then(told, at(20)), expected, "{told:?}");
    }
    assert_eq!(never_open.paid_then(None, at(20)), at(0), "it was paid before anybody asked");
}

#[test]
fn money_goes_back_the_way_it_came() {
    let cases = [
        (State::Paid, Method::Online, 850, Return::ByProvider),
        (State::Paid, Method::AtDesk, 850, Return::AtDesk),
        (State::Paid, Method::Free, 0, Return::Nothing { then: State::Refunded }),
        (State::DueAtDesk, Method::AtDesk, 850, Return::Nothing { then: State::Voided }),
        (State::Pending, Method::Online, 850, Return::Nothing { then: State::Failed }),
        (State::Failed, Method::Online, 850, Return::Keep),
        (State::Refunding, Method::Online, 850, Return::Keep),
        (State::Refunded, Method::AtDesk, 850, Return::Keep),
        (State::Voided, Method::AtDesk, 850, Return::Keep),
    ];
    for (state, method, cents, expected) in cases {
        assert_eq!(payment(state, method, cents).give_back(), expected, "{state:?} {method:?}");
    }
}

#[test]
fn pauses_grow_to_an_hour() {
    assert_eq!(refund_pause(1), TimeDelta::seconds(4));
    assert_eq!(refund_pause(2), TimeDelta::seconds(8));
    assert_eq!(refund_pause(u32::MAX), LONGEST_REFUND_PAUSE);
}

#[test]
fn a_part_goes_back_the_way_the_whole_was_paid() {
    let cases = [
        (State::Paid, Method::Online, PartState::Returning, 300),
        (State::Paid, Method::AtDesk, PartState::AtDesk, 300),
        (State::DueAtDesk, Method::AtDesk, PartState::LessDue, 300),
        (State::Pending, Method::Online, PartState::Covered, 0),
        (State::Failed, Method::Online, PartState::Covered, 0),
        (State::Refunding, Method::Online, PartState::Covered, 0),
        (State::Refunded, Method::AtDesk, PartState::Covered, 0),
        (State::Voided, Method::AtDesk, PartState::Covered, 0),
    ];
    for (state, method, expected, cents) in cases {
        assert_eq!(payment(state, method, 850).part(300), (cents, expected), "{state:?} {method:?}");
    }
    assert_eq!(payment(State::Paid, Method::Free, 0).part(300), (0, PartState::Covered), "free gives nothing back");
}

proptest! {
    #[test]
    fn parts_never_add_up_to_more_than_was_paid(cents in 0_i64..5_000, wishes in prop::collection::vec(1_i64..2_000, 0..12)) {
        let mut payment = payment(State::Paid, Method::Online, cents);
        let mut back = 0;
        for wanted in &wishes {
            let (part, _) = payment.part(*wanted);
            prop_assert!((0..=*wanted).contains(&part));
            payment.given_back += part;
            back += part;
        }
        prop_assert_eq!(back, wishes.iter().sum::<i64>().min(cents));
        prop_assert_eq!(payment.left(), cents - back);
    }
}
