lock table catalog.product in access exclusive mode
