#include "wire_tls.h"

#include "nx_clock.h"
#include "nx_log.h"
#include "wire_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_security.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define PEMS_ARENA_BYTES (4 * MAX_FILE_BYTES)
#define LOOK_AGAIN_NS INT64_C(1000000000)

/* The names of the files; NULL where there is none. */
struct names {
    const char *cert;
    const char *key;
    const char *ca;
};

/* Their contents. */
struct pems {
    struct nx_arena *arena;
    char *cert;
    char *key;
    char *ca;
};

/* What tells one version of a file from another. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* One of the core's credentials, and the version of the files that it has. */
struct fetcher {
    struct wire_tls *tls;
    unsigned version;
    struct fetcher *next;
};

struct wire_tls {
    struct nx_arena *arena;
    struct names names;
    bool is_client_optional;
    pthread_mutex_t mutex; /* guards what follows */
    struct pems pems;
    unsigned version;
    struct stamp stamps[3]; /* of the files when they were last read, fit or not */
    int64_t looked_ns;
    struct fetcher *fetchers;
};

struct wire_client_tls {
    grpc_channel_credentials *credentials;
    const char *server_name;
};

/* --- Files --- */

static nx_status wrong(struct nx_arena *arena, const char *file, const char *why)
{
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", file, why);
}

/* Read what there is up to `most` bytes. Returns how many, or -1 with errno. */
static ssize_t read_all(int fd, char *into, size_t most)
{
    size_t count = 0;
    while (count < most) {
        ssize_t got = read(fd, into + count, most - count);
        if (got == 0)
            break;
        if (got > 0)
            count += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)count;
}

static nx_status read_file(const char *file, struct nx_arena *arena, struct nx_arena *error_arena,
                           char **ret_text)
{
    struct stat about;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return wrong(error_arena, file, strerror(errno));
    nx_status status = NX_STATUS_OK;
    char *text = NULL;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > (off_t)MAX_FILE_BYTES)
        status = wrong(error_arena, file, "not a file of at most 1 MiB");
    else if (!(text = nx_arena_calloc(arena, 1, (size_t)about.st_size + 1)))
        status = nx_fail_memory();
    else if (read_all(fd, text, (size_t)about.st_size) < 0)
        status = wrong(error_arena, file, strerror(errno));
    close(fd);
    if (status.code == NX_OK)
        *ret_text = text;
    return status;
}

