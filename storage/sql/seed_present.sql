-- The numbers of the sample catalog's products that are there, as runs from the first to the last.
select min(number), max(number)
from (select number, number - row_number() over (order by number) as run
      from (select distinct split_part(slug, '-', 2)::bigint as number from catalog.product
            where slug ~ '^sample-[1-9][0-9]{0,7}-' and delete_time is null) as numbers) as found
group by run
