-- Licence plates of reserved bays: a fingerprint under the house's key, never the plate. A row goes when the car leaves,
-- when the right ends, or when its day is over.
create table plate (
    visit_id uuid primary key references parking_right,
    fingerprint bytea not null,
    set_at timestamptz not null
);
create index plate_fingerprint on plate (fingerprint);

-- Cameras that read plates, as the house file names them.
create table camera (
    id text primary key,
    lane text not null,
    direction text not null constraint camera_direction check (direction in ('in', 'out')),
    -- The least certainty of the characters and of the place of the plate, in thousandths.
    least_score integer not null constraint camera_score check (least_score between 0 and 1000),
    least_dscore integer not null constraint camera_dscore check (least_dscore between 0 and 1000),
    token_hash bytea unique
);
