-- When something was last pushed to the people counters' address without a token that holds.
alter table flow_mark add column refused_push_at timestamptz;
