-- Wheelchair places that are left behind a waiting room, as of the last turn: when nothing else is, nobody waits for them.
alter table waiting_room add column wheelchair integer not null default 0;
