-- The car park: one site, bays by class, rights for a window, what the lanes saw.

create table tax (
    id text primary key,
    basis_points integer not null constraint tax_rate check (basis_points between 0 and 10000),
    valid_from date not null,
    source text not null
);

create table site (
    id text primary key,
    one boolean not null default true constraint site_one check (one) unique,
    name jsonb not null,
    state text not null constraint site_state check (state in ('open', 'closed', 'unreachable', 'unknown')),
    reason jsonb not null,
    walk_minutes integer not null constraint site_walk check (walk_minutes >= 0),
    alternatives jsonb not null,
    -- Rises with every change that a live stream shows.
    revision bigint not null,
    -- When occupancy was last confirmed by a lane.
    observed_at timestamptz not null
);

create table bay_class (
    class text primary key constraint bay_class_known check (class in ('standard', 'accessible', 'coach', 'ev')),
    capacity integer not null constraint bay_class_capacity check (capacity >= 0),
    -- Cars in, by the lanes.
    occupied integer not null default 0 constraint bay_class_never_negative check (occupied >= 0),
    free_of_charge boolean not null
);

create table tariff (
    id text primary key,
    class text not null references bay_class,
    label jsonb not null,
    cents bigint not null constraint tariff_not_negative check (cents >= 0),
    tax_id text not null references tax,
    valid_from date not null,
    source text not null,
    constraint tariff_one_per_day unique (class, valid_from)
);

-- Times of showings as reservations and flow told them.
create table known_showing (
    showing_id uuid primary key,
    starts_at timestamptz,
    ends_at timestamptz,
    predicted_end_at timestamptz
);

create table parking_right (
    visit_id uuid primary key,
    showing_id uuid not null,
    class text not null references bay_class,
    state text not null constraint parking_right_state
        check (state in ('held', 'confirmed', 'checked_in', 'left', 'cancelled', 'expired', 'no_show')),
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    -- Distances to the showing's start and end; the window follows the showing by them.
    lead_seconds bigint,
    stay_seconds bigint,
    expires_at timestamptz not null,
    reference text not null default '',
    charges jsonb not null,
    entered_at timestamptz,
    left_at timestamptz,
    -- The visit was cancelled while its car was in.
    cancelled_at timestamptz,
    constraint parking_right_window check (valid_from < valid_until)
);
create index parking_right_of_showing on parking_right (showing_id);
create index parking_right_of_reference on parking_right (reference) where reference <> '';
create index parking_right_live on parking_right (class, valid_until)
    where state in ('held', 'confirmed', 'checked_in');

-- A person's ticket opens the lane for the visit it belongs to.
create table visit_ticket (
    ticket_id uuid primary key,
    visit_id uuid not null
);

-- The lanes' log: nothing is ever changed in it.
create table lane_event (
    idempotency_key uuid primary key,
    lane text not null,
    direction text not null constraint lane_event_direction check (direction in ('in', 'out')),
    visit_id uuid,
    class text,
    verdict text not null,
    at timestamptz not null
);
