//! Tables of the pure decisions.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{
    scan::{Asked, DoorTicket, Holds, Judgement, Kind, Party, Scanned, TooMany, Verdict, judge},
    *,
};

pub(super) fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

pub(super) fn admission(state: AdmissionState) -> Admission {
    Admission {
        showing: Uuid::from_u128(1),
        title: Text::default(),
        hall: "dome".to_owned(),
        is_public: true,
        state,
        scheduled_starts_at: at(60),
        starts_at: at(60),
        ends_at: at(110),
        predicted_end_at: at(110),
        doors_at: at(40),
        last_entry_at: at(60),
        capacity: 110,
        booked: 3,
        admitted: 0,
        outside: 0,
        state_since: None,
        shut_at: None,
        cleaned_at: None,
        revision: 1,
    }
}

fn party(showing: u128, admitted: usize, cancelled: bool) -> Party {
    Party {
        visit: Uuid::from_u128(9),
        showing: Uuid::from_u128(showing),
        reference: "X".to_owned(),
        cancelled,
        tickets: (0..3_usize)
            .map(|n| DoorTicket {
                id: Uuid::from_u128(100 + n as u128),
                seat: format!("A{n}"),
                assistance: false,
                live: !cancelled,
                admitted: (n < admitted).then(|| (at(45), "dome-1".to_owned())),
                out: None,
            })
            .collect(),
    }
}

fn asked(people: u32, late_reason: &str) -> Asked<'_> {
    Asked { kind: Kind::Entry, people, late_reason, replaced: false }
}

const fn holds(house: HouseState) -> Holds {
    Holds { house, zone_stopped: false, everybody_out_at: None }
}

fn verdict(scanned: &Scanned, state: AdmissionState, house: HouseState, minutes: i64) -> Verdict {
    judge(scanned, &admission(state), holds(house), asked(0, ""), at(minutes)).expect("no count was given").verdict
}

#[test]
fn the_most_urgent_reason_wins() {
    use AdmissionState::{Cancelled, DoorsOpen, LastCall, Planned, Running};
    use HouseState::{AdmissionStopped, Evacuating, Normal};
    let good = Scanned::Party(party(1, 0, false));
    let table = [
        (&good, DoorsOpen, Normal, 50, Verdict::Admitted),
        (&good, LastCall, Normal, 59, Verdict::Admitted),
        (&good, Planned, Normal, 50, Verdict::TooEarly),
        (&good, DoorsOpen, Normal, 61, Verdict::TooLate),
        (&good, Running, Normal, 55, Verdict::TooLate),
        (&good, Cancelled, Normal, 50, Verdict::Cancelled),
        (&good, DoorsOpen, Evacuating, 50, Verdict::Stopped),
        (&good, DoorsOpen, AdmissionStopped, 50, Verdict::Stopped),
        (&Scanned::Party(party(1, 3, false)), DoorsOpen, Normal, 50, Verdict::AlreadyAdmitted),
        (&Scanned::Party(party(1, 3, false)), Running, Normal, 70, Verdict::AlreadyAdmitted),
        (&Scanned::Party(party(1, 0, true)), DoorsOpen, Normal, 50, Verdict::Cancelled),
        (&Scanned::Party(party(2, 0, false)), DoorsOpen, Normal, 50, Verdict::WrongShowing),
        (&Scanned::Unknown, DoorsOpen, Normal, 50, Verdict::Unknown),
        (&Scanned::Forged, DoorsOpen, Normal, 50, Verdict::Forged),
        (&Scanned::Forged, DoorsOpen, Evacuating, 50, Verdict::Stopped),
        (&Scanned::NotHereYet { showing: Uuid::from_u128(1) }, DoorsOpen, Normal, 50, Verdict::Unknown),
        (&Scanned::NotHereYet { showing: Uuid::from_u128(2) }, DoorsOpen, Normal, 50, Verdict::WrongShowing),
    ];
    for (scanned, state, house, minutes, expected) in table {
        assert_eq!(verdict(scanned, state, house, minutes), expected, "{scanned:?} {state:?} {house:?}");
    }
}

