select ordinal, (now).*, parent_currency, parent_amount from written
