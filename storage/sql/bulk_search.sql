-- As the trigger search_insert would have, for all products.
select catalog.search_refill()
