-- People counters, lifts, directives, incidents, what displays say of them, and the zones' policy.

create table sensor (
    id text primary key,
    name jsonb not null,
    place integer not null,
    -- As the device names itself; empty: whatever it says.
    serial text not null,
    interval_seconds integer not null constraint sensor_interval check (interval_seconds > 0),
    -- [[number, {"line": {"into", "out_of"}} or {"balance": zone}], …]
    logics jsonb not null,
    -- Lines are counted from its live data, not from its intervals.
    live boolean not null default false,
    state text not null default 'commissioning' constraint sensor_state
        check (state in ('commissioning', 'online', 'degraded', 'offline', 'retired')),
    problem text not null default '',
    since timestamptz not null,
    last_seen timestamptz,
    last_package bigint,
    lost bigint not null default 0,
    skew_seconds integer not null default 0,
    -- SHA-256 of its token; null: it has none and is not heard.
    token_hash bytea constraint sensor_token unique
);
create table sensor_zone (
    sensor_id text not null references sensor on delete cascade,
    zone_id text not null references zone,
    primary key (sensor_id, zone_id)
);

-- Every push as it came, for a while.
create table sensor_push (
    id bigint generated always as identity primary key,
    sensor_id text not null references sensor on delete cascade,
    at timestamptz not null,
    status integer not null,
    size bigint not null,
    problem text not null,
    -- Null when it was too large to keep.
    body bytea
);
create index sensor_push_by_time on sensor_push (at);
create index sensor_push_of_sensor on sensor_push (sensor_id, id);

-- The intervals that were counted, so that a repeat counts nothing.
create table sensor_record (
    sensor_id text not null references sensor on delete cascade,
    logic bigint not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    constraint sensor_record_once primary key (sensor_id, logic, from_at, to_at)
);
create index sensor_record_by_time on sensor_record (to_at);

create table lift (
    id text primary key,
    name jsonb not null,
    place integer not null,
    levels text[] not null,
    without jsonb not null,
    working boolean not null default true,
    since timestamptz not null,
    revision bigint not null default 1
);

create table policy_rule (
    place integer primary key,
    zone_id text not null,
    at_level text not null,
    kind text not null,
    to_zone text not null,
    minutes integer not null,
    auto boolean not null
);

create table directive (
    id uuid primary key,
    kind text not null constraint directive_kind check (kind in ('redirect', 'stop_admission', 'open_overflow')),
    state text not null constraint directive_state
        check (state in ('proposed', 'confirmed', 'active', 'acked_by_displays', 'ended')),
    from_zone text not null,
    to_zone text not null,
    text jsonb not null,
    step_free_text jsonb not null,
    step_free boolean not null,
    lift text not null,
    reason jsonb not null,
    by_policy boolean not null,
    proposed_by text not null,
    confirmed_by text not null,
    ended_by text not null,
    proposed_at timestamptz not null,
    active_from timestamptz not null,
    ended_at timestamptz,
    valid_until timestamptz not null,
    displays_concerned integer not null,
    revision bigint not null
);
create index directive_open on directive (proposed_at) where state <> 'ended';
create index directive_by_time on directive (proposed_at);

create table incident (
    id uuid primary key,
    kind text not null constraint incident_kind
        check (kind in ('lost_child', 'medical', 'technical_fault', 'evacuation')),
    state text not null constraint incident_state
        check (state in ('proposed', 'confirmed', 'active', 'acked_by_displays', 'ended')),
    zone text not null,
    lift text not null,
    text jsonb not null,
    step_free_text jsonb not null,
    note text not null,
    reported_by text not null,
    confirmed_by text not null,
    ended_by text not null,
    reported_at timestamptz not null,
    active_from timestamptz,
    ended_at timestamptz,
    displays_concerned integer not null,
    revision bigint not null
);
create index incident_open on incident (reported_at) where state <> 'ended';
create unique index incident_one_evacuation on incident (kind) where kind = 'evacuation' and state <> 'ended';

-- A display shows this revision of a directive or incident.
create table measure_ack (
    about uuid not null,
    revision bigint not null,
    display_id text not null,
    rendered_at timestamptz not null,
    primary key (about, revision, display_id)
);
