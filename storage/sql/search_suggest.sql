-- $1 what is typed, $2 what to look for in names, $3 limit, $4 whether very many have it: then some of
-- them are met soon among the newest, and an index would collect them all. Titles that begin with it
-- and, if it is one word, words that do, in turn; then titles that have its words
with recursive typed as materialized (
    select catalog.search_title($1::text) as text
), begun as (
    (select title, product_id, 1 as place from catalog.search_entry
     where title >= (select text from typed) collate "C"
       and title < (select text || U&'\+10FFFF' from typed) collate "C"
     order by title collate "C", product_id limit 1)
    union all
    select next.title, next.product_id, begun.place + 1
    from begun, lateral (
        select title, product_id from catalog.search_entry
        where title > begun.title collate "C"
          and title < (select text || U&'\+10FFFF' from typed) collate "C"
        order by title collate "C", product_id limit 1) as next
    where begun.place < $3::integer
), completed as (
    select distinct word
    from (select word from catalog.search_word
          where (select text <> '' and position(' ' in text) = 0 from typed)
            and word >= (select text from typed) collate "C"
            and word < (select text || U&'\+10FFFF' from typed) collate "C"
          order by word collate "C" limit 200) as found
), named as (
    select title, min(product_id) as product_id, max(score) as score
    from (select title, product_id,
                 catalog.search_score(ts_filter(lexemes, '{a,b}'), (select $2::text::tsquery), null)
                     as score
          from ((select title, product_id, lexemes from catalog.search_entry
                 where ts_filter(lexemes, '{a,b}') @@ $2::text::tsquery
                   and not $4::boolean and (select count(*) from begun) < $3::integer
                 limit 100)
                union all
                (select title, product_id, lexemes
                 from (select title, product_id, lexemes from catalog.search_entry
                       order by product_id desc limit 100000) as newest
                 where lexemes @@ (select
                           regexp_replace($2::text, '''(?= |\)|$)', ''':AB', 'g')::tsquery)
                   and $4::boolean and (select count(*) from begun) < $3::integer
                 limit 100)) as met) as found
    group by title
    order by score desc, title limit $3::integer
), merged as (
    select title as folded, product_id, place from begun
    union all
    select word, null, row_number() over (order by char_length(word), word) from completed
    union all
    select title, product_id, 1000 + row_number() over (order by score desc, title) from named
)
select coalesce(product.title, best.folded), coalesce(best.product_id, 0)
from (select distinct on (folded) folded, product_id, place from merged
      order by folded, product_id nulls last, place) as best
    left join catalog.product on product.id = best.product_id
where best.product_id is null or product.delete_time is null
order by best.place, best.product_id nulls last, best.folded
limit $3::integer
