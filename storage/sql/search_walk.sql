-- As search_plainly.sql; and what is found is not collected first: it is much, and the newest of it are
-- wanted.
select set_config('enable_seqscan', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('enable_bitmapscan', 'off', true)
