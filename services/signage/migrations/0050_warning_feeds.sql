-- Official warnings that the house reads by itself: what each address said last, and what was wrong with it.
create table warning_feed (
    address text primary key,
    -- By the machine's clock: a network does not run faster in a simulation.
    asked_at timestamptz not null,
    -- The last good answer.
    heard_at timestamptz,
    problem text not null,
    -- The messages that its warnings became.
    warnings uuid[] not null
);
