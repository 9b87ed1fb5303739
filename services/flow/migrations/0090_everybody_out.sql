-- When staff say that everybody was out of the house: the end of the latest evacuation in which all left. Whoever was out by
-- then comes in again at any lane.
alter table house_state add column everybody_out_at timestamptz;
