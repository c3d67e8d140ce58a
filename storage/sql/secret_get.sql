-- $1 name
select value from catalog.secret where name = $1
