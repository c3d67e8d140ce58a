(select count(*) from catalog.product as filed
 where filed.delete_time is null
   and (filed.category_id = category.id or filed.additional_category_ids @> array[category.id]))
