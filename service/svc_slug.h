/* Slugs: the readable part of a URL. */
#ifndef SVC_SLUG_H
#define SVC_SLUG_H

#include <stdbool.h>
#include <stddef.h>

#include "nx_arena.h"
#include "nx_str.h"

/* Whether the text is one or more of [-a-zA-Z0-9_], and at most max_length. */
bool svc_slug_valid(struct nx_str slug, size_t max_length);

/* A slug made of a title: lower-case letters and digits, all else a single '-'. Latin letters lose
 * their accents ("Björksnäs" -> "bjorksnas"); a title without any Latin letter or digit gives the
 * fallback. Valid for svc_slug_valid(). NULL ptr: the arena is full. */
struct nx_str svc_slug_from_title(struct nx_arena *arena, struct nx_str title, size_t max_length,
                                  const char *fallback);

#endif
