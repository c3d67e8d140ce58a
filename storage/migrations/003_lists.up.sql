-- Filters and orders of lists.

-- What stands at a path of the attributes, as one type: what lists are ordered by, and what the
-- indexes of nexusctl index-attribute are made of. Never null: what is absent, or of another type,
-- is above all numbers, an empty text, or false.
create function catalog.attribute_number(attributes jsonb, path text[]) returns numeric
language sql immutable parallel safe as $$
    select coalesce(case jsonb_typeof(attributes #> path)
        when 'number' then (attributes #> path)::numeric end, 'Infinity'::numeric)
$$;
create function catalog.attribute_text(attributes jsonb, path text[]) returns text
language sql immutable parallel safe as $$
    select coalesce(case jsonb_typeof(attributes #> path)
        when 'string' then attributes #>> path end, '')
$$;
create function catalog.attribute_boolean(attributes jsonb, path text[]) returns boolean
language sql immutable parallel safe as $$
    select coalesce(case jsonb_typeof(attributes #> path)
        when 'boolean' then (attributes #> path)::boolean end, false)
$$;

-- The keys of attributes that have an index of their own, so that lists can be ordered by them.
create table catalog.attribute_index (
    key text primary key check (key ~ '^[-_A-Za-z0-9]{1,63}(\.[-_A-Za-z0-9]{1,63}){0,7}$'),
    type text not null check (type in ('text', 'number', 'boolean')),
    create_time timestamptz not null default now()
);

-- The index of a declared key: its name, and the statement that makes it.
create function catalog.attribute_index_name(key text) returns text language sql immutable as $$
    select 'product_attribute_' || left(regexp_replace(key, '[^a-zA-Z0-9]', '_', 'g'), 28) || '_'
        || left(md5(key), 16)
$$;
create function catalog.attribute_index_text(key text, type text) returns text
language plpgsql as $$
declare
    path text[] = string_to_array(key, '.');
begin
    if key !~ '^[-_A-Za-z0-9]{1,63}(\.[-_A-Za-z0-9]{1,63}){0,7}$' then
        raise exception 'a key is a name of letters, digits, "-" and "_", or up to 8 with dots '
            'between';
    end if;
    return format('create index concurrently %I on catalog.product ((' || case type
            when 'number' then 'catalog.attribute_number(attributes, %L::text[])'
            when 'text' then 'catalog.attribute_text(attributes, %L::text[]) collate "C"'
            when 'boolean' then 'catalog.attribute_boolean(attributes, %L::text[])'
            else catalog.refuse('NX003', 'type', 'TYPE is text, number or boolean')::text
        end || '), id) where delete_time is null', catalog.attribute_index_name(key), path);
end
$$;

-- Indexes that are made after much has been loaded, each with the statement that makes it. They are
-- here from the loading's own transaction on until they stand, so that an interrupted loader leaves
-- work, and no gap that nobody knows of.
create table catalog.index_pending (
    name text primary key,
    definition text not null
);

-- Put off the indexes of a table, but those that keep values unique.
create function catalog.index_put_off(put_off_of regclass) returns void language plpgsql
set search_path = pg_catalog as $$
declare
    found record;
begin
    for found in select relname, indexrelid, pg_get_indexdef(indexrelid) as definition
        from pg_index join pg_class on pg_class.oid = indexrelid
        where indrelid = put_off_of and indisvalid and not indisunique
    loop
        insert into catalog.index_pending (name, definition)
        values (found.relname, found.definition)
        on conflict (name) do update set definition = excluded.definition;
        execute format('drop index %s', found.indexrelid::regclass);
    end loop;
end
$$;

-- Make one that is pending, first one that nobody else is at; the slow kind first, so that several
-- connections end together. Returns its name; null when there is none, not even with others.
create function catalog.index_build_next() returns text language plpgsql as $$
declare
    taken record;
begin
    select * into taken from catalog.index_pending
    order by definition like '% USING gin %' desc, name desc
    limit 1 for update skip locked;
    if not found then
        select * into taken from catalog.index_pending order by name limit 1 for update;
    end if;
    if not found then
        return null;
    end if;
    delete from catalog.index_pending where name = taken.name;
    if to_regclass(format('catalog.%I', taken.name)) is null then
        execute taken.definition;
    end if;
    return taken.name;
end
$$;

-- One for each order that a list of many products can have; the id decides between equals. Of live
-- rows only: lists with show_deleted are for the few who look into the bin.
create index product_title_order on catalog.product (title collate "C", id)
    where delete_time is null;
create index product_brand_order on catalog.product (brand collate "C", id)
    where delete_time is null;
create index product_price_order
    on catalog.product ((coalesce(price_amount, 'Infinity'::numeric)), id)
    where delete_time is null;
create index product_inventory_order on catalog.product (inventory, id)
    where delete_time is null;
create index product_state_order on catalog.product (state, id)
    where delete_time is null;
create index product_allow_backorder_order on catalog.product (allow_backorder, state, id)
    where delete_time is null;
create index product_create_time_order on catalog.product (create_time, id)
    where delete_time is null;
create index product_update_time_order on catalog.product (update_time, id)
    where delete_time is null;
-- How often two values of these come together: if hardly ever, an order's index is the wrong one.
create statistics catalog.product_price on (coalesce(price_amount, 'Infinity'::numeric))
    from catalog.product; -- the planner does not take those of the index
create statistics catalog.product_flags (mcv) on state, allow_backorder from catalog.product;

-- As nexusctl index-order makes it, by which it can be dropped.
create index product_by_brand__price
    on catalog.product (brand collate "C", (coalesce(price_amount, 'Infinity'::numeric)), id)
    where delete_time is null;

-- attributes.color = "red" and tags:"new".
create index product_attributes_live on catalog.product using gin (attributes jsonb_path_ops)
    where delete_time is null;
create index product_tags_live on catalog.product using gin (tags) where delete_time is null;
