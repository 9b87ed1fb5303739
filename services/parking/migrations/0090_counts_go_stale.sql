-- Since when a lane is in fault: from then on nobody knows whether it has counted every car.
alter table lane add column fault_since timestamptz;
update lane set fault_since = heartbeat_at where fault <> '';
-- When others were told of the site last: what they were told is good for half an hour.
alter table site add column told_at timestamptz;
