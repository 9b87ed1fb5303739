-- Visitor flow: zones and counts, admissions, the door's own copy of the tickets, scans, the house's state.

create table zone (
    id text primary key,
    name jsonb not null,
    place integer not null,
    capacity integer not null constraint zone_capacity check (capacity > 0),
    -- The document that sets the capacity.
    capacity_source text not null,
    -- "hall:<hall>": filled by scans at that hall's doors; "foyer": where people wait; else by hand.
    filled_by text not null,
    count integer not null default 0 constraint zone_never_negative check (count >= 0),
    level text not null default 'green' constraint zone_level check (level in ('green', 'amber', 'red', 'stop')),
    quality text not null default 'estimated' constraint zone_quality check (quality in ('live', 'estimated', 'manual')),
    observed_at timestamptz not null,
    revision bigint not null default 1
);

create table admission (
    showing_id uuid primary key,
    title jsonb not null,
    hall text not null,
    state text not null default 'planned' constraint admission_state check (state in
        ('planned', 'doors_open', 'last_call', 'running', 'egress', 'turnover', 'closed', 'cancelled')),
    scheduled_starts_at timestamptz not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    -- Once it runs; what was planned before.
    predicted_end_at timestamptz not null,
    doors_at timestamptz not null,
    last_entry_at timestamptz not null,
    capacity integer not null,
    admitted integer not null default 0 constraint admission_never_negative check (admitted >= 0),
    revision bigint not null default 1
);
create index admission_by_start on admission (starts_at);

-- A visit's party. Kept when cancelled, so that a late confirmation cannot revive it.
create table party (
    visit_id uuid primary key,
    showing_id uuid not null,
    reference text not null,
    cancelled boolean not null
);
create index party_by_reference on party (reference) where reference <> '';

-- The door's own copy of the tickets.
create table door_ticket (
    ticket_id uuid primary key,
    visit_id uuid not null references party,
    showing_id uuid not null,
    seat text not null,
    assistance boolean not null,
    live boolean not null,
    admitted_at timestamptz,
    lane text,
    constraint door_ticket_admitted_somewhere check ((admitted_at is null) = (lane is null))
);
create index door_ticket_of_visit on door_ticket (visit_id);
create index door_ticket_of_showing on door_ticket (showing_id);

-- Every scan, once per device and nonce; the answer is what a repeat gets. No code is kept.
create table scan (
    device_id text not null,
    nonce text not null,
    showing_id uuid not null,
    lane text not null,
    visit_id uuid,
    ticket_id uuid,
    verdict text not null,
    admitted_now integer not null,
    late_reason text not null,
    at timestamptz not null,
    answer bytea not null,
    constraint scan_once primary key (device_id, nonce)
);
create index scan_of_showing on scan (showing_id, at);

-- Every correction by hand, with who and why.
create table zone_correction (
    id bigint generated always as identity primary key,
    zone_id text not null references zone,
    count_before integer not null,
    count integer not null,
    reason text not null,
    by text not null,
    at timestamptz not null
);

create table house_state (
    one boolean primary key default true constraint house_state_one check (one),
    state text not null constraint house_state_known check (state in
        ('normal', 'crowded', 'admission_stopped', 'evacuating', 'all_clear')),
    since timestamptz not null,
    by text not null,
    cleared_by text not null,
    reason text not null,
    revision bigint not null
);
insert into house_state (state, since, by, cleared_by, reason, revision)
    values ('normal', '2023-03-30T00:00:00Z', '', '', '', 1);
