-- Plugins: whose packages are taken, what was installed and granted, what is in force.

-- The key that the packages of a publisher must be signed with.
create table plugin_key (
  publisher text    primary key,
  key       text    not null,
  at        integer not null,
  actor     text    not null
) strict;

create table plugin (
  id        integer primary key,
  -- publisher.name
  name      text    not null unique,
  -- installed, granted, enabled, disabled, uninstalled
  state     text    not null,
  -- The version that is in force while it is enabled, the one before it, the one beside it.
  version   text    not null,
  previous  text,
  shadow    text,
  settings  text    not null,
  recording integer not null
) strict;

-- What was ever installed: a version is published once. Its package lies in the blob store.
create table plugin_version (
  plugin     integer not null,
  version    text    not null,
  package    text    not null,
  component  text    not null,
  manifest   text    not null,
  key        text    not null,
  at         integer not null,
  actor      text    not null,
  -- As accepted; null while nobody has.
  grants     text,
  granted_at integer,
  granted_by text,
  primary key (plugin, version)
) strict;

-- How a version did beside the one in force, hook by hook.
create table plugin_shadow (
  plugin    integer not null,
  version   text    not null,
  hook      text    not null,
  same      integer not null,
  different integer not null,
  skipped   integer not null,
  primary key (plugin, version, hook)
) strict;

-- Calls that are kept: failures, differences of a shadow, and all while somebody records.
create table plugin_call (
  id      integer primary key,
  plugin  integer not null,
  version text    not null,
  hook    text    not null,
  at      integer not null,
  -- answered, different, or the kind of failure
  outcome text    not null,
  reason  text    not null,
  cpu_us  integer not null,
  content text    not null
) strict;
create index plugin_call_plugin on plugin_call (plugin, id);
