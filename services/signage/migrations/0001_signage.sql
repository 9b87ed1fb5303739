-- Signage: the displays with what each shows, the facts that content is computed from (copied from
-- other services' events), and the messages of staff.

-- Locked first by everybody who changes a fact, so that contents are computed one after the other.
create table board (
    one boolean primary key default true,
    constraint board_is_one check (one)
);
insert into board default values;

create table display (
    display_id text primary key,
    name jsonb not null,
    location text not null,
    display_group text not null,
    profile text not null,
    viewing_distance_m integer not null,
    setup jsonb not null,
    configured_at timestamptz not null,
    revision bigint not null default 0,
    content jsonb,
    content_hash uuid,
    shown_class smallint,
    computed_at timestamptz,
    rendered_revision bigint not null default 0,
    rendered_at timestamptz,
    -- By the machine's clock, not by the house's: a network does not run faster in a simulation.
    last_seen_at timestamptz,
    constraint display_distance_positive check (viewing_distance_m > 0),
    constraint display_rendered_what_was_computed check (rendered_revision <= revision)
);

-- Filled from two producers in any order: shown once its plan is known.
create table shown_showing (
    showing_id uuid primary key,
    title jsonb,
    hall text,
    audience text,
    scheduled_starts_at timestamptz,
    starts_at timestamptz,
    ends_at timestamptz,
    doors_at timestamptz,
    plan_at timestamptz,
    delay_minutes integer not null default 0,
    cancelled boolean not null default false,
    notice jsonb,
    phase text not null default 'planned',
    phase_at timestamptz,
    predicted_end_at timestamptz,
    places_left integer,
    places_at timestamptz,
    observed_at timestamptz not null,
    constraint shown_showing_phase_known check (phase in ('planned', 'doors_open', 'last_call', 'running', 'over'))
);
create index shown_showing_by_start on shown_showing (starts_at);

create table house_fact (
    one boolean primary key default true,
    state text not null,
    since timestamptz not null,
    constraint house_fact_is_one check (one)
);

create table zone_fact (
    zone_id text primary key,
    level text not null,
    observed_at timestamptz not null
);

create table site_fact (
    site_id text primary key,
    state text not null,
    reason jsonb not null,
    bays jsonb not null,
    alternatives jsonb not null,
    observed_at timestamptz not null,
    valid_until timestamptz,
    site_revision bigint not null
);

-- 'done' is final, so the order of arrival does not matter.
create table order_fact (
    order_id text primary key,
    number integer not null,
    state text not null,
    at timestamptz not null,
    constraint order_fact_state_known check (state in ('ready', 'done'))
);

create table station_fact (
    station_id text primary key,
    name jsonb not null,
    state text not null,
    observed_at timestamptz not null
);

create table message (
    message_id uuid primary key,
    class smallint not null,
    text jsonb not null,
    -- Null: every group.
    display_group text,
    published_at timestamptz not null,
    valid_until timestamptz not null,
    withdrawn boolean not null default false,
    constraint message_class_of_staff check (class between 2 and 4)
);
create index message_by_end on message (valid_until) where not withdrawn;
