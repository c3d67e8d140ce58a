-- $1 words that nothing has, one a line; gives, for each word, what may be meant by it
select given.number, catalog.search_title(given.word), near
from string_to_table($1::text, E'\n') with ordinality as given (word, number),
     catalog.search_nearest(given.word) as near
