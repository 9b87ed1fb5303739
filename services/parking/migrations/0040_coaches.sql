-- A coach lets its party out at the kerb in front of the house, waits in its bay, and fetches them at the kerb again. The
-- kerb has its own wall: stops are short, so they are counted in steps of five minutes and not in quarters of an hour,
-- where two coaches, one after the other, would look like two at once.

alter table site
    -- 0: the house has no kerb, and a coach is a bay alone.
    add column kerb_places integer not null default 0 constraint site_kerb_places check (kerb_places >= 0),
    add column kerb_minutes integer not null default 10 constraint site_kerb_minutes check (kerb_minutes in (5, 10)),
    -- From getting out until the start, and from the end until they are fetched.
    add column kerb_before_minutes integer not null default 40
        constraint site_kerb_before check (kerb_before_minutes between 0 and 60),
    add column kerb_after_minutes integer not null default 10
        constraint site_kerb_after check (kerb_after_minutes between 0 and 60);

alter table parking_right
    add column set_down_from timestamptz, add column set_down_until timestamptz,
    add column pick_up_from timestamptz, add column pick_up_until timestamptz,
    add constraint parking_right_set_down check ((set_down_from is null) = (set_down_until is null)
        and set_down_from < set_down_until and set_down_until - set_down_from <= interval '10 minutes'),
    add constraint parking_right_pick_up check ((pick_up_from is null) = (pick_up_until is null)
        and pick_up_from < pick_up_until and pick_up_until - pick_up_from <= interval '10 minutes'),
    add constraint parking_right_stops check (class = 'coach' or (set_down_from is null and pick_up_from is null));

create table kerb_use (
    -- The beginning of the five minutes.
    slot_at timestamptz primary key,
    given integer not null constraint kerb_use_not_negative check (given >= 0),
    most integer not null,
    constraint kerb_use_within check (given <= most)
);

create function kerb_slots(since timestamptz, until timestamptz) returns setof timestamptz language sql immutable as $$
    select slot_at from generate_series(
        date_bin('5 minutes', since, timestamptz '2000-01-01 00:00Z'), until, interval '5 minutes') slot_at
    where slot_at < until
$$;

-- Gives the kerb to stops, or takes it back where `stops` is negative.
create function give_kerb(since timestamptz[], until timestamptz[], stops integer[]) returns void
language plpgsql as $$
begin
    insert into kerb_use (slot_at, given, most)
        select distinct q.slot_at, 0, (select kerb_places from site)
        from unnest(since, until) r (since, until) cross join lateral kerb_slots(r.since, r.until) q (slot_at)
        order by q.slot_at
        on conflict do nothing;
    perform from kerb_use u where exists (
            select from unnest(since, until) r (since, until)
            where u.slot_at > r.since - interval '5 minutes' and u.slot_at < r.until)
        order by u.slot_at for update;
    update kerb_use u set given = u.given + c.stops
        from (select q.slot_at, sum(r.stops)::integer as stops
              from unnest(since, until, stops) r (since, until, stops)
              cross join lateral kerb_slots(r.since, r.until) q (slot_at)
              group by q.slot_at) c
        where u.slot_at = c.slot_at and c.stops <> 0;
end
$$;

create function kerb_was_given() returns trigger language plpgsql as $$
begin
    perform give_kerb(array_agg(s.since), array_agg(s.until), array_agg(1))
        from new_rights n cross join lateral (values (n.set_down_from, n.set_down_until),
            (n.pick_up_from, n.pick_up_until)) s (since, until)
        where has_bay(n.state) and s.since is not null having count(*) > 0;
    return null;
end
$$;

create function kerb_has_changed() returns trigger language plpgsql as $$
begin
    perform give_kerb(array_agg(s.since), array_agg(s.until), array_agg(s.stops))
        from old_rights o join new_rights n using (visit_id)
        cross join lateral (values
            (o.state, o.set_down_from, o.set_down_until, -1), (o.state, o.pick_up_from, o.pick_up_until, -1),
            (n.state, n.set_down_from, n.set_down_until, 1), (n.state, n.pick_up_from, n.pick_up_until, 1))
            s (state, since, until, stops)
        where (has_bay(o.state), o.set_down_from, o.set_down_until, o.pick_up_from, o.pick_up_until)
            is distinct from (has_bay(n.state), n.set_down_from, n.set_down_until, n.pick_up_from, n.pick_up_until)
            and has_bay(s.state) and s.since is not null having count(*) > 0;
    return null;
end
$$;

create function kerb_was_taken_back() returns trigger language plpgsql as $$
begin
    perform give_kerb(array_agg(s.since), array_agg(s.until), array_agg(-1))
        from old_rights o cross join lateral (values (o.set_down_from, o.set_down_until),
            (o.pick_up_from, o.pick_up_until)) s (since, until)
        where has_bay(o.state) and s.since is not null having count(*) > 0;
    return null;
end
$$;

create trigger kerb_inserted after insert on parking_right
    referencing new table as new_rights for each statement execute function kerb_was_given();
create trigger kerb_updated after update on parking_right
    referencing old table as old_rights new table as new_rights
    for each statement execute function kerb_has_changed();
create trigger kerb_deleted after delete on parking_right
    referencing old table as old_rights for each statement execute function kerb_was_taken_back();

-- The kerb is longer now, or shorter; what was given stays given.
create function kerb_of_site() returns trigger language plpgsql as $$
begin
    update kerb_use set most = greatest(given, new.kerb_places);
    return null;
end
$$;
create trigger kerb_of_site after update of kerb_places on site for each row execute function kerb_of_site();
