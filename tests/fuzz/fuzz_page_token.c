/* A page token from strangers, and one of ours that is changed: neither may open, unless it is what
 * was made. The first byte says how many keys, the second which byte is changed, and how; the rest
 * is the token, and in turn the keys. */
#include <stdlib.h>
#include <string.h>

#include "svc_token.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define MAX_KEYS 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct svc svc = {.token_key = {'f', 'u', 'z', 'z'}};
static const struct nx_str listing = {"products?fuzz", 13};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* What opens must be what is made of what it gave. */
static void check_strange(struct nx_str token, unsigned count, struct nx_arena *arena)
{
    struct nx_str keys[MAX_KEYS];
    char *again;
    if (!svc_token_open(&svc, listing, token, arena, keys, count))
        return;
    require(svc_token_make(&svc, listing, keys, count, arena, &again).code == NX_OK);
    require(strlen(again) == token.len);
}

static void check_own(struct nx_str bytes, unsigned count, uint8_t change, struct nx_arena *arena)
{
    struct nx_str keys[MAX_KEYS];
    struct nx_str opened[MAX_KEYS];
    char *token;
    size_t each = bytes.len / count;
    for (unsigned i = 0; i < count; i++)
        keys[i] = (struct nx_str){bytes.ptr + i * each, each};
    if (svc_token_make(&svc, listing, keys, count, arena, &token).code != NX_OK)
        return;
    size_t length = strlen(token);
    require(svc_token_open(&svc, listing, nx_str_from(token), arena, opened, count));
    for (unsigned i = 0; i < count; i++)
        require(nx_str_equal(keys[i], opened[i]));
    require(!svc_token_open(&svc, NX_STR("other"), nx_str_from(token), arena, opened, count));
    token[change % (length - 1)] ^= (char)(1 + change % 127);
    require(!svc_token_open(&svc, listing, (struct nx_str){token, length}, arena, opened, count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = size > 2 ? nx_arena_new(ARENA_BYTES) : NULL;
    if (!arena)
        return 0;
    unsigned count = 1 + data[0] % MAX_KEYS;
    struct nx_str rest = {(const char *)data + 2, size - 2};
    check_strange(rest, count, arena);
    check_own(rest, count, data[1], arena);
    nx_arena_destroy(arena);
    return 0;
}
