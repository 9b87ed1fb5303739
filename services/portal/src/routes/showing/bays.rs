//! Bays in the form: what each would cost for this showing, and how many are left. A rush looks at the same showing:
//! the car park is asked once in a few seconds for all of them.

use std::{convert::Infallible, sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{
    Caller,
    values::{from_timestamp, timestamp},
};
use sky_proto::{
    parking::v1::{BayClass, GetQuoteRequest, Quote},
    reservations::v1::Showing,
};

use crate::{
    edge::{Edge, answer},
    fields::Fields,
    routes::buyer::{BAYS, Buyer},
    words::Words,
};

/// A visit's bay is held so much longer than its showing, before and after it: journey's own measure.
const MARGIN: TimeDelta = TimeDelta::minutes(60);
/// How old what is shown of bays may be.
const OLDEST: Duration = Duration::from_secs(3);

/// What bays would cost for a showing; those of which nothing is known are left out.
pub(super) async fn quotes(edge: &Edge, caller: &Caller, showing: &Showing) -> Arc<Vec<Quote>> {
    let (starts_at, ends_at) = (from_timestamp(showing.starts_at), from_timestamp(showing.ends_at));
    let asked = BAYS.into_iter().filter(|(class, _)| *class != BayClass::Unspecified).map(|(class, _)| {
        let mut occupancy = edge.occupancy(caller);
        let request = GetQuoteRequest {
            bay_class: class.into(),
            from: Some(timestamp(starts_at - MARGIN)),
            until: Some(timestamp(ends_at + MARGIN)),
        };
        async move { answer(occupancy.get_quote(request)).await.ok() }
    });
    let known = async { Ok::<_, Infallible>(join_all(asked).await.into_iter().flatten().collect()) };
    let key = (showing.showing_id.clone(), starts_at.timestamp());
    edge.shown.quotes.told(key, OLDEST, known).await.unwrap_or_else(|never| match never {})
}

/// One kind of bay to choose.
pub(super) struct Bay {
    pub(super) value: i32,
    pub(super) label: String,
    /// Who may stand there, what it costs, and how many are left; empty: not known, or nothing to say.
    pub(super) note: String,
    pub(super) chosen: bool,
    /// None is left, and it is not what was chosen before.
    pub(super) closed: bool,
}

pub(super) fn bays(w: &Words, buyer: Buyer, quotes: &[Quote], sent: &Fields) -> Vec<Bay> {
    let chosen = sent.choice("parking");
    BAYS.into_iter()
        .filter_map(|(class, key)| {
            let value = i32::from(class);
            let quote = quotes.iter().find(|quote| quote.bay_class() == class);
            if quote.is_some_and(|quote| !buyer.is_sold(quote)) {
                return None;
            }
            Some(Bay {
                value,
                label: w.t(key),
                note: note(w, class, quote),
                chosen: value == chosen,
                closed: value != chosen && quote.is_some_and(|quote| !quote.available),
            })
        })
        .collect()
}

fn note(w: &Words, class: BayClass, quote: Option<&Quote>) -> String {
    let mut said = Vec::new();
    if class == BayClass::Accessible {
        said.push(w.t("bay-accessible-for"));
    }
    if let Some(quote) = quote {
        let cents = quote.total.as_ref().map_or(0, |total| total.cents);
        said.push(if cents == 0 { w.t("bay-free-of-charge") } else { w.cents(cents) });
        said.push(w.n("bay-left", quote.free));
    }
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use kernel::values::euro;

    use sky_proto::parking::v1::Channel;

    use super::*;
    use crate::words::Language;

    #[test]
    fn a_bay_says_what_it_costs_and_how_many_are_left() {
        let w = Words::speaking(Language::German);
        let quote = |class: BayClass, cents: i64, free: u32| Quote {
            bay_class: class.into(),
            total: Some(euro(cents)),
            available: free > 0,
            free,
            ..Quote::default()
        };
        let sold_by = |channel: Channel, quote: Quote| Quote { sold_by: vec![channel.into()], ..quote };
        let quotes = [
            sold_by(Channel::Online, quote(BayClass::Standard, 300, 12)),
            quote(BayClass::Accessible, 0, 1),
            quote(BayClass::Family, 300, 0),
            sold_by(Channel::Desk, quote(BayClass::Coach, 4000, 2)),
        ];
        let told = |buyer, sent: &[(&str, &str)]| bays(&w, buyer, &quotes, &Fields::of(sent));
        let notes = |told: &[Bay]| told.iter().map(|bay| (bay.note.clone(), bay.closed)).collect::<Vec<_>>();
        let visitors = told(Buyer::Visitor, &[]);
        let nothing = (String::new(), false);
        assert_eq!(
            notes(&visitors),
            [
                nothing.clone(),
                ("3,00\u{a0}€, noch 12 frei".to_owned(), false),
                ("nur mit blauem Parkausweis, kostenlos, noch 1 frei".to_owned(), false),
                ("3,00\u{a0}€, nichts mehr frei".to_owned(), true),
                nothing.clone(),
                nothing,
            ]
        );
        let unknown = bays(&w, Buyer::Visitor, &[], &Fields::of(&[]));
        let accessible = unknown.iter().find(|bay| bay.value == i32::from(BayClass::Accessible)).expect("offered");
        assert_eq!(accessible.note, "nur mit blauem Parkausweis", "whatever the car park tells");
        let offers = |told: &[Bay], class: BayClass| told.iter().any(|bay| bay.value == i32::from(class));
        assert!(!offers(&visitors, BayClass::Coach), "the house sells them at the desk");
        let at_desk = told(Buyer::Desk, &[]);
        assert!(offers(&at_desk, BayClass::Coach) && !offers(&at_desk, BayClass::Standard), "as the house says");
        let family = i32::from(BayClass::Family).to_string();
        assert!(told(Buyer::Visitor, &[("parking", &family)]).iter().all(|bay| !bay.closed), "what was chosen stays");
    }
}
