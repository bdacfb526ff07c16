-- The ledger: entries and lines that are only ever added to, what follows from them, and its rules.
-- Amounts are minor units of their unit: cents, millionths of a piece, millionths of a day.

-- INVARIANT: never updated, never deleted (triggers). `seq` is the order of posting; it may have gaps.
create table ledger_entry (
  seq          integer primary key,
  company      integer not null,
  journal      integer not null,
  kind         text    not null check (kind in ('entry', 'reversal', 'closing', 'reopening')),
  date         text    not null,
  wanted       text,                 -- the date asked for, when its period was no longer open
  text         text    not null,
  source_model text,
  source_id    integer,
  exchange     integer not null,
  reverses     integer references ledger_entry (seq),
  settles      integer,
  exception    integer,              -- the exception to a soft lock that let it in
  number       text,
  key          text,
  "user"       integer,
  actor        text    not null,
  posted_at    integer not null,
  version      integer not null,     -- of the recipe of the leaf
  leaf         blob    not null
) strict;
create unique index ledger_entry_key on ledger_entry (company, key) where key is not null;
create unique index ledger_entry_number on ledger_entry (company, journal, number) where number is not null;
create unique index ledger_entry_reverses on ledger_entry (reverses) where reverses is not null;
create index ledger_entry_source on ledger_entry (source_id) where source_id is not null;
create index ledger_entry_exception on ledger_entry (exception) where exception is not null;

-- INVARIANT: never updated, never deleted (triggers). id = seq * 65536 + position from 1.
create table ledger_line (
  id          integer primary key,
  account     integer not null,
  unit        integer not null,
  amount      integer not null,
  functional  integer not null,      -- in the company's currency; 0 outside the book `general`
  side        integer not null check (side in (1, -1)),
  subsidiary  integer,
  cost_centre integer,
  project     integer,
  campaign    integer,
  salesperson integer,
  date        text    not null,
  due         text,
  tag         text,
  closing     integer not null,
  check (amount <> 0 or functional <> 0)
) strict;
create index ledger_line_account on ledger_line (account, date);
create index ledger_line_subsidiary on ledger_line (subsidiary, account, date) where subsidiary is not null;

-- Where the derived tables stand: the last sequence given, rolled up, sealed.
create table ledger_mark (
  name text primary key,
  seq  integer not null
) strict;
insert into ledger_mark (name, seq) values ('posted', 0), ('rolled', 0), ('sealed', 0);

-- Derived: sums by month, written by the roller alone. Rebuilt by `ledger::rebuild`.
create table ledger_total (
  account           integer not null,
  unit              integer not null,
  month             text    not null,
  closing           integer not null,
  debit             integer not null,
  credit            integer not null,
  functional_debit  integer not null,
  functional_credit integer not null,
  lines             integer not null,
  primary key (account, unit, month, closing)
) strict;
create table ledger_rollup (
  account           integer not null,
  unit              integer not null,
  subsidiary        integer not null,  -- 0 = none
  month             text    not null,
  closing           integer not null,
  debit             integer not null,
  credit            integer not null,
  functional_debit  integer not null,
  functional_credit integer not null,
  lines             integer not null,
  primary key (account, unit, subsidiary, month, closing)
) strict;

-- Derived: balances of accounts with a floor or a ceiling. subsidiary 0 = the account as a whole.
create table ledger_limited (
  account      integer not null,
  unit         integer not null,
  subsidiary   integer not null,
  posted       integer not null,
  reserved_out integer not null,
  reserved_in  integer not null,
  primary key (account, unit, subsidiary)
) strict;
-- The accounts whose balances are kept there, and whether for each subsidiary alone.
create table ledger_watched (
  account integer primary key,
  alone   integer not null
) strict;

-- Derived: what is left of each line on an account with open items.
create table ledger_open (
  line       integer primary key,
  account    integer not null,
  subsidiary integer,
  unit       integer not null,
  residual   integer not null,
  functional integer not null
) strict;
create index ledger_open_account on ledger_open (account, subsidiary) where residual <> 0;

-- INVARIANT: never updated, never deleted (triggers). An unmatch is a match that takes one back.
create table ledger_match (
  id         integer primary key,
  company    integer not null,
  undoes     integer references ledger_match (id),
  difference integer not null,       -- functional; what an exchange difference has to be posted for
  "user"     integer,
  actor      text    not null,
  at         integer not null
) strict;
create unique index ledger_match_undoes on ledger_match (undoes) where undoes is not null;
create table ledger_match_line (
  match      integer not null references ledger_match (id),
  line       integer not null references ledger_line (id),
  amount     integer not null,
  functional integer not null,
  primary key (match, line)
) strict;
create index ledger_match_line_line on ledger_match_line (line);

-- Promises: lines that count against limits before they are posted.
create table ledger_pending (
  id           integer primary key,
  company      integer not null,
  journal      text    not null,
  date         text    not null,
  text         text    not null,
  source_model text,
  source_id    integer,
  exchange     integer not null,
  key          text,
  total        integer not null,     -- of the first line, without sign
  settled      integer not null,
  state        text    not null check (state in ('open', 'settled', 'released', 'expired')),
  expires_at   integer,
  made_at      integer not null
) strict;
create unique index ledger_pending_key on ledger_pending (company, key) where key is not null;
create index ledger_pending_expiry on ledger_pending (expires_at) where state = 'open' and expires_at is not null;
create index ledger_pending_source on ledger_pending (source_id) where source_id is not null;
create table ledger_pending_line (
  pending     integer not null references ledger_pending (id),
  no          integer not null,
  account     integer not null,
  unit        integer not null,
  amount      integer not null,
  functional  integer not null,
  side        integer not null,
  subsidiary  integer,
  cost_centre integer,
  project     integer,
  campaign    integer,
  salesperson integer,
  due         text,
  tag         text,
  remaining   integer not null,      -- not settled, released or expired yet
  primary key (pending, no)
) strict;
create index ledger_pending_line_account on ledger_pending_line (account, unit);

-- The calendar: locks of a book, months that are not open, years that were closed, exceptions.
create table ledger_book (
  company     integer not null,
  book        text    not null,
  soft        text,
  hard        text,
  primary key (company, book)
) strict;
create table ledger_period (
  company    integer not null,
  book       text    not null,
  month      text    not null,
  state      text    not null check (state in ('open', 'closed', 'locked')),
  changed_by text    not null,
  changed_at integer not null,
  primary key (company, book, month)
) strict;
create table ledger_exception (
  id         integer primary key,
  company    integer not null,
  book       text    not null,
  "user"     integer not null,
  reason     text    not null,
  granted_by text    not null,
  granted_at integer not null,
  expires_at integer not null
) strict;
create index ledger_exception_user on ledger_exception (company, "user", expires_at);
create table ledger_year (
  company integer not null,
  starts  text    not null,
  ends    text    not null,
  state   text    not null check (state in ('closed', 'open')),
  closing integer,                   -- seq of the last closing entry, when there was anything to close
  primary key (company, starts)
) strict;

-- Gapless numbers: the last one given.
create table ledger_number (
  company integer not null,
  journal integer not null,
  year    integer not null,
  last    integer not null,
  primary key (company, journal, year)
) strict;

-- INVARIANT: never updated, never deleted (triggers). Each seal covers an unbroken range and its forerunner.
create table ledger_seal (
  id        integer primary key,
  version   integer not null,
  first_seq integer not null,
  last_seq  integer not null,
  leaves    blob    not null,        -- (seq, leaf) of each entry, 8 + 32 bytes
  root      blob    not null,
  previous  blob    not null,
  hash      blob    not null,
  sealed_at integer not null
) strict;
