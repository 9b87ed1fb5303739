//! One showing as the seller knows it: who may have which places at what price. Pure.
//!
//! Holds nothing that the database does not: it is loaded from there, and what is decided with it counts
//! only when the database agrees that nothing has changed since.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{
    Audience, Availability, Booking, BookingState, Channel, Counts, HeldSeat, Item, Need, PartyLine, Person, Place,
    Showing, ShowingState, Tariff,
    accompanied::unaccompanied,
    availability::need_held_until,
    charge,
    hall::{Hall, Misfit, Preference},
    people,
};

/// What a visit wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) party: Vec<PartyLine>,
    /// Chosen labels; empty: the best together.
    pub(crate) seats: Vec<String>,
    /// Where to sit, if nothing is chosen.
    pub(crate) preference: Preference,
    pub(crate) channel: Channel,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why a wish is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The hold would have run out before it began.
    TooLate,
    Cancelled,
    Begun,
    NotPublic,
    /// Not sold online before then.
    NotYetOnSale(DateTime<Utc>),
    /// No tariff for this class; these are known.
    NoPrice {
        class: String,
        known: Vec<String>,
    },
    /// People of this price come only with others, who are missing.
    Unaccompanied(Box<Unaccompanied>),
    /// So many places are left; held ones may come back.
    NotEnough {
        left: u32,
        held_until: Option<DateTime<Utc>>,
    },
    /// Nothing is free for this need; held places may come back.
    NeedNotFree {
        need: Need,
        held_until: Option<DateTime<Utc>>,
    },
    /// Places are chosen, and everybody sits where they like.
    FreeSeating,
    Misfit(Misfit),
    /// The party is moved, and there are no places side by side.
    NotTogether,
    /// The party is moved, and the places there cost so many cents more.
    CostsMore(i64),
}

/// Whose companions are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unaccompanied {
    pub(crate) class: String,
    /// As the price of those who need somebody is called.
    pub(crate) who: Text,
    /// The prices of those who would do.
    pub(crate) with: Vec<Text>,
    /// One for each of them.
    pub(crate) one_each: bool,
}

/// A place that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) seat: String,
    pub(crate) visit: Uuid,
    /// None: blocked, and nobody's.
    pub(crate) channel: Option<Channel>,
    /// None: sold, or blocked.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A showing with its places.
#[derive(Debug)]
pub(crate) struct Sale {
    showing: Showing,
    /// Of the places and of what else decides about a sale; rises with every change.
    version: i64,
    prices: Vec<Tariff>,
    hall: Hall,
    counts: Counts,
    /// Whose each place is, and until when; None: for good.
    claims: HashMap<usize, (Uuid, Option<DateTime<Utc>>)>,
    /// When the next hold runs out, whoever has it.
    next_expiry: Option<DateTime<Utc>>,
}

impl Sale {
    /// `claims` are those that have not expired.
    pub(crate) fn new(showing: Showing, version: i64, prices: Vec<Tariff>, hall: Hall, claims: Vec<Claim>) -> Self {
        let (counts, taken) = (Counts::default(), HashMap::new());
        let mut sale = Self { showing, version, prices, hall, counts, claims: taken, next_expiry: None };
        for claim in claims {
            sale.take(&claim.seat, claim.visit, claim.channel, claim.expires_at);
        }
        sale
    }

    pub(crate) const fn showing(&self) -> &Showing {
        &self.showing
    }

    pub(crate) const fn version(&self) -> i64 {
        self.version
    }

    /// Whether this is still what the database has: no newer revision and version, and no hold that has run out
    /// since (it may have been extended or sold).
    pub(crate) fn is_current(&self, (revision, version): (i64, i64), now: DateTime<Utc>) -> bool {
        self.version == version && self.showing.revision.cast_signed() == revision && !self.has_run_out(now)
    }

    /// Whether a hold has run out since this was read.
    pub(crate) fn has_run_out(&self, now: DateTime<Utc>) -> bool {
        self.next_expiry.is_some_and(|until| until <= now)
    }

    /// The database has taken what was decided.
    pub(crate) const fn saved(&mut self) {
        self.version += 1;
        self.showing.revision += 1;
    }

    pub(crate) fn availability(&self, now: DateTime<Utc>) -> Availability {
        Availability::of(&self.showing, self.counts, now)
    }

