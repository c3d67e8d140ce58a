-- $1 ids, $2 facets, one a line: category, brand, price, attributes.KEY. How many of the products
-- there are; then, for the place of each facet in the list (from 0), its values and how often they
-- occur, the most frequent 20
with asked as materialized (
    select place::integer - 1 as place, name
    from string_to_table($2::text, E'\n') with ordinality as each (name, place)
), found as materialized (
    select category_id, brand, price_currency, price_amount,
           case when exists (select from asked where name like 'attributes.%') then attributes end
               as attributes
    from catalog.product where id = any ($1::bigint[]) and delete_time is null
)
select null::integer as place, null::text as value, null::text as title, null::text as currency,
       null::numeric as least, null::numeric as below, count(*) from found
union all
(select (select place from asked where name = 'category'), 'categories/' || had.category_id,
        category.title, null, null, null, amount
 from (select category_id, count(*) as amount from found
       where exists (select from asked where name = 'category') group by category_id) as had
     join catalog.category on category.id = had.category_id
 order by amount desc, had.category_id limit 20)
union all
(select (select place from asked where name = 'brand'), brand, brand, null, null, null, count(*)
 from found where brand <> '' and exists (select from asked where name = 'brand')
 group by brand order by count(*) desc, brand limit 20)
union all
(select (select place from asked where name = 'price'), null, null, price_currency, steps[step],
        steps[step + 1], amount
 from (select price_currency, catalog.search_price_steps(array_agg(price_amount)) as steps
       from found
       where price_amount is not null and exists (select from asked where name = 'price')
       group by price_currency order by count(*) desc, price_currency limit 4) as priced,
     lateral (select width_bucket(price_amount, steps) as step, count(*) as amount
              from found where found.price_currency = priced.price_currency group by step) as counted
 where step > 0 order by price_currency, step)
union all
(select asked.place, value::text, value #>> '{}', null, null, null, amount
 from asked, lateral (
     select value, count(*) as amount
     from (select attributes #> string_to_array(substr(asked.name, length('attributes.') + 1), '.')
               as value from found) as had
     where jsonb_typeof(value) in ('string', 'number', 'boolean')
       and char_length(value #>> '{}') <= 256
     group by value order by count(*) desc, value limit 20) as most
 where asked.name like 'attributes.%'
 order by asked.place, amount desc, value)
