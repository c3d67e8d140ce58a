#include "svc_token.h"

#include <sodium.h>
#include <string.h>

#define SIGNATURE_BYTES 16
#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* What base64url holds. The id is in big endian, so that tokens are the same everywhere. */
struct token {
    uint8_t version;
    uint8_t after_id[8];
    uint8_t signature[SIGNATURE_BYTES];
};

static const uint8_t current_version = 1;

static void sign(const struct svc *svc, const char *listing, struct token *token)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, svc->token_key, sizeof svc->token_key, SIGNATURE_BYTES);
    crypto_generichash_update(&state, &token->version, sizeof token->version);
    crypto_generichash_update(&state, token->after_id, sizeof token->after_id);
    crypto_generichash_update(&state, (const unsigned char *)listing, strlen(listing));
    crypto_generichash_final(&state, token->signature, sizeof token->signature);
}

char *svc_token_make(const struct svc *svc, const char *listing, int64_t after_id,
                     struct nx_arena *arena)
{
    struct token token = {.version = current_version};
    for (unsigned i = 0; i < sizeof token.after_id; i++)
        token.after_id[i] = (uint8_t)((uint64_t)after_id >> (56 - 8 * i));
    sign(svc, listing, &token);
    size_t size = sodium_base64_ENCODED_LEN(sizeof token, BASE64_VARIANT);
    char *text = nx_arena_alloc(arena, size);
    if (text)
        sodium_bin2base64(text, size, (const unsigned char *)&token, sizeof token, BASE64_VARIANT);
    return text;
}

bool svc_token_open(const struct svc *svc, const char *listing, const char *token,
                    int64_t *ret_after_id)
{
    struct token given;
    struct token right;
    size_t len;
    const char *end;
    if (sodium_base642bin((unsigned char *)&given, sizeof given, token, strlen(token), NULL, &len,
                          &end, BASE64_VARIANT) != 0 ||
        len != sizeof given || *end != '\0' || given.version != current_version)
        return false;
    right = given;
    sign(svc, listing, &right);
    if (sodium_memcmp(given.signature, right.signature, sizeof right.signature) != 0)
        return false;
    uint64_t id = 0;
    for (unsigned i = 0; i < sizeof given.after_id; i++)
        id = id << 8 | given.after_id[i];
    *ret_after_id = (int64_t)id;
    return true;
}
