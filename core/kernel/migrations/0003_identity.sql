-- Credentials, apart from the model user, so that no API of records can ever read them.
-- Tokens and codes are kept as SHA-256 of 100 or more random bits: what is read here opens nothing.

create table identity_password (
  "user"     integer primary key,
  phc        text    not null,
  changed_at integer not null
) strict;

create table identity_session (
  id         integer primary key,
  token      blob    not null,
  "user"     integer not null,
  company    integer not null,
  source     text    not null,
  started_at integer not null,
  seen_at    integer not null
) strict;
create unique index identity_session_token on identity_session (token);
create index identity_session_user on identity_session ("user", started_at);
create index identity_session_started on identity_session (started_at);

create table identity_token (
  id         integer primary key,
  token      blob    not null,
  "user"     integer not null,
  name       text    not null,
  scopes     text    not null,
  read_only  integer not null,
  created_at integer not null,
  expires_at integer not null,
  used_at    integer
) strict;
create unique index identity_token_token on identity_token (token);
create index identity_token_user on identity_token ("user", id);

-- Failed attempts on a credential (SHA-256 of the login that was given, known or not) from a source;
-- the source '*' counts those from everywhere.
create table identity_guard (
  credential blob    not null,
  source     text    not null,
  failures   integer not null,
  failed_at  integer not null,
  good_at    integer,
  primary key (credential, source)
) strict;
create index identity_guard_failed on identity_guard (failed_at);

-- One-time codes: the first administrator ('first'), a new password ('password').
create table identity_code (
  code       blob    primary key,
  purpose    text    not null,
  "user"     integer,
  expires_at integer not null
) strict;
