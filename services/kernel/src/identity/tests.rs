//! Who is known by which token, and for how long; whom a rule admits.

use super::*;

fn keys() -> Keys {
    Keys::from_seeds([1; 32], [2; 32])
}

#[test]
fn an_identity_survives_the_wire_and_nothing_else_does() {
    let caller = Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Desk] };
    let token = keys().sign(&caller);
    assert_eq!(keys().verify(&token), Some(caller));
    assert_eq!(Keys::from_seeds([9; 32], [2; 32]).verify(&token), None, "another house's key");
    let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("our own");
    bytes[1] ^= 1;
    assert_eq!(keys().verify(&BASE64URL_NOPAD.encode(&bytes)), None, "changed");
    assert_eq!(keys().verify("x"), None);
}

#[test]
fn a_token_seen_before_is_refused_like_a_new_one_when_it_is_spoiled() {
    let keys = keys();
    let caller = Caller::Service("journey".to_owned());
    let token = keys.sign(&caller);
    assert_eq!((keys.verify(&token), keys.verify(&token)), (Some(caller.clone()), Some(caller.clone())));
    assert_eq!(keys.sign(&caller), token, "the same token for the same caller");
    let mut spoiled = token.clone();
    spoiled.replace_range(5..6, if &token[5..6] == "A" { "B" } else { "A" });
    assert_eq!(keys.verify(&spoiled), None);
    let over = Proven { caller, issued_at: wall_now(), expires_at_unix: wall_now().timestamp() - 1 };
    keys.known.put(token.clone(), over);
    assert_eq!(keys.verify(&token), None, "run out");
    let mut late = Caller::Service("parking".to_owned()).to_proto(wall_now());
    for (left, good) in [(5, true), (-1, false)] {
        late.expires_at_unix = wall_now().timestamp() + left;
        assert_eq!(keys.verify(&keys.sealed(&late)).is_some(), good, "never seen, {left} seconds left");
    }
}

#[test]
fn what_works_at_a_door_or_a_lane_is_known_for_a_working_day_and_all_others_for_minutes() {
    let device = |kind: &str| Caller::Device { id: "d".to_owned(), kind: kind.to_owned() };
    let (short, long) = (TimeDelta::minutes(10), TimeDelta::hours(12));
    let lifetimes = [
        (device("scanner"), long),
        (device("lane"), long),
        (device("display"), short),
        (Caller::Staff { account: "anna".to_owned(), roles: vec![Role::Admin] }, short),
        (Caller::Visitor { session: "s".to_owned(), visit: None }, short),
        (Caller::Service("journey".to_owned()), short),
    ];
    let minute = TimeDelta::minutes(1);
    for (caller, lifetime) in lifetimes {
        let known = |age: TimeDelta| keys().verify(&keys().issue(&caller, wall_now() - age));
        assert_eq!(known(lifetime - minute), Some(caller.clone()), "shortly before its end");
        assert_eq!(known(lifetime + minute), None, "{caller:?} shortly after it");
    }
}

#[test]
fn an_identity_says_when_it_was_issued_also_that_of_an_older_release() {
    let keys = keys();
    let issued = DateTime::from_timestamp_micros(wall_now().timestamp_micros()).expect("a time");
    let lane = Caller::Device { id: "in-1".to_owned(), kind: "lane".to_owned() };
    let token = keys.issue(&lane, issued);
    for _ in 0..2 {
        assert_eq!(keys.prove(&token).expect("good").issued_at, issued, "to the microsecond, and from memory");
    }
    let mut older = lane.to_proto(issued);
    older.expires_at_unix = (issued + LIFETIME).timestamp();
    older.issued_at_unix_us = 0;
    let proven = keys.prove(&keys.sealed(&older)).expect("good");
    assert_eq!(proven.issued_at.timestamp(), issued.timestamp(), "ten minutes before it runs out");
}

#[test]
fn rules_admit_only_whom_they_name() {
    let desk = Caller::Staff { account: "a".to_owned(), roles: vec![Role::Desk] };
    let admin = Caller::Staff { account: "b".to_owned(), roles: vec![Role::Admin] };
    let rule = &[Who::Staff(Role::Operator), Who::Service("journey")];
    assert!(!desk.passes(rule));
    assert!(admin.passes(rule));
    assert!(Caller::Service("journey".to_owned()).passes(rule));
    assert!(!Caller::Service("portal".to_owned()).passes(rule));
    assert!(!Caller::Nobody.passes(rule));
}
