/* Any bytes as a spec file: an error or a spec whose every path can be taken apart again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "oas_spec.h"
#include "oas_template.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    if (!arena)
        return 0;
    struct oas_spec *spec;
    nx_status status =
        oas_spec_parse((struct nx_str){(const char *)data, size}, "fuzz.yaml", arena, &spec);
    if (status.code == NX_OK) {
        for (size_t i = 0; i < spec->rule_count; i++) {
            struct oas_template template;
            nx_arena_reset(arena);
            if (spec->rules[i].line == 0 ||
                oas_template_parse(spec->rules[i].path, arena, &template).code != NX_OK)
                abort();
        }
        oas_spec_destroy(spec);
    }
    nx_arena_destroy(arena);
    return 0;
}
