-- What the etag is made of: of one that costs what its product costs, that price too.
case when price_amount is null and parent_amount is not null
    then hashtextextended(concat_ws(' ', revision, parent_currency, parent_amount), 0)
        & 9223372036854775807
    else revision end
