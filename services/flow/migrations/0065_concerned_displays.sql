-- Which displays are to show a directive or an incident, as signage told last: how many they are does not say whose
-- answers are missing.
create table measure_concern (
    about uuid primary key,
    revision bigint not null,
    display_ids text[] not null
);
alter table directive drop column displays_concerned;
alter table incident drop column displays_concerned;
