#include "gen_claim.h"

#include <ctype.h>
#include <string.h>

/* The tables are sorted. */

/* Keywords of C, old and new, and macros that stand for a value. A macro with parameters is not
 * replaced where no parenthesis follows, as none does behind a member. */
static const char *const c_words[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "atomic_compare_exchange_strong_explicit",
    "atomic_compare_exchange_weak_explicit",
    "atomic_exchange_explicit",
    "atomic_fetch_add_explicit",
    "atomic_fetch_and_explicit",
    "atomic_fetch_or_explicit",
    "atomic_fetch_sub_explicit",
    "atomic_fetch_xor_explicit",
    "atomic_init",
    "atomic_load_explicit",
    "atomic_store_explicit",
    "auto",
    "basename",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "char",
    "compl",
    "complex",
    "const",
    "constexpr",
    "continue",
    "d_fileno",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "errno",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "h_addr",
    "h_errno",
    "i386",
    "if",
    "ifa_broadaddr",
    "ifa_dstaddr",
    "ifc_buf",
    "ifc_req",
    "ifr_addr",
    "ifr_bandwidth",
    "ifr_broadaddr",
    "ifr_data",
    "ifr_dstaddr",
    "ifr_flags",
    "ifr_hwaddr",
    "ifr_ifindex",
    "ifr_map",
    "ifr_metric",
    "ifr_mtu",
    "ifr_name",
    "ifr_netmask",
    "ifr_newname",
    "ifr_qlen",
    "ifr_slave",
    "imaginary",
    "inline",
    "int",
    "linux",
    "long",
    "math_errhandling",
    "msg_cbytes",
    "noreturn",
    "not",
    "not_eq",
    "nullptr",
    "offsetof",
    "or",
    "or_eq",
    "register",
    "restrict",
    "return",
    "s6_addr",
    "s6_addr16",
    "s6_addr32",
    "sa_handler",
    "sa_sigaction",
    "sched_priority",
    "short",
    "si_addr",
    "si_addr_lsb",
    "si_arch",
    "si_band",
    "si_call_addr",
    "si_fd",
    "si_int",
    "si_lower",
    "si_overrun",
    "si_pid",
    "si_pkey",
    "si_ptr",
    "si_status",
    "si_stime",
    "si_syscall",
    "si_timerid",
    "si_uid",
    "si_upper",
    "si_utime",
    "si_value",
    "sigev_notify_attributes",
    "sigev_notify_function",
    "signed",
    "sizeof",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "static",
    "static_assert",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "thread_local",
    "true",
    "typedef",
    "typeof",
    "typeof_unqual",
    "union",
    "unix",
    "unsigned",
    "va_arg",
    "va_copy",
    "va_end",
    "va_start",
    "void",
    "volatile",
    "while",
    "xor",
    "xor_eq",
};

/* Words that protobuf-c avoids beside those, and its own member of every message. */
static const char *const field_words[] = {
    "base",     "catch",     "class",   "const_cast",       "delete",      "dynamic_cast",
    "explicit", "friend",    "mutable", "namespace",        "new",         "operator",
    "private",  "protected", "public",  "reinterpret_cast", "static_cast", "template",
    "this",     "throw",     "try",     "typeid",           "typename",    "using",
    "virtual",  "wchar_t",
};

/* Of the C library, what may well be the name of a service: a symbol of ours would take the place
 * of the library's for the whole program. */
