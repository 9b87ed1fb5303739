-- An escape group's number whenever it was another one, as zone_sample has it of zones. A group that the house file names no
-- more keeps what was counted.
create table escape_group_sample (
    group_id text not null,
    at timestamptz not null,
    count integer not null,
    level text not null,
    quality text not null,
    primary key (group_id, at)
);
create index escape_group_sample_by_time on escape_group_sample (at);
