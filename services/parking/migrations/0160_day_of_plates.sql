-- The day with whose key a plate was hashed for the lanes. Null: noted in former times, on the day on which the bay begins.
alter table plate add column lane_day date;
