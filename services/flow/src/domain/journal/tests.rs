//! Whatever the order in which lines arrive, the same people are in.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn ticket(n: u128) -> DoorTicket {
    DoorTicket {
        id: Uuid::from_u128(n),
        seat: format!("A{n}"),
        assistance: false,
        live: true,
        admitted: None,
        out: None,
    }
}

fn line(kind: Kind, minute: i64, nonce: &str, tickets: &[u128], wanted: u32) -> Line {
    Line {
        kind,
        at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute),
        device: "scanner".to_owned(),
        nonce: nonce.to_owned(),
        lane: format!("lane-{nonce}"),
        tickets: tickets.iter().map(|n| Uuid::from_u128(*n)).collect(),
        wanted,
    }
}

fn settled(lines: &[Line]) -> (Vec<DoorTicket>, Vec<Uuid>) {
    let mut tickets: Vec<DoorTicket> = (1..=3).map(ticket).collect();
    let double = settle(&mut tickets, lines);
    (tickets, double)
}

#[test]
fn the_earlier_scan_of_a_ticket_holds_and_both_are_seen() {
    let (tickets, double) = settled(&[
        line(Kind::Entry, 9, "b", &[1], 0),
        line(Kind::Entry, 5, "a", &[1], 0),
        line(Kind::Entry, 7, "c", &[2], 0),
    ]);
    assert_eq!(double, [Uuid::from_u128(1)]);
    assert_eq!(tickets[0].admitted.as_ref().map(|(_, lane)| lane.as_str()), Some("lane-a"));
    assert!(tickets[2].admitted.is_none());
}

#[test]
fn people_counted_without_names_get_the_tickets_nobody_else_has() {
    let counted = line(Kind::Entry, 5, "a", &[], 2);
    let (tickets, double) = settled(&[counted.clone(), line(Kind::Entry, 9, "b", &[1], 0)]);
    assert!(double.is_empty() && tickets.iter().all(|ticket| ticket.admitted.is_some()));
    let (_, double) = settled(&[counted, line(Kind::Entry, 9, "b", &[], 2)]);
    assert_eq!(double.len(), 1, "four people on three tickets");
}

#[test]
fn who_left_is_out_until_readmitted() {
    let mut lines = vec![line(Kind::Entry, 1, "a", &[1, 2], 0), line(Kind::Exit, 5, "b", &[2], 0)];
    assert_eq!(settled(&lines).0.iter().filter(|ticket| ticket.out.is_some()).count(), 1);
    lines.push(line(Kind::Reentry, 6, "c", &[2], 0));
    assert_eq!(settled(&lines).0.iter().filter(|ticket| ticket.out.is_some()).count(), 0);
    let (tickets, _) = settled(&[line(Kind::Exit, 5, "b", &[3], 0)]);
    assert!(tickets[2].out.is_none(), "nobody leaves who never came");
}

fn any_line() -> impl Strategy<Value = Line> {
    let kind = prop_oneof![Just(Kind::Entry), Just(Kind::Entry), Just(Kind::Exit), Just(Kind::Reentry)];
    (kind, 0..20_i64, "[a-z]{3}", proptest::collection::btree_set(1..4_u128, 0..3), 1..4_u32).prop_map(
        |(kind, minute, nonce, tickets, wanted)| {
            let tickets: Vec<u128> = tickets.into_iter().collect();
            line(kind, minute, &nonce, &tickets, if tickets.is_empty() { wanted } else { 0 })
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_arrival_changes_nothing(
        lines in proptest::collection::vec(any_line(), 0..12),
        seed in any::<u64>(),
    ) {
        // Lines of one scanner have nonces of their own.
        let mut lines: Vec<Line> = lines
            .into_iter()
            .enumerate()
            .map(|(n, mut line)| { line.nonce.push_str(&n.to_string()); line })
            .collect();
        let before = settled(&lines);
        let shift = seed as usize % lines.len().max(1);
        lines.rotate_left(shift);
        if seed % 2 == 0 { lines.reverse(); }
        prop_assert_eq!(settled(&lines), before);
    }

    #[test]
    fn another_entry_never_puts_anybody_out_of_the_count(
        lines in proptest::collection::vec(any_line(), 1..12),
    ) {
        let entries: Vec<Line> = lines.into_iter().filter(|line| line.kind == Kind::Entry).collect();
        let count = |lines: &[Line]| settled(lines).0.iter().filter(|ticket| ticket.admitted.is_some()).count();
        for n in 0..entries.len() {
            prop_assert!(count(&entries[..n]) <= count(&entries[..=n]));
        }
    }
}
