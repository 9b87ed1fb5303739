-- The clock of the visit: what each leg takes, how each visit's risk was told last, and moves to another showing.

alter table showing add column hall text not null default '';

-- The house file's rules and ways.
create table clock_policy (
    the_only boolean primary key default true constraint clock_policy_one check (the_only),
    policy jsonb not null
);
create table way (
    leg text not null,
    -- Empty: to every hall that has no way of its own.
    hall text not null,
    place jsonb not null,
    text jsonb not null,
    step_free jsonb not null,
    lift text not null,
    primary key (leg, hall)
);

-- As the door tells them.
create table lift (
    lift_id text primary key,
    working boolean not null,
    without jsonb not null,
    revision bigint not null
);
-- How long people are at the desk (about 'desk'), how fast a hall's door is (about its showing).
create table wait (
    about text primary key,
    seconds integer not null,
    seconds_low integer not null,
    seconds_high integer not null,
    per_hour integer not null,
    valid_until timestamptz not null
);

-- As the car park tells it; 0: not told.
alter table car_park
    add column park_seconds integer not null default 0,
    add column park_uncertainty_seconds integer not null default 0;

-- What was told last of a visit that is about to begin. Whoever is missing, and the visit's page, read it here.
create table visit_clock (
    visit_id uuid primary key,
    showing_id uuid not null,
    risk text not null constraint visit_clock_risk check (risk in ('unknown', 'in_time', 'at_risk', 'missed')),
    -- Since when the risk is that.
    since timestamptz not null,
    whereabouts text not null,
    -- Of each leg: kind, seconds, uncertainty, whether they are known.
    legs jsonb not null,
    observed_at timestamptz not null
);
create index visit_clock_at_risk on visit_clock (showing_id) where risk in ('at_risk', 'missed');
create index visit_clock_age on visit_clock (observed_at);

-- What a visit is offered that will not make it; to_showing is empty where no showing of the day has places.
create table rebooking_offer (
    visit_id uuid primary key,
    from_showing uuid not null,
    to_showing uuid,
    title jsonb not null,
    starts_at timestamptz,
    ends_at timestamptz,
    people integer not null,
    made_at timestamptz not null,
    valid_until timestamptz not null
);
create index rebooking_offer_to on rebooking_offer (to_showing);

-- Moves to another showing. 'moving': reservations is asked; whoever finds it long after goes on with it.
create table rebooking (
    id uuid primary key,
    visit_id uuid not null references visit,
    from_showing uuid not null,
    to_showing uuid not null,
    state text not null constraint rebooking_state check (state in ('moving', 'moved', 'refused')),
    -- Why it was refused: the service's code, words, and name for it.
    code integer not null default 0,
    reason text not null default '',
    problem text not null default '',
    by text not null,
    asked_at timestamptz not null,
    done_at timestamptz,
    constraint rebooking_done check ((done_at is null) = (state = 'moving'))
);
-- A visit is moved once at a time.
create unique index rebooking_one_at_a_time on rebooking (visit_id) where state = 'moving';
create index rebooking_of_visit on rebooking (visit_id);
