-- The order of posting. Drawn numbers of transactions that failed leave gaps.
create sequence ledger_seq as bigint minvalue 1 no cycle;

-- Whoever posts holds it with others until his entry is committed; held alone for a moment, it says
-- that no smaller number than the last one drawn is still on its way.
create table ledger_gate (
  nothing bigint
);
delete from ledger_mark where name = 'posted';

create function fo_ledger_draw(wanted bigint) returns setof bigint language plpgsql as $$
begin
  lock table ledger_gate in row exclusive mode;
  return query select nextval('ledger_seq') from generate_series(1, wanted);
end $$;

-- What is posted is immutable, whoever speaks to the database.
create trigger ledger_entry_no_change before update or delete on ledger_entry
for each row execute function fo_refuse('what is posted is never changed');
create trigger ledger_entry_no_truncate before truncate on ledger_entry
execute function fo_refuse('what is posted is never changed');
create trigger ledger_line_no_change before update or delete on ledger_line
for each row execute function fo_refuse('what is posted is never changed');
create trigger ledger_line_no_truncate before truncate on ledger_line
execute function fo_refuse('what is posted is never changed');
create trigger ledger_match_no_change before update or delete on ledger_match
for each row execute function fo_refuse('what is posted is never changed');
create trigger ledger_match_no_truncate before truncate on ledger_match
execute function fo_refuse('what is posted is never changed');
create trigger ledger_match_line_no_change before update or delete on ledger_match_line
for each row execute function fo_refuse('what is posted is never changed');
create trigger ledger_match_line_no_truncate before truncate on ledger_match_line
execute function fo_refuse('what is posted is never changed');
create trigger ledger_seal_no_change before update or delete on ledger_seal
for each row execute function fo_refuse('what is posted is never changed');
create trigger ledger_seal_no_truncate before truncate on ledger_seal
execute function fo_refuse('what is posted is never changed');
