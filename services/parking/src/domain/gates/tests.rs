//! Commands and lanes, row by row.

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn command(state: CommandState) -> Command {
    Command {
        id: Uuid::nil(),
        key: Uuid::nil(),
        lane: "in-1".to_owned(),
        action: Action::Open,
        state,
        confirmation: Confirmation::Accepted,
        reason: String::new(),
        by: String::new(),
        requested_at: at(0),
        expires_at: at(30),
        failure: String::new(),
    }
}

#[test]
fn names_are_read_back() {
    assert!(CommandState::ALL.into_iter().all(|it| CommandState::named(it.name()) == Some(it)));
    assert!(Action::ALL.into_iter().all(|it| Action::named(it.name()) == Some(it)));
    assert!(Hold::ALL.into_iter().all(|it| Hold::named(it.name()) == Some(it)));
    assert!(Confirmation::ALL.into_iter().all(|it| Confirmation::named(it.name()) == Some(it)));
}

#[test]
fn a_command_goes_its_way_and_never_back() {
    use CommandState::{Accepted, Cancelled, Dispatched, Executing, Expired, Failed, Rejected, Succeeded};
    let failed = || Step::Failed("jammed".to_owned());
    for (state, step, second, expected) in [
        (Accepted, Step::Dispatched, 1, Ok(Dispatched)),
        (Accepted, Step::Acknowledged, 1, Ok(Executing)),
        (Dispatched, Step::Acknowledged, 29, Ok(Executing)),
        (Dispatched, Step::Acknowledged, 30, Err(Over(Expired))),
        (Accepted, Step::Dispatched, 30, Err(Over(Expired))),
        (Accepted, Step::Time, 30, Ok(Expired)),
        (Executing, Step::Time, 89, Ok(Executing)),
        (Executing, Step::Time, 90, Ok(Failed)),
        (Executing, Step::Acknowledged, 40, Ok(Executing)),
        (Executing, Step::Confirmed, 40, Ok(Succeeded)),
        (Dispatched, Step::Confirmed, 2, Ok(Succeeded)),
        (Executing, failed(), 2, Ok(Failed)),
        (Accepted, Step::Cancelled, 2, Ok(Cancelled)),
        (Succeeded, Step::Confirmed, 500, Ok(Succeeded)),
        (Succeeded, failed(), 2, Err(Over(Succeeded))),
        (Failed, Step::Confirmed, 2, Err(Over(Failed))),
        (Cancelled, Step::Acknowledged, 2, Err(Over(Cancelled))),
        (Rejected, Step::Dispatched, 2, Err(Over(Rejected))),
        (Expired, Step::Confirmed, 2, Err(Over(Expired))),
    ] {
        let stepped = command(state).step(step.clone(), at(second)).map(|command| command.state);
        assert_eq!(stepped, expected, "{state:?} {step:?} at {second}");
    }
}

#[test]
fn a_lane_says_what_weighs_most() {
    let lane = Lane {
        id: "in-1".to_owned(),
        direction: Direction::In,
        hold: None,
        held_open: false,
        fault: String::new(),
        fault_since: None,
        heartbeat_at: Some(at(0)),
        list_until: None,
        key_reused_at: None,
        revision: 1,
    };
    let listed = Lane { list_until: Some(at(100)), ..lane.clone() };
    let held = Lane { hold: Some(Hold::Staff), ..lane.clone() };
    let broken = Lane { fault: "jammed".to_owned(), ..held.clone() };
    for (lane, second, state) in [
        (&lane, 29, LaneState::Normal),
        (&lane, 30, LaneState::LinkLost),
        (&listed, 29, LaneState::Normal),
        (&listed, 30, LaneState::LocalList),
        (&listed, 100, LaneState::LinkLost),
        (&held, 30, LaneState::HeldOpen),
        (&broken, 1, LaneState::Fault),
        (&Lane { heartbeat_at: None, ..lane.clone() }, 1, LaneState::Unknown),
    ] {
        assert_eq!(lane.state(at(second)), state, "{lane:?} at {second}");
    }
    let evacuated = Lane { hold: Some(Hold::Evacuation), ..lane.clone() };
    assert!(evacuated.takes(Action::Close, true).is_err() && evacuated.takes(Action::Open, true).is_ok());
    assert!(Lane { hold: Some(Hold::Both), ..lane.clone() }.takes(Action::Close, true).is_err());
    assert!(held.takes(Action::Close, true).is_ok() && lane.takes(Action::Close, true).is_err());
}

#[test]
fn why_a_command_failed_is_said_in_both_languages() {
    let late = command(CommandState::Executing).step(Step::Time, at(10_000)).expect("it has failed");
    assert_eq!(late.state, CommandState::Failed);
    let told = |failure: &str| Command { failure: failure.to_owned(), ..command(CommandState::Failed) }.why_failed();
    let known = [NOT_SEEN_TO_MOVE, EVACUATED, NOT_HELD_OPEN];
    assert!(known.contains(&late.failure.as_str()));
    for failure in known {
        let text = told(failure).expect("a text");
        assert!(!text.de.is_empty() && text.de != failure && text.en != text.de, "{text:?}");
        assert!(!text.de.contains(failure), "nobody at the barrier must read {failure}");
    }
    assert!(told("E-17").is_some_and(|text| text.de.ends_with("E-17") && text.en.ends_with("E-17")));
    assert_eq!(told(""), None);
}
