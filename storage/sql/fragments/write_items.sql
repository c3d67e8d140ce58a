-- What all writes begin with. $1 is a JSON array with an object for each resource:
--   at        what the fields of errors begin with, as in "product." or "requests[3]."
--   id        the resource's number; of a new one the number it is to have, or null
--   parent    the number of the product that it stands below
--   expected  the revision it must have, or null
--   columns   the columns to write, of create and update
--   derive    the slug to begin from when it is to be made, or null
--   purge_days, force, delta   of those that have them
-- $2 principal, $3 method, $4 request id or null, $5 fingerprint or null, and, where a slug
-- can be made, $6 attempt at it.
select ordinal, item ->> 'at' as at, (item ->> 'id')::bigint as id,
       (item ->> 'parent')::bigint as parent, (item ->> 'expected')::bigint as expected, item
from jsonb_array_elements($1::jsonb) with ordinality as given (item, ordinal)
