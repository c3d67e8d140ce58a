-- As search_plainly.sql, for statements whose plan is the same whatever is looked for, and takes
-- longer to make than to run
select set_config('enable_seqscan', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
