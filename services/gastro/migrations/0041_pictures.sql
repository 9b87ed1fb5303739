-- Pictures of items, under the hash of their content. What no item has any more stays for the pages that are still open.
create table picture (
    -- SHA-256 of the file, in hex.
    picture_id text primary key constraint picture_id_is_a_hash check (picture_id ~ '^[0-9a-f]{64}$'),
    -- Of the file's content.
    media_type text not null constraint picture_type check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
    file bytea not null
);

alter table menu_item
    add column picture_id text references picture,
    -- What it shows, for who does not see it.
    add column picture_alt jsonb,
    add constraint menu_item_picture_is_told check ((picture_id is null) = (picture_alt is null));
