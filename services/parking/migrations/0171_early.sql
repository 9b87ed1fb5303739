-- How much earlier a rebooked visit's bay begins than was booked for its showing: kept for who is on the way already.
alter table parking_right add column early_seconds bigint not null default 0
    constraint parking_right_early check (early_seconds >= 0);
