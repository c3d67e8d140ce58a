/* Replays a corpus through a fuzz target without a fuzzing engine, so that plain ctest covers all
 * that fuzzing has found:  fuzz_NAME FILE-OR-FOLDER... */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feed one file; an input of exactly its size lets ASan see a read behind its end. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    struct stat info;
    uint8_t *data = NULL;
    int result = -1;
    if (fstat(fileno(file), &info) != 0) {
        perror(path);
        goto out;
    }
    size_t size = (size_t)info.st_size;
    data = calloc(size ? size : 1, 1);
    if (!data || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        goto out;
    }
    (void)LLVMFuzzerTestOneInput(data, size);
    result = 0;
out:
    free(data);
    (void)fclose(file);
    return result;
}

/* Returns how many files were fed, or -1. */
static int replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        perror(path);
        return -1;
    }
    int fed = 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        int length = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && fed >= 0) {
            bool fits = length > 0 && (size_t)length < sizeof file;
            fed = fits && replay_file(file) == 0 ? fed + 1 : -1;
        }
        free(entries[i]);
    }
    free(entries);
    return fed;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool is_folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        int fed = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]) + 1;
        if (fed <= 0) {
            fprintf(stderr, "%s: nothing was replayed\n", argv[i]);
            return EXIT_FAILURE;
        }
        total += fed;
    }
    printf("%d inputs replayed\n", total);
    return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
