/* Money: which currencies there are, and how fine each is. */
#ifndef SVC_MONEY_H
#define SVC_MONEY_H

#include <stdbool.h>

/* The number of decimals of a currency's smallest unit (ISO 4217, list one): 0 for JPY, 2 for SAR,
 * 3 for KWD. False when it is not a currency in use. */
bool svc_money_exponent(const char *currency_code, int *ret_exponent);

#endif
