-- What happened while a module was switched off, for its return.
create table missed_event (
  id      integer primary key,
  company integer not null,
  module  text    not null,
  event   text    not null
) strict;
create index missed_event_module on missed_event (module, company, id);