static struct stamp stamp_of(const char *file)
{
    struct stat about;
    if (!file || stat(file, &about) != 0)
        return (struct stamp){.size = -1};
    return (struct stamp){about.st_dev, about.st_ino, about.st_size, about.st_ctim};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* --- Checks --- */

/* Asked for a pass phrase: there is none. */
static int no_pass_phrase(char *buffer, int size, int is_writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

static X509 *parse_certificate(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

static EVP_PKEY *parse_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static nx_status check_pair(const struct names *names, const struct pems *pems,
                            struct nx_arena *arena)
{
    X509 *certificate = parse_certificate(pems->cert);
    EVP_PKEY *key = parse_key(pems->key);
    nx_status status = NX_STATUS_OK;
    if (!certificate)
        status = wrong(arena, names->cert, "does not begin with a certificate in PEM");
    else if (!key)
        status = wrong(arena, names->key, "holds no private key in PEM without a pass phrase");
    else if (X509_check_private_key(certificate, key) != 1)
        status = nx_fail(arena, NX_INVALID_ARGUMENT, "%s: is not the key of the certificate in %s",
                         names->key, names->cert);
    ERR_clear_error();
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}

static nx_status check_ca(const struct names *names, const struct pems *pems,
                          struct nx_arena *arena)
{
    X509 *certificate = parse_certificate(pems->ca);
    if (!certificate)
        return wrong(arena, names->ca, "holds no certificate in PEM");
    X509_free(certificate);
    return NX_STATUS_OK;
}

static void free_pems(struct pems *pems)
{
    if (pems->key)
        OPENSSL_cleanse(pems->key, strlen(pems->key));
    nx_arena_destroy(pems->arena);
    *pems = (struct pems){.arena = NULL};
}

static nx_status read_pems(const struct names *names, struct nx_arena *arena, struct pems *pems)
{
    if (names->cert) {
        NX_TRY(read_file(names->cert, pems->arena, arena, &pems->cert));
        NX_TRY(read_file(names->key, pems->arena, arena, &pems->key));
        NX_TRY(check_pair(names, pems, arena));
    }
    if (names->ca) {
        NX_TRY(read_file(names->ca, pems->arena, arena, &pems->ca));
        NX_TRY(check_ca(names, pems, arena));
    }
    return NX_STATUS_OK;
}

/* Whoever puts the contents where the name belongs must not find a key in the log. */
static bool is_a_name(const char *name)
{
    return !name || !strchr(name, '\n');
}

/* Read and check; `arena` holds the error. The caller frees the result with free_pems(). */
static nx_status load(const struct names *names, struct nx_arena *arena, struct pems *ret_pems)
{
    static const struct nx_error contents = {
        .message = "TLS: what should be the name of a PEM file is what is in one"};
    if (!is_a_name(names->cert) || !is_a_name(names->key) || !is_a_name(names->ca))
        return (nx_status){NX_INVALID_ARGUMENT, &contents};
    struct pems pems = {.arena = nx_arena_new(PEMS_ARENA_BYTES)};
    if (!pems.arena)
        return nx_fail_memory();
    nx_status status = read_pems(names, arena, &pems);
    if (status.code == NX_OK)
        *ret_pems = pems;
    else
        free_pems(&pems);
    return status;
}

/* --- The server --- */

static bool take_stamps(struct wire_tls *tls)
{
    const char *files[] = {tls->names.cert, tls->names.key, tls->names.ca};
    bool differ = false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stamp now = stamp_of(files[i]);
        differ = differ || !is_same(&now, &tls->stamps[i]);
        tls->stamps[i] = now;
    }
    return differ;
}

/* The stamps are of before the files are read: what is written meanwhile is seen the next time. */
static void look_again(struct wire_tls *tls)
{
    int64_t now_ns = nx_clock_monotonic_ns();
    if (now_ns - tls->looked_ns < LOOK_AGAIN_NS)
        return;
    tls->looked_ns = now_ns;
    if (!take_stamps(tls))
        return;
    struct nx_arena *arena = nx_arena_new(4096);
    if (!arena)
        return;
    struct pems pems = {.arena = NULL};
    nx_status status = load(&tls->names, arena, &pems);
    if (status.code == NX_OK) {
        free_pems(&tls->pems);
        tls->pems = pems;
        tls->version++;
        nx_log(NX_LOG_INFO, "certificate reloaded", "file", tls->names.cert, NULL);
    } else {
        nx_log(NX_LOG_WARN, "certificate not reloaded, the former stays in use", "error",
               nx_status_message(status), NULL);
    }
    nx_arena_destroy(arena);
}

/* Called by the core at every handshake. */
static grpc_ssl_certificate_config_reload_status
fetch(void *arg, grpc_ssl_server_certificate_config **ret_config)
{
    struct fetcher *fetcher = arg;
    struct wire_tls *tls = fetcher->tls;
    grpc_ssl_certificate_config_reload_status result = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    pthread_mutex_lock(&tls->mutex);
    look_again(tls);
    if (fetcher->version != tls->version) {
        const grpc_ssl_pem_key_cert_pair pair = {tls->pems.key, tls->pems.cert};
        /* The core insists on roots, also where it asks no client for a certificate. */
        const char *roots = tls->pems.ca ? tls->pems.ca : tls->pems.cert;
        *ret_config = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
        fetcher->version = tls->version;
        result = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }
    pthread_mutex_unlock(&tls->mutex);
    return result;
}

static bool copy_name(struct nx_arena *arena, const char *name, const char **ret_copy)
{
    *ret_copy = name ? nx_arena_strdup(arena, nx_str_from(name)) : NULL;
    return !name || *ret_copy;
}

static nx_status fill(struct wire_tls *tls, const struct wire_tls_options *options,
                      struct nx_arena *arena)
{
    tls->arena = nx_arena_new((size_t)64 << 10);
    if (!tls->arena || !copy_name(tls->arena, options->cert_file, &tls->names.cert) ||
        !copy_name(tls->arena, options->key_file, &tls->names.key) ||
        !copy_name(tls->arena, options->client_ca_file, &tls->names.ca))
        return nx_fail_memory();
    tls->is_client_optional = options->is_client_optional;
    tls->version = 1;
    tls->looked_ns = nx_clock_monotonic_ns();
    (void)take_stamps(tls);
    return load(&tls->names, arena, &tls->pems);
}

nx_status wire_tls_new(const struct wire_tls_options *options, struct nx_arena *arena,
                       struct wire_tls **ret_tls)
{
    struct wire_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return nx_fail_memory();
    pthread_mutex_init(&tls->mutex, NULL);
    nx_status status = fill(tls, options, arena);
    if (status.code == NX_OK)
        *ret_tls = tls;
    else
        wire_tls_destroy(tls);
    return status;
}

void wire_tls_destroy(struct wire_tls *tls)
{
    if (!tls)
        return;
    while (tls->fetchers) {
        struct fetcher *fetcher = tls->fetchers;
        tls->fetchers = fetcher->next;
        free(fetcher);
    }
    free_pems(&tls->pems);
    pthread_mutex_destroy(&tls->mutex);
    nx_arena_destroy(tls->arena);
    free(tls);
}

nx_status wire_tls_credentials(struct wire_tls *tls, grpc_server_credentials **ret_credentials)
{
    static const struct nx_error refused = {.message = "the core takes no TLS credentials"};
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return nx_fail_memory();
    pthread_mutex_lock(&tls->mutex);
    *fetcher = (struct fetcher){.tls = tls, .next = tls->fetchers};
    tls->fetchers = fetcher;
    pthread_mutex_unlock(&tls->mutex);
    grpc_ssl_client_certificate_request_type asked =
        !tls->names.ca            ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
        : tls->is_client_optional ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
                                  : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    grpc_server_credentials *credentials = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(asked, fetch, fetcher));
    if (!credentials)
        return (nx_status){NX_INTERNAL, &refused};
    *ret_credentials = credentials;
    return NX_STATUS_OK;
}

/* --- The client --- */

nx_status wire_client_tls_new(const struct wire_client_tls_options *options, struct nx_arena *arena,
                              struct wire_client_tls **ret_tls)
{
    struct names names = {options->cert_file, options->key_file, options->ca_file};
    struct pems pems = {.arena = NULL};
    NX_TRY(load(&names, arena, &pems));
    struct wire_client_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        free_pems(&pems);
        return nx_fail_memory();
    }
    wire_init();
    grpc_ssl_pem_key_cert_pair pair = {pems.key, pems.cert};
    tls->credentials =
        grpc_ssl_credentials_create_ex(pems.ca, pems.cert ? &pair : NULL, NULL, NULL);
    tls->server_name = options->server_name;
    free_pems(&pems);
    *ret_tls = tls;
    return NX_STATUS_OK;
}

void wire_client_tls_destroy(struct wire_client_tls *tls)
{
    if (!tls)
        return;
    grpc_channel_credentials_release(tls->credentials);
    grpc_shutdown_blocking();
    free(tls);
}

grpc_channel_credentials *wire_client_tls_credentials(const struct wire_client_tls *tls)
{
    return tls->credentials;
}

const char *wire_client_tls_server_name(const struct wire_client_tls *tls)
{
    return tls->server_name;
}
