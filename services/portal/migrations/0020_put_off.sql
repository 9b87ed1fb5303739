-- A step that the showing clock proposed and somebody has put off: nobody is reminded of it before then.
-- `until` is the house's time.

create table put_off (
    showing_id uuid not null,
    -- The step, as the contract numbers it.
    step       integer not null,
    until      timestamptz not null,
    by_whom    text not null,
    primary key (showing_id, step)
);
