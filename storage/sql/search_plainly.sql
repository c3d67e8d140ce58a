-- Before a search, in the same transaction: plans are made for the words at hand, read no table
-- whole, and do not run in parallel. For frequent words the planner would do that, as if all of what
-- is found were wanted.
select set_config('enable_seqscan', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
