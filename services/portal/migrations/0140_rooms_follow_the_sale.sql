-- The hour that staff gave a room; none: it opens with the sale it stands before, also when that is moved.
alter table waiting_room add column wished_at timestamptz;
update waiting_room set wished_at = opens_at;
