-- A number alone does not say which event was applied: when a producer's database is put back from a backup, it gives the
-- same numbers to other events. So a consumer also knows the newest event of which it has written down which one it was:
-- at its position, or some way before it, where releases or statements that do not write this have moved the position.
alter table consumer_pos add column seen_pub_seq bigint, add column seen_event_id uuid;
