#include "gen_place.h"

#include <string.h>

struct gen_place gen_place_below(struct gen_place place, enum gen_place_step step, size_t index)
{
    if (place.depth + 2 <= GEN_PLACE_MAX) {
        place.path[place.depth++] = (int32_t)step;
        place.path[place.depth++] = (int32_t)index;
    }
    return place;
}

struct gen_place gen_place_top(enum gen_place_step step, size_t index)
{
    return gen_place_below((struct gen_place){.depth = 0}, step, index);
}

int gen_place_line(const Google__Protobuf__FileDescriptorProto *file, const struct gen_place *place)
{
    size_t count = file->source_code_info ? file->source_code_info->n_location : 0;
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *at = file->source_code_info->location[i];
        if (at->n_path == place->depth && at->n_span > 0 && at->span[0] >= 0 &&
            at->span[0] < INT32_MAX &&
            memcmp(at->path, place->path, place->depth * sizeof *at->path) == 0)
            return at->span[0] + 1;
    }
    return 1;
}
