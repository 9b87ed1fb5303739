-- The house's words about itself (sky.journey.v1.HouseWords), as journey has told them last: a portal that starts while
-- journey is away shows these.

create table house_words (
    only_one boolean primary key default true constraint house_words_only_one check (only_one),
    words    bytea not null
);
