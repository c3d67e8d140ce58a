/* C names for protobuf names: protobuf-c's own for messages, ours for services. */
#ifndef GEN_NAME_H
#define GEN_NAME_H

#include "nx_arena.h"

/* "Nexus__Catalog__V1__Product" for "nexus.catalog.v1.Product" (a leading dot is allowed): the
 * type that protobuf-c's compiler makes, with a '_' behind it where that is taken, see gen_claim.h.
 * NULL: out of memory; so for all below. */
char *gen_name_type(struct nx_arena *arena, const char *full_name);

/* "nexus__catalog__v1__product__descriptor": the descriptor that protobuf-c's compiler makes. */
char *gen_name_descriptor(struct nx_arena *arena, const char *full_name);

/* "nexus__catalog__v1__product" and "NEXUS__CATALOG__V1__PRODUCT" with a suffix: what the names of
 * its functions and constants begin with. */
char *gen_name_lower(struct nx_arena *arena, const char *full_name, const char *suffix);
char *gen_name_upper(struct nx_arena *arena, const char *full_name, const char *suffix);

/* "nexus_catalog_v1_catalog_service" for "nexus.catalog.v1.CatalogService". */
char *gen_name_symbol(struct nx_arena *arena, const char *full_name);

/* "get_product" for "GetProduct": a method as the member of its server's struct. */
char *gen_name_member(struct nx_arena *arena, const char *name);

/* "displayname" for "displayName": a field as the member of its message's struct. */
char *gen_name_field(struct nx_arena *arena, const char *name);

/* "a_2fb_2dc_2eproto" for "a/b-c.proto": no two files have the same. */
char *gen_name_guard(struct nx_arena *arena, const char *file);

/* "nexus/catalog/v1/catalog" for "nexus/catalog/v1/catalog.proto". */
char *gen_name_base(struct nx_arena *arena, const char *file);

#endif
