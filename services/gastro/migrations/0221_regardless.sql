-- Staff or the kitchen's own system have a meal made at its time whether or not any station has time for it.
alter table meal_order add column regardless boolean not null default false;
