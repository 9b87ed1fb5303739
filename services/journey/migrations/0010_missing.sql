-- Who is missing, and delays that move several showings.

-- When a party was last seen in the house, before it was let into the hall.
create table party_seen (
    visit_id uuid primary key,
    at timestamptz not null
);

-- How many the door had let in by then: what its pace is measured by.
create table door_count (
    showing_id uuid not null,
    at timestamptz not null,
    admitted integer not null,
    primary key (showing_id, at)
);
create index door_count_age on door_count (at);

-- What the car park has told of the way from it to the door.
create table car_park (
    the_only boolean primary key default true constraint car_park_one check (the_only),
    walk_minutes integer not null
);

-- A delay that moves several showings, decided once and carried out step by step: whoever repeats the request,
-- or looks after what a crash has left, goes on with the same steps.
create table delay_plan (
    idempotency_key uuid primary key,
    steps jsonb not null,
    reason jsonb not null,
    made_at timestamptz not null,
    done boolean not null default false
);
create index delay_plan_open on delay_plan (made_at) where not done;
