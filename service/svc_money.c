#include "svc_money.h"

#include <string.h>

/* Codes of ISO 4217, by their exponents; each is three letters. */
static const char two_decimals[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP "
    "LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR "
    "NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR "
    "ZMW ZWG";
static const char no_decimals[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF "
                                  "XPF";
static const char three_decimals[] = "BHD IQD JOD KWD LYD OMR TND";
static const char four_decimals[] = "CLF UYW";

static const struct {
    const char *codes;
    int exponent;
} lists[] = {{two_decimals, 2}, {no_decimals, 0}, {three_decimals, 3}, {four_decimals, 4}};

bool svc_money_exponent(const char *currency_code, int *ret_exponent)
{
    if (strlen(currency_code) != 3 || strchr(currency_code, ' '))
        return false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strstr(lists[i].codes, currency_code)) {
            *ret_exponent = lists[i].exponent;
            return true;
        }
    }
    return false;
}
