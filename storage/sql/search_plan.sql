-- $1 the terms of a query, one a line, $2 a letter for the kind of each
select @search_planned@, null::bigint[]
from catalog.search_plan(string_to_array($1::text, E'\n'), string_to_array($2::text, null))
