#include "svc_token.h"

#include <sodium.h>
#include <string.h>

#define VERSION 2
#define VERSION_BYTES 1
#define LENGTH_BYTES 2
#define SIGNATURE_BYTES 16
#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void sign(const struct svc *svc, struct nx_str listing, const uint8_t *bytes, size_t length,
                 uint8_t ret_signature[SIGNATURE_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, svc->token_key, sizeof svc->token_key, SIGNATURE_BYTES);
    crypto_generichash_update(&state, bytes, length);
    crypto_generichash_update(&state, (const unsigned char *)listing.ptr, listing.len);
    crypto_generichash_final(&state, ret_signature, SIGNATURE_BYTES);
}

nx_status svc_token_make(const struct svc *svc, struct nx_str listing, const struct nx_str *keys,
                         unsigned key_count, struct nx_arena *arena, char **ret_token)
{
    size_t length = VERSION_BYTES;
    for (unsigned i = 0; i < key_count && length <= SVC_TOKEN_MAX_BYTES; i++)
        length += LENGTH_BYTES + keys[i].len;
    if (length + SIGNATURE_BYTES > SVC_TOKEN_MAX_BYTES)
        return nx_fail(arena, NX_FAILED_PRECONDITION,
                       "the values that the list is ordered by are too long to go on behind them");
    size_t size = sodium_base64_ENCODED_LEN(length + SIGNATURE_BYTES, BASE64_VARIANT);
    uint8_t *bytes = nx_arena_alloc(arena, length + SIGNATURE_BYTES);
    char *text = nx_arena_alloc(arena, size);
    if (!bytes || !text)
        return nx_fail_memory();
    uint8_t *to = bytes;
    *to++ = VERSION;
    for (unsigned i = 0; i < key_count; i++) {
        *to++ = (uint8_t)(keys[i].len >> 8);
        *to++ = (uint8_t)keys[i].len;
        if (keys[i].len > 0)
            memcpy(to, keys[i].ptr, keys[i].len);
        to += keys[i].len;
    }
    sign(svc, listing, bytes, length, to);
    sodium_bin2base64(text, size, bytes, length + SIGNATURE_BYTES, BASE64_VARIANT);
    *ret_token = text;
    return NX_STATUS_OK;
}

/* Take the keys apart; false when there are more or fewer. */
static bool read_keys(const uint8_t *at, const uint8_t *end, struct nx_str *ret_keys,
                      unsigned key_count)
{
    for (unsigned i = 0; i < key_count; i++) {
        if (end - at < LENGTH_BYTES)
            return false;
        size_t length = (size_t)at[0] << 8 | at[1];
        at += LENGTH_BYTES;
        if ((size_t)(end - at) < length)
            return false;
        ret_keys[i] = (struct nx_str){(const char *)at, length};
        at += length;
    }
    return at == end;
}

bool svc_token_open(const struct svc *svc, struct nx_str listing, struct nx_str token,
                    struct nx_arena *arena, struct nx_str *ret_keys, unsigned key_count)
{
    uint8_t right[SIGNATURE_BYTES];
    size_t length;
    const char *end;
    if (token.len > sodium_base64_ENCODED_LEN(SVC_TOKEN_MAX_BYTES, BASE64_VARIANT))
        return false;
    uint8_t *bytes = nx_arena_alloc(arena, token.len + 1);
    if (!bytes ||
        sodium_base642bin(bytes, token.len, token.ptr, token.len, NULL, &length, &end,
                          BASE64_VARIANT) != 0 ||
        end != token.ptr + token.len || length < VERSION_BYTES + SIGNATURE_BYTES ||
        bytes[0] != VERSION)
        return false;
    length -= SIGNATURE_BYTES;
    sign(svc, listing, bytes, length, right);
    return sodium_memcmp(bytes + length, right, sizeof right) == 0 &&
           read_keys(bytes + VERSION_BYTES, bytes + length, ret_keys, key_count);
}
