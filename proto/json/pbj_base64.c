#include "pbj_internal.h"

size_t pbj_base64_room(size_t text_len)
{
    return text_len / 4 * 3 + 3;
}

/* The six bits of a letter of either alphabet (RFC 4648 §4, §5), or -1. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool pbj_base64_decode(struct nx_str text, uint8_t *to, size_t *ret_len)
{
    size_t letters = text.len;
    while (letters > 0 && text.len - letters < 2 && text.ptr[letters - 1] == '=')
        letters--;
    bool padded = letters < text.len;
    if (letters % 4 == 1 || (padded && text.len % 4 != 0))
        return false;
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < letters; i++) {
        int value = sextet(text.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        /* The 2nd, 3rd and 4th letter of a group complete a byte, and 4, 2 or 0 bits are left. */
        if (i % 4 != 0)
            to[len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    *ret_len = len;
    return true;
}

void pbj_base64_write(struct nx_buf *buf, const uint8_t *bytes, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (len > SIZE_MAX / 2) {
        buf->failed = true;
        return;
    }
    char *to = nx_buf_reserve(buf, (len + 2) / 3 * 4);
    if (!to)
        return;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (have > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            bits |= bytes[i + 2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = have > 1 ? alphabet[bits >> 6 & 63] : '=';
        *to++ = have > 2 ? alphabet[bits & 63] : '=';
    }
    buf->len += (len + 2) / 3 * 4;
}