#[test]
fn late_guests_come_in_while_it_runs_where_the_house_lets_them() {
    let late = |state: AdmissionState| Admission { last_entry_at: at(70), shut_at: Some(at(58)), ..admission(state) };
    let party = Scanned::Party(party(1, 0, false));
    let verdict = |admission: &Admission, minutes: i64| {
        judge(&party, admission, holds(HouseState::Normal), asked(0, ""), at(minutes)).expect("no count").verdict
    };
    use AdmissionState::{Aborted, Cancelled, Egress, Running};
    // State, minute, whether somebody comes in, whether whoever was let in then was so too late.
    let table = [
        (Running, 59, true, false),
        (Running, 70, true, false),
        (Running, 71, false, true),
        (Egress, 65, false, false),
        (Egress, 71, false, true),
        (Aborted, 59, false, true),
        (Cancelled, 59, false, true),
        (Cancelled, 58, false, false),
    ];
    for (state, minute, comes_in, was_shut) in table {
        let admission = late(state);
        let said = (verdict(&admission, minute) == Verdict::Admitted, admission.was_shut(at(minute)));
        assert_eq!(said, (comes_in, was_shut), "{state:?} {minute}");
    }
    let running = Admission { shut_at: Some(at(58)), ..admission(Running) };
    assert_eq!((verdict(&running, 59), running.was_shut(at(59))), (Verdict::TooLate, true), "nobody is late elsewhere");
}

#[test]
fn a_stop_holds_until_staff_say_why_not_and_an_old_code_is_refused_whatever_they_say() {
    use AdmissionState::{DoorsOpen, Planned, Running};
    let judge = |kind: Kind, state: AdmissionState, party: &Party, reason: &str, replaced: bool, zone_stopped: bool| {
        let asked = Asked { kind, people: 0, late_reason: reason, replaced };
        let holds = Holds { house: HouseState::Normal, zone_stopped, everybody_out_at: None };
        judge(&Scanned::Party(party.clone()), &admission(state), holds, asked, at(50)).expect("a verdict")
    };
    let (new, all_in) = (party(1, 0, false), party(1, 3, false));
    let mut one_out = all_in.clone();
    one_out.tickets[0].out = Some(at(48));
    // Kind, state, party, reason, replaced, stopped.
    let table = [
        (Kind::Entry, DoorsOpen, &new, "", false, true, Verdict::ZoneStopped),
        (Kind::Entry, DoorsOpen, &new, "the choir", false, true, Verdict::Admitted),
        (Kind::Entry, Planned, &new, "", false, true, Verdict::TooEarly),
        (Kind::Entry, Running, &new, "", false, true, Verdict::TooLate),
        (Kind::Entry, DoorsOpen, &all_in, "", false, true, Verdict::AlreadyAdmitted),
        (Kind::Exit, DoorsOpen, &all_in, "", false, true, Verdict::Exited),
        (Kind::Reentry, Running, &one_out, "", false, true, Verdict::ZoneStopped),
        (Kind::Reentry, Running, &one_out, "his coat", false, true, Verdict::Readmitted),
        (Kind::Entry, DoorsOpen, &new, "I know them", true, false, Verdict::Replaced),
        (Kind::Entry, DoorsOpen, &all_in, "", true, false, Verdict::Replaced),
        (Kind::Reentry, Running, &one_out, "", true, false, Verdict::Replaced),
        (Kind::Exit, Running, &all_in, "", true, false, Verdict::Exited),
    ];
    for (kind, state, party, reason, replaced, stopped, expected) in table {
        let judged = judge(kind, state, party, reason, replaced, stopped);
        assert_eq!(judged.verdict, expected, "{kind:?} {state:?} {reason:?} {replaced} {stopped}");
    }
    let known = judge(Kind::Entry, DoorsOpen, &all_in, "", true, false).earlier;
    assert_eq!(known, Some((at(45), "dome-1".to_owned())), "whoever holds it hears when it was used");
}

#[test]
fn a_party_may_come_in_parts() {
    let judge = |party: Party, count: u32, late: &str, minutes: i64| {
        judge(
            &Scanned::Party(party),
            &admission(AdmissionState::DoorsOpen),
            holds(HouseState::Normal),
            asked(count, late),
            at(minutes),
        )
    };
    let two = judge(party(1, 0, false), 2, "", 50).expect("two of three");
    assert_eq!(two.tickets.len(), 2);
    let rest = judge(party(1, 2, false), 0, "", 50).expect("the rest");
    assert_eq!(rest.tickets, [Uuid::from_u128(102)]);
    assert_eq!(judge(party(1, 2, false), 2, "", 50), Err(TooMany { left: 1 }));
    let late = judge(party(1, 0, false), 0, "tram was late", 61).expect("with a reason");
    assert_eq!(late.verdict, Verdict::Admitted);
    let one = super::scan::judge(
        &Scanned::Ticket(party(1, 1, false), Uuid::from_u128(100)),
        &admission(AdmissionState::DoorsOpen),
        holds(HouseState::Normal),
        asked(0, ""),
        at(50),
    );
    let expected = Judgement {
        verdict: Verdict::AlreadyAdmitted,
        tickets: Vec::new(),
        again: Vec::new(),
        earlier: Some((at(45), "dome-1".to_owned())),
        other: None,
    };
    assert_eq!(one, Ok(expected));
}

