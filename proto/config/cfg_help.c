#include <ctype.h>
#include <string.h>

#include "cfg_load.h"

static void print_upper(const char *text, FILE *out)
{
    for (; *text; text++)
        putc(toupper((unsigned char)*text), out);
}

/* A key a paragraph: the names are too long for columns beside their meaning. */
static void print_key(const struct cfg_key *key, FILE *out)
{
    fprintf(out, "  %s.%s", key->section, key->key);
    if (key->fallback && *key->fallback)
        fprintf(out, " (default %s)", key->fallback);
    fputs("\n      NEXUS_", out);
    print_upper(key->section, out);
    putc('_', out);
    print_upper(key->key, out);
    if (key->help)
        fprintf(out, ": %s", key->help);
    putc('\n', out);
}

void cfg_print_help(const struct cfg_key *keys, size_t count, FILE *out)
{
    fputs(
        "Configuration: \"section: {key: value}\" in a YAML file, each key overridable by its\n"
        "environment variable, or by <variable>_FILE, which names a file that holds the value.\n\n",
        out);
    for (size_t i = 0; i < count; i++)
        print_key(&keys[i], out);
}
