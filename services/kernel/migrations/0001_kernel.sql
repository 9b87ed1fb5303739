-- The event log, consumer positions and idempotency keys: the same tables in every service's schema.

-- One row per aggregate. Appending an event updates its row first, so the aggregate is locked
-- before the outbox sequence is drawn: seq order is commit order per aggregate.
create table aggregate_head (
    aggregate_id text primary key,
    version bigint not null
);

create table outbox (
    seq bigint generated always as identity primary key,
    event_id uuid not null unique,
    aggregate_id text not null,
    aggregate_version bigint not null,
    type text not null,
    subject text not null,
    payload bytea not null,
    headers jsonb not null default '{}',
    occurred_at timestamptz not null,
    -- Position in the published log: gapless, given after commit by the relay.
    pub_seq bigint unique,
    -- Sequence in the broker's stream, and when the broker acknowledged it.
    js_seq bigint unique,
    published_at timestamptz,
    unique (aggregate_id, aggregate_version)
);
create index outbox_unnumbered on outbox (seq) where pub_seq is null;
create index outbox_unpublished on outbox (pub_seq) where published_at is null;

create table outbox_head (
    one boolean primary key default true check (one),
    last_pub_seq bigint not null default 0
);
insert into outbox_head default values;

-- Numbers what is committed and not yet numbered, then answers the rows above `after`.
-- The lock stands in a statement of its own: inside the numbering statement it would leave holes,
-- because that statement's snapshot is older than the lock.
create function relay_take(after bigint, most integer) returns setof outbox language plpgsql as $$
declare
    head bigint;
    numbered bigint;
begin
    if exists (select 1 from outbox where pub_seq is null) then
        select last_pub_seq into head from outbox_head for update;
        with waiting as (
            select seq, row_number() over (order by seq) as place
            from (select seq from outbox where pub_seq is null order by seq limit most) as oldest
        ), given as (
            update outbox o set pub_seq = head + w.place from waiting w where o.seq = w.seq returning 1
        )
        select count(*) into numbered from given;
        update outbox_head set last_pub_seq = head + numbered;
    end if;
    return query select * from outbox where pub_seq > after order by pub_seq limit most;
end
$$;

-- One integer per producer: everything up to here has had its effect in this schema.
create table consumer_pos (
    producer text primary key,
    last_pub_seq bigint not null default 0,
    -- Only then is dead_events asked before an event is applied. Stays true until the last one is replayed.
    any_dead boolean not null default false
);

create table dead_events (
    producer text not null,
    pub_seq bigint not null,
    event_id uuid not null,
    aggregate_id text not null,
    aggregate_version bigint not null,
    type text not null,
    payload bytea not null,
    occurred_at timestamptz not null,
    error text not null,
    attempts integer not null,
    -- Never tried itself: an earlier event of its aggregate is dead.
    parked boolean not null,
    died_at timestamptz not null,
    primary key (producer, pub_seq)
);

create table idempotency (
    method text not null,
    key text not null,
    request_hash bytea not null,
    response bytea not null,
    created_at timestamptz not null,
    primary key (method, key)
);
