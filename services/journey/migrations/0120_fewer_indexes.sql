-- Each step of a visit changes its state and its deadline: no index rests on these, so that most steps leave all of them
-- alone. Those that wait are few; which of them are due is seen by looking at them.
alter table visit set (fillfactor = 40);
alter table visit add column waits boolean not null generated always as (deadline is not null) stored;
drop index visit_due;
create index visit_waiting on visit (id) where waits;

-- Showing and address as one: what asks for both must not be led to all visits of a showing, as it was by a plan made
-- while there were few.
drop index visit_ordered_by_contact;
create index visit_of_contact on visit ((showing_id::text || ' ' || lower(contact_email))) where contact_email <> '';
create or replace function lock_contact(which uuid, email text) returns bigint language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey contact ' || which || lower(email), 0));
    return (
        select coalesce(sum(people), 0) from visit
        where showing_id::text || ' ' || lower(contact_email) = which::text || ' ' || lower(email)
            and contact_email <> '' and state in ('awaiting_payment', 'confirming', 'confirmed'));
end $$;

-- Names are looked for among a showing's visits, and these have an index.
drop index visit_named;
