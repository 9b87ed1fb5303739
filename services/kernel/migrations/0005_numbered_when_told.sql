-- Events get their position in the published log in the very transaction that tells them, where nothing else waits for
-- one: that saves the relay a commit, and each row its second version. Where something waits, or another transaction
-- is just giving positions, they get theirs from the relay, as before.
--
-- Each statement of these functions sees what was committed before it began, so their order matters. The aggregates
-- are locked first: what was told of them before is committed then, and has its position or is seen to wait for one.
-- Whoever has the lock of the head keeps it until the commit, so positions become visible in their order and none is
-- lost; nobody waits for it here.

-- The last position, locked, if the next events may get theirs at once. Null if not.
create function head_if_free() returns bigint language plpgsql as $$
declare
    head bigint;
begin
    -- Where statements do not see what was committed before they began, the relay does it.
    if current_setting('transaction_isolation') <> 'read committed' then
        return null;
    end if;
    -- First without the lock, so that the relay is not held up for nothing.
    if exists (select 1 from outbox where pub_seq is null) then
        return null;
    end if;
    select last_pub_seq into head from outbox_head for update skip locked;
    if exists (select 1 from outbox where pub_seq is null) then
        return null;
    end if;
    -- The commit follows at once. A process that hangs before it must not keep all others from their positions.
    if head is not null then
        perform set_config('idle_in_transaction_session_timeout', '5s', true);
    end if;
    return head;
end
$$;

-- Tells one event, as most transactions do. Answers its version, and its position or null.
create function tell_one(
    aggregate text, id uuid, type_name text, its_subject text, its_payload bytea, its_headers jsonb, at timestamptz,
    number boolean, out its_version bigint, out its_pub_seq bigint
) language plpgsql as $$
declare
    head bigint;
begin
    insert into aggregate_head as h (aggregate_id, version) values (aggregate, 1)
    on conflict (aggregate_id) do update set version = h.version + 1
    returning version into its_version;
    if number then
        head := head_if_free();
    end if;
    insert into outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, headers, occurred_at, pub_seq)
    values (id, aggregate, its_version, type_name, its_subject, its_payload, its_headers, at, head + 1);
    if head is not null then
        its_pub_seq := head + 1;
        update outbox_head set last_pub_seq = its_pub_seq;
    end if;
end
$$;

-- Tells several, in the order of the arrays. The aggregates are locked in the order of their ids.
create function tell_all(
    aggregates text[], ids uuid[], types text[], subjects text[], payloads bytea[], all_headers jsonb[], at timestamptz,
    number boolean
) returns void language plpgsql as $$
declare
    head bigint;
begin
    insert into aggregate_head as h (aggregate_id, version)
    select aggregate_id, count(*) from unnest(aggregates) as t (aggregate_id)
    group by aggregate_id order by aggregate_id collate "C"
    on conflict (aggregate_id) do update set version = h.version + excluded.version;
    if number then
        head := head_if_free();
    end if;
    insert into outbox (event_id, aggregate_id, aggregate_version, type, subject, payload, headers, occurred_at, pub_seq)
    select told.event_id, told.aggregate_id,
           h.version - count(*) over (partition by told.aggregate_id)
               + row_number() over (partition by told.aggregate_id order by told.place),
           told.type, told.subject, told.payload, told.headers, at, head + told.place
    from unnest(aggregates, ids, types, subjects, payloads, all_headers) with ordinality
        as told (aggregate_id, event_id, type, subject, payload, headers, place)
    join aggregate_head h on h.aggregate_id = told.aggregate_id
    order by told.place;
    if head is not null then
        update outbox_head set last_pub_seq = head + cardinality(ids);
    end if;
end
$$;
