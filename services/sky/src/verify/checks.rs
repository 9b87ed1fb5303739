//! The invariants of the house (domain.md §4), each as SQL that finds what breaks it: within one
//! service's schema, and between the stories that two services tell.

use std::collections::BTreeSet;

use super::{Databases, Finding, names, rows, stories};

/// An invariant within one schema. `all` counts what is looked at; `breaches` answers a sentence for each
/// breach.
struct Check {
    service: &'static str,
    name: &'static str,
    all: &'static str,
    breaches: &'static str,
}

const CHECKS: &[Check] = &[
    Check {
        service: "reservations",
        name: "no showing has more places taken than its plan allows",
        all: "select count(*) from showing",
        breaches: "select format('showing %s: %s of %s', s.id, count(*), s.capacity)
                   from seat_claim c join showing s on s.id = c.showing_id
                   group by s.id, s.capacity having count(*) > s.capacity",
    },
    Check {
        service: "reservations",
        name: "every place taken is a place of the showing's plan",
        all: "select count(*) from seat_claim",
        breaches: "select format('showing %s: %s', c.showing_id, c.seat)
                   from seat_claim c join showing s on s.id = c.showing_id
                   left join layout_seat l on l.layout_id = s.layout_id and l.label = c.seat where l.label is null",
    },
    Check {
        service: "reservations",
        name: "no place is held or sold to two visits at a time",
        all: "select count(*) from booking where state in ('held', 'confirmed')",
        // Laid out first: else each booking looks through all claims of its showing, a day's work in a large hall.
        breaches: "with b as materialized (
                       select k.*, h ->> 'label' as seat from booking k cross join lateral json_array_elements(k.seats) h)
                   select format('showing %s, place %s: visits %s and %s', c.showing_id, c.seat, b.visit_id, c.visit_id)
                   from b join seat_claim c on c.showing_id = b.showing_id and c.seat = b.seat and c.visit_id <> b.visit_id
                   join booking o on o.visit_id = c.visit_id
                   where b.state = 'confirmed'
                      or (b.state = 'held' and o.state = 'held'
                          and o.held_at < b.expires_at and b.held_at < o.expires_at)",
    },
    Check {
        service: "reservations",
        name: "every live ticket has its place, every sold place its ticket",
        all: "select count(*) from ticket where live",
        breaches: "select format('showing %s, place %s: ticket of %s, sold to %s', coalesce(t.showing_id, c.showing_id),
                       coalesce(t.seat, c.seat), t.visit_id, c.visit_id)
                   from (select * from ticket where live) t
                   full join (select * from seat_claim where expires_at is null and channel <> 'blocked') c
                       on c.showing_id = t.showing_id and c.seat = t.seat
                   where t.visit_id is distinct from c.visit_id",
    },
    Check {
        service: "reservations",
        name: "every booked party has a ticket and a place for each of its people",
        all: "select count(*) from booking where state = 'confirmed'",
        breaches: "select format('visit %s: booked for %s, tickets %s, places %s', b.visit_id, json_array_length(b.seats),
                       coalesce(t.tickets, 0), coalesce(c.places, 0))
                   from booking b
                   left join (select visit_id, count(*) as tickets from ticket where live group by visit_id) t
                       using (visit_id)
                   left join (select visit_id, count(*) as places from seat_claim where expires_at is null
                       group by visit_id) c using (visit_id)
                   where b.state = 'confirmed'
                       and (json_array_length(b.seats) <> coalesce(t.tickets, 0)
                           or json_array_length(b.seats) <> coalesce(c.places, 0))",
    },
    Check {
        service: "reservations",
        name: "every place that is not sold has a reason, and every reason its place",
        all: "select count(*) from blocked_seat",
        breaches: "select format('showing %s: %s', coalesce(b.showing_id, c.showing_id), coalesce(b.seat, c.seat))
                   from blocked_seat b
                   full join (select * from seat_claim where channel = 'blocked') c
                       on c.showing_id = b.showing_id and c.seat = b.seat
                   where b.seat is null or c.seat is null",
    },
    Check {
        service: "reservations",
        name: "a companion's place is sold with its wheelchair place only",
        all: "select count(*) from seat_claim where place = 'companion' and expires_at is null and channel = 'online'",
        breaches: "select format('showing %s: %s', c.showing_id, c.seat) from seat_claim c
                   where c.place = 'companion' and c.expires_at is null and c.channel = 'online'
                       and not exists (select 1 from seat_claim w where w.showing_id = c.showing_id
                           and w.visit_id = c.visit_id and w.place = 'wheelchair' and w.seat || 'B' = c.seat)",
    },
    Check {
        service: "reservations",
        name: "every price of a place is a dated tariff row with its tax",
        all: "select count(*) from booking",
        breaches: "select format('visit %s: %s', b.visit_id, i ->> 'tariff_id')
                   from booking b, json_array_elements(b.items) i
                   left join tariff f on f.id = i ->> 'tariff_id'
                   where f.id is null or f.cents <> (i ->> 'cents')::bigint or f.tax_id <> i ->> 'tax_id'",
    },
    Check {
        service: "flow",
        name: "who is counted as admitted has a ticket that was admitted",
        all: "select coalesce(sum(admitted), 0)::bigint from admission",
        breaches: "select format('showing %s: %s counted, %s tickets', a.showing_id, a.admitted, count(t.*))
                   from admission a left join door_ticket t on t.showing_id = a.showing_id and t.admitted_at is not null
                   group by a.showing_id, a.admitted having a.admitted <> count(t.*)",
    },
    Check {
        service: "flow",
        name: "every admitted ticket was let in by exactly one scan",
        all: "select count(*) from door_ticket where admitted_at is not null",
        breaches: "select format('showing %s: %s scanned in, %s tickets', showing_id, sum(scanned), sum(tickets)) from (
                       select showing_id, admitted_now as scanned, 0 as tickets from scan
                       union all select showing_id, 0, 1 from door_ticket where admitted_at is not null) both_sides
                   group by showing_id having sum(scanned) <> sum(tickets)",
    },
    Check {
        service: "flow",
        name: "what is counted at a door is what its tickets say",
        all: "select count(*) from admission",
        breaches: "select format('showing %s: %s booked and %s outside counted, %s and %s by the tickets', a.showing_id,
                       a.booked, a.outside, count(t.*) filter (where t.live), count(t.out_since))
                   from admission a left join door_ticket t on t.showing_id = a.showing_id
                   group by a.showing_id, a.booked, a.outside
                   having a.booked <> count(t.*) filter (where t.live) or a.outside <> count(t.out_since)",
    },
    Check {
        service: "flow",
        name: "whatever was let in twice is in the desk's list",
        all: "select count(*) from scan where kind = 'entry' and verdict = 'admitted'",
        breaches: "select format('ticket %s: %s scans', ticket, count(*)) from (
                       select unnest(s.tickets) as ticket from scan s where s.kind = 'entry' and s.verdict = 'admitted'
                           and not exists (select from scan u
                               where u.undoes_device = s.device_id and u.undoes_nonce = s.nonce)) claims
                   where not exists (select from scan_conflict c where c.ticket_id = ticket and c.kind = 'double')
                   group by ticket having count(*) > 1",
    },
    Check {
        service: "flow",
        name: "no zone holds more people than its document permits",
        all: "select count(*) from zone",
        // Whom somebody has counted there is there: that is a fact, and not what the house has let in.
        breaches: "with recursive lies_in (room, zone) as (
                       select id, id from zone where kind = 'room'
                       union select l.room, z.parent from lies_in l join zone z on z.id = l.zone where z.parent <> ''),
                   fact (room, over) as (
                       select z.id, z.count - z.capacity
                       from zone z join zone_correction c on c.zone_id = z.id and c.at = z.by_hand_at
                       where z.count > z.capacity and z.count <= c.count)
                   select format('%s: %s of %s', id, count, capacity) from zone z
                   where count > capacity + coalesce((
                       select sum(f.over) from fact f join lies_in l on l.room = f.room where l.zone = z.id), 0)",
    },
    Check {
        service: "signage",
        name: "every line of a display has its time, and none was over when it was shown",
        all: "select count(*) from view cross join lateral json_array_elements(content::json -> 'lines')",
        breaches: "select format('view %s: %s', v.view_id, line -> 'text' ->> 'de')
                   from view v cross join lateral json_array_elements(v.content::json -> 'lines') line
                   where line ->> 'observed_at' is null or (line ->> 'valid_until')::timestamptz <= v.computed_at",
    },
    Check {
        service: "parking",
        name: "cars in minus cars out are the cars that stand there",
        all: "select count(*) from lane_event where verdict = 'open'",
        breaches: "select format('%s: %s counted, %s by the lanes', b.class, b.occupied, coalesce(l.cars, 0) + coalesce(o.cars, 0) + coalesce(z.cars, 0))
                   from bay_class b
                   left join (select class, count(*) as cars from exit_at_zero group by class) z on z.class = b.class
                   left join (select class, sum(correction) as cars from observation group by class) o on o.class = b.class
                   left join (select class, sum(case direction when 'in' then 1 else -1 end) as cars
                       from lane_event where verdict = 'open' and class is not null group by class) l on l.class = b.class
                   where b.occupied <> coalesce(l.cars, 0) + coalesce(o.cars, 0) + coalesce(z.cars, 0)",
    },
    Check {
        service: "parking",
        name: "no class of bays has more cars than bays",
        all: "select count(*) from bay_class",
        breaches: "select format('%s: %s of %s', class, occupied, capacity) from bay_class where occupied > capacity",
    },
    Check {
        service: "parking",
        name: "bays given are those of the rights, and no class is given to more than it may be",
        all: "select count(*) from bay_use",
        breaches: "select format('%s at %s: %s given, %s rights, %s may be', u.class, u.slot_at, u.given,
                       count(r.visit_id), u.most)
                   from bay_use u left join parking_right r on r.class = u.class and has_bay(r.state)
                       and u.slot_at > r.given_from - interval '15 minutes' and u.slot_at < r.given_until
                       and r.given_from < r.given_until
                   group by u.class, u.slot_at, u.given, u.most having u.given <> count(r.visit_id) or u.given > u.most",
    },
    Check {
        service: "parking",
        name: "the kerb is given as coaches stop, and to no more than may stand there",
        all: "select count(*) from kerb_use",
        breaches: "select format('%s: %s given, %s stops, %s may be', u.slot_at, u.given, count(s.since), u.most)
                   from kerb_use u left join (
                       select stop.since, stop.until from parking_right r cross join lateral (values
                           (r.set_down_from, r.set_down_until), (r.pick_up_from, r.pick_up_until)) stop (since, until)
                       where has_bay(r.state)) s
                       on u.slot_at > s.since - interval '5 minutes' and u.slot_at < s.until
                   group by u.slot_at, u.given, u.most having u.given <> count(s.since) or u.given > u.most",
    },
    Check {
        service: "gastro",
        name: "station time taken is what the orders need, and within capacity",
        all: "select count(*) from slot_use",
        breaches: "select format('%s at %s: %s taken, %s needed, %s there', u.station_id, u.slot_at, u.seconds,
                       coalesce(sum(c.seconds), 0), u.capacity)
                   from slot_use u full join slot_claim c on c.station_id = u.station_id and c.slot_at = u.slot_at
                   group by u.station_id, u.slot_at, u.seconds, u.capacity
                   having coalesce(u.seconds, 0) <> coalesce(sum(c.seconds), 0) or u.seconds > u.capacity",
    },
    Check {
        service: "gastro",
        name: "the taxed parts of a combo are its flat price",
        all: "select count(*) from combo_share",
        breaches: "select format('%s of %s: %s of %s', s.price_id, s.mix, sum(s.cents), p.cents)
                   from combo_share s join price p using (price_id)
                   group by s.price_id, s.mix, p.cents having sum(s.cents) <> p.cents",
    },
    Check {
        service: "gastro",
        name: "portions taken are what the orders have, and no more than there are",
        all: "select count(*) from stock_day",
        breaches: "select format('%s on %s: %s taken, %s ordered, of %s', d.item_id, d.day, d.taken,
                       coalesce(sum(c.portions), 0), d.portions)
                   from stock_day d left join stock_claim c on c.item_id = d.item_id and c.day = d.day
                   group by d.item_id, d.day, d.taken, d.portions
                   having d.taken <> coalesce(sum(c.portions), 0) or d.taken > d.portions",
    },
    Check {
        service: "gastro",
        name: "receipts are numbered without a gap",
        all: "select count(*) from receipt",
        breaches: "select format('%s receipts, the last has number %s of %s', count(r.number), max(r.number), n.last)
                   from receipt_number n left join receipt r on true group by n.last
                   having count(r.number) <> n.last or coalesce(max(r.number), 0) <> n.last",
    },
    Check {
        service: "gastro",
        name: "a meal's receipts add up to what it costs",
        all: "select count(*) from receipt",
        breaches: "select format('order %s costs %s, its receipts have %s', o.order_id, c.cents, sum(r.cents))
                   from receipt r join meal_order o using (order_id)
                   cross join lateral (select coalesce(sum((i ->> 'cents')::bigint * (i ->> 'quantity')::bigint), 0)
                       as cents from jsonb_array_elements(o.charges) i) c
                   where o.state <> 'cancelled' group by o.order_id, c.cents having c.cents <> sum(r.cents)",
    },
    Check {
        service: "payments",
        name: "every payment's ledger adds up to its state",
        all: "select count(*) from payment",
        // Of a whole payment that goes back, parts may still be on their own way.
        breaches: "select format('payment %s is %s over %s, its ledger has %s', p.id, p.state, p.cents, l.cents)
                   from payment p
                   cross join lateral (select coalesce(sum(cents), 0) as cents from ledger where payment_id = p.id) l
                   cross join lateral (
                       select coalesce(sum(cents) filter (where state in ('done', 'less_due')), 0) as over,
                           coalesce(sum(cents) filter (where state in ('returning', 'at_desk')), 0) as open
                       from part_refund where payment_id = p.id) r
                   where l.cents <> case
                       when p.state in ('paid', 'refunding') then p.cents - r.over
                       when p.state = 'refunded' then r.open
                       -- Money that came after it was given up, until it has gone back.
                       when p.state = 'failed' then r.open + coalesce((select p.cents from refund f
                           where f.payment_id = p.id and f.done_at is null and f.next_try_at is not null), 0)
                       else 0 end",
    },
    Check {
        service: "payments",
        name: "what goes back of a payment is what its parts and its refund are",
        all: "select count(*) from payment",
        breaches: "select format('payment %s is %s over %s: %s goes back, parts %s, refund %s', p.id, p.state, p.cents,
                       p.given_back, r.cents, f.cents)
                   from payment p
                   cross join lateral (select coalesce(sum(cents), 0) as cents from part_refund
                       where payment_id = p.id and state <> 'covered') r
                   cross join lateral (select coalesce(sum(cents), 0) as cents from refund
                       where payment_id = p.id and (done_at is not null or next_try_at is not null)) f
                   where p.given_back > p.cents or p.given_back <> case
                       when p.state = 'refunded' then p.cents else r.cents + f.cents end",
    },
    Check {
        service: "payments",
        name: "every amount is the sum of its charged lines",
        all: "select count(*) from payment",
        breaches: "select format('payment %s: %s for lines of %s', p.id, p.cents,
                       coalesce(sum((i ->> 'unit_cents')::bigint * (i ->> 'quantity')::bigint), 0))
                   from payment p left join jsonb_array_elements(p.items) i on true group by p.id, p.cents
                   having p.cents <> coalesce(sum((i ->> 'unit_cents')::bigint * (i ->> 'quantity')::bigint), 0)",
    },
    Check {
        service: "payments",
        name: "of every payment it is known whether money came",
        all: "select count(*) from payment",
        breaches: "select format('payment %s over %s, visit %s: the provider has not said since %s', id, cents, visit_id,
                       coalesce(open_at, created_at))
                   from payment where state = 'failed' and next_check_at > watch_until + interval '5 minutes'",
    },
    Check {
        service: "payments",
        name: "no provider has owed a refund for more than a day",
        all: "select (select count(*) from refund) + (select count(*) from part_refund)",
        breaches: "select format('visit %s: %s since %s, asked %s times', owed.visit_id, owed.cents, owed.requested_at,
                       owed.attempts)
                   from (select p.visit_id, r.cents, r.requested_at, r.attempts from refund r
                             join payment p on p.id = r.payment_id where r.done_at is null and r.next_try_at is not null
                         union all
                         select visit_id, cents, requested_at, attempts from part_refund where state = 'returning') owed
                   where owed.requested_at < (select max(occurred_at) from outbox) - interval '1 day'",
    },
    Check {
        service: "reservations",
        name: "no confirmation waits for a showing that was locked",
        all: "select count(*) from booking",
        breaches: "select format('visit %s: event %s', visit_id, set_aside_id) from set_aside",
    },
    Check {
        service: "journey",
        name: "no visit is being confirmed for more than ten minutes",
        all: "select count(*) from visit",
        breaches: "select format('visit %s since %s', v.id, told.at) from visit v
                   cross join lateral (
                       select coalesce(max(occurred_at), v.ordered_at) as at from outbox
                       where aggregate_id = v.id::text) told
                   where v.state = 'confirming'
                       and told.at < (select max(occurred_at) from outbox) - interval '10 minutes'",
    },
    Check {
        service: "journey",
        name: "no visit waits for anything past its time",
        all: "select count(*) from visit",
        breaches: "select format('visit %s is %s since before %s', v.id, v.state, v.deadline) from visit v
                   where v.deadline < (select max(occurred_at) from outbox) - interval '10 minutes'",
    },
];

