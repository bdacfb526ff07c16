-- The functions of the house, which generated SQL calls by name (see src/model/sql/functions.rs),
-- for PostgreSQL: the same results, exactly, of the same arguments. A property test compares them.
-- A wide number travels as the text of a decimal: at most 28 digits after the point and fewer than
-- 2^96 of the last one; how many zeros end it means nothing. Null in, null out.
-- Letters are those of the program, whatever the server's locale knows of them (see letters.sql).
-- SQL functions that are not strict are so that the planner can write them into the query.

-- Numbers ----------------------------------------------------------------------------------------

create or replace function fo_power(digits integer) returns numeric
language sql immutable parallel safe as $$ select ('1e' || digits)::numeric $$;

-- The number that a text is; null when it is none or too wide.
create or replace function fo_number(value text) returns numeric
language plpgsql immutable strict parallel safe as $$
declare
  number numeric;
begin
  if value !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$' then
    return null;
  end if;
  number := value::numeric;
  if length(value) > 28 and (scale(number) > 28
      or abs(number) * fo_power(scale(number)) >= 79228162514264337593543950336) then
    return null;
  end if;
  return number;
end $$;

-- An exact result as a wide number: with as many digits after the point as fit, the rest rounded to
-- the nearest, halves to even; null when the whole part does not fit.
create or replace function fo_fit(number numeric) returns text
language plpgsql immutable strict parallel safe as $$
declare
  fitting text := number::text;
  unit numeric;
  mantissa numeric;
  rest numeric;
begin
  if length(fitting) <= 28 then
    return fitting;
  end if;
  for digits in reverse least(scale(number), 28)..0 loop
    unit := fo_power(digits);
    mantissa := trunc(abs(number) * unit);
    rest := abs(number) * unit - mantissa;
    if rest > 0.5 or rest = 0.5 and mod(mantissa, 2) = 1 then
      mantissa := mantissa + 1;
    end if;
    if mantissa < 79228162514264337593543950336 then
      return (sign(number) * mantissa * fo_power(-digits))::text;
    end if;
  end loop;
  return null;
end $$;

create or replace function fo_dec(number bigint, digits bigint) returns text
language sql immutable parallel safe as $$
  select case when digits between 0 and 28 then (number * fo_power(-digits::integer))::text end
$$;

create or replace function fo_bigint(number numeric) returns bigint
language sql immutable parallel safe as $$
  select case when number between -9223372036854775808 and 9223372036854775807
    then number::bigint end
$$;

create or replace function fo_scaled(value text, digits bigint) returns bigint
language plpgsql immutable strict parallel safe as $$
declare
  number numeric := fo_number(value);
begin
  if digits < 0 or digits > 38 + least(scale(number), digits) then
    return null;
  end if;
  return fo_bigint(round(number, digits::integer) * fo_power(digits::integer));
end $$;

