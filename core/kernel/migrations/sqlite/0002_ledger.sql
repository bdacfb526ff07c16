-- What is posted is immutable, whoever speaks to the database.
create trigger ledger_entry_no_update before update on ledger_entry
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_entry_no_delete before delete on ledger_entry
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_line_no_update before update on ledger_line
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_line_no_delete before delete on ledger_line
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_match_no_update before update on ledger_match
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_match_no_delete before delete on ledger_match
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_match_line_no_update before update on ledger_match_line
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_match_line_no_delete before delete on ledger_match_line
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_seal_no_update before update on ledger_seal
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_seal_no_delete before delete on ledger_seal
begin select raise(abort, 'what is posted is never changed'); end;

-- `insert or replace` deletes without firing a delete trigger.
create trigger ledger_entry_no_replace before insert on ledger_entry
when exists (select 1 from ledger_entry where seq = new.seq)
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_line_no_replace before insert on ledger_line
when exists (select 1 from ledger_line where id = new.id)
begin select raise(abort, 'what is posted is never changed'); end;
create trigger ledger_seal_no_replace before insert on ledger_seal
when exists (select 1 from ledger_seal where id = new.id)
begin select raise(abort, 'what is posted is never changed'); end;
