-- Cars that left when their class had none: the entry that is missing may still come, in the journal of a lane that had no
-- link. Until then the exit has counted for nothing.
create table exit_at_zero (
    idempotency_key uuid primary key references lane_event,
    class text not null references bay_class,
    at timestamptz not null
);
create index exit_at_zero_of_class on exit_at_zero (class, at);
