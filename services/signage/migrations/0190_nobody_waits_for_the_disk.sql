-- As before; and where nothing is forgotten, nothing is looked for.
create or replace function write_wall(
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
    if cardinality(forgotten) > 0 then
        delete from fact where key = any (forgotten);
    end if;
    insert into view (view_id, content, class, revision, computed_at)
    select n.view_id, n.content::jsonb, n.class, next, at
    from unnest(ids, contents, classes) as n (view_id, content, class)
    on conflict (view_id) do update
    set content = excluded.content, class = excluded.class, revision = excluded.revision,
        computed_at = excluded.computed_at;
    return true;
end
$$;

-- As before; and nobody waits for the disk. The position and what it stands for are written together, so that a machine which
-- loses power goes back by both at once and hears again from the producers, whose events are on their disks.
create or replace function write_wall_behind(
    producer text, stored bigint, reached bigint,
    computed_from bigint, has_moved boolean, keys text[], records text[], forgotten text[],
    ids uuid[], contents text[], classes smallint[], at timestamptz
) returns boolean language plpgsql as $$
begin
    if not step_over(producer, stored, reached) then
        return false;
    end if;
    if write_wall(computed_from, has_moved, keys, records, forgotten, ids, contents, classes, at) then
        perform set_config('synchronous_commit', 'off', true);
        return true;
    end if;
    perform step_over(producer, reached, stored);
    return false;
end
$$;
