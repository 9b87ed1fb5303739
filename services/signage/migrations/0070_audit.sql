-- What staff do to the displays: who, what, when. Written once; nobody changes it.

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    act text not null,
    about text not null,
    what jsonb not null
);
create index audit_about on audit (about, id);
create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using constraint = 'audit_append_only';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_stays();
