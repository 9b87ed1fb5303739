-- What a house may want otherwise, for each zone and each counter of its own; the numbers are those of before.
alter table zone add column hand_minutes integer not null default 60;
alter table sensor add column missed_intervals integer not null default 3;
