#include "gw_coding.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#define CHUNK_BYTES 16384
#define GZIP (MAX_WBITS + 16)
/* Each takes about a tenth of the time that reading the same from the database takes. */
#define GZIP_LEVEL 4
#define GZIP_MEMORY 8
#define BR_QUALITY 4
#define BR_WINDOW 18
#define ZSTD_LEVEL 3
#define MOST_WINDOW 23 /* bits: 8 MiB, as RFC 8878 recommends */

static const char *const names[GW_CODING_COUNT] = {
    [GW_GZIP] = "gzip", [GW_BR] = "br", [GW_ZSTD] = "zstd"};

const char *gw_coding_name(enum gw_coding coding)
{
    return names[coding];
}

/* --- Headers --- */

static bool is_word(struct nx_str word, const char *name)
{
    return word.len == strlen(name) && strncasecmp(word.ptr, name, word.len) == 0;
}

static bool find(struct nx_str word, enum gw_coding *ret_coding)
{
    *ret_coding = GW_IDENTITY;
    if (is_word(word, "identity"))
        return true;
    if (is_word(word, "x-gzip")) /* an old name of it */
        word = NX_STR("gzip");
    for (int i = GW_GZIP; i < GW_CODING_COUNT; i++) {
        if (is_word(word, names[i])) {
            *ret_coding = (enum gw_coding)i;
            return true;
        }
    }
    return false;
}

bool gw_coding_parse(const char *header, enum gw_coding *ret_coding)
{
    *ret_coding = GW_IDENTITY;
    if (!header)
        return true;
    header += strspn(header, " \t");
    size_t len = strcspn(header, " \t,");
    return header[len + strspn(header + len, " \t")] == '\0' &&
           find((struct nx_str){header, len}, ret_coding);
}

/* A weight, "0.5", in thousandths. What is none is 0. */
static unsigned read_weight(const char *text)
{
    unsigned weight = 0;
    unsigned scale = 1000;
    for (const char *at = text; (*at >= '0' && *at <= '9') || *at == '.'; at++) {
        if (*at == '.')
            continue;
        weight += (unsigned)(*at - '0') * scale;
        scale /= 10;
    }
    return weight < 1000 ? weight : 1000;
}

/* The weight of an item, whose parameters are behind its name: "br;q=0.5". Goes to its end. */
static unsigned take_weight(const char **at)
{
    const char *end = *at + strcspn(*at, ",");
    const char *parameter = *at + strspn(*at, " \t");
    *at = end;
    if (parameter >= end)
        return 1000;
    parameter += 1 + strspn(parameter + 1, " \t"); /* behind ";" */
    return strncasecmp(parameter, "q=", 2) == 0 ? read_weight(parameter + 2) : 0;
}

enum gw_coding gw_coding_choose(const char *header)
{
    int weights[GW_CODING_COUNT] = {-1, -1, -1, -1}; /* not said */
    int others = -1;
    for (const char *at = header ? header : ""; *at;) {
        at += strspn(at, " \t,");
        struct nx_str word = {at, strcspn(at, " \t,;")};
        enum gw_coding coding;
        at += word.len;
        int weight = (int)take_weight(&at);
        if (is_word(word, "*"))
            others = weight;
        else if (find(word, &coding))
            weights[coding] = weight;
    }
    enum gw_coding best = GW_IDENTITY;
    int most = weights[GW_IDENTITY] > 0 ? weights[GW_IDENTITY] - 1 : 0;
    for (int i = GW_GZIP; i < GW_CODING_COUNT; i++) {
        int weight = weights[i] >= 0 ? weights[i] : others;
        if (weight > 0 && weight >= most) {
            best = (enum gw_coding)i;
            most = weight;
        }
    }
    return best;
}

/* --- Coding --- */

