-- $1 ids, $2 what was looked for. The products in that order, with the place of each in it (from 1),
-- and its texts, folded, with U+E000 and U+E001 around the words found and U+E002 between the
-- fields: title, brand, tags, description
select @product_columns@, given.place,
       case when $2::text = '' then '' else ts_headline('catalog.names',
           catalog.search_fold(title) || U&'\E002' || catalog.search_fold(brand) || U&'\E002'
               || catalog.search_fold(array_to_string(tags, ', ')) || U&'\E002'
               || catalog.search_fold(left(description, 4096)),
           $2::text::tsquery, U&'HighlightAll=true, StartSel=\E000, StopSel=\E001') end
from unnest($1::bigint[]) with ordinality as given (wanted_id, place)
    join catalog.product on product.id = given.wanted_id and product.delete_time is null
order by given.place
