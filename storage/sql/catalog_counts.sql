select (select count(*) from catalog.product where delete_time is null),
       (select count(*) from catalog.category where delete_time is null)
