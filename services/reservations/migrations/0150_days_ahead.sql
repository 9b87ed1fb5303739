-- How many days ahead the weekly pattern becomes showings, as the house file says.
create table schedule_ahead (
    one boolean primary key default true constraint schedule_ahead_is_one check (one),
    days integer not null constraint schedule_ahead_days check (days between 1 and 62)
);
insert into schedule_ahead (days) values (14);
