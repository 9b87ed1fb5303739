-- When the seller said last what is left behind a room; none: not since that is noted.
alter table waiting_room add column answered_at timestamptz;
