#include "store_filter_rows.h"

#include <stddef.h>

const struct filter_row product_filter_rows[] = {
    {"title = \"Chair\"", "((product.title collate \"C\") = $1) | 'Chair'"},
    {"title = Chair", "((product.title collate \"C\") = $1) | 'Chair'"},
    {"title != \"Chair\"", "((product.title collate \"C\") <> $1) | 'Chair'"},
    {"title < \"M\"", "((product.title collate \"C\") < $1) | 'M'"},
    {"title >= 'It\\'s'", "((product.title collate \"C\") >= $1) | 'It's'"},
    {"title = \"Ch*\"", "((product.title collate \"C\") like $1) | 'Ch%'"},
    {"title = \"*air\"", "((product.title collate \"C\") like $1) | '%air'"},
    {"title = \"*ha*\"", "((product.title collate \"C\") like $1) | '%ha%'"},
    {"title != \"Ch*\"", "((product.title collate \"C\") not like $1) | 'Ch%'"},
    {"title = \"100\\*\"", "((product.title collate \"C\") = $1) | '100*'"},
    {"title = \"*50%_\\\\*\"", "((product.title collate \"C\") like $1) | '%50\\%\\_\\\\%'"},
    {"title = \"*\"", "((product.title collate \"C\") like $1) | '%'"},
    {"title = Ch*", "((product.title collate \"C\") like $1) | 'Ch%'"},
    {"title : \"50%\"", "(product.title ilike $1) | '%50\\%%'"},
    {"title:chair", "(product.title ilike $1) | '%chair%'"},
    {"title:*", "(product.title <> '')"},
    {"slug = \"a-b\"", "(product.slug = $1) | 'a-b'"},
    {"description : \"oak\"", "(product.description ilike $1) | '%oak%'"},
    {"price < 500", "(coalesce(product.price_amount, 'Infinity'::numeric) < $1) | 500"},
    {"price<500", "(coalesce(product.price_amount, 'Infinity'::numeric) < $1) | 500"},
    {"price <= 499.990", "(coalesce(product.price_amount, 'Infinity'::numeric) <= $1) | 499.990"},
    {"price > 0", "(coalesce(product.price_amount, 'Infinity'::numeric) > $1 and "
                  "product.price_amount is not null) | 0"},
    {"price >= 1e2", "(coalesce(product.price_amount, 'Infinity'::numeric) >= $1 and "
                     "product.price_amount is not null) | 1e2"},
    {"price = 12.5", "(coalesce(product.price_amount, 'Infinity'::numeric) = $1) | 12.5"},
    {"price != 12.5", "(product.price_amount <> $1) | 12.5"},
    {"price = -3", "(coalesce(product.price_amount, 'Infinity'::numeric) = $1) | -3"},
    {"price : 5", "(coalesce(product.price_amount, 'Infinity'::numeric) = $1) | 5"},
    {"price:*", "(product.price_amount is not null)"},
    {"price.units >= 20",
     "(trunc(product.price_amount) >= $1 and trunc(product.price_amount) is not null) | 20"},
    {"price.nanos = 0",
     "(((product.price_amount - trunc(product.price_amount)) * 1000000000) = $1) | 0"},
    {"price.currency_code = \"EUR\"", "(coalesce(product.price_currency, '') = $1) | 'EUR'"},
    {"price.currencyCode = EUR", "(coalesce(product.price_currency, '') = $1) | 'EUR'"},
    {"category = \"categories/7\"", "(product.category_id = $1) | 7"},
    {"category != \"categories/7\"", "(product.category_id is distinct from $1) | 7"},
    {"category : \"categories/7\"",
     "(product.category_id in (select below.id from catalog.category as below where below.id = $1 "
     "or below.ancestor_ids @> array[$1])) | 7"},
    {"category:categories/7", "(product.category_id in (select below.id from catalog.category as "
                              "below where below.id = $1 or below.ancestor_ids @> array[$1])) | 7"},
    {"category = \"\"", "(product.category_id is null)"},
    {"category != \"\"", "(product.category_id is not null)"},
    {"category:*", "(product.category_id is not null)"},
    {"additional_categories : \"categories/9\"", "(product.additional_category_ids @> $1) | [9]"},
    {"additionalCategories:*", "(cardinality(product.additional_category_ids) > 0)"},
    {"brand = \"IKEA\"", "((product.brand collate \"C\") = $1) | 'IKEA'"},
    {"tags : \"oak\"", "(product.tags @> $1) | [oak]"},
    {"tags:oak", "(product.tags @> $1) | [oak]"},
    {"tags:*", "(cardinality(product.tags) > 0)"},
    {"attributes.color = \"red\"", "(product.attributes @> $1) | {\"color\":\"red\"}"},
    {"attributes.color = red", "(product.attributes @> $1) | {\"color\":\"red\"}"},
    {"attributes.color != \"red\"", "((product.attributes #> $1) is not null and not "
                                    "product.attributes @> $2) | [color] | {\"color\":\"red\"}"},
    {"attributes.size.width = 10", "(product.attributes @> $1) | {\"size\":{\"width\":10}}"},
    {"attributes.size.width != 10",
     "((product.attributes #> $1) is not null and not product.attributes @> $2) | [size,width] | "
     "{\"size\":{\"width\":10}}"},
    {"attributes.width < 10.5",
     "(catalog.attribute_number(product.attributes, $1) < $2) | [width] | 10.5"},
    {"attributes.width > -1",
     "(catalog.attribute_number(product.attributes, $1) > $2 and "
     "catalog.attribute_number(product.attributes, $3) < 'Infinity') | [width] | -1 | [width]"},
    {"attributes.width >= 1E+2",
     "(catalog.attribute_number(product.attributes, $1) >= $2 and "
     "catalog.attribute_number(product.attributes, $3) < 'Infinity') | [width] | 1E+2 | [width]"},
    {"attributes.width = \"10\"", "(product.attributes @> $1) | {\"width\":\"10\"}"},
    {"attributes.ok = true", "(product.attributes @> $1) | {\"ok\":true}"},
    {"attributes.ok != false", "((product.attributes #> $1) is not null and not product.attributes "
                               "@> $2) | [ok] | {\"ok\":false}"},
    {"attributes.gone = null", "(product.attributes @> $1) | {\"gone\":null}"},
    {"attributes.color < \"m\"",
     "((catalog.attribute_text(product.attributes, $1) collate \"C\") < $2 and "
     "jsonb_typeof(product.attributes #> $3) = 'string') | [color] | 'm' | [color]"},
    {"attributes.color >= \"m\"",
     "((catalog.attribute_text(product.attributes, $1) collate \"C\") >= $2 and "
     "jsonb_typeof(product.attributes #> $3) = 'string') | [color] | 'm' | [color]"},
    {"attributes.color = \"re*\"", "(jsonb_typeof(product.attributes #> $1) = 'string' and "
                                   "(catalog.attribute_text(product.attributes, $2) collate \"C\") "
                                   "like $3) | [color] | [color] | 're%'"},
    {"attributes.color != \"*d\"", "(jsonb_typeof(product.attributes #> $1) = 'string' and "
                                   "(catalog.attribute_text(product.attributes, $2) collate \"C\") "
                                   "not like $3) | [color] | [color] | '%d'"},
    {"attributes.color:*", "((product.attributes #> $1) is not null) | [color]"},
    {"attributes.colors : \"red\"", "(product.attributes @> $1 or product.attributes @> $2) | "
                                    "{\"colors\":\"red\"} | {\"colors\":[\"red\"]}"},
    {"attributes.sizes : 10",
     "(product.attributes @> $1 or product.attributes @> $2) | {\"sizes\":10} | {\"sizes\":[10]}"},
    {"attributes:color", "(product.attributes ? $1) | 'color'"},
    {"attributes:*", "(product.attributes <> '{}')"},
    {"attributes.\"a key\".'it\\'s' = \"x\\\"\\\\\\n\"",
     "(product.attributes @> $1) | {\"a key\":{\"it's\":\"x\\\"\\\\\\u000a\"}}"},
    {"attributes.clé = \"café\"", "(product.attributes @> $1) | {\"clé\":\"café\"}"},
    {"attributes.AND = 1", "(product.attributes @> $1) | {\"AND\":1}"},
    {"inventory = 0", "(product.inventory = $1) | 0"},
    {"inventory > -9223372036854775808", "(product.inventory > $1) | -9223372036854775808"},
    {"inventory >= 9223372036854775807", "(product.inventory >= $1) | 9223372036854775807"},
    {"inventory:*", "(product.inventory <> 0)"},
    {"allow_backorder = true", "(product.allow_backorder = $1) | true"},
    {"allow_backorder != true", "(product.allow_backorder <> $1) | true"},
    {"allowBackorder:false", "(product.allow_backorder = $1) | false"},
    {"allow_backorder:*", "(product.allow_backorder)"},
    {"state = ACTIVE", "(product.state = $1) | 2"},
    {"state = \"STATE_DRAFT\"", "(product.state = $1) | 1"},
    {"state != ARCHIVED", "(product.state <> $1) | 3"},
    {"state:*", "(true)"},
    {"create_time > \"2026-01-31T09:30:00Z\"", "(product.create_time > $1) | 1769851800000000us"},
    {"create_time > 2026-01-31T09:30:00.123456+02:00",
     "(product.create_time > $1) | 1769844600123456us"},
    {"update_time <= \"1969-12-31T23:59:59.999999Z\"", "(product.update_time <= $1) | -1us"},
    {"createTime != \"2024-02-29T00:00:00.100000000-00:30\"",
     "(product.create_time <> $1) | 1709166600100000us"},
    {"delete_time:*", "(product.delete_time is not null)"},
    {"purge_time < \"9999-12-31T23:59:59z\"", "(product.purge_time < $1) | 253402300799000000us"},
    {"name = \"products/42\"", "(product.id = $1) | 42"},
    {"name != \"products/42\"", "(product.id <> $1) | 42"},
    {"name:products/42", "(product.id = $1) | 42"},
    {"name:*", "(true)"},
    {"", "true"},
    {"", "true"},
    {"NOT title = \"a\"", "(((product.title collate \"C\") = $1) is not true) | 'a'"},
    {"-title = \"a\"", "(((product.title collate \"C\") = $1) is not true) | 'a'"},
    {"- title = \"a\"", "(((product.title collate \"C\") = $1) is not true) | 'a'"},
    {"NOT (title = \"a\" OR price < 5)",
     "((((product.title collate \"C\") = $1) or (coalesce(product.price_amount, "
     "'Infinity'::numeric) < $2)) is not true) | 'a' | 5"},
    {"title = a OR title = b AND price < 5",
     "((((product.title collate \"C\") = $1) or ((product.title collate \"C\") = $2)) and "
     "(coalesce(product.price_amount, 'Infinity'::numeric) < $3)) | 'a' | 'b' | 5"},
    {"title = a AND title = b OR title = c AND title = d",
     "(((product.title collate \"C\") = $1) and (((product.title collate \"C\") = $2) or "
     "((product.title collate \"C\") = $3)) and ((product.title collate \"C\") = $4)) | 'a' | 'b' "
     "| 'c' | 'd'"},
    {"title = a title = b",
     "(((product.title collate \"C\") = $1) and ((product.title collate \"C\") = $2)) | 'a' | 'b'"},
    {"title = a -price < 5 OR brand = c",
     "(((product.title collate \"C\") = $1) and (((coalesce(product.price_amount, "
     "'Infinity'::numeric) < $2) is not true) or ((product.brand collate \"C\") = $3))) | 'a' | 5 "
     "| 'c'"},
    {"(title = a)", "((product.title collate \"C\") = $1) | 'a'"},
    {"((title = a AND (brand = b)) OR NOT(brand = c))",
     "((((product.title collate \"C\") = $1) and ((product.brand collate \"C\") = $2)) or "
     "(((product.brand collate \"C\") = $3) is not true)) | 'a' | 'b' | 'c'"},
    {"title=\"a\"AND(brand=\"b\")",
     "(((product.title collate \"C\") = $1) and ((product.brand collate \"C\") = $2)) | 'a' | 'b'"},
    {NULL, NULL},
};