/// Everything.
pub async fn check(databases: &Databases<'_>) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for check in CHECKS {
        let mut connection = databases.connect(check.service).await?;
        let all: i64 = sqlx::query_scalar(check.all).fetch_one(&mut connection).await?;
        findings.push(Finding::new(check.name, all, rows(databases, check.service, check.breaches).await?));
    }
    findings.extend(stories::compare(databases).await?);
    findings.push(charges(databases).await?);
    findings.push(contacts(databases).await?);
    Ok(findings)
}

/// Invariant 4, across the house: every line that was paid for is a row of somebody's dated prices.
async fn charges(databases: &Databases<'_>) -> anyhow::Result<Finding> {
    let mut known = BTreeSet::new();
    for (service, sql) in [
        ("reservations", "select format('%s at %s, tax %s', id, cents, tax_id) from tariff"),
        ("parking", "select format('%s at %s, tax %s', id, cents, tax_id) from tariff"),
        ("gastro", "select format('%s at %s, tax %s', price_id, cents, tax_id) from price where combo_id is null"),
        // A combo is charged in parts; that they are the whole is a check of its own.
        ("gastro", "select format('%s at %s, tax %s', price_id, cents, tax_id) from combo_share"),
    ] {
        known.extend(rows(databases, service, sql).await?);
    }
    let charged = rows(
        databases,
        "payments",
        "select distinct format('%s at %s, tax %s', i ->> 'tariff_id', i ->> 'unit_cents', i ->> 'tax_id')
         from payment p, jsonb_array_elements(p.items) i",
    )
    .await?;
    let looked_at = i64::try_from(charged.len())?;
    let breaches = charged.into_iter().filter(|row| !known.contains(row)).collect();
    Ok(Finding::new("every charged line is a dated price of the house", looked_at, breaches))
}

/// Invariant 7, for the bus: no visitor's address is in any event.
async fn contacts(databases: &Databases<'_>) -> anyhow::Result<Finding> {
    let addresses =
        rows(databases, "journey", "select distinct contact_email from visit where contact_email <> ''").await?;
    let mut breaches = Vec::new();
    for service in names() {
        let mut connection = databases.connect(service).await?;
        // Only payloads with an @ can have an address in them.
        let suspects: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select type, payload from outbox where position('\\x40'::bytea in payload) > 0")
                .fetch_all(&mut connection)
                .await?;
        for (kind, payload) in suspects {
            let text = String::from_utf8_lossy(&payload);
            if addresses.iter().any(|address| text.contains(address.as_str())) {
                breaches.push(format!("{service}: an event {kind} has a visitor's e-mail address"));
            }
        }
    }
    Ok(Finding::new("no visitor's address is in any event", i64::try_from(addresses.len())?, breaches))
}
