-- How far the consumers of this service's events say they are: what one of them has not applied is kept.
create table consumer_heard (
    consumer text collate "C" primary key,
    last_pub_seq bigint not null,
    heard_at timestamptz not null
);
