-- Whence a pairing was begun, as a hash: one network may not take all codes. It goes with the pairing.
alter table pairing add column network_hash bytea;
