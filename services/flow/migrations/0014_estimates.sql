-- What the door's estimates were, and how good: the band of the next ones is that of the last.

-- Once a minute while the doors are open.
create table door_estimate (
    showing_id uuid not null,
    minute timestamptz not null,
    seconds integer not null,
    spread integer not null,
    -- How far it was off, in thousandths of the spread; null until the doors are closed.
    score integer,
    primary key (showing_id, minute)
);
create index door_estimate_by_time on door_estimate (minute) where score is not null;

-- When the last one came in to a showing, in seconds before its start.
create table door_last_in (
    showing_id uuid primary key,
    starts_at timestamptz not null,
    seconds_before integer not null
);
create index door_last_in_by_start on door_last_in (starts_at);
