-- What is promised at the desk is unpaid too: of one showing a browser has no more of it than it may hold. And one
-- mailbox is one contact, whatever its owner writes behind a plus.

-- Small letters, without what stands between a plus and the @.
create function mailbox(email text) returns text language sql immutable strict parallel safe as $$
    select regexp_replace(lower(email), '^([^@+]+)[+][^@]*@', '\1@')
$$;

create index visit_of_mailbox on visit ((showing_id::text || ' ' || mailbox(contact_email))) where contact_email <> '';
drop index visit_of_contact;
create or replace function lock_contact(which uuid, email text) returns bigint language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey contact ' || which || mailbox(email), 0));
    return (
        select coalesce(sum(people), 0) from visit
        where showing_id::text || ' ' || mailbox(contact_email) = which::text || ' ' || mailbox(email)
            and contact_email <> '' and state in ('awaiting_payment', 'confirming', 'confirmed'));
end $$;

-- What a maker has unpaid who wants to come to a showing: visits that are held; their places, and those of this showing
-- that are to be paid at the desk. The lock is that of lock_maker.
create function lock_maker_of(who text, which uuid, at timestamptz, out visits bigint, out places bigint)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey maker ' || who, 0));
    select count(*) filter (where is_held), coalesce(sum(people), 0) into visits, places
    from (
        select people, state = 'awaiting_payment' or state in ('holding', 'held') and hold_expires_at > at as is_held,
            showing_id = which and state in ('confirming', 'confirmed') and payment_state = 'due_at_desk' as is_due
        from visit where maker = who) v
    where is_held or is_due;
end $$;
