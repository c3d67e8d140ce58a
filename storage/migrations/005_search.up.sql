-- What search looks into: the words of live products, and which words there are at all.
--
-- Functions that a statement calls once are plpgsql where it could not inline them: one in SQL is
-- planned at every call, which was half of what the terms of a query took.

-- Stems as English has them. In titles, brands and tags every word counts ("The Who"); in
-- descriptions the most frequent ones of the language do not.
create text search dictionary catalog.stem (template = pg_catalog.snowball, language = english);
create text search configuration catalog.names (parser = pg_catalog."default");
alter text search configuration catalog.names
    add mapping for asciiword, word with catalog.stem;
alter text search configuration catalog.names
    add mapping for numword, int, uint, float, sfloat, version, asciihword, hword, numhword,
    hword_asciipart, hword_part, hword_numpart with pg_catalog.simple;
create text search configuration catalog.prose (copy = catalog.names);
alter text search configuration catalog.prose
    alter mapping replace catalog.stem with pg_catalog.english_stem;

-- A text as it is compared: small letters without accents, and blanks for what joins words
-- ("in/outdoor") or would be taken for more than a word ("a.b", "<b>"). Character by character: what
-- is left out are combining marks and apostrophes only, so that a place in it can be found again in
-- the text. U+E000 to U+E002 are kept free for marks of our own. (A chain of replace() takes a
-- quarter of the time of translate().)
create function catalog.search_fold(given text) returns text
language sql immutable parallel safe as $$
    select replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        case when octet_length(given) = char_length(given) then lower(given collate "C")
        else lower(normalize(regexp_replace(normalize(translate(given,
                 U&'\00F8\00D8\0111\0110\0142\0141\0127\0126\0131\0167\0166\00E6\00C6\0153\0152'
                     '\00DF\E000\E001\E002\2019',
                 'oOdDlLhHitTaAoOs   '), NFD), U&'[\0300-\036F]', '', 'g'), NFC))
        end,
        '-', ' '), '/', ' '), '.', ' '), '_', ' '), '@', ' '), '&', ' '), '<', ' '), '+', ' '),
        '~', ' '), '''', '')
$$;

-- A folded text with blanks for all punctuation: of titles and of what is typed, to compare how they
-- begin.
create function catalog.search_title(given text) returns text
language sql immutable parallel safe as $$
    select btrim(regexp_replace(catalog.search_fold(given), '[ !"#$%()*,:;=>?[\\\]^`{|}\t-\r]+', ' ',
        'g'))
$$;

-- What products are known by that are filed in a category: =id, and #id for it and all that stood
-- above it when it was made. So neither renaming nor moving a category touches a product; after a
-- move it may take more of these to say what is meant (search_filed_among).
create table catalog.search_category (
    category_id bigint primary key references catalog.category on delete cascade,
    keys bigint[] not null, -- from the topmost category to this one
    size bigint not null default 1, -- how many have it among their keys
    lexemes tsvector not null
);

create function catalog.search_category_lexemes(keys bigint[]) returns tsvector
language sql immutable parallel safe as $$
    select format('''=%s'':1C ''#%s'':1C', keys[cardinality(keys)],
                  array_to_string(keys, ''':1C ''#'))::tsvector
$$;

create function catalog.search_filed(category_id bigint, additional_category_ids bigint[])
returns tsvector language plpgsql stable parallel safe as $$
begin
    return (select coalesce(string_agg(lexemes::text, ' ')::tsvector, '')
            from catalog.search_category
            where search_category.category_id = any (additional_category_ids || $1));
end
$$;

-- What else products are known by, as filters ask for it often: @state, and for the price the place
-- of its range, as $0.place, and as $1, $2 and $3 of ranges that are 4, 16 and 64 places long: a filter
-- needs few of them. There are ten places from 1 to 10, from 10 to 100 ..., and bounds at 1, 2 and 5;
-- so most changes of a price do not touch this. Behind all is what has no price.
create function catalog.search_price_bounds() returns numeric[]
language sql immutable parallel safe as $$
    select array[
        0.01, 0.0125, 0.016, 0.02, 0.025, 0.0315, 0.04, 0.05, 0.063, 0.08,
        0.1, 0.125, 0.16, 0.2, 0.25, 0.315, 0.4, 0.5, 0.63, 0.8,
        1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8,
        10, 12.5, 16, 20, 25, 31.5, 40, 50, 63, 80,
        100, 125, 160, 200, 250, 315, 400, 500, 630, 800,
        1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000,
        10000, 12500, 16000, 20000, 25000, 31500, 40000, 50000, 63000, 80000,
        100000, 125000, 160000, 200000, 250000, 315000, 400000, 500000, 630000, 800000,
        1000000, 1250000, 1600000, 2000000, 2500000, 3150000, 4000000, 5000000, 6300000, 8000000,
        10000000, 12500000, 16000000, 20000000, 25000000, 31500000, 40000000, 50000000, 63000000,
        80000000, 100000000]::numeric[]
$$;

create function catalog.search_price_place(price numeric) returns integer
language sql immutable parallel safe as $$
    select coalesce(width_bucket(price, catalog.search_price_bounds()), 127)
$$;

create function catalog.search_facts(state smallint, price numeric) returns tsvector
language plpgsql immutable parallel safe as $$
declare
    place integer := catalog.search_price_place(price);
begin
    return format('''@%s'':1B ''$0.%s'':1B ''$1.%s'':1B ''$2.%s'':1B ''$3.%s'':1B', state, place,
                  place / 4, place / 16, place / 64)::tsvector;
