/* C names for protobuf names: protobuf-c's own for messages, ours for services. */
#ifndef GEN_NAME_H
#define GEN_NAME_H

#include "nx_arena.h"

/* "Nexus__Catalog__V1__Product" for "nexus.catalog.v1.Product" (a leading dot is allowed): the
 * type that protobuf-c's compiler makes. NULL: out of memory; so for all below. */
char *gen_name_type(struct nx_arena *arena, const char *full_name);

/* "nexus__catalog__v1__product__descriptor": the descriptor that protobuf-c's compiler makes. */
char *gen_name_descriptor(struct nx_arena *arena, const char *full_name);

/* "nexus_catalog_v1_catalog_service" for "nexus.catalog.v1.CatalogService". */
char *gen_name_symbol(struct nx_arena *arena, const char *full_name);

/* "get_product" for "GetProduct"; with a '_' behind it where C or its headers claim the word. */
char *gen_name_member(struct nx_arena *arena, const char *name);

/* "NEXUS_CATALOG_V1_CATALOG_PROTO" for "nexus/catalog/v1/catalog.proto". */
char *gen_name_guard(struct nx_arena *arena, const char *file);

/* "nexus/catalog/v1/catalog" for "nexus/catalog/v1/catalog.proto". */
char *gen_name_base(struct nx_arena *arena, const char *file);

#endif