static bool encode_gzip(struct nx_str text, struct nx_buf *out)
{
    z_stream stream = {.zalloc = NULL};
    if (text.len > UINT32_MAX || deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP, GZIP_MEMORY,
                                              Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t most = deflateBound(&stream, text.len);
    unsigned char *at = (unsigned char *)nx_buf_reserve(out, most);
    int result = Z_MEM_ERROR;
    if (at) {
        stream.next_in = (unsigned char *)(uintptr_t)text.ptr;
        stream.avail_in = (uInt)text.len;
        stream.next_out = at;
        stream.avail_out = (uInt)most;
        result = deflate(&stream, Z_FINISH);
        out->len += most - stream.avail_out;
    }
    deflateEnd(&stream);
    return result == Z_STREAM_END;
}

static bool encode_br(struct nx_str text, struct nx_buf *out)
{
    size_t len = BrotliEncoderMaxCompressedSize(text.len);
    uint8_t *at = len > 0 ? (uint8_t *)nx_buf_reserve(out, len) : NULL;
    if (!at || !BrotliEncoderCompress(BR_QUALITY, BR_WINDOW, BROTLI_MODE_TEXT, text.len,
                                      (const uint8_t *)text.ptr, &len, at))
        return false;
    out->len += len;
    return true;
}

static bool encode_zstd(struct nx_str text, struct nx_buf *out)
{
    size_t most = ZSTD_compressBound(text.len);
    char *at = nx_buf_reserve(out, most);
    size_t len = at ? ZSTD_compress(at, most, text.ptr, text.len, ZSTD_LEVEL) : 0;
    if (!at || ZSTD_isError(len))
        return false;
    out->len += len;
    return true;
}

bool gw_coding_encode(enum gw_coding coding, struct nx_str text, struct nx_buf *out)
{
    static bool (*const encode[GW_CODING_COUNT])(struct nx_str, struct nx_buf *) = {
        [GW_GZIP] = encode_gzip, [GW_BR] = encode_br, [GW_ZSTD] = encode_zstd};
    return encode[coding] && encode[coding](text, out);
}

/* --- Decoding --- */

/* What has come out; GW_DECODED: there is room for it, go on. */
static enum gw_decoded keep(struct nx_buf *out, const void *chunk, size_t len)
{
    if (len > out->max_bytes - out->len)
        return GW_DECODE_TOO_LARGE;
    nx_buf_append(out, chunk, len);
    return out->failed ? GW_DECODE_NO_MEMORY : GW_DECODED;
}

static enum gw_decoded decode_gzip(struct nx_str coded, struct nx_buf *out)
{
    unsigned char chunk[CHUNK_BYTES];
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)coded.ptr,
                       .avail_in = (uInt)coded.len};
    if (coded.len > UINT32_MAX || inflateInit2(&stream, GZIP) != Z_OK)
        return GW_DECODE_NO_MEMORY;
    enum gw_decoded outcome = GW_DECODED;
    int result = Z_OK;
    while (outcome == GW_DECODED && result == Z_OK) {
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        result = inflate(&stream, Z_NO_FLUSH);
        outcome = keep(out, chunk, sizeof chunk - stream.avail_out);
    }
    bool is_whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return GW_DECODE_NO_MEMORY;
    return outcome == GW_DECODED && !is_whole ? GW_DECODE_MALFORMED : outcome;
}

static enum gw_decoded decode_br(struct nx_str coded, struct nx_buf *out)
{
    uint8_t chunk[CHUNK_BYTES];
    const uint8_t *in = (const uint8_t *)coded.ptr;
    size_t left = coded.len;
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (!state)
        return GW_DECODE_NO_MEMORY;
    enum gw_decoded outcome = GW_DECODED;
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    while (outcome == GW_DECODED && result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        uint8_t *at = chunk;
        size_t room = sizeof chunk;
        result = BrotliDecoderDecompressStream(state, &left, &in, &room, &at, NULL);
        outcome = keep(out, chunk, sizeof chunk - room);
    }
    BrotliDecoderDestroyInstance(state);
    bool is_whole = result == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
    return outcome == GW_DECODED && !is_whole ? GW_DECODE_MALFORMED : outcome;
}

static enum gw_decoded decode_zstd(struct nx_str coded, struct nx_buf *out)
{
    char chunk[CHUNK_BYTES];
    ZSTD_inBuffer in = {coded.ptr, coded.len, 0};
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return GW_DECODE_NO_MEMORY;
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, MOST_WINDOW);
    enum gw_decoded outcome = GW_DECODED;
    size_t result = 1; /* 0: a frame is over */
    bool is_stuck = false;
    while (outcome == GW_DECODED && result != 0 && !ZSTD_isError(result) && !is_stuck) {
        ZSTD_outBuffer made = {chunk, sizeof chunk, 0};
        size_t before = in.pos;
        result = ZSTD_decompressStream(context, &made, &in);
        is_stuck = in.pos == before && made.pos == 0;
        if (!ZSTD_isError(result))
            outcome = keep(out, chunk, made.pos);
    }
    ZSTD_freeDCtx(context);
    bool is_whole = result == 0 && in.pos == in.size;
    return outcome == GW_DECODED && !is_whole ? GW_DECODE_MALFORMED : outcome;
}

enum gw_decoded gw_coding_decode(enum gw_coding coding, struct nx_str coded, struct nx_buf *out)
{
    static enum gw_decoded (*const decode[GW_CODING_COUNT])(struct nx_str, struct nx_buf *) = {
        [GW_GZIP] = decode_gzip, [GW_BR] = decode_br, [GW_ZSTD] = decode_zstd};
    if (coded.len == 0)
        return GW_DECODE_MALFORMED;
    return decode[coding] ? decode[coding](coded, out) : keep(out, coded.ptr, coded.len);
}
