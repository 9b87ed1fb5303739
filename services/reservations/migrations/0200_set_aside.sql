-- What was told of visits whose showing somebody kept locked: it is done when the showing is free, and the others' is done
-- meanwhile.
create table set_aside (
    set_aside_id bigint generated always as identity primary key,
    visit_id uuid not null,
    -- The event as it was told.
    pub_seq bigint not null,
    event_id uuid not null,
    aggregate_id text not null,
    aggregate_version bigint not null,
    type text not null,
    payload bytea not null,
    occurred_at timestamptz not null
);
create index set_aside_of_visit on set_aside (visit_id);

-- Locks the showings of visits by their ids, and waits no longer than `patience` for somebody's lock. Answers the visits
-- whose turn is later: somebody keeps their showing locked, or something was set aside of them before. All in one round
-- trip, because every confirmation comes through here.
create function lock_showings_of(visits uuid[], patience text) returns setof uuid
language plpgsql as $$
declare
    before text := current_setting('lock_timeout');
    free uuid[];
begin
    begin
        perform set_config('lock_timeout', patience, true);
        perform 1 from showing s
            where s.id in (select b.showing_id from booking b where b.visit_id = any(visits)) order by s.id for update;
        perform set_config('lock_timeout', before, true);
        return query select distinct w.visit_id from set_aside w where w.visit_id = any(visits);
        return;
    exception when lock_not_available then
        -- What was locked and set so far is undone.
        null;
    end;
    select coalesce(array_agg(f.id), '{}') into free from (
        select s.id from showing s
        where s.id in (select b.showing_id from booking b where b.visit_id = any(visits))
        order by s.id for update skip locked) f;
    return query
        select b.visit_id from booking b where b.visit_id = any(visits) and b.showing_id <> all(free)
        union
        select w.visit_id from set_aside w where w.visit_id = any(visits);
end
$$;
