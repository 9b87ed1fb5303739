-- Who the house was in its own alerts, until when: what it has sent under a name it updates and takes back under that name.
create table former_sender (
    sender text not null,
    until timestamptz primary key
);
