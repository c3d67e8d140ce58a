-- Whether the table of products is empty, and this role's own.
select pg_has_role(current_user, relowner, 'usage')
       and not exists (select from catalog.product)
from pg_class where oid = 'catalog.product'::regclass
