-- $1 deleted ones too
select coalesce(sum(amount), 0)::bigint from catalog.product_tally
where state > 0 or ($1 and state < 0)
