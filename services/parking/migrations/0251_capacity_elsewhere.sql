-- How many spaces a place has, as a feed told it last: not every message of a feed says it again, and no more of them
-- can be free.
alter table feed_place add capacity integer constraint feed_place_capacity check (capacity > 0);
