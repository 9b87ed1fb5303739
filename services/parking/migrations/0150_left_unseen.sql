-- Cars that leave without their code are not known by name. When a lane last stood open or was broken, so that cars may
-- have passed whom nobody saw: whoever comes back after that may come in with a code that is in already.
alter table lane add column unguarded_at timestamptz;
create index lane_event_out on lane_event (at) where direction = 'out';
