/* The messages that the conformance suite may ask for, and those that an Any of it may hold. */
#ifndef CONF_TYPES_H
#define CONF_TYPES_H

#include "pbj.h"

/* A pbj_resolve: the message of a full name, among those that are linked in. The context is not
 * used. */
const ProtobufCMessageDescriptor *conf_types_find(void *context, struct nx_str full_name);

#endif
