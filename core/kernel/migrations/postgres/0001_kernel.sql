-- Whoever writes holds it with others; who was in the way too often holds it alone.
create table fondaco_gate (
  nothing bigint
);

-- What is never changed is not changed by hand either.
create function fo_refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'check_violation', message = tg_argv[0];
end $$;

-- The audit is only ever added to.
create trigger audit_no_change before update or delete on audit
for each row execute function fo_refuse('the audit is never changed');
create trigger audit_no_truncate before truncate on audit
execute function fo_refuse('the audit is never changed');
