//! Refuses what goes beyond a limit, in words that say what helps. Holds the locks that make it safe against
//! requests at the same instant.

use std::collections::{BTreeSet, HashMap};

use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::holds::Wish;
use crate::{
    domain::{
        Refusal, Visit,
        limits::{Limits, Reached, mailbox},
    },
    error::Error,
    store,
};

/// Which visits their makers may not hold besides what they hold already, and why. Each is of another maker.
pub(super) async fn may_hold<'w>(
    tx: &mut Tx,
    wishes: impl Iterator<Item = (&'w Wish, &'w Visit)>,
) -> Result<HashMap<Uuid, Refusal>, Error> {
    let now = tx.now();
    let mut limited: Vec<(&Visit, Limits)> = wishes.filter_map(|(wish, visit)| Some((visit, wish.limits?))).collect();
    if limited.is_empty() {
        return Ok(HashMap::new());
    }
    // In one order, so that two batches never wait for each other.
    limited.sort_unstable_by(|one, other| one.0.maker.cmp(&other.0.maker));
    let makers: Vec<(&str, Uuid)> = limited.iter().map(|(visit, _)| (visit.maker.as_str(), visit.showing)).collect();
    let held = store::limits::lock_makers(tx.conn(), &makers, now).await?;
    let mut refused = HashMap::new();
    for (visit, limits) in limited {
        let held = held.get(&visit.maker).copied().unwrap_or_default();
        if let Err(reached) = limits.may_hold(held, visit.size()) {
            refused.insert(visit.id, refusal(reached));
        }
    }
    Ok(refused)
}

/// What helps depends on what is held: nobody can give back what they do not have, and what is promised at the desk counts
/// although it is ordered.
fn refusal(reached: Reached) -> Refusal {
    let (message, de, en) = match reached {
        Reached::Visits(most) => (
            format!("this browser holds {most} unpaid visits already; finish ordering one of them or give one back"),
            format!(
                "Sie haben schon {most} Besuche vorgemerkt, mehr geht nicht zugleich. Bitte schließen Sie eine Bestellung ab, \
                 oder geben Sie einen Besuch zurück."
            ),
            format!(
                "You are holding {most} visits already, the most at one time. Please finish one of your orders, or give one \
                 back."
            ),
        ),
        Reached::Places(most, left) if left == most => (
            format!("one browser holds at most {most} unpaid places; choose fewer, or ask the front desk"),
            format!("Zugleich lassen sich höchstens {most} Plätze vormerken. Bitte wählen Sie weniger."),
            format!("At most {most} places can be held at one time. Please choose fewer."),
        ),
        Reached::Places(most, left) => {
            let (fewer, weniger, less) = match left {
                0 => (String::new(), "Bitte bezahlen Sie".to_owned(), "Please pay".to_owned()),
                _ => (
                    format!("choose at most {left}, "),
                    format!("Bitte wählen Sie höchstens noch {left}, bezahlen Sie"),
                    format!("Please choose at most {left} more, pay"),
                ),
            };
            (
                format!(
                    "one browser has at most {most} unpaid places, those to be paid at the desk for this showing \
                     included; {fewer}pay online for what is held, or give a visit back"
                ),
                format!(
                    "Zugleich lassen sich höchstens {most} unbezahlte Plätze vormerken; was Sie von dieser Vorstellung an \
                     der Kasse zahlen, zählt mit. {weniger} online, was Sie vorgemerkt haben, oder geben Sie einen Besuch \
                     zurück."
                ),
                format!(
                    "At most {most} unpaid places can be held at one time, counting those of this showing that you pay at \
                     the desk. {less} online for what you hold, or give one back."
                ),
            )
        }
    };
    Refusal {
        part: "limit".to_owned(),
        code: tonic::Code::ResourceExhausted as i32,
        message,
        reason: Text::new(format!("{de} Gruppen hilft die Kasse."), format!("{en} For groups, ask the front desk."))
            .plainly("Mehr Plätze geben wir nicht auf einmal. Bitte fragen Sie an der Kasse."),
        alternatives: Vec::new(),
        places: None,
    }
}

/// Which orders would give one contact too many places of a showing. Those that would not count for later ones of
/// the same batch.
pub(super) async fn may_order(tx: &mut Tx, orders: &[(&Visit, &str, Limits)]) -> Result<HashMap<Uuid, Error>, Error> {
    // In one order, so that two batches never wait for each other.
    let contacts: BTreeSet<(Uuid, String)> =
        orders.iter().map(|(visit, email, _)| (visit.showing, mailbox(email))).collect();
    if contacts.is_empty() {
        return Ok(HashMap::new());
    }
    let named: Vec<(Uuid, &str)> = contacts.iter().map(|(showing, email)| (*showing, email.as_str())).collect();
    let ordered = store::limits::lock_contacts(tx.conn(), &named).await?;
    let mut ordered: HashMap<(Uuid, String), u32> = contacts.into_iter().zip(ordered).collect();
    let mut refused = HashMap::new();
    for (visit, email, limits) in orders {
        let places = ordered.entry((visit.showing, mailbox(email))).or_default();
        let all = places.saturating_add(visit.size());
        if all > limits.places_per_contact {
            refused.insert(visit.id, Error::ContactFull(limits.places_per_contact));
        } else {
            *places = all;
        }
    }
    Ok(refused)
}