    fn take(&mut self, label: &str, visit: Uuid, channel: Option<Channel>, expires_at: Option<DateTime<Utc>>) {
        let Some(at) = self.hall.plan().place(label) else { return };
        match channel {
            Some(_) => self.hall.mark(at, true),
            None => self.hall.block(at),
        }
        self.claims.insert(at, (visit, expires_at));
        let place = self.hall.plan().seats()[at].place();
        let counts = &mut self.counts;
        match expires_at {
            None if channel.is_none() => counts.blocked += 1,
            None => counts.sold += 1,
            Some(until) => {
                counts.held += 1;
                self.next_expiry = Some(self.next_expiry.map_or(until, |known| known.min(until)));
                if let (Place::General, Some(channel)) = (place, channel) {
                    counts.held_by(channel).add(1, Some(until));
                }
            }
        }
        match (place, channel) {
            (Place::General, channel) => {
                counts.general += 1;
                match channel {
                    Some(Channel::Door) => counts.door += 1,
                    Some(Channel::Staff) => counts.staff += 1,
                    Some(Channel::School) => counts.school += 1,
                    Some(Channel::Online) | None => {}
                }
            }
            (Place::Wheelchair, _) => counts.wheelchair += 1,
            (Place::Companion, _) => {}
        }
    }