create or replace function fo_add(a text, b text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return fo_fit(fo_number(a) + fo_number(b));
end $$;

create or replace function fo_sub(a text, b text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return fo_fit(fo_number(a) - fo_number(b));
end $$;

create or replace function fo_mul(a text, b text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return fo_fit(fo_number(a) * fo_number(b));
end $$;

-- Ten digits after the point, or as many as fit; rounded once, halves away from zero.
create or replace function fo_div(a text, b text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  dividend numeric := fo_number(a);
  divisor numeric := fo_number(b);
  mantissa numeric;
begin
  if divisor = 0 then
    return null;
  end if;
  for digits in reverse 10..0 loop
    mantissa := div(2 * abs(dividend) * fo_power(digits) + abs(divisor), 2 * abs(divisor));
    if mantissa < 79228162514264337593543950336 then
      return (sign(dividend) * sign(divisor) * mantissa * fo_power(-digits))::text;
    end if;
  end loop;
  return null;
end $$;

create or replace function fo_rem(a text, b text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return mod(fo_number(a), nullif(fo_number(b), 0))::text;
end $$;

create or replace function fo_neg(value text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return (-fo_number(value))::text;
end $$;

create or replace function fo_abs(value text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  return abs(fo_number(value))::text;
end $$;

create or replace function fo_round(value text, digits bigint) returns text
language plpgsql immutable strict parallel safe as $$
declare
  number numeric := fo_number(value);
begin
  if digits < 0 or digits > 4294967295 then
    return null;
  end if;
  return case when scale(number) > digits then round(number, digits::integer) else number end::text;
end $$;

create or replace function fo_whole(value text, how bigint) returns bigint
language plpgsql immutable strict parallel safe as $$
declare
  number numeric := fo_number(value);
begin
  return fo_bigint(case how when -1 then floor(number) when 1 then ceil(number)
    else round(number) end);
end $$;

create or replace function fo_cmp(a text, b text) returns bigint
language plpgsql immutable strict parallel safe as $$
begin
  return sign(fo_number(a) - fo_number(b))::bigint;
end $$;

create or replace function fo_differ(a text, b text) returns bigint
language plpgsql immutable parallel safe as $$
begin
  return (fo_number(a) is distinct from fo_number(b))::integer;
end $$;

-- Whole numbers ----------------------------------------------------------------------------------

create or replace function fo_int_add(a bigint, b bigint) returns bigint
language sql immutable parallel safe as $$ select fo_bigint(a::numeric + b) $$;

create or replace function fo_int_sub(a bigint, b bigint) returns bigint
language sql immutable parallel safe as $$ select fo_bigint(a::numeric - b) $$;

create or replace function fo_int_mul(a bigint, b bigint) returns bigint
language sql immutable parallel safe as $$ select fo_bigint(a::numeric * b) $$;

create or replace function fo_int_rem(a bigint, b bigint) returns bigint
language sql immutable parallel safe as $$
  select case when b = 0 or b = -1 and a = -9223372036854775808 then null else a % b end
$$;

create or replace function fo_int_neg(a bigint) returns bigint
language sql immutable parallel safe as $$
  select case when a > -9223372036854775808 then -a end
$$;

create or replace function fo_int_abs(a bigint) returns bigint
language sql immutable parallel safe as $$
  select case when a > -9223372036854775808 then abs(a) end
$$;

-- The least and the greatest ---------------------------------------------------------------------

create or replace function fo_min(variadic items bigint[]) returns bigint
language sql immutable parallel safe as $$
  select case when array_position(items, null) is null
    then (select min(item) from unnest(items) as item) end
$$;

create or replace function fo_max(variadic items bigint[]) returns bigint
language sql immutable parallel safe as $$
  select case when array_position(items, null) is null
    then (select max(item) from unnest(items) as item) end
$$;

create or replace function fo_min(variadic items text[]) returns text
language sql immutable parallel safe as $$
  select case when array_position(items, null) is null
    then (select min(item collate "C") from unnest(items) as item) end
$$;

create or replace function fo_max(variadic items text[]) returns text
language sql immutable parallel safe as $$
  select case when array_position(items, null) is null
    then (select max(item collate "C") from unnest(items) as item) end
$$;

create or replace function fo_dec_min(variadic items text[]) returns text
language sql immutable parallel safe as $$
  select case when count(*) = count(fo_number(item)) then min(fo_number(item))::text end
  from unnest(items) as item
$$;

create or replace function fo_dec_max(variadic items text[]) returns text
language sql immutable parallel safe as $$
  select case when count(*) = count(fo_number(item)) then max(fo_number(item))::text end
  from unnest(items) as item
$$;

-- Lists of wide numbers, as the text of a JSON array; nulls in them do not count -----------------

create or replace function fo_json_array(items text[]) returns text
language sql immutable parallel safe as $$ select to_jsonb(items)::text $$;

-- SQLite has it of its own.
create or replace aggregate json_group_array(text) (
  sfunc = array_append, stype = text[], initcond = '{}', finalfunc = fo_json_array,
  parallel = safe
);

create or replace function fo_list_sum(list text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  item text;
  total text := '0';
begin
  for item in select value from jsonb_array_elements_text(list::jsonb) where value is not null loop
    total := fo_add(total, item);
    if total is null then
      return null;
    end if;
  end loop;
  return total;
end $$;

create or replace function fo_list_min(list text) returns text
language sql immutable parallel safe as $$
  select case when count(value) = count(fo_number(value)) then min(fo_number(value))::text end
  from jsonb_array_elements_text(list::jsonb)
$$;

create or replace function fo_list_max(list text) returns text
language sql immutable parallel safe as $$
  select case when count(value) = count(fo_number(value)) then max(fo_number(value))::text end
  from jsonb_array_elements_text(list::jsonb)
$$;

-- Texts ------------------------------------------------------------------------------------------

-- Each letter small, by itself.
create or replace function fo_small(value text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  small text;
begin
  if octet_length(value) = length(value) then
    return lower(value);
  end if;
  small := lower(replace(value, U&'\0130', U&'i\0307'));
  if small ~ fo_letters_great() then
    small := translate(small, fo_letters_lower_from(), fo_letters_lower_to());
  end if;
  return small;
end $$;

-- The same, and a sigma that ends a word is the final one.
create or replace function fo_lower(value text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if strpos(value, U&'\03A3') > 0 then
    value := regexp_replace(value, '(?<=' || fo_letters_cased() || fo_letters_ignorable() || '*)'
      || U&'\03A3' || '(?!' || fo_letters_ignorable() || '*' || fo_letters_cased() || ')',
      U&'\03C2', 'g');
  end if;
  return fo_small(value);
end $$;

create or replace function fo_upper(value text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  great text := value;
  pairs text[];
begin
  if octet_length(value) = length(value) then
    return upper(value);
  end if;
  if value ~ fo_letters_growing() then
    pairs := fo_letters_grown();
    for at in 1..array_length(pairs, 1) by 2 loop
      great := replace(great, pairs[at], pairs[at + 1]);
    end loop;
  end if;
  great := upper(great);
  if great ~ fo_letters_small() then
    great := translate(great, fo_letters_upper_from(), fo_letters_upper_to());
  end if;
  return great;
end $$;

create or replace function fo_trim(value text) returns text
language sql immutable parallel safe as $$ select btrim(value, fo_letters_white()) $$;

-- Small letters without accents; what is neither letter nor digit nor one of @.-+ is a space.
create or replace function fo_fold(value text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  folded text := fo_small(value);
begin
  if octet_length(folded) = length(folded) then
    return btrim(regexp_replace(folded, '[^a-z0-9@.+-]+', ' ', 'g'), ' ');
  end if;
  folded := translate(folded, fo_letters_plain_from() || fo_letters_marks(), fo_letters_plain_to());
  folded := replace(replace(replace(replace(folded,
    U&'\00DF', 'ss'), U&'\00E6', 'ae'), U&'\0153', 'oe'), U&'\00FE', 'th');
  return btrim(regexp_replace(folded, fo_letters_other(), ' ', 'g'), ' ');
end $$;

create or replace function fo_contains(value text, part text) returns bigint
language sql immutable parallel safe as $$ select (strpos(value, part) > 0)::integer::bigint $$;

create or replace function fo_starts(value text, part text) returns bigint
language sql immutable parallel safe as $$ select starts_with(value, part)::integer::bigint $$;

create or replace function fo_ends(value text, part text) returns bigint
language sql immutable parallel safe as $$
  select (right(value, length(part)) = part)::integer::bigint
$$;

create or replace function fo_matches(value text, part text) returns bigint
language sql immutable parallel safe as $$
  select (strpos(fo_lower(value), fo_lower(part)) > 0)::integer::bigint
$$;

-- Dates are texts (year-month-day), instants microseconds since 1970; years from -9999 to 9999.
-- They are counted 12,000 years later, which the calendar repeats, where a date has no sign.

create or replace function fo_days(value text) returns integer
language plpgsql immutable strict parallel safe as $$
declare
  parts text[] := regexp_match(value, '^(-[0-9]{6}|[0-9]{4})-([0-9]{2})-([0-9]{2})$');
  year integer := parts[1]::integer;
  month integer := parts[2]::integer;
  day integer := parts[3]::integer;
  first date;
begin
  if parts is null or year < -9999 or parts[1] = '-000000' or month not between 1 and 12 then
    return null;
  end if;
  first := make_date(year + 12000, month, 1);
  if day < 1 or day > 28 and day > (first + interval '1 month')::date - first then
    return null;
  end if;
  return first + (day - 1) - make_date(13970, 1, 1);
end $$;

create or replace function fo_date(days bigint) returns text
language plpgsql immutable strict parallel safe as $$
declare
  day date;
  year integer;
begin
  if days not between -4371587 and 2932896 then
    return null;
  end if;
  day := make_date(13970, 1, 1) + days::integer;
  year := extract(year from day)::integer - 12000;
  return case when year < 0 then '-' || lpad((-year)::text, 6, '0')
      else lpad(year::text, 4, '0') end
    || '-' || lpad(extract(month from day)::text, 2, '0')
    || '-' || lpad(extract(day from day)::text, 2, '0');
end $$;

-- The day of an instant, in UTC.
create or replace function fo_days(us bigint) returns bigint
language sql immutable parallel safe as $$
  select case when us between -377705023201000000 and 253402207200000000
    then floor(us::numeric / 86400000000)::bigint end
$$;

create or replace function fo_year(value text) returns bigint
language sql immutable parallel safe as $$
  select extract(year from make_date(13970, 1, 1) + fo_days(value))::bigint - 12000
$$;

create or replace function fo_month(value text) returns bigint
language sql immutable parallel safe as $$
  select extract(month from make_date(13970, 1, 1) + fo_days(value))::bigint
$$;

create or replace function fo_day(value text) returns bigint
language sql immutable parallel safe as $$
  select extract(day from make_date(13970, 1, 1) + fo_days(value))::bigint
$$;

create or replace function fo_year(us bigint) returns bigint
language sql immutable parallel safe as $$
  select extract(year from make_date(13970, 1, 1) + fo_days(us)::integer)::bigint - 12000
$$;

create or replace function fo_month(us bigint) returns bigint
language sql immutable parallel safe as $$
  select extract(month from make_date(13970, 1, 1) + fo_days(us)::integer)::bigint
$$;

create or replace function fo_day(us bigint) returns bigint
language sql immutable parallel safe as $$
  select extract(day from make_date(13970, 1, 1) + fo_days(us)::integer)::bigint
$$;

create or replace function fo_date_add(value text, seconds bigint) returns text
language sql immutable parallel safe as $$
  select case when seconds / 86400 between -7304484 and 7304484
    then fo_date(fo_days(value) + seconds / 86400) end
$$;

create or replace function fo_date_sub(a text, b text) returns bigint
language sql immutable parallel safe as $$
  select (fo_days(a) - fo_days(b))::bigint * 86400
$$;

create or replace function fo_time_add(us bigint, seconds bigint) returns bigint
language sql immutable parallel safe as $$
  select case when us + seconds::numeric * 1000000
      between -377705023201000000 and 253402207200000000
    then us + seconds * 1000000 end
$$;
