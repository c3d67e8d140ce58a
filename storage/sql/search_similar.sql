-- $1 id, $2 limit. First a row of nulls, if the product lives; then, of the products that share a rare
-- word of its names, the two rarest, or its category (so many of each that it stays short), those that
-- share most
with self as materialized (
    select entry.lexemes, product.category_id
    from catalog.search_entry as entry join catalog.product on product.id = entry.product_id
    where entry.product_id = $1::bigint
), frequent as materialized (
    select lexeme, frequency
    from pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs)
        as common (lexeme, frequency)
    where schemaname = 'catalog' and tablename = 'search_entry' and attname = 'lexemes'
      and lexeme is not null
), shared as materialized (
    select part.lexeme, part.weights && '{A,B}' as is_name, frequent.frequency
    from self, unnest(self.lexemes) as part left join frequent using (lexeme)
    where part.lexeme <> '^' and part.lexeme !~ '^[=$@]'
    order by part.weights && '{A,B,C}' desc, frequent.frequency nulls first, part.lexeme limit 24
), wanted as materialized (
    select string_agg(quote_literal(lexeme), ' | ')::tsquery as any_of,
           (select string_agg(quote_literal(lexeme), ' & ')::tsquery
            from (select lexeme from shared where is_name limit 2) as rarest) as rarest_two
    from shared
), candidate as (
    select near.product_id
    from (select lexeme from shared
          where is_name and coalesce(frequency, 0) * (select reltuples from pg_class
                    where oid = 'catalog.search_entry'::regclass) < 5000
          limit 3) as rare,
        lateral (select product_id from catalog.search_entry
                 where lexemes @@ quote_literal(rare.lexeme)::tsquery limit 80) as near
    union
    (select product_id from wanted, catalog.search_entry where lexemes @@ rarest_two limit 80)
    union
    (select id from self, catalog.product
     where product.category_id = self.category_id and product.delete_time is null limit 80)
)
select product_id, score from (
    select null::bigint as product_id, null::bigint as score from self
    union all
    (select candidate.product_id,
            (1e9 * ts_rank('{0.1, 0.4, 0.6, 1}', entry.lexemes, wanted.any_of)::double precision)
                ::bigint as score
     from wanted, candidate, lateral (
         select lexemes from catalog.search_entry where product_id = candidate.product_id limit 1
     ) as entry, lateral (
         select from catalog.product where id = candidate.product_id and state = 2 limit 1
     ) as active
     where candidate.product_id <> $1::bigint
     order by score desc, candidate.product_id desc limit $2::integer)
) as found
order by score desc nulls first, product_id desc
