-- The quarter that a party has chosen, as its distance from the one of its showing; null: as near as there was room.
alter table meal_order add column apart_seconds integer;

-- Names of trays are erased with their day: this finds those that are still there.
create index meal_order_with_trays on meal_order (pickup_at)
    where jsonb_path_exists(lines, '$[*].tray ? (@ != "")');