const struct filter_row category_filter_rows[] = {
    {"parent = \"categories/7\"", "(category.parent_id = $1) | 7"},
    {"parent : \"categories/7\"",
     "(category.parent_id in (select below.id from catalog.category as below where below.id = $1 "
     "or below.ancestor_ids @> array[$1])) | 7"},
    {"parent = \"\"", "(category.parent_id is null)"},
    {"ancestors : \"categories/1\"", "(category.ancestor_ids @> $1) | [1]"},
    {"path = \"Home > *\"", "((category.path collate \"C\") like $1) | 'Home > %'"},
    {"depth <= 2", "(cardinality(category.ancestor_ids) <= $1) | 2"},
    {"position = -1", "(category.position = $1) | -1"},
    {"product_count > 0",
     "((select coalesce(sum(tally.amount), 0)::bigint from catalog.product_tally as tally  where "
     "tally.category_id = category.id) > $1) | 0"},
    {"name = \"categories/1\"", "(category.id = $1) | 1"},
    {NULL, NULL},
};

const struct filter_row variant_filter_rows[] = {
    {"name = \"products/7/variants/9\"", "(variant.id = $1 and variant.product_id = $2) | 9 | 7"},
    {"name != \"products/7/variants/9\"", "(variant.id <> $1 or variant.product_id <> $2) | 9 | 7"},
    {"name = \"products/7\"", "filter: at character 8: \"name\" is compared with a name like "
                              "\"products/42/variants/42\", not "
                              "\"products/7\""},
    {"name = \"products/7/images/9\"", "filter: at character 8: \"name\" is compared with a name "
                                       "like \"products/42/variants/42\", not "
                                       "\"products/7/images/9\""},
    {"sku = \"A-1\"", "((variant.sku collate \"C\") = $1) | 'A-1'"},
    {"effectivePrice < 5",
     "(coalesce(coalesce(variant.price_amount, parent_amount), 'Infinity'::numeric) < $1) | 5"},
    {"effective_price.units = 5",
     "(trunc(coalesce(variant.price_amount, parent_amount)) = $1) | 5"},
    {"price.currency_code = \"USD\"", "(coalesce(variant.price_currency, '') = $1) | 'USD'"},
    {"slug = a",
     "filter: at character 1: a variant has no field to filter by that is called \"slug\""},
    {NULL, NULL},
};

