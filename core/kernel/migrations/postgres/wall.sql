-- The wall between companies. Transactions of users and services run as a role that owns nothing,
-- the desk, and see of each table with a company only the rows of the companies that they name as
-- they begin. The rights that are compiled into statements say what may be seen; the wall holds
-- where one of them were forgotten. The owner of the tables stands outside.

-- The one place that names the desk. Roles belong to the server and not to the database, so each
-- login has its own: nobody gets by it into the database of another.
create or replace function fo_desk() returns text
language sql stable as $$ select left(session_user::text, 58) || '_desk' $$;

-- Whether transactions of this login can run as the desk, and it is one.
create or replace function fo_desk_stands() returns boolean
language sql stable as $$
  select exists (select from pg_roles where rolname = fo_desk()
    and not rolsuper and not rolbypassrls and pg_has_role(session_user, oid,
      case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end))
$$;

-- Makes the desk, where this login may. Another database may be doing the same at this moment.
create or replace function fo_desk_make() returns void
language plpgsql as $$
begin
  if not exists (select from pg_roles where rolname = fo_desk()) then
    begin
      execute format('create role %I nologin', fo_desk());
    exception when duplicate_object or unique_violation or insufficient_privilege then
    end;
  end if;
  if not fo_desk_stands() then
    begin
      execute format('grant %I to %I', fo_desk(), session_user);
    exception when undefined_object or unique_violation or insufficient_privilege then
    end;
  end if;
end $$;

-- Tables whose rows belong to the company in the column of that name. Of two tables the column says
-- something else: a role is given to a user, whose it is, for work in some company; a session is a
-- user's, and ends in whatever company he has gone to.
create or replace function fo_walled() returns setof pg_class
language sql stable as $$
  select c from pg_class as c join pg_attribute as a on a.attrelid = c.oid
  where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
    and a.attname = 'company' and a.atttypid = 'bigint'::regtype and not a.attisdropped
    and c.relname not in ('user_role', 'identity_session')
$$;

-- Those of them without a wall.
create or replace function fo_open() returns setof text
language sql stable as $$
  select w.relname::text from fo_walled() as w where not w.relrowsecurity
    or not exists (select from pg_policy where polrelid = w.oid and polname = 'fondaco_company')
$$;

-- Whether records of a model are everybody's: it has a table, and that has no company.
create or replace function fo_is_shared(model text) returns boolean
language sql stable as $$
  select exists (select from pg_class as c where c.oid = to_regclass(quote_ident(replace(model, '.', '_')))
    and not exists (select from pg_attribute as a
      where a.attrelid = c.oid and a.attname = 'company' and not a.attisdropped))
$$;

-- Raises the wall around every table that has none, and opens new tables to the desk. The companies
-- are read once a statement, not once a row.
create or replace function fo_wall() returns void
language plpgsql as $$
declare
  desk text := fo_desk();
  name text;
  mine text := 'company = any ((select current_setting(''fondaco.companies'', true)::bigint[])::bigint[])';
begin
  for name in select fo_open() loop
    execute format('alter table %I enable row level security', name);
    execute format('drop policy if exists fondaco_company on %I', name);
    -- The company of the audit is where somebody worked. What he did to a record that is
    -- everybody's is part of its history everywhere.
    execute format('create policy fondaco_company on %I using (%s) with check (%s)', name,
      case name when 'audit' then mine || ' or fo_is_shared(model)' else mine end, mine);
  end loop;
  if not exists (select from pg_roles where rolname = desk) then
    return;
  end if;
  if not has_schema_privilege(desk, current_schema(), 'usage') then
    execute format('grant usage on schema %I to %I', current_schema(), desk);
  end if;
  if not has_function_privilege(desk, 'fo_found(text, text[], bigint)', 'execute') then
    execute format('grant execute on function fo_found(text, text[], bigint) to %I', desk);
  end if;
  for name in select relname from pg_class where relnamespace = current_schema()::regnamespace
    and relkind = 'r' and not has_table_privilege(desk, oid, 'delete')
  loop
    execute format('grant select, insert, update, delete on %I to %I', name, desk);
  end loop;
  for name in select relname from pg_class where relnamespace = current_schema()::regnamespace
    and case relkind when 'S' then not has_sequence_privilege(desk, oid, 'usage') end
  loop
    execute format('grant usage, select on sequence %I to %I', name, desk);
  end loop;
end $$;

-- Records whose folded text is like all of these, so many at most; null: all. `like` may not look
-- over the wall, so behind it the server would not take the index of the texts; here it does, and
-- the wall is said once more.
create or replace function fo_found(name text, patterns text[], most bigint) returns setof bigint
language plpgsql stable security definer rows 200 as $$
declare
  companies text := current_setting('fondaco.companies', true);
  sql text := format('select id from %I where true', name);
  pattern text;
begin
  foreach pattern in array patterns loop
    sql := sql || format(' and search_text like %L', pattern);
  end loop;
  if companies <> '' and exists (select from fo_walled() where relname = name) then
    sql := sql || format(' and company = any (%L::bigint[])', companies);
  end if;
  if most is not null then
    sql := sql || format(' limit %s', most);
  end if;
  return query execute sql;
end $$;

-- It runs with the rights of the owner: names are looked up in the schema of the house alone, and it
-- is not for everybody.
do $$ begin
  execute format('alter function fo_found(text, text[], bigint) set search_path = %I, pg_temp',
    current_schema());
end $$;
revoke execute on function fo_found(text, text[], bigint) from public;
