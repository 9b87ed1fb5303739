-- Limits: how much one maker may hold at a time, and one contact may order of one showing.

-- How many come.
alter table visit add column people integer not null default 0;
update visit set people =
    (select coalesce(sum((line ->> 'count')::integer), 0) from jsonb_array_elements(party) line);
alter table visit alter column people drop default;

-- The address stands in the row anyway and leaves both together.
create index visit_ordered_by_contact on visit (showing_id, lower(contact_email))
    where contact_email <> '' and state in ('awaiting_payment', 'confirming', 'confirmed');

-- Both functions lock before they count: in one statement the count would be as old as the wait for the lock,
-- and two requests at the limit would both pass. The lock lasts until the end of the transaction.

-- What a maker holds unpaid: visits and places. A hold that ran out is not counted, swept or not.
create function lock_maker(who text, at timestamptz, out visits bigint, out places bigint) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey maker ' || who, 0));
    select count(*), coalesce(sum(people), 0) into visits, places from visit
    where maker = who
        and (state = 'awaiting_payment' or state in ('holding', 'held') and hold_expires_at > at);
end $$;

-- The places of one showing that a contact has ordered.
create function lock_contact(which uuid, email text) returns bigint language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey contact ' || which || lower(email), 0));
    return (
        select coalesce(sum(people), 0) from visit
        where showing_id = which and lower(contact_email) = lower(email) and contact_email <> ''
            and state in ('awaiting_payment', 'confirming', 'confirmed'));
end $$;
