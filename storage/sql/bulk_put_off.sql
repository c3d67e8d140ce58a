-- What makes it slow, too, and may be missing for a while.
select catalog.index_put_off('catalog.product')
