-- Variants, modifiers, combos with their tax split, parts of the day, dated recipes, stock by day, rules of ordering.

-- A recipe's words are kept when they are corrected: an order points to the version it was ordered with.
create table recipe (
    item_id text not null references menu_item,
    valid_from date not null,
    revision integer not null,
    -- Numbers of Annex II, Regulation (EU) 1169/2011.
    allergens integer[] not null,
    traces integer[] not null,
    diets text[] not null,
    primary key (item_id, valid_from, revision)
);
insert into recipe select item_id, '2000-01-01', 1, allergens, traces, diets from menu_item;
alter table menu_item drop column allergens, drop column traces, drop column diets;

alter table menu_item
    -- In order: id, name, work seconds. Empty: there is only one kind, and the item's own work counts.
    add column variants jsonb not null default '[]',
    add column modifier_groups text[] not null default '{}',
    add column day_parts text[] not null default '{}',
    -- Null: not counted.
    add column portions_per_day integer constraint menu_item_portions check (portions_per_day >= 0),
    -- From so many left on, staff are told that little is left.
    add column low_at integer not null default 5 constraint menu_item_low check (low_at >= 0);

create table modifier_group (
    group_id text primary key,
    place integer not null,
    -- Name, least, most, and the modifiers with what they add and remove.
    definition jsonb not null
);

create table combo (
    combo_id text primary key,
    place integer not null,
    -- Name, description, components with their options, parts of the day.
    definition jsonb not null,
    listed boolean not null
);

-- How a flat price is taxed: so much of it as drinks, or (null) in proportion to the single prices.
create table combo_split (
    id text primary key,
    drinks_basis_points integer constraint combo_split_share check (drinks_basis_points between 0 and 10000),
    valid_from date not null,
    source text not null
);

create table day_part (
    id text primary key,
    place integer not null,
    name jsonb not null,
    -- Of the house's local day.
    from_time time not null,
    until_time time not null,
    constraint day_part_has_an_end check (from_time < until_time)
);

-- A price is an item's, a variant's, a modifier's or a combo's; a combo's is taxed by a split.
alter table price
    alter column item_id drop not null,
    alter column tax_id drop not null,
    add column variant_id text not null default '',
    add column modifier_id text,
    add column combo_id text references combo,
    add column split_id text references combo_split,
    drop constraint price_one_per_day,
    add constraint price_one_per_day unique nulls not distinct (item_id, variant_id, modifier_id, combo_id, valid_from),
    add constraint price_of_one check (num_nonnulls(item_id, modifier_id, combo_id) = 1),
    add constraint price_is_taxed check ((combo_id is null) = (tax_id is not null) and (combo_id is null) = (split_id is null));

-- The parts that flat prices were split into, as they were charged: what a charged line of a combo points to.
create table combo_share (
    price_id text not null references price,
    -- The single prices of what was chosen: one flat price has its parts once for each of them.
    mix text not null,
    tax_id text not null references tax,
    cents bigint not null constraint combo_share_not_negative check (cents >= 0),
    primary key (price_id, mix, tax_id)
);

-- What a day has of an item. Held orders count like confirmed ones.
create table stock_day (
    item_id text not null references menu_item,
    day date not null,
    -- Null: not counted.
    portions integer,
    taken integer not null default 0 constraint stock_taken_not_negative check (taken >= 0),
    -- "86": staff said so, whatever the count says.
    sold_out boolean not null default false,
    primary key (item_id, day),
    constraint stock_not_oversold check (portions is null or taken <= portions)
);

create table stock_claim (
    order_id uuid not null references meal_order on delete cascade,
    item_id text not null,
    day date not null,
    portions integer not null constraint stock_claim_positive check (portions > 0),
    primary key (order_id, item_id),
    foreign key (item_id, day) references stock_day
);

-- Rules of ordering, from the house file; no row: none.
create table order_rules (
    one boolean primary key default true constraint order_rules_are_one check (one),
    lead_minutes integer not null,
    most_pieces integer not null,
    group_most_pieces integer not null,
    most_trays integer not null,
    tray_labels text[] not null,
    most_people_per_slot integer not null,
    showing_share_percent integer not null
);

alter table meal_order
    add column people integer not null default 1 constraint meal_order_people check (people > 0);
create index meal_order_by_pickup on meal_order (pickup_at) where state in ('held', 'scheduled', 'fired', 'preparing');

-- What a party cannot eat. Health data: nothing but the order points here, and it is erased with the order's day.
create table order_avoids (
    order_id uuid primary key references meal_order on delete cascade,
    allergens integer[] not null,
    acknowledged boolean not null
);
