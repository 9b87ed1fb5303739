-- No class is ever given to more than it has, at any instant: the database itself counts the bays that rights have been
-- given, in quarters of an hour, and refuses one more than there may be. However a right changes and whoever changes it,
-- the count follows it.

-- More may be given than there are bays, because some never come: in percent of the bays, as the house file says.
alter table bay_class add overbooking_percent integer not null default 0
    constraint bay_class_overbooking check (overbooking_percent between 0 and 100);

-- The part of the window for which a bay is given. It is shorter than the window when a showing ends later than it was
-- sold for and others come then: nobody who parked in good faith is thrown out, and the attendant sees it.
alter table parking_right add given_from timestamptz, add given_until timestamptz;
update parking_right set given_from = valid_from, given_until = valid_until;
alter table parking_right alter given_from set not null, alter given_until set not null,
    add constraint parking_right_given check (given_from <= given_until);

create table bay_use (
    class text not null references bay_class,
    -- The beginning of the quarter.
    slot_at timestamptz not null,
    given integer not null constraint bay_use_not_negative check (given >= 0),
    most integer not null,
    primary key (class, slot_at),
    constraint bay_use_within check (given <= most)
);

create function bay_quarters(since timestamptz, until timestamptz) returns setof timestamptz language sql immutable as $$
    select slot_at from generate_series(
        date_bin('15 minutes', since, timestamptz '2000-01-01 00:00Z'), until, interval '15 minutes') slot_at
    where slot_at < until
$$;

-- Whether a right in this state has a bay.
create function has_bay(state text) returns boolean language sql immutable as $$
    select state in ('held', 'confirmed', 'suspended', 'checked_in')
$$;

create function most_given(capacity integer, overbooking_percent integer) returns integer language sql immutable as $$
    select capacity * (100 + overbooking_percent) / 100
$$;

-- Gives bays of classes from some instants until others, or takes them back where `bays` is negative.
create function give_bays(classes text[], since timestamptz[], until timestamptz[], bays integer[]) returns void
language plpgsql as $$
begin
    -- Constraints are checked before conflicts are found: so the rows come first, and in one order for all.
    insert into bay_use (class, slot_at, given, most)
        select distinct c.class, q.slot_at, 0, most_given(c.capacity, c.overbooking_percent)
        from unnest(classes, since, until) r (class, since, until) join bay_class c using (class)
        cross join lateral bay_quarters(r.since, r.until) q (slot_at)
        order by c.class, q.slot_at
        on conflict do nothing;
    perform from bay_use u where exists (
            select from unnest(classes, since, until) r (class, since, until)
            where u.class = r.class and u.slot_at > r.since - interval '15 minutes' and u.slot_at < r.until)
        order by u.class, u.slot_at for update;
    update bay_use u set given = u.given + c.bays
        from (select r.class, q.slot_at, sum(r.bays)::integer as bays
              from unnest(classes, since, until, bays) r (class, since, until, bays)
              cross join lateral bay_quarters(r.since, r.until) q (slot_at)
              group by r.class, q.slot_at) c
        where u.class = c.class and u.slot_at = c.slot_at and c.bays <> 0;
end
$$;

create function rights_were_inserted() returns trigger language plpgsql as $$
begin
    perform give_bays(array_agg(class), array_agg(given_from), array_agg(given_until), array_agg(1))
        from new_rights where has_bay(state) having count(*) > 0;
    return null;
end
$$;

create function rights_were_updated() returns trigger language plpgsql as $$
begin
    perform give_bays(array_agg(class), array_agg(given_from), array_agg(given_until), array_agg(bays))
        from (
            select side.* from old_rights o join new_rights n using (visit_id)
            cross join lateral (values (o.class, o.state, o.given_from, o.given_until, -1),
                (n.class, n.state, n.given_from, n.given_until, 1)) side (class, state, given_from, given_until, bays)
            where (o.class, has_bay(o.state), o.given_from, o.given_until)
                is distinct from (n.class, has_bay(n.state), n.given_from, n.given_until)) r
        where has_bay(state) having count(*) > 0;
    return null;
end
$$;

create function rights_were_deleted() returns trigger language plpgsql as $$
begin
    perform give_bays(array_agg(class), array_agg(given_from), array_agg(given_until), array_agg(-1))
        from old_rights where has_bay(state) having count(*) > 0;
    return null;
end
$$;

insert into bay_use (class, slot_at, given, most)
    select r.class, q.slot_at, count(*),
           greatest(count(*), most_given(min(c.capacity), min(c.overbooking_percent)))
    from parking_right r join bay_class c using (class)
    cross join lateral bay_quarters(r.given_from, r.given_until) q (slot_at)
    where has_bay(r.state) group by r.class, q.slot_at;

create trigger count_inserted after insert on parking_right
    referencing new table as new_rights for each statement execute function rights_were_inserted();
create trigger count_updated after update on parking_right
    referencing old table as old_rights new table as new_rights
    for each statement execute function rights_were_updated();
create trigger count_deleted after delete on parking_right
    referencing old table as old_rights for each statement execute function rights_were_deleted();

-- The house has more bays now, or fewer; what was given stays given.
create function class_has_changed() returns trigger language plpgsql as $$
begin
    update bay_use set most = greatest(given, most_given(new.capacity, new.overbooking_percent)) where class = new.class;
    return null;
end
$$;
create trigger count_of_class after update of capacity, overbooking_percent on bay_class
    for each row execute function class_has_changed();
