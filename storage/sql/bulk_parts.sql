-- What makes loading the table of products slow, and must be back before others see it: name, the
-- statement that takes it away, and the one that brings it back. Of the triggers only those whose
-- work bulk_*.sql does for all rows.
select relname, format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
from pg_index join pg_class on pg_class.oid = indexrelid
where indrelid = 'catalog.product'::regclass and indisvalid and indisunique
  and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
union all
select conname, format('alter table catalog.product drop constraint %I', conname),
       format('alter table catalog.product add constraint %I %s', conname,
           pg_get_constraintdef(oid))
from pg_constraint
where conrelid = 'catalog.product'::regclass and contype = 'f'
union all
select tgname, format('alter table catalog.product disable trigger %I', tgname),
       format('alter table catalog.product enable trigger %I', tgname)
from pg_trigger
where tgrelid = 'catalog.product'::regclass and tgenabled = 'O'
  and tgname in ('product_tally_insert', 'search_insert')
