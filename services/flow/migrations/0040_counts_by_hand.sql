-- A count by hand falls into the middle of a counter's interval: who crossed its line before is in that count already.

alter table zone
    -- When somebody counted it last by walking through.
    add column by_hand_at timestamptz,
    -- By so many people its number may be off since then.
    add column unsure integer not null default 0;
update zone z set by_hand_at = (select max(at) from zone_correction c where c.zone_id = z.id);
