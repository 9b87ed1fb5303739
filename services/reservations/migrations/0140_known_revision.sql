-- With a showing's version its revision: what is refused is told until when places are held, and that also changes when a
-- hold is extended or sold, by which no place comes free or is taken.
drop function sale_known(text[], uuid[]);
create function sale_known(keys text[], showings uuid[])
returns table (id text, request_hash bytea, response bytea, revision bigint, version bigint)
language plpgsql stable as $$
begin
    return query
        select given.* from unnest(keys) wanted (key)
        cross join lateral (
            select i.key, i.request_hash, i.response, null::bigint, null::bigint
            from idempotency i where i.method = 'HoldSeats' and i.key = wanted.key limit 1) given
        union all
        select found.* from unnest(showings) wanted (id)
        cross join lateral (
            select s.id::text, null::bytea, null::bytea, s.revision, s.sale_version
            from showing s where s.id = wanted.id limit 1) found;
end
$$;
