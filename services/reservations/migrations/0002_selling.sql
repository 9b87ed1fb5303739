-- Selling to many at once: the seller decides with what it knows of a showing and writes only if the
-- showing still has the version that it knew.

alter table showing
    -- Rises whenever a place is taken or freed, and with all else that decides about a sale.
    add column sale_version bigint not null default 1,
    -- What has been told of its availability.
    add column told_revision bigint not null default 0,
    add column told_at timestamptz not null default '-infinity';
update showing set told_revision = revision;
-- The row is written again and again while it sells: leave room for that beside it.
alter table showing set (fillfactor = 50);
drop view showing_with_title;
create view showing_with_title as
    select s.*, t.name as title, t.description, t.category from showing s join title t on t.id = s.title_id;

-- A claim is written only together with its booking and under its showing's lock; asking for both
-- again with every place would cost more than the claim.
alter table seat_claim drop constraint seat_claim_showing_id_fkey, drop constraint seat_claim_visit_id_fkey;

-- Labels are compared byte by byte, what is only read is not taken apart, and what a claim's booking and
-- showing lead to needs no index of its own.
alter table seat_claim alter column seat type text collate "C";
alter table booking alter column seats type json, alter column items type json;
drop index seat_claim_of_visit;
drop index booking_of_showing;

-- What is known before a sale: answers given before to these keys, and the showings' versions. A function
-- with its own setting and a look-up for each key: a plan that was made while the tables were empty would
-- read all of them, and go on doing so.
create function sale_known(keys text[], showings uuid[])
returns table (id text, request_hash bytea, response bytea, version bigint)
language plpgsql stable set enable_seqscan = off as $$
begin
    return query
        select given.* from unnest(keys) wanted (key)
        cross join lateral (
            select i.key, i.request_hash, i.response, null::bigint
            from idempotency i where i.method = 'HoldSeats' and i.key = wanted.key limit 1) given
        union all
        select found.* from unnest(showings) wanted (id)
        cross join lateral (
            select s.id::text, null::bytea, null::bytea, s.sale_version
            from showing s where s.id = wanted.id limit 1) found;
end
$$;
