-- Every step of a visit writes its row anew, and with it an entry in each index. Old contact data is looked for once
-- an hour: that may read the whole table.
drop index visit_with_contact;
alter table visit set (fillfactor = 60);
