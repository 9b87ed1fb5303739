-- Pictures and films, by the hash of their content: what is stored under an id never changes.
create table media (
    media_id text primary key,
    media_type text not null,
    name text not null,
    size bigint not null,
    file bytea not null,
    uploaded_at timestamptz not null,
    constraint media_id_is_a_hash check (media_id ~ '^[0-9a-f]{64}$')
);
-- Pictures and films are packed already.
alter table media alter column file set storage external;