end
$$;

-- What those products have among others that have a price from `low` on, and below `high`, or at
-- most that; null: no bound.
create function catalog.search_priced(low numeric, high numeric, is_below boolean)
returns tsquery language plpgsql immutable parallel safe as $$
declare
    place integer := case when low is null then 0 else catalog.search_price_place(low) end;
    last integer := cardinality(catalog.search_price_bounds()); -- without what has no price
    size integer;
    level integer;
    found text;
begin
    if high is not null then
        last := catalog.search_price_place(high);
        if is_below and high = (catalog.search_price_bounds())[last] then
            last := last - 1;
        end if;
    end if;
    while place <= last loop
        level := 3;
        loop
            size := 4 ^ level;
            exit when place % size = 0 and place + size - 1 <= last;
            level := level - 1;
        end loop;
        found := concat_ws(' | ', found, format('''$%s.%s''', level, place / size));
        place := place + size;
    end loop;
    return coalesce(found, '''$''')::tsquery;
end
$$;

create function catalog.search_in_state(states bigint[]) returns tsquery
language sql immutable parallel safe as $$
    select coalesce(string_agg(format('''@%s''', state), ' | '), '''@''')::tsquery
    from unnest(states) as state
$$;

-- The lexemes of a product: title A; brand and tags B; what it is filed as, which is C, and its facts;
-- description D. ^ stands before the first word of the title and of the description.
create function catalog.search_lexemes(title text, brand text, tags text[], description text,
    filed tsvector, facts tsvector)
returns tsvector language plpgsql immutable parallel safe cost 10000 as $$
begin
    return setweight('^:1'::tsvector
            || to_tsvector('catalog.names', catalog.search_fold(title)), 'A')
        || setweight(to_tsvector('catalog.names',
               catalog.search_fold(brand || ' ' || array_to_string(tags, ' '))), 'B')
        || filed
        || facts
        || case when description = '' then ''::tsvector else '^:1'::tsvector
            || to_tsvector('catalog.prose', catalog.search_fold(left(description, 32768)))
           end;
end
$$;

-- The words of a product that can be completed, and be meant by misspelt ones: all of its names,
-- and those of the beginning of its description that have letters only.
create function catalog.search_words(title text, brand text, tags text[], description text)
returns setof text language sql immutable parallel safe as $$
    select token from ts_parse('default', catalog.search_fold(
        title || ' ' || brand || ' ' || array_to_string(tags, ' ')))
    where tokid in (1, 2, 3) and char_length(token) between 2 and 40
    union all
    select token from ts_parse('default', catalog.search_fold(left(description, 1000)))
    where tokid in (1, 2) and char_length(token) between 2 and 40
$$;

-- A row for every live product, in a table of its own: most writes to a product do not touch it.
create table catalog.search_entry (
    product_id bigint primary key,
    title text not null, -- as search_title() has it
    lexemes tsvector not null
);

-- The words that have occurred, to complete and to correct what is typed. The same word may be
-- there twice, from two transactions at once: a unique index would make one wait for the other,
-- and writers of several words deadlock.
create table catalog.search_word (
    word text not null
);

create function catalog.search_learn(words text[]) returns void language plpgsql as $$
begin
    insert into catalog.search_word (word)
    select distinct given from unnest(words) as given
    where not exists (select from catalog.search_word where word = given collate "C");
