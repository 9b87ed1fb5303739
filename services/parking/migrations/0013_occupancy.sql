-- Stays: opened by an entry, closed by an exit; of a right, or of somebody without one.
create table session (
    session_id uuid primary key,
    class text not null references bay_class,
    visit_id uuid,
    lane_in text not null,
    opened_at timestamptz not null,
    lane_out text,
    closed_at timestamptz,
    -- Cars without a code look alike: the first that came is taken for the one that leaves.
    estimated boolean not null default false,
    constraint session_span check (closed_at >= opened_at)
);
create index session_open on session (class, opened_at) where closed_at is null;
create index session_opened on session (opened_at);

-- Counts by people or counters. What cannot be is kept too: it is why a class is unknown.
create table observation (
    idempotency_key uuid primary key,
    class text not null references bay_class,
    occupied bigint not null,
    observed_at timestamptz not null,
    told_by text not null,
    outcome text not null constraint observation_outcome check (outcome in ('taken', 'nonsense', 'stale', 'repeated')),
    -- By how many cars the lanes' count was put right.
    correction integer not null default 0
);
create index observation_of_class on observation (class, observed_at desc) where outcome in ('taken', 'nonsense');
-- False: the newest count could not be.
alter table bay_class add column count_known boolean not null default true;

-- Forecasts as they were made, and what came: the next ones say how sure they are by them.
create table forecast_kept (
    due_at timestamptz not null,
    ahead_minutes integer not null,
    expected double precision not null,
    spread double precision not null,
    actual integer,
    primary key (due_at, ahead_minutes)
);
