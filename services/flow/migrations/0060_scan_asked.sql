-- What was asked under a scan's nonce, hashed: another scan under the same nonce is refused, not answered like the
-- first one. Empty: from before, or from a journal.
alter table scan add column asked bytea not null default '';

-- What is erased after 72 hours includes it.
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
        erased.asked := '';
        erased.reason := '';
        erased.late_reason := '';
        if new is not distinct from erased then
            return new;
        end if;
    end if;
    raise exception 'the scan log is append-only: what was wrong is undone by a line of its own'
        using constraint = 'scan_append_only';
end $$;
