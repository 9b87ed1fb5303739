-- Codes that were issued anew, because a ticket was lost.

-- Which generation the codes of a ticket, or of a visit, have; those without a row have the first.
create table code_generation (
    id uuid primary key,
    visit_id uuid not null,
    generation integer not null constraint code_generation_number check (generation between 2 and 65535)
);
create index code_generation_of_visit on code_generation (visit_id);

-- Who did it and why. Nothing here is ever changed or taken away.
create table reissue (
    id bigint generated always as identity primary key,
    visit_id uuid not null,
    codes uuid[] not null,
    reason text not null,
    by text not null,
    at timestamptz not null
);
create function reissue_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the record of reissued codes is append-only' using constraint = 'reissue_append_only';
end $$;
create trigger reissue_append_only before update or delete or truncate on reissue
    for each statement execute function reissue_stays();
