-- What the kernel keeps beside the models: applied schema, numbers, jobs, audit, repeats, blobs.

create table meta (
  name  text primary key,
  value text not null
) strict;

-- Gapless document numbers: the last one given in each series and year.
create table number_series (
  company integer not null,
  series  text    not null,
  year    integer not null,
  last    integer not null,
  primary key (company, series, year)
) strict;

-- Work for later and domain events for their subscribers: the outbox.
create table job (
  id           integer primary key,
  name         text    not null,
  payload      text    not null,
  company      integer not null,
  run_at       integer not null,
  attempts     integer not null default 0,
  lease_until  integer,
  last_error   text,
  done_at      integer,
  dead_at      integer
) strict;
create index job_due on job (run_at, id) where done_at is null and dead_at is null;

-- Who changed what, from what, to what.
create table audit (
  id      integer primary key,
  at      integer not null,
  actor   text    not null,
  "user"  integer,
  company integer not null,
  request text    not null,
  model   text    not null,
  record  integer not null,
  action  text    not null,
  changes text    not null
) strict;
create index audit_record on audit (model, record, id);

-- Answers given to requests that carried a key, so that a repeat changes nothing.
create table repeat (
  actor  text    not null,
  key    text    not null,
  body   blob    not null,
  status integer not null,
  answer text    not null,
  at     integer not null,
  primary key (actor, key)
) strict;

-- Contents of files by their digest.
create table blob_store (
  digest text    primary key,
  bytes  blob    not null,
  size   integer not null,
  at     integer not null
) strict;

-- Under which key a record is known to a data file, an import or another system.
create table external_key (
  model   text    not null,
  company integer not null,
  key     text    not null,
  record  integer not null,
  primary key (model, company, key)
) strict;
create index external_key_record on external_key (record);
