#include "nx_utf8.h"

#include <string.h>

/* Skip ASCII, which is most of all text, in words as long as there are. */
static size_t ascii_run(struct nx_str text, size_t offset)
{
    while (text.len - offset >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.ptr + offset, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
        offset += sizeof word;
    }
    while (offset < text.len && !((unsigned char)text.ptr[offset] & 0x80))
        offset++;
    return offset;
}

int32_t nx_utf8_next(struct nx_str text, size_t *ret_offset)
{
    size_t offset = *ret_offset;
    if (offset >= text.len)
        return -1;
    const unsigned char *p = (const unsigned char *)text.ptr + offset;
    size_t left = text.len - offset;
    if (p[0] < 0x80) {
        *ret_offset = offset + 1;
        return p[0];
    }
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < size)
        return -1;
    int32_t code = p[0] & (0x7F >> size);
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        code = code << 6 | (p[i] & 0x3F);
    }
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return -1;
    *ret_offset = offset + size;
    return code;
}

bool nx_utf8_valid(struct nx_str text)
{
    size_t offset = ascii_run(text, 0);
    while (offset < text.len) {
        if (nx_utf8_next(text, &offset) < 0)
            return false;
        offset = ascii_run(text, offset);
    }
    return true;
}

size_t nx_utf8_length(struct nx_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

size_t nx_utf8_encode(char ret_bytes[4], uint32_t code_point)
{
    if (code_point < 0x80) {
        ret_bytes[0] = (char)code_point;
        return 1;
    }
    size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    ret_bytes[0] = (char)(lead[size] | code_point);
    return size;
}
