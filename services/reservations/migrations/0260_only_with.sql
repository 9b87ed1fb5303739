-- Whom people of a price must come with: somebody of one of these classes; with `one_each` each with another one. Empty: nobody.
alter table tariff
    add column only_with text[] not null default '{}',
    add column one_each boolean not null default false;
