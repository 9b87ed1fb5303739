-- Writes what a turn of the wall has changed on the version it was computed from. Answers false, and writes nothing, when
-- somebody else has changed the wall since.
create function write_wall(
    computed_from bigint, has_moved boolean, keys text[], records text[], forgotten text[],
    ids uuid[], contents text[], classes smallint[], at timestamptz
) returns boolean language plpgsql as $$
declare
    next bigint;
begin
    update board set version = version + 1,
        setup_version = case when has_moved then version + 1 else setup_version end
    where version = computed_from returning version into next;
    if next is null then
        return false;
    end if;
    insert into fact (key, value)
    select n.key, n.value::jsonb from unnest(keys, records) as n (key, value)
    on conflict (key) do update set value = excluded.value;
    delete from fact where key = any (forgotten);
    insert into view (view_id, content, class, revision, computed_at)
    select n.view_id, n.content::jsonb, n.class, next, at
    from unnest(ids, contents, classes) as n (view_id, content, class)
    on conflict (view_id) do update
    set content = excluded.content, class = excluded.class, revision = excluded.revision,
        computed_at = excluded.computed_at;
    return true;
end
$$;

-- The same together with the position behind the events that the turn was about, the position first, as everybody locks them.
-- Answers false, and changes nothing, when either is not as it was thought to be.
create function write_wall_behind(
    producer text, stored bigint, reached bigint,
    computed_from bigint, has_moved boolean, keys text[], records text[], forgotten text[],
    ids uuid[], contents text[], classes smallint[], at timestamptz
) returns boolean language plpgsql as $$
begin
    if not step_over(producer, stored, reached) then
        return false;
    end if;
    if write_wall(computed_from, has_moved, keys, records, forgotten, ids, contents, classes, at) then
        return true;
    end if;
    perform step_over(producer, reached, stored);
    return false;
end
$$;