#[test]
fn out_is_always_possible_and_in_again_only_for_who_left() {
    let judge = |party: &Party, kind: Kind, people: u32, state: AdmissionState, house: HouseState| {
        let asked = Asked { kind, people, late_reason: "", replaced: false };
        judge(&Scanned::Party(party.clone()), &admission(state), holds(house), asked, at(50))
    };
    use AdmissionState::{DoorsOpen, Egress, Running};
    let two_in = party(1, 2, false);
    let one_out = judge(&two_in, Kind::Exit, 1, Running, HouseState::Evacuating).expect("one of two");
    assert_eq!((one_out.verdict, one_out.tickets), (Verdict::Exited, vec![Uuid::from_u128(100)]));
    assert_eq!(judge(&two_in, Kind::Exit, 3, Running, HouseState::Normal), Err(TooMany { left: 2 }));
    let nobody = judge(&party(1, 0, false), Kind::Exit, 0, DoorsOpen, HouseState::Normal).expect("a verdict");
    assert_eq!(nobody.verdict, Verdict::NotInside);
    let mut left = party(1, 3, false);
    left.tickets[1].out = Some(at(48));
    let verdict = |kind: Kind, state: AdmissionState, house: HouseState| {
        judge(&left, kind, 0, state, house).expect("no count was given").verdict
    };
    assert_eq!(verdict(Kind::Entry, DoorsOpen, HouseState::Normal), Verdict::ReentryByStaff);
    assert_eq!(verdict(Kind::Reentry, Running, HouseState::Normal), Verdict::Readmitted);
    assert_eq!(verdict(Kind::Reentry, Egress, HouseState::Normal), Verdict::TooLate);
    assert_eq!(verdict(Kind::Reentry, Running, HouseState::Evacuating), Verdict::Stopped);
    let all_in = judge(&two_in, Kind::Reentry, 0, Running, HouseState::Normal).expect("a verdict");
    assert_eq!(all_in.verdict, Verdict::NotOutside);
}

#[test]
fn after_everybody_was_out_a_party_of_old_and_new_comes_in_at_once() {
    use AdmissionState::{DoorsOpen, Running};
    let judge = |party: &Party, people: u32, state: AdmissionState, minutes: i64| {
        let holds = Holds { everybody_out_at: Some(at(50)), ..holds(HouseState::Normal) };
        judge(&Scanned::Party(party.clone()), &admission(state), holds, asked(people, ""), at(minutes))
    };
    let mut two_out = party(1, 2, false);
    for ticket in &mut two_out.tickets[..2] {
        ticket.out = Some(at(50));
    }
    let (first, second, third) = (Uuid::from_u128(100), Uuid::from_u128(101), Uuid::from_u128(102));
    // How many are wanted, state, minute: who comes in, and who of them for the second time.
    let table = [
        (0, DoorsOpen, 55, Verdict::Admitted, vec![first, second, third], vec![first, second]),
        (3, DoorsOpen, 55, Verdict::Admitted, vec![first, second, third], vec![first, second]),
        (2, DoorsOpen, 55, Verdict::Readmitted, vec![first, second], vec![]),
        (1, DoorsOpen, 55, Verdict::Readmitted, vec![first], vec![]),
        // Whoever was never in is too late; the others are not.
        (0, DoorsOpen, 61, Verdict::Readmitted, vec![first, second], vec![]),
        (0, Running, 70, Verdict::Readmitted, vec![first, second], vec![]),
    ];
    for (people, state, minutes, verdict, tickets, again) in table {
        let judged = judge(&two_out, people, state, minutes).expect("so many there are");
        assert_eq!((judged.verdict, judged.tickets, judged.again), (verdict, tickets, again), "{people} {state:?}");
    }
    assert_eq!(judge(&two_out, 4, DoorsOpen, 55), Err(TooMany { left: 3 }));
    assert_eq!(judge(&two_out, 3, Running, 70), Err(TooMany { left: 2 }));
    // Who left by themselves afterwards is let in by staff, and holds up nobody.
    two_out.tickets[0].out = Some(at(52));
    let others = judge(&two_out, 0, DoorsOpen, 55).expect("two");
    assert_eq!((others.tickets, others.again), (vec![second, third], vec![second]));
    let mut all_out = party(1, 3, false);
    for ticket in &mut all_out.tickets {
        ticket.out = Some(at(50));
    }
    assert_eq!(judge(&all_out, 4, DoorsOpen, 55), Err(TooMany { left: 3 }));
}