end
$$;

create function catalog.search_on_insert() returns trigger language plpgsql as $$
begin
    insert into catalog.search_entry (product_id, title, lexemes)
    select id, catalog.search_title(title), catalog.search_lexemes(title, brand, tags, description,
               catalog.search_filed(category_id, additional_category_ids),
               catalog.search_facts(state, price_amount))
    from added where delete_time is null;
    perform catalog.search_learn(array_agg(distinct word))
    from added, catalog.search_words(title, brand, tags, description) as word
    where delete_time is null;
    return null;
end
$$;
create trigger search_insert after insert on catalog.product
    referencing new table as added for each statement
    execute function catalog.search_on_insert();

create function catalog.search_on_update() returns trigger language plpgsql as $$
begin
    if new.delete_time is not null then
        delete from catalog.search_entry where product_id = new.id;
        return null;
    end if;
    insert into catalog.search_entry (product_id, title, lexemes)
    values (new.id, catalog.search_title(new.title),
            catalog.search_lexemes(new.title, new.brand, new.tags, new.description,
                catalog.search_filed(new.category_id, new.additional_category_ids),
                catalog.search_facts(new.state, new.price_amount)))
    on conflict (product_id) do update
    set title = excluded.title, lexemes = excluded.lexemes;
    perform catalog.search_learn(array(select * from catalog.search_words(
        new.title, new.brand, new.tags, new.description)));
    return null;
end
$$;
create trigger search_update after update on catalog.product
    for each row when ((old.title, old.brand, old.tags, old.description, old.category_id,
                        old.additional_category_ids, old.state,
                        catalog.search_price_place(old.price_amount), old.delete_time is null)
        is distinct from (new.title, new.brand, new.tags, new.description, new.category_id,
                          new.additional_category_ids, new.state,
                          catalog.search_price_place(new.price_amount), new.delete_time is null))
    execute function catalog.search_on_update();

create function catalog.search_on_delete() returns trigger language plpgsql as $$
begin
    delete from catalog.search_entry using removed where product_id = removed.id;
    return null;
end
$$;
create trigger search_delete after delete on catalog.product
    referencing old table as removed for each statement
    execute function catalog.search_on_delete();

-- Categories are few: each search looks up those whose paths have its words.
create index category_search on catalog.category
    using gin (to_tsvector('catalog.names', catalog.search_fold(path))) where delete_time is null;

create function catalog.search_on_category() returns trigger language plpgsql as $$
begin
    perform catalog.search_learn(array(select * from catalog.search_words(new.title, '', '{}', '')));
    return null;
end
$$;
create trigger search_category_title after insert on catalog.category
    for each row execute function catalog.search_on_category();
create trigger search_category_update after update on catalog.category
    for each row when (old.title is distinct from new.title)
    execute function catalog.search_on_category();

-- In order, so that no two writers wait for each other.
create function catalog.search_resize(given bigint[], growth integer) returns void
language plpgsql as $$
begin
    perform from catalog.search_category where category_id = any (given)
    order by category_id for no key update;
    update catalog.search_category set size = size + growth where category_id = any (given);
end
$$;

create function catalog.search_on_category_insert() returns trigger language plpgsql as $$
begin
    perform catalog.search_resize(new.ancestor_ids, 1);
    insert into catalog.search_category (category_id, keys, lexemes)
    values (new.id, new.ancestor_ids || new.id,
            catalog.search_category_lexemes(new.ancestor_ids || new.id));
    return null;
end
$$;
create trigger search_category_insert after insert on catalog.category
    for each row execute function catalog.search_on_category_insert();

create function catalog.search_on_category_delete() returns trigger language plpgsql as $$
begin
    perform catalog.search_resize(old.keys, -1);
    return null;
end
$$;
create trigger search_category_delete after delete on catalog.search_category
    for each row execute function catalog.search_on_category_delete();

-- --- Queries ---

-- What those products are known by that are filed in one of some categories: #id where all that have
-- it are wanted, as it is where nothing was moved or deleted; =id of others; 64 at most.
create function catalog.search_filed_among(wanted bigint[]) returns setof text
language plpgsql stable as $$
begin
    return query
    with own as materialized (
        select category_id, keys from catalog.search_category where category_id = any (wanted)
    ), whole as materialized (
        select known.category_id
        from (select key, count(*) as met from own, unnest(keys) as key group by key) as had
            join catalog.search_category as known on known.category_id = key and size = met
    ), said as (
        select cardinality(keys) as depth,
               coalesce('#' || (select key from unnest(keys) with ordinality as each (key, place)
                                where key in (select category_id from whole)
                                order by place limit 1), '=' || category_id) as lexeme
        from own
    )
    select lexeme from said group by lexeme order by min(depth), lexeme limit 64;
