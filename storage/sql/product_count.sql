-- $1 deleted ones too
select count(*) from catalog.product where $1 or delete_time is null
