-- While a counter is silent, nobody sees who comes and who leaves: from such minutes no wait is reckoned.

create table zone_silence (
    zone_id text not null references zone,
    sensor_id text not null references sensor on delete cascade,
    -- When it was heard last.
    since timestamptz not null,
    -- When it was heard again; null: it is silent still.
    until timestamptz,
    -- How many were in the zone when it fell silent.
    people integer not null,
    primary key (zone_id, sensor_id, since)
);
create index zone_silence_by_time on zone_silence (until);
-- Those that are silent now, and those that are heard again, of which it was not noted since when they were not.
insert into zone_silence (zone_id, sensor_id, since, people)
    select z.zone_id, s.id, coalesce(s.last_seen, s.since), 0
    from sensor s join sensor_zone z on z.sensor_id = s.id where s.state = 'offline';
insert into zone_silence (zone_id, sensor_id, since, until, people)
    select z.zone_id, s.id, s.heard_again_at - interval '3 hours', s.heard_again_at, 0
    from sensor s join sensor_zone z on z.sensor_id = s.id where s.state <> 'offline' and s.heard_again_at is not null;