end
$$;

-- One term of a query: `phrase` as typed, `is_open` when it may go on (the last word).
create type catalog.search_term as (
    lexemes tsquery, -- what it stands for in texts; empty: no word at all
    anywhere tsquery, -- or in the titles of categories
    is_stop boolean, -- a word that is in every text
    is_known boolean -- whether anything has it
);

create function catalog.search_term(phrase text, is_open boolean) returns catalog.search_term
language plpgsql stable as $$
declare
    folded text := catalog.search_title(phrase);
    term catalog.search_term;
    categories text;
begin
    term.lexemes := phraseto_tsquery('catalog.prose', folded);
    term.is_stop := numnode(term.lexemes) = 0;
    if term.is_stop then
        term.lexemes := phraseto_tsquery('catalog.names', folded);
    end if;
    term.anywhere := term.lexemes;
    -- What is short, or has digits, is taken as it is.
    term.is_known := term.is_stop or folded !~ '^[^0-9 ]{3,40}$'
        or exists (select from catalog.search_word where word = folded collate "C");
    if numnode(term.lexemes) = 0 then
        return term;
    end if;
    if is_open and folded ~ '^[^ ]{3,40}$' then
        -- As words that are known, not as a prefix of the index: that would read all of each.
        select term.is_known or count(*) > 0,
               term.lexemes || coalesce(string_agg(completed::text, ' | ')::tsquery, '')
        into term.is_known, term.lexemes
        from (select distinct to_tsquery('catalog.names', quote_literal(word)) as completed
              from (select word
                    from (select word from catalog.search_word
                          where word >= folded collate "C"
                            and word < folded || U&'\+10FFFF' collate "C"
                          order by word collate "C" limit 500) as found
                    order by char_length(word), word collate "C" limit 40) as shortest) as stems
        where completed <> term.lexemes;
    end if;
    select string_agg(quote_literal(lexeme), ' | ') into categories
    from catalog.search_filed_among(array(
        select id from catalog.category
        where delete_time is null
          and to_tsvector('catalog.names', catalog.search_fold(path)) @@ term.lexemes
        order by cardinality(ancestor_ids), id limit 1000)) as lexeme;
    term.anywhere := term.lexemes || coalesce(categories::tsquery, '');
    term.is_known := term.is_known or categories is not null
        or exists (select from catalog.search_entry where lexemes @@ term.lexemes);
    return term;
end
$$;

-- About how many products match, as the planner has it from its statistics; if `in_names`, in their
-- titles, brands and tags.
create function catalog.search_estimate(wanted tsquery, in_names boolean) returns bigint
language plpgsql as $$
declare
    plan json;
begin
    execute format('explain (format json) select from catalog.search_entry where %s @@ %L',
        case when in_names then 'ts_filter(lexemes, ''{a,b}'')' else 'lexemes' end, wanted)
    into plan;
    return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end
$$;

-- What to look for (`wanted`; null: there is no word at all), the same in titles, brands and tags
-- alone but for what is `excluded`, and what is better at the beginning; and which of the phrases, counted from 1, nothing has.
-- phrases[i] is of kind 'w' (a word), 'o' (a word that may go on), 'p' (as it
-- stands) or '-' (must not occur).
create function catalog.search_plan(phrases text[], kinds text[], out wanted tsquery,
    out names tsquery, out excluded tsquery, out begins tsquery, out estimate bigint,
    out names_estimate bigint, out unknown bigint[])
language plpgsql set enable_seqscan = off set client_min_messages = warning as $$
declare
    has_words boolean := false;
    terms catalog.search_term[];
    term catalog.search_term;
