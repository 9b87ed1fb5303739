-- How long the hall needs between two showings, as the door has told.
create table hall_turnover (
    the_only boolean primary key default true constraint hall_turnover_one check (the_only),
    minutes integer not null constraint hall_turnover_minutes check (minutes >= 0)
);