    /// Decides about a wish and, if it is granted, takes the places.
    ///
    /// Who must come with whom is asked only of those who book online: the desk sees whom it sells to, and a companion may
    /// come to a guest who has a ticket already.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub(crate) fn hold(&mut self, wish: &Wish, now: DateTime<Utc>) -> Result<Booking, Refusal> {
        if wish.channel == Channel::Online
            && let Some(price) = unaccompanied(&wish.party, &self.prices)
        {
            let others = self.prices.iter().filter(|other| price.only_with.classes.contains(&other.class));
            return Err(Refusal::Unaccompanied(Box::new(Unaccompanied {
                class: price.class.clone(),
                who: price.label.clone(),
                with: others.map(|other| other.label.clone()).collect(),
                one_each: price.only_with.one_each,
            })));
        }
        self.give(wish, now)
    }

    fn give(&mut self, wish: &Wish, now: DateTime<Utc>) -> Result<Booking, Refusal> {
        if wish.expires_at <= now {
            return Err(Refusal::TooLate);
        }
        if self.showing.state == ShowingState::Cancelled {
            return Err(Refusal::Cancelled);
        }
        if now >= self.showing.sold_until(wish.channel) {
            return Err(Refusal::Begun);
        }
        if self.showing.audience != Audience::Public && wish.channel == Channel::Online {
            return Err(Refusal::NotPublic);
        }
        if let Some(at) = self.showing.not_before(now)
            && wish.channel == Channel::Online
        {
            return Err(Refusal::NotYetOnSale(at));
        }
        let prices: Vec<&Tariff> = self.prices.iter().collect();
        let items = charge(&wish.party, &prices).map_err(|class| Refusal::NoPrice {
            class,
            known: self.prices.iter().map(|tariff| tariff.class.clone()).collect(),
        })?;
        let seats = self.choose(wish, now)?;
        for held in &seats {
            self.take(&held.label, wish.visit, Some(wish.channel), Some(wish.expires_at));
        }
        Ok(Booking {
            visit: wish.visit,
            showing: self.showing.id,
            state: BookingState::Held,
            channel: wish.channel,
            reference: String::new(),
            seats,
            items,
            held_at: now,
            expires_at: wish.expires_at,
        })
    }

    fn choose(&mut self, wish: &Wish, now: DateTime<Utc>) -> Result<Vec<HeldSeat>, Refusal> {
        let open = self.showing.protected_open(wish.channel, now);
        let held_until = self.counts.held_until(&self.showing, wish.channel, now);
        let free = self.availability(now).free_for(wish.channel);
        let people = people(&wish.party);
        let general =
            people.iter().filter(|person| !matches!(person.need, Some(Need::Wheelchair | Need::Companion))).count();
        if !open && u32::try_from(general).unwrap_or(u32::MAX) > free {
            return Err(Refusal::NotEnough { left: free, held_until });
        }
        self.find(&people, &wish.seats, wish.preference, open).map_err(|refusal| match refusal {
            Refusal::Misfit(Misfit::NotEnough(left)) => {
                Refusal::NotEnough { left: u32::try_from(left).unwrap_or(u32::MAX), held_until }
            }
            other => other,
        })
    }

    /// Chosen places, else the best near where a party would like to sit.
    fn find(
        &mut self,
        people: &[Person],
        chosen: &[String],
        preference: Preference,
        open: bool,
    ) -> Result<Vec<HeldSeat>, Refusal> {
        if !chosen.is_empty() && !self.showing.numbered {
            return Err(Refusal::FreeSeating);
        }
        let found = if chosen.is_empty() {
            self.hall.best(people, preference, open)
        } else {
            self.hall.chosen(people, chosen, open)
        };
        let mut seats = found.map_err(|misfit| match misfit {
            Misfit::NeedNotFree(need) => {
                let held = self.claims.iter().filter_map(|(at, (_, until))| Some((*at, (*until)?)));
                Refusal::NeedNotFree { need, held_until: need_held_until(self.hall.plan(), need, held) }
            }
            other => Refusal::Misfit(other),
        })?;
        for held in &mut seats {
            held.free_seating = self.showing.is_free_seating(held.need);
        }
        Ok(seats)
    }

    /// The places that a party can be given whose hold has run out: its own if nobody else has them, else
    /// equivalent ones: for the same needs and at the same price, and side by side if its own were. None: it gets its
    /// money back. Whoever has paid comes before the quotas: only the places themselves can refuse, and a showing that
    /// is over. One that has only begun does not: journey has seen that it was paid in time, or sold by staff.
    pub(crate) fn retake(&mut self, booking: &Booking, now: DateTime<Utc>) -> Option<Vec<HeldSeat>> {
        if now >= self.showing.ends_at {
            return None;
        }
        let is_ours = |label: &str| {
            let at = self.hall.plan().place(label)?;
            Some(!self.hall.is_taken(at) || self.claims.get(&at).is_some_and(|(visit, _)| *visit == booking.visit))
        };
        if booking.seats.iter().all(|held| is_ours(&held.label) == Some(true)) {
            return Some(booking.seats.clone());
        }
        for (at, _) in self.claims.iter().filter(|(_, (visit, _))| *visit == booking.visit) {
            self.hall.mark(*at, false);
        }
        let people: Vec<_> = booking.seats.iter().map(HeldSeat::person).collect();
        let open = self.showing.protected_open(booking.channel, now);
        let found = self.find(&people, &[], Preference::default(), open).ok()?;
        (self.are_apart(&booking.seats) || !self.are_apart(&found)).then_some(found)
    }

    /// Whether people who have numbered places do not sit side by side. Who sits where they like, sits together.
    fn are_apart(&self, seats: &[HeldSeat]) -> bool {
        let numbered = seats.iter().filter(|held| !held.free_seating);
        let places: Vec<usize> = numbered.filter_map(|held| self.hall.plan().place(&held.label)).collect();
        !self.hall.plan().are_together(&places)
    }

    /// Other places for a booked party: chosen ones, else the best near where it would like to sit. Its own
    /// places count as free; the quotas do not change, because nobody comes or goes.
    ///
    /// # Errors
    /// Why it cannot be moved there.
    pub(crate) fn reseat(
        &mut self,
        booking: &Booking,
        chosen: &[String],
        preference: Preference,
        now: DateTime<Utc>,
    ) -> Result<Vec<HeldSeat>, Refusal> {
        for label in booking.labels() {
            if let Some(at) = self.hall.plan().place(label) {
                self.hall.mark(at, false);
            }
        }
        let people: Vec<_> = booking.seats.iter().map(HeldSeat::person).collect();
        let open = self.showing.protected_open(booking.channel, now);
        self.find(&people, chosen, preference, open)
    }

    /// Places here for a party that is booked for another showing: side by side, unless it is larger than any row,
    /// and for no more than it has paid there.
    ///
    /// # Errors
    /// Why it cannot be moved here.
    pub(crate) fn move_here(
        &mut self,
        booking: &Booking,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<(Vec<HeldSeat>, Vec<Item>), Refusal> {
        let line = |held: &HeldSeat| PartyLine { class: held.class.clone(), count: 1, need: held.need };
        let wish = Wish {
            visit: booking.visit,
            showing: self.showing.id,
            party: booking.seats.iter().map(line).collect(),
            seats: Vec::new(),
            preference: Preference::default(),
            channel,
            // Never held: the places are theirs at once, or not at all.
            expires_at: now + TimeDelta::seconds(1),
        };
        let found = self.give(&wish, now)?;
        let sum = |items: &[Item]| items.iter().map(|item| item.cents * i64::from(item.quantity)).sum::<i64>();
        let more = sum(&found.items) - sum(&booking.items);
        if more > 0 {
            return Err(Refusal::CostsMore(more));
        }
        let places: Vec<usize> = found.labels().into_iter().filter_map(|label| self.hall.plan().place(label)).collect();
        if !self.hall.plan().are_together(&places) {
            return Err(Refusal::NotTogether);
        }
        Ok((found.seats, found.items))
    }
}
