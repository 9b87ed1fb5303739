-- By how many seconds a camera's last reading came too late to be about the car that stands there (negative: ahead of the
-- house's clock); null: it came in time. Staff see whose clock is to be set.
alter table camera add column behind_seconds bigint;
