-- No way in opens while the house is evacuated, whether it has a barrier of its own or not. An evacuation that is under way
-- has ways out held open for it.
alter table site add column evacuating boolean not null default false;
update site set evacuating = exists (select from lane where hold_open in ('evacuation', 'staff_evacuation'));
