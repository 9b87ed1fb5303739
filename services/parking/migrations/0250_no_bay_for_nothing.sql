-- A right may have been given a bay for no time at all: while the site is closed, or where its class is full from its
-- beginning on. That takes no bay. It was counted as one in the quarter in which the right begins, unless it begins with
-- the quarter itself.

-- Who holds a bay meanwhile waits for the recount, which would else be of what was before.
lock table parking_right in share row exclusive mode;

create or replace function bay_quarters(since timestamptz, until timestamptz) returns setof timestamptz
language sql immutable as $$
    select slot_at from generate_series(
        date_bin('15 minutes', since, timestamptz '2000-01-01 00:00Z'), until, interval '15 minutes') slot_at
    where slot_at < until and since < until
$$;

-- What was counted so.
update bay_use u set given = o.bays
    from (select b.class, b.slot_at, count(r.class)::integer as bays
          from bay_use b left join (
              select p.class, q.slot_at from parking_right p
              cross join lateral bay_quarters(p.given_from, p.given_until) q (slot_at) where has_bay(p.state)) r
              using (class, slot_at)
          group by b.class, b.slot_at) o
    where u.class = o.class and u.slot_at = o.slot_at and u.given <> o.bays;