begin
    unknown := '{}';
    for i in 1 .. cardinality(phrases) loop
        term := catalog.search_term(phrases[i], kinds[i] = 'o');
        terms := terms || term;
        if kinds[i] <> '-' and numnode(term.lexemes) > 0 then
            has_words := has_words or not term.is_stop;
            if not term.is_known and kinds[i] <> 'p' then
                unknown := unknown || i;
            end if;
        end if;
    end loop;
    for i in 1 .. cardinality(phrases) loop
        term := terms[i];
        continue when kinds[i] = '-' or numnode(term.lexemes) = 0
            or has_words and term.is_stop;
        if kinds[i] = 'p' then
            term.anywhere := term.lexemes;
        end if;
        wanted := coalesce(wanted && term.anywhere, term.anywhere);
        names := coalesce(names && term.lexemes, term.lexemes);
        begins := coalesce(begins || term.lexemes, term.lexemes);
    end loop;
    begins := '^'::tsquery <-> begins;
    if wanted is null then
        return;
    end if;
    for i in 1 .. cardinality(phrases) loop
        if kinds[i] = '-' and numnode(terms[i].lexemes) > 0 then
            excluded := coalesce(excluded || terms[i].lexemes, terms[i].lexemes);
        end if;
    end loop;
    wanted := coalesce(wanted && !!excluded, wanted);
    estimate := catalog.search_estimate(wanted, false);
    names_estimate := catalog.search_estimate(names, true);
end
$$;

-- How well a product fits: how often, where and how near to each other the words stand; more if its
-- title or its description begins with one ("3-seat sofa", not "Cover for 3-seat sofa"); less if
-- there is much else. In billionths, so that equal is equal.
create function catalog.search_score(lexemes tsvector, wanted tsquery, begins tsquery)
returns bigint language sql immutable parallel safe as $$
    select (1e9 * ts_rank('{0.1, 0.2, 0.6, 1}', lexemes, wanted)::double precision
        * case when lexemes @@ begins then 1.5 else 1 end / (1 + ln(length(lexemes))))::bigint
$$;

-- Where ranges of prices begin, so that about as many fall into each: 0, then round numbers.
create function catalog.search_price_steps(prices numeric[]) returns numeric[]
language plpgsql immutable parallel safe as $$
begin
    return 0::numeric || array(
        select distinct trim_scale(round(2 * price, -floor(log(price))::integer) / 2) as step
        from unnest((select percentile_disc('{0.2,0.4,0.6,0.8}'::double precision[])
                         within group (order by price)
                     from unnest(prices) as price)) as price
        where price > 0
        order by step);
end
$$;

-- Whether pg_trgm is used to correct what is typed.
create function catalog.search_has_trigrams() returns boolean language sql stable as $$
    select to_regclass('catalog.search_word_trigrams') is not null
$$;

-- Words that may be meant by one that does not occur; whoever asks chooses among them. Without
-- pg_trgm only those whose first two letters are right.
create function catalog.search_nearest(given text) returns setof text
language plpgsql stable set enable_seqscan = off as $$
declare
    folded text := catalog.search_title(given);
begin
    return query select word from catalog.search_word
        where word >= left(folded, 2) collate "C"
          and word < left(folded, 2) || U&'\+10FFFF' collate "C"
          and char_length(word) between char_length(folded) - 2 and char_length(folded) + 2
        limit 2000;
    if catalog.search_has_trigrams() then
        return query execute format('select word from catalog.search_word
            where word operator(%1$I.%%) $1
            order by %1$I.similarity(word, $1) desc, word limit 50',
            (select nspname from pg_extension join pg_namespace n on n.oid = extnamespace
             where extname = 'pg_trgm')) using folded;
    end if;
end
$$;

-- Use pg_trgm, if it is there and may be used. Returns whether it is in use; running it again
-- changes nothing, so that it can be run when pg_trgm has been installed later.
create function catalog.search_use_trigrams() returns boolean language plpgsql as $$
declare
    home name;
