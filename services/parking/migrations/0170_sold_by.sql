-- Through whom bays of a class are sold. What the house file does not restrict is sold by all.
alter table bay_class add column sold_by text[] not null default '{online,desk,partner}'
    constraint bay_class_sold_by check (sold_by <@ '{online,desk,partner}' and cardinality(sold_by) > 0);