#[test]
fn every_state_has_its_next_ones() {
    for state in AdmissionState::ALL {
        assert!(!state.next().contains(&state));
        assert!(!state.next().contains(&AdmissionState::Cancelled), "only the programme cancels");
    }
    assert!(AdmissionState::LastCall.next().contains(&AdmissionState::DoorsOpen));
    let aborts = [AdmissionState::DoorsOpen, AdmissionState::LastCall, AdmissionState::Running];
    for state in AdmissionState::ALL {
        assert_eq!(state.next().contains(&AdmissionState::Aborted), aborts.contains(&state), "{state:?}");
    }
    assert!(!AdmissionState::Planned.next().contains(&AdmissionState::Running), "nobody starts behind closed doors");
}

#[test]
fn the_predicted_end_follows_what_happens() {
    let mut admission = admission(AdmissionState::LastCall);
    admission.move_to(AdmissionState::Running, at(64));
    assert_eq!(admission.predicted_end_at, at(114));
    admission.plan(at(80), at(130), at(60), at(80));
    assert_eq!(admission.predicted_end_at, at(114), "it runs: no plan changes that");
    admission.move_to(AdmissionState::Egress, at(112));
    assert_eq!((admission.predicted_end_at, admission.state_since), (at(112), Some(at(112))));
}

#[test]
fn one_starts_an_evacuation_and_two_end_it() {
    let house = |state: HouseState, cleared_by: &str| House {
        state,
        since: at(0),
        by: "anna".to_owned(),
        cleared_by: cleared_by.to_owned(),
        reason: String::new(),
        exercise: false,
        revision: 1,
    };
    use HouseState::{AllClear, Evacuating, Normal};
    assert_eq!(house(Normal, "").set(Evacuating, false, "anna"), Setting::Take);
    assert_eq!(house(Evacuating, "").set(Normal, false, "anna"), Setting::MustClear);
    assert_eq!(house(Evacuating, "").set(AllClear, false, "anna"), Setting::FirstClear);
    assert_eq!(house(Evacuating, "anna").set(AllClear, false, "anna"), Setting::SamePerson);
    assert_eq!(house(Evacuating, "").set(Evacuating, false, "ben"), Setting::Keep);
    assert_eq!(
        house(Evacuating, "anna").set(Evacuating, false, "ben"),
        Setting::Take,
        "the first clear counts no more"
    );
    assert_eq!(house(Evacuating, "anna").set(AllClear, false, "ben"), Setting::Take);
    assert_eq!(house(Normal, "").set(AllClear, false, "ben"), Setting::NothingToClear);
    let drill = House { exercise: true, ..house(Evacuating, "") };
    assert_eq!(house(Normal, "").set(Evacuating, true, "anna"), Setting::Take);
    assert_eq!(drill.set(Evacuating, true, "ben"), Setting::Keep);
    assert_eq!(drill.set(Evacuating, false, "ben"), Setting::Take, "smoke in the middle of a drill");
    assert_eq!(house(Evacuating, "").set(Evacuating, true, "ben"), Setting::MustClear, "no alarm becomes a drill");
    assert_eq!(drill.set(AllClear, false, "ben"), Setting::FirstClear, "and two end it, as they must learn to");
}

#[test]
fn levels_rise_at_once_and_fall_late() {
    let table = [
        (79, Level::Green, Level::Green),
        (80, Level::Green, Level::Amber),
        (78, Level::Amber, Level::Amber),
        (74, Level::Amber, Level::Green),
        (95, Level::Amber, Level::Red),
        (91, Level::Red, Level::Red),
        (89, Level::Red, Level::Amber),
        (100, Level::Green, Level::Stop),
        (96, Level::Stop, Level::Stop),
        (0, Level::Stop, Level::Green),
    ];
    for (count, before, expected) in table {
        assert_eq!(zones::Thresholds::default().level(count, 100, before), expected, "{count} after {before:?}");
    }
}
