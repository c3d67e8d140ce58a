/* All that is served, the contract with health and reflection, as one serialized
 * google.protobuf.FileDescriptorSet, with imports and comments, carried in the binary. */
#ifndef NEXUS_DESCRIPTORS_H
#define NEXUS_DESCRIPTORS_H

#include "nx_str.h"

/* Valid forever. */
struct nx_str nexus_descriptors(void);

#endif
