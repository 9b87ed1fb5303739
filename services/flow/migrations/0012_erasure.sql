-- What says which ticket was scanned at which second is erased after a while; the line stays, and says that somebody
-- was let in, where and by which device. Nothing else of the log may ever be changed.

alter table scan add column erased_at timestamptz;
create index scan_to_erase on scan (at) where erased_at is null;

create or replace function scan_is_append_only() returns trigger language plpgsql as $$
declare
    erased scan;
begin
    if tg_op = 'UPDATE' and old.erased_at is null and new.erased_at >= old.at + interval '72 hours' then
        erased := old;
        erased.erased_at := new.erased_at;
        erased.visit_id := null;
        erased.tickets := '{}';
        erased.answer := '';
        erased.reason := '';
        erased.late_reason := '';
        if new is not distinct from erased then
            return new;
        end if;
    end if;
    raise exception 'the scan log is append-only: what was wrong is undone by a line of its own'
        using constraint = 'scan_append_only';
end $$;
drop trigger scan_append_only on scan;
create trigger scan_append_only before delete or truncate on scan
    for each statement execute function scan_is_append_only();
create trigger scan_only_erased before update on scan
    for each row execute function scan_is_append_only();
