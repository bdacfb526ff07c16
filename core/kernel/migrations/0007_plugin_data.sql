-- What plugins keep, and what is kept for them.

-- Data of a plugin's own, in each company by itself.
create table plugin_pair (
  plugin  text    not null,
  company integer not null,
  key     text    not null,
  value   text    not null,
  -- What it counts for.
  bytes   integer not null,
  primary key (plugin, company, key)
) strict;

-- Secrets that plugins name and never see. No model, so no API, search, report or export reads them.
create table plugin_secret (
  plugin text not null,
  name   text not null,
  value  text not null,
  primary key (plugin, name)
) strict;

-- What a job has done at once, so that a repeat of the job does not do it again.
create table plugin_step (
  job    integer not null,
  place  text    not null,
  -- The id of what it created, else 0.
  answer integer not null,
  primary key (job, place)
) strict;

-- When what runs by itself runs next.
create table schedule (
  job     text    not null,
  company integer not null,
  hours   text    not null,
  next_at integer not null,
  primary key (job, company)
) strict;