static const char *const library_words[] = {
    "abort",     "abs",       "accept",    "access",    "acct",      "acos",      "alarm",
    "alloca",    "asctime",   "asin",      "atan",      "atexit",    "atof",      "atoi",
    "atol",      "bcmp",      "bcopy",     "bind",      "brk",       "bsearch",   "bzero",
    "cabs",      "calloc",    "carg",      "cbrt",      "ceil",      "cexp",      "chdir",
    "chmod",     "chown",     "chroot",    "cimag",     "clock",     "clog",      "clone",
    "close",     "closedir",  "conj",      "connect",   "cos",       "cosh",      "cpow",
    "creal",     "creat",     "crypt",     "csin",      "ctime",     "daemon",    "daylight",
    "difftime",  "dirfd",     "dirname",   "div",       "dprintf",   "drem",      "dup",
    "environ",   "erf",       "erfc",      "err",       "exec",      "execl",     "execv",
    "execve",    "exit",      "exp",       "fabs",      "fclose",    "fcntl",     "fdim",
    "feof",      "ferror",    "fflush",    "ffs",       "fgetc",     "fgets",     "fileno",
    "finite",    "flock",     "floor",     "fma",       "fmax",      "fmin",      "fmod",
    "fopen",     "fork",      "fprintf",   "fputc",     "fputs",     "fread",     "free",
    "freopen",   "frexp",     "fscanf",    "fseek",     "fstat",     "fsync",     "ftell",
    "ftok",      "ftruncate", "ftw",       "fwrite",    "gamma",     "getc",      "getchar",
    "getenv",    "getgid",    "getline",   "getopt",    "getpid",    "gets",      "getuid",
    "getw",      "glob",      "gmtime",    "group",     "hypot",     "iconv",     "index",
    "ioctl",     "isalnum",   "isalpha",   "isascii",   "isatty",    "isblank",   "iscntrl",
    "isdigit",   "isgraph",   "islower",   "isnan",     "isprint",   "ispunct",   "isspace",
    "isupper",   "isxdigit",  "j0",        "j1",        "jn",        "kill",      "killpg",
    "labs",      "ldexp",     "ldiv",      "lgamma",    "linger",    "link",      "listen",
    "localtime", "lockf",     "log",       "logb",      "longjmp",   "lseek",     "lstat",
    "main",      "malloc",    "mblen",     "memchr",    "memcmp",    "memcpy",    "memfrob",
    "memmem",    "memmove",   "memset",    "mkdir",     "mkfifo",    "mknod",     "mkstemp",
    "mktemp",    "mktime",    "mlock",     "mmap",      "modf",      "mount",     "mprotect",
    "msync",     "munmap",    "nan",       "nanosleep", "nice",      "ntohl",     "ntohs",
    "open",      "opendir",   "openlog",   "optarg",    "opterr",    "optind",    "optopt",
    "passwd",    "pathconf",  "pause",     "pclose",    "perror",    "pipe",      "poll",
    "popen",     "pow",       "prctl",     "pread",     "printf",    "profil",    "psignal",
    "ptrace",    "putc",      "putchar",   "putenv",    "puts",      "putw",      "pwrite",
    "qsort",     "raise",     "rand",      "random",    "read",      "readdir",   "readlink",
    "readv",     "realloc",   "realpath",  "reboot",    "recv",      "regcomp",   "regex",
    "regexec",   "regfree",   "remainder", "remove",    "remque",    "rename",    "rewind",
    "rewinddir", "rindex",    "rint",      "rmdir",     "round",     "sbrk",      "scalb",
    "scandir",   "scanf",     "seekdir",   "select",    "send",      "sendfile",  "sendmsg",
    "sendto",    "servent",   "setenv",    "setuid",    "shutdown",  "sigaction", "sigevent",
    "signal",    "signgam",   "sigpause",  "sigstack",  "sigval",    "sigwait",   "sin",
    "sincos",    "sinh",      "sleep",     "snprintf",  "socket",    "spawn",     "splice",
    "sprintf",   "sqrt",      "srand",     "srandom",   "sscanf",    "stat",      "statvfs",
    "stime",     "stpcpy",    "strcat",    "strchr",    "strcmp",    "strcpy",    "strdup",
    "strerror",  "strlen",    "strncpy",   "strsep",    "strsignal", "strstr",    "strtod",
    "strtok",    "strtol",    "strtoul",   "swab",      "symlink",   "sync",      "syscall",
    "sysconf",   "sysinfo",   "syslog",    "system",    "tan",       "tanh",      "tee",
    "telldir",   "tempnam",   "termios",   "tgamma",    "time",      "times",     "timezone",
    "tm",        "tmpfile",   "tmpnam",    "toascii",   "tolower",   "toupper",   "trunc",
    "truncate",  "ttyname",   "tzname",    "tzset",     "ulimit",    "umask",     "umount",
    "uname",     "ungetc",    "unlink",    "unlockpt",  "unsetenv",  "usleep",    "utime",
    "vfork",     "vfprintf",  "vprintf",   "vsprintf",  "vwarn",     "wait",      "waitid",
    "waitpid",   "warn",      "warnx",     "wcslen",    "wctomb",    "write",     "writev",
    "y0",        "y1",        "yn",
};

static bool is_among(const char *const *words, size_t count, struct nx_str word)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other = words[middle];
        int order = strncmp(word.ptr, other, word.len);
        if (order == 0 && other[word.len] == '\0')
            return true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

#define IS_AMONG(words, word) is_among(words, sizeof(words) / sizeof *(words), word)

bool gen_claim_member(struct nx_str word)
{
    /* Two underscores in front: reserved, and GNU C's names for the machine (__linux__). */
    return nx_str_starts_with(word, NX_STR("__")) || IS_AMONG(c_words, word);
}

bool gen_claim_field(struct nx_str word)
{
    return gen_claim_member(word) || IS_AMONG(field_words, word);
}

bool gen_claim_type(struct nx_str name)
{
    if (nx_str_equal(name, NX_STR("I")))
        return true;
    if (nx_str_starts_with(name, NX_STR("PRI")) || nx_str_starts_with(name, NX_STR("SCN")))
        return memchr(name.ptr, '_', name.len) == NULL;
    for (size_t i = 0; i < name.len; i++) {
        if (!isupper((unsigned char)name.ptr[i]) && !isdigit((unsigned char)name.ptr[i]))
            return false;
    }
    return name.len > 1 && isupper((unsigned char)*name.ptr);
}

bool gen_claim_symbol(struct nx_str name)
{
    return gen_claim_member(name) || IS_AMONG(library_words, name);
}