begin
    if not exists (select from pg_extension where extname = 'pg_trgm') then
        create extension pg_trgm with schema public;
    end if;
    select nspname into home
    from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'pg_trgm';
    execute format('create index if not exists search_word_trigrams on catalog.search_word
        using gin (word %I.gin_trgm_ops)', home);
    return true;
exception
    when insufficient_privilege or undefined_file or feature_not_supported or undefined_object
        or invalid_schema_name then
        raise notice 'pg_trgm cannot be used (%): search corrects misspelt words only if their '
            'first two letters are right; to change that, install it, and as the owner of the '
            'schema run: select catalog.search_use_trigrams()', sqlerrm;
        return false;
end
$$;

-- Without fastupdate: every search would go through the list of what is not yet indexed.
-- Blocks of ids are in it, too, to find the newest of much.
create index search_entry_lexemes on catalog.search_entry
    using gin (lexemes, (array[product_id >> 14])) with (fastupdate = off);
-- Facets of much are counted from this.
create index search_entry_sample on catalog.search_entry using gin (lexemes)
    with (fastupdate = off) where (hashint8(product_id) & 7) = 0;
create index search_entry_names on catalog.search_entry
    using gin (ts_filter(lexemes, '{a,b}'), (array[product_id >> 14])) with (fastupdate = off);
create index search_entry_title on catalog.search_entry (title collate "C", product_id);
create index search_word_word on catalog.search_word (word collate "C");

-- Give a table that takes another's place what its owner has said of that: whose it is, who may do
-- what, and how it is stored.
create function catalog.search_keep_as(before regclass, made regclass) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    kept pg_class;
    granted record;
begin
    select * into kept from pg_class where oid = before;
    if kept.reloptions is not null then
        execute format('alter table %s set (%s)', made, array_to_string(kept.reloptions, ', '));
    end if;
    for granted in select * from aclexplode(kept.relacl) where grantee <> kept.relowner loop
        execute format('grant %s on %s to %s %s', granted.privilege_type, made,
            case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end,
            case when granted.is_grantable then 'with grant option' end);
    end loop;
    execute format('alter table %s owner to %s', made, kept.relowner::regrole);
end
$$;

-- Enter everything anew: the products that are there already, or have been loaded without the
-- triggers. Other writers wait. The indexes are pending then, and what the planner knows is old.
create function catalog.search_refill() returns void language plpgsql
set maintenance_work_mem = '256MB' set work_mem = '64MB' set client_min_messages = warning as $$
begin
    lock table catalog.product, catalog.category in share row exclusive mode;
    perform catalog.index_put_off('catalog.search_entry');
    perform catalog.index_put_off('catalog.search_word');
    truncate catalog.search_word, catalog.search_category;
    insert into catalog.search_category (category_id, keys, size, lexemes)
    select id, ancestor_ids || id,
           (select count(*) from catalog.category as below
            where below.id = category.id or below.ancestor_ids @> array[category.id]),
           catalog.search_category_lexemes(ancestor_ids || id)
    from catalog.category;
    analyze catalog.search_category;
    -- Made by all cores, as a table that takes the place of the other; an insert would use one.
    create table catalog.search_made as
    select id as product_id, catalog.search_title(title) as title,
           catalog.search_lexemes(title, brand, tags, description,
               case when additional_category_ids = '{}' then coalesce(filed.lexemes, '')
                    else catalog.search_filed(product.category_id, additional_category_ids) end,
               catalog.search_facts(state, price_amount)) as lexemes
    from catalog.product left join catalog.search_category as filed using (category_id)
    where delete_time is null;
    perform catalog.search_keep_as('catalog.search_entry', 'catalog.search_made');
    drop table catalog.search_entry;
    alter table catalog.search_made rename to search_entry;
    alter table catalog.search_entry add primary key (product_id), alter title set not null,
        alter lexemes set not null;
    -- As search_words(), but parsing each word once.
    create temporary table search_named on commit drop as
    select distinct word
    from catalog.product, string_to_table(title || ' ' || brand || ' '
        || array_to_string(tags, ' '), ' ') as word
    where delete_time is null;
    create temporary table search_told on commit drop as
    select distinct word from catalog.product, string_to_table(left(description, 1000), ' ') as word
    where delete_time is null;
    insert into catalog.search_word (word)
    select token
    from (select word from search_named union
          select word from catalog.category, string_to_table(title, ' ') as word
          where delete_time is null) as given,
        ts_parse('default', catalog.search_fold(word))
    where tokid in (1, 2, 3) and char_length(token) between 2 and 40
    union
    select token from search_told, ts_parse('default', catalog.search_fold(word))
    where tokid in (1, 2) and char_length(token) between 2 and 40;
    drop table search_named, search_told;
end
$$;

-- All of search anew, at once: also to forget words that no product has any more. All others wait.
create function catalog.search_rebuild() returns void language plpgsql
set maintenance_work_mem = '256MB' set client_min_messages = warning as $$
begin
    perform catalog.search_refill();
    while catalog.index_build_next() is not null loop
    end loop;
    perform catalog.search_use_trigrams();
    analyze catalog.search_entry;
    analyze catalog.search_word;
end
$$;
select catalog.search_rebuild();
