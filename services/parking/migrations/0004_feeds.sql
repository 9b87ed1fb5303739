-- Feeds that tell how full other car parks are, and what each told last of a place.
create table feed (
    id text primary key,
    token_hash bytea unique
);

create table feed_place (
    feed text not null references feed on delete cascade,
    uid text not null,
    -- Null: told, and not to be believed.
    free integer constraint feed_place_free check (free >= 0),
    observed_at timestamptz not null,
    primary key (feed, uid)
);
