-- A party has one group at most. Whoever has gone to another showing, or was cancelled, is in none of the former one:
-- groups of the new showing could never be formed.
delete from call_group_party p using call_group g, party y
where g.id = p.group_id and y.visit_id = p.visit_id and (y.cancelled or y.showing_id <> g.showing_id);