const struct filter_row refused_filter_rows[] = {
    {"chair", "filter: at character 1: \"chair\" is not compared with anything; to look for words, "
              "use products:search"},
    {"\"oak chair\"", "filter: at character 1: \"oak chair\" is not compared with anything; to "
                      "look for words, use products:search"},
    {"title = a oak", "filter: at character 11: \"oak\" is not compared with anything; to look for "
                      "words, use products:search"},
    {"title = a AND", "filter: at character 14: a field is expected"},
    {"title = a OR", "filter: at character 13: a field is expected"},
    {"AND title = a", "filter: at character 1: a comparison is expected"},
    {"title = a AND OR title = b", "filter: at character 15: a comparison is expected"},
    {"OR title = a", "filter: at character 1: a comparison is expected"},
    {"NOT", "filter: at character 4: a field is expected"},
    {"-", "filter: at character 2: a field is expected"},
    {"NOT NOT title = a", "filter: at character 5: a comparison is expected"},
    {"title", "filter: at character 1: \"title\" is not compared with anything; to look for words, "
              "use products:search"},
    {"title =", "filter: at character 8: a value is expected"},
    {"title = =", "filter: at character 9: a value is expected"},
    {"title = )", "filter: at character 9: a value is expected"},
    {"title = (a OR b)",
     "filter: at character 9: write a comparison for each value, and OR or AND between them"},
    {"= 5", "filter: at character 1: a field is expected"},
    {"(title = a", "filter: at character 1: the parenthesis is not closed"},
    {"((title = a)", "filter: at character 1: the parenthesis is not closed"},
    {"title = a)", "filter: at character 10: a parenthesis is closed that was not opened"},
    {"()", "filter: at character 2: a field is expected"},
    {"title = \"a", "filter: at character 9: the string does not end"},
    {"title = 'a\"", "filter: at character 9: the string does not end"},
    {"title = \"a\\", "filter: at character 11: a backslash stands before one of \\ \" ' * n r t"},
    {"title = \"\\q\"",
     "filter: at character 10: a backslash stands before one of \\ \" ' * n r t"},
    {"title = \"\\u0041\"",
     "filter: at character 10: a backslash stands before one of \\ \" ' * n r t"},
    {"title ! a", "filter: at character 7: \"!\" is only part of \"!=\"; write NOT"},
    {"title !a", "filter: at character 7: \"!\" is only part of \"!=\"; write NOT"},
    {"title == a", "filter: at character 8: a value is expected"},
    {"title => a", "filter: at character 8: a value is expected"},
    {"title <> a", "filter: at character 8: a value is expected"},
    {"title, brand = a", "filter: at character 1: \"title\" is not compared with anything; to look "
                         "for words, use products:search"},
    {"title = a, brand = b", "filter: at character 10: a field is expected"},
    {"title. = a", "filter: at character 8: a name is expected behind the dot"},
    {".title = a", "filter: at character 1: a field is expected"},
    {"title..x = a", "filter: at character 7: a name is expected behind the dot"},
    {"title.x = a",
     "filter: at character 1: a product has no field to filter by that is called \"title.x\""},
    {"title.5 = a",
     "filter: at character 1: a product has no field to filter by that is called \"title.5\""},
    {"price.cents = 5",
     "filter: at character 1: a product has no field to filter by that is called \"price.cents\""},
    {"price.units.x = 5", "filter: at character 1: a product has no field to filter by that is "
                          "called \"price.units.x\""},
    {"colour = \"red\"",
     "filter: at character 1: a product has no field to filter by that is called \"colour\""},
    {"Title = \"a\"",
     "filter: at character 1: a product has no field to filter by that is called \"Title\""},
    {"TITLE = \"a\"",
     "filter: at character 1: a product has no field to filter by that is called \"TITLE\""},
    {"etag = \"x\"",
     "filter: at character 1: a product has no field to filter by that is called \"etag\""},
    {"1 = 1", "filter: at character 1: a product has no field to filter by that is called \"1\""},
    {"lower(title) = \"a\"", "filter: at character 1: there are no functions"},
    {"title = lower(a)", "filter: at character 9: there are no functions"},
    {"price < \"500\"", "filter: at character 9: \"price\" is compared with a number, not \"500\""},
    {"price < cheap", "filter: at character 9: \"price\" is compared with a number, not \"cheap\""},
    {"price < 1,5", "filter: at character 10: a field is expected"},
    {"price < 05", "filter: at character 9: \"price\" is compared with a number, not \"05\""},
    {"price < .5", "filter: at character 9: \"price\" is compared with a number, not \".5\""},
    {"price < 5.", "filter: at character 9: \"price\" is compared with a number, not \"5.\""},
    {"price < +5", "filter: at character 9: \"price\" is compared with a number, not \"+5\""},
    {"price < 1e1000",
     "filter: at character 9: \"price\" is compared with a number, not \"1e1000\""},
    {"price < 1e", "filter: at character 9: \"price\" is compared with a number, not \"1e\""},
    {"price < NaN", "filter: at character 9: \"price\" is compared with a number, not \"NaN\""},
    {"price < Infinity",
     "filter: at character 9: \"price\" is compared with a number, not \"Infinity\""},
    {"price < 0x10", "filter: at character 9: \"price\" is compared with a number, not \"0x10\""},
    {"price < --5", "filter: at character 9: \"price\" is compared with a number, not \"--5\""},
    {"inventory = 1.5",
     "filter: at character 13: \"inventory\" is compared with a whole number, not \"1.5\""},
    {"inventory = 1e3",
     "filter: at character 13: \"inventory\" is compared with a whole number, not \"1e3\""},
    {"inventory = 9223372036854775808", "filter: at character 13: \"inventory\" is compared with a "
                                        "whole number, not \"9223372036854775808\""},
    {"inventory = many",
     "filter: at character 13: \"inventory\" is compared with a whole number, not \"many\""},
    {"state = SOLD", "filter: at character 9: \"state\" is compared with one of STATE_DRAFT "
                     "STATE_ACTIVE STATE_ARCHIVED, not \"SOLD\""},
    {"state = 2", "filter: at character 9: \"state\" is compared with one of STATE_DRAFT "
                  "STATE_ACTIVE STATE_ARCHIVED, not \"2\""},
    {"state = active", "filter: at character 9: \"state\" is compared with one of STATE_DRAFT "
                       "STATE_ACTIVE STATE_ARCHIVED, not \"active\""},
    {"state < ACTIVE", "filter: at character 1: \"state\" does not take \"<\", only =, != and :"},
    {"allow_backorder = yes",
     "filter: at character 19: \"allow_backorder\" is compared with true or false, not \"yes\""},
    {"allow_backorder = \"true\"",
     "filter: at character 19: \"allow_backorder\" is compared with true or false, not \"true\""},
    {"allow_backorder = TRUE",
     "filter: at character 19: \"allow_backorder\" is compared with true or false, not \"TRUE\""},
    {"allow_backorder > false",
     "filter: at character 1: \"allow_backorder\" does not take \">\", only =, != and :"},
    {"create_time > \"yesterday\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"yesterday\""},
    {"create_time > \"2026-01-31\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31\""},
    {"create_time > \"2026-02-29T00:00:00Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-02-29T00:00:00Z\""},
    {"create_time > \"2026-13-01T00:00:00Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-13-01T00:00:00Z\""},
    {"create_time > \"2026-01-31T24:00:00Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T24:00:00Z\""},
    {"create_time > \"2026-01-31T09:30:60Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:60Z\""},
    {"create_time > \"2026-01-31T09:30:00\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:00\""},
    {"create_time > \"2026-01-31T09:30:00Zx\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:00Zx\""},
    {"create_time > \"2026-01-31T09:30:00.1234567Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:00.1234567Z\""},
    {"create_time > \"2026-01-31T09:30:00.Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:00.Z\""},
    {"create_time > \"2026-01-31T09:30:00+24:00\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"2026-01-31T09:30:00+24:00\""},
    {"create_time > \"0000-01-01T00:00:00Z\"",
     "filter: at character 15: \"create_time\" is compared with a time as of RFC 3339, like "
     "\"2026-01-31T09:30:00Z\", to the microsecond, not \"0000-01-01T00:00:00Z\""},
    {"create_time > 5", "filter: at character 15: \"create_time\" is compared with a time as of "
                        "RFC 3339, like \"2026-01-31T09:30:00Z\", to the microsecond, not \"5\""},
    {"category = \"products/7\"", "filter: at character 12: \"category\" is compared with a name "
                                  "like \"categories/42\", not \"products/7\""},
    {"category = \"categories/\"", "filter: at character 12: \"category\" is compared with a name "
                                   "like \"categories/42\", not \"categories/\""},
    {"category = \"categories/07\"", "filter: at character 12: \"category\" is compared with a "
                                     "name like \"categories/42\", not \"categories/07\""},
    {"category = \"categories/9223372036854775808\"",
     "filter: at character 12: \"category\" is compared with a name like \"categories/42\", not "
     "\"categories/9223372036854775808\""},
    {"category = \"categories/7/x\"", "filter: at character 12: \"category\" is compared with a "
                                      "name like \"categories/42\", not \"categories/7/x\""},
    {"category = \"categories/*\"", "filter: at character 12: \"category\" is compared with a name "
                                    "like \"categories/42\", not \"categories/*\""},
    {"category < \"categories/7\"",
     "filter: at character 1: \"category\" does not take \"<\", only =, != and :"},
    {"category : \"x\"", "filter: at character 12: \"category\" is compared with a name like "
                         "\"categories/42\", not \"x\""},
    {"name = \"42\"",
     "filter: at character 8: \"name\" is compared with a name like \"products/42\", not \"42\""},
    {"name > \"products/1\"",
     "filter: at character 1: \"name\" does not take \">\", only =, != and :"},
    {"additional_categories = \"categories/7\"",
     "filter: at character 1: \"additional_categories\" does not take \"=\", only \":\", which "
     "asks whether it is in the list"},
    {"additional_categories : 7", "filter: at character 25: \"additional_categories\" is compared "
                                  "with a name like \"categories/42\", not \"7\""},
    {"tags = \"oak\"", "filter: at character 1: \"tags\" does not take \"=\", only \":\", which "
                       "asks whether it is in the list"},
    {"tags > \"oak\"", "filter: at character 1: \"tags\" does not take \">\", only \":\", which "
                       "asks whether it is in the list"},
    {"attributes = \"x\"", "filter: at character 1: say which key, as in attributes.color"},
    {"attributes < 5", "filter: at character 1: say which key, as in attributes.color"},
    {"attributes.color < red", "filter: at character 20: \"attributes.color\" is compared with a "
                               "number or a string in quotes, not \"red\""},
    {"attributes.ok > true", "filter: at character 17: \"attributes.ok\" is compared with a number "
                             "or a string in quotes, not \"true\""},
    {"attributes.a.b.c.d.e.f.g.h.i = 1", "filter: at character 28: the path has too many names"},
    {"attributes. = 1", "filter: at character 13: a name is expected behind the dot"},
    {"title = a and brand = b", "filter: at character 11: write AND, OR and NOT in capitals"},
    {"title = a or brand = b", "filter: at character 11: write AND, OR and NOT in capitals"},
    {"not title = a", "filter: at character 1: write AND, OR and NOT in capitals"},
    {"naïve é = \"x\"", "filter: at character 1: \"naïve\" is not compared with anything; to look "
                        "for words, use products:search"},
    {"title = \"é\" AND colour = \"é\"",
     "filter: at character 17: a product has no field to filter by that is called \"colour\""},
    {NULL, NULL},
};
