//! What the lines of the log about one party come to: who is in, since when, who is out, who was let in
//! twice. It depends on the set of lines alone, never on the order in which they arrived. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::scan::{DoorTicket, Kind};

/// A line of the log that counted people of a party in or out, and was not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    /// By the house's clock.
    pub(crate) at: DateTime<Utc>,
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) lane: String,
    /// Whom; empty when only their number is known.
    pub(crate) tickets: Vec<Uuid>,
    /// How many, where the log does not name the tickets.
    pub(crate) wanted: u32,
}

/// Under which a scan that lets people in has a second line in the log, for those of them who were in before everybody was
/// out. It follows from the first one, so that taking that back takes back both.
pub(crate) fn nonce_of_return(device: &str, nonce: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{device}/{nonce}/again").as_bytes()).to_string()
}

/// When, by whom (so that no two are equal), and where.
type Claim<'l> = (DateTime<Utc>, &'l str, &'l str, &'l str);

/// Sets who is in and who is out as the lines say; answers the tickets that were let in more than once.
/// The earliest scan of a ticket holds.
pub(crate) fn settle(tickets: &mut [DoorTicket], lines: &[Line]) -> Vec<Uuid> {
    let mut lines: Vec<&Line> = lines.iter().collect();
    lines.sort_by(|a, b| (a.at, &a.device, &a.nonce).cmp(&(b.at, &b.device, &b.nonce)));
    let mut claims: Vec<Vec<Claim<'_>>> = vec![Vec::new(); tickets.len()];
    let entries = |named: bool| lines.iter().filter(move |l| l.kind == Kind::Entry && l.tickets.is_empty() != named);
    for line in entries(true) {
        for (ticket, claims) in tickets.iter().zip(&mut claims) {
            if line.tickets.contains(&ticket.id) {
                claims.push((line.at, &line.device, &line.nonce, &line.lane));
            }
        }
    }
    // Whoever counted people without naming tickets gets those that nobody else has claimed first.
    for line in entries(false) {
        let mut places: Vec<usize> = (0..tickets.len()).collect();
        places.sort_by_key(|place| (claims[*place].len(), *place));
        for place in places.into_iter().take(line.wanted as usize) {
            claims[place].push((line.at, &line.device, &line.nonce, &line.lane));
        }
    }
    let mut double = Vec::new();
    for (ticket, claims) in tickets.iter_mut().zip(&claims) {
        ticket.admitted = claims.iter().min().map(|(at, _, _, lane)| (*at, (*lane).to_owned()));
        ticket.out = None;
        if claims.len() > 1 {
            double.push(ticket.id);
        }
    }
    for line in lines.iter().filter(|line| matches!(line.kind, Kind::Exit | Kind::Reentry)) {
        let leaves = line.kind == Kind::Exit;
        let mut left = if line.tickets.is_empty() { line.wanted as usize } else { usize::MAX };
        for ticket in tickets.iter_mut() {
            let named = line.tickets.is_empty() || line.tickets.contains(&ticket.id);
            if named && left > 0 && ticket.admitted.is_some() && ticket.out.is_none() == leaves {
                ticket.out = leaves.then_some(line.at);
                left -= 1;
            }
        }
    }
    double
}

#[cfg(test)]
mod tests;
