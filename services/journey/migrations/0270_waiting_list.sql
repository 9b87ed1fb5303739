-- A visit may wait for places of its showing: it is on the waiting list until some are offered to it, or until that ends.
alter table visit drop constraint visit_state,
    add constraint visit_state check (state in ('waiting', 'holding', 'refused', 'held', 'awaiting_payment', 'confirming',
        'confirmed', 'expired', 'cancelled', 'refunding', 'refunded'));

-- Those who wait for a showing, in the order in which they came.
create index visit_on_waiting_list on visit (showing_id, held_at, id) where state = 'waiting';

-- One address waits once for a showing, and one browser for so many: counted under the locks of orders and of holds.
create function lock_waiting(who text, which uuid, email text, out by_maker bigint, out by_contact bigint, out in_all bigint)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('journey maker ' || who, 0));
    perform pg_advisory_xact_lock(hashtextextended('journey contact ' || which || mailbox(email), 0));
    select count(*) into by_maker from visit where maker = who and state = 'waiting';
    select count(*) into by_contact from visit
        where showing_id::text || ' ' || mailbox(contact_email) = which::text || ' ' || mailbox(email)
            and contact_email <> '' and state in ('waiting', 'held');
    select count(*) into in_all from visit where showing_id = which and state = 'waiting';
end $$;
