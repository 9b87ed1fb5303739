-- What staff say was done about a double admission may say how a guest was, too: erased with their other words, in the list and
-- in the audit log.

drop index audit_to_erase;
create index audit_to_erase on audit (at) where erased_at is null
    and act in ('let_in_by_staff', 'undo_scan', 'resolve_scan_conflict', 'reopen_scan_conflict');

create or replace function audit_stays() returns trigger language plpgsql as $$
declare
    erased audit;
begin
    if tg_op = 'UPDATE' and old.erased_at is null and new.erased_at >= old.at + interval '72 hours'
        and old.act in ('let_in_by_staff', 'undo_scan', 'resolve_scan_conflict', 'reopen_scan_conflict') then
        erased := old;
        erased.erased_at := new.erased_at;
        if old.act = 'resolve_scan_conflict' then
            erased.after := old.after || '{"resolution": ""}';
        elsif old.act = 'reopen_scan_conflict' then
            erased.before := old.before || '{"resolution": ""}';
        else
            erased.after := old.after || '{"reason": ""}';
        end if;
        if new is not distinct from erased then
            return new;
        end if;
    end if;
    raise exception 'the audit log is append-only' using constraint = 'audit_append_only';
end $$;
