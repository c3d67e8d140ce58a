-- $1 the terms of a query, one a line, $2 a letter for the kind of each
select wanted::text, names::text, excluded::text, begins::text, estimate, names_estimate, unknown
from catalog.search_plan(string_to_array($1::text, E'\n'), string_to_array($2::text, null))
