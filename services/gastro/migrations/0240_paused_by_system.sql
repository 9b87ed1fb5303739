-- Whether the kitchen's own system has paused a station, which it may open again. What staff have paused, staff open; of what
-- is paused now nobody knows who did it.
alter table station add paused_by_system boolean not null default false;
