-- The slugs that were given up lead to their products, but for those that another took at once.
insert into catalog.product_redirect (slug, product_id)
select (was).slug, id from written
where (was).slug <> (now).slug
  and not exists (select from written as other where (other.now).slug = (written.was).slug)
on conflict (slug) do update set product_id = excluded.product_id, create_time = now()
