-- Several processes on one database: whose number stands in the ids that they give, and what each
-- tells the others.

create table process (
  number      integer primary key,
  -- The start that has it: each has a number of its own in meta.
  holder      integer not null,
  -- Free for others from then on (microseconds since 1970).
  lease_until integer not null,
  -- Ids of this moment and later are not the holder's to give (microseconds since 1970).
  ids_until   integer not null
) strict;

-- What has changed, for listeners at other processes; kept for some minutes.
create table told (
  id      integer primary key,
  -- In order of commit, but for those that were under way at the same time.
  place   integer not null,
  start   integer not null,
  at      integer not null,
  changes text    not null
) strict;
create index told_place on told (place);
