-- Who has looked for a name, when and how many were found. Not which name.
create table name_lookup (
    id bigint generated always as identity primary key,
    account text not null,
    showing_id uuid not null,
    found integer not null,
    at timestamptz not null
);
create index visit_named on visit (showing_id) where contact_name <> '';
