-- Why staff let somebody in or took a scan back may say how a guest was. As in the scan log itself it is erased after a
-- while; that somebody did it, when and for which showing stays. Nothing else of the audit log may ever be changed.

alter table audit add column erased_at timestamptz;
create index audit_to_erase on audit (at) where erased_at is null and act in ('let_in_by_staff', 'undo_scan');

create or replace function audit_stays() returns trigger language plpgsql as $$
declare
    erased audit;
begin
    if tg_op = 'UPDATE' and old.act in ('let_in_by_staff', 'undo_scan') and old.erased_at is null
        and new.erased_at >= old.at + interval '72 hours' then
        erased := old;
        erased.erased_at := new.erased_at;
        erased.after := old.after || '{"reason": ""}';
        if new is not distinct from erased then
            return new;
        end if;
    end if;
    raise exception 'the audit log is append-only' using constraint = 'audit_append_only';
end $$;
drop trigger audit_append_only on audit;
create trigger audit_append_only before delete or truncate on audit
    for each statement execute function audit_stays();
create trigger audit_only_erased before update on audit
    for each row execute function audit_stays();
