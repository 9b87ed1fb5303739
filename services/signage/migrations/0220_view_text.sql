-- What a view shows is written at each change of the house while a monitor waits for it, and read by nobody in SQL but
-- checks and staff's lists: kept as the text that it comes as, and compressed the quick way where the server can. Parsing
-- it into jsonb and compressing that took three quarters of the statement.
alter table view alter content type text;
do $$
begin
    alter table view alter content set compression lz4;
exception when feature_not_supported then
    null;
end
$$;

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
    if cardinality(keys) > 0 then
        insert into fact (key, value)
        select n.key, n.value::jsonb from unnest(keys, records) as n (key, value)
        on conflict (key) do update set value = excluded.value;
    end if;
    if cardinality(forgotten) > 0 then
        delete from fact where key = any (forgotten);
    end if;
    insert into view (view_id, content, class, revision, computed_at)
    select n.view_id, n.content, n.class, next, at
    from unnest(ids, contents, classes) as n (view_id, content, class)
    on conflict (view_id) do update
    set content = excluded.content, class = excluded.class, revision = excluded.revision,
        computed_at = excluded.computed_at;
    return true;
end
$$;
