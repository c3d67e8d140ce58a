#include "nexus_descriptors.h"

extern const char nexus_descriptors_begin[];
extern const char nexus_descriptors_end[];

__asm__(".pushsection .rodata\n"
        ".global nexus_descriptors_begin\n"
        "nexus_descriptors_begin:\n"
        ".incbin \"" NEXUS_DESCRIPTOR_SET "\"\n"
        ".global nexus_descriptors_end\n"
        "nexus_descriptors_end:\n"
        ".byte 0\n"
        ".popsection");

struct nx_str nexus_descriptors(void)
{
    return (struct nx_str){nexus_descriptors_begin,
                           (size_t)(nexus_descriptors_end - nexus_descriptors_begin)};
}
