-- As the car park tells it; 0: not told.
alter table car_park add column walk_uncertainty_seconds integer not null default 0;
-- Of how many people the door's estimate is; 0: of a queue, or not told.
alter table wait add column people integer not null default 0;
-- How long a way after the showing takes; 0: not told, or another service knows.
alter table way add column minutes integer not null default 0;
