/* SPDX-License-Identifier: BSD-2-Clause */
/* links: country/database.o country/sealed_file.o country/structure.o -lmaxminddb */
/* Feeds whole country databases to the opening, and addresses to those that it lets through. libmaxminddb is not built
 * with the sanitizers: what is looked for is a crash, a hang, and every fault in our own walk of the file. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "country/database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

/* Released versions lose some bytes of metadata that they refuse. */
const char *__lsan_default_suppressions(void) {
    return "leak:MMDB_open\n";
}

static void look_up_some(const struct country_database *database) {
    for (unsigned i = 0; i < 64; i++) {
        struct address address = {.family = i % 2 == 0 ? 4 : 6, .bytes = {(uint8_t)(i * 4), (uint8_t)i, 1, 1}};
        country_code code = country_database_look_up(database, &address);
        if (code != COUNTRY_UNKNOWN && !country_code_assigned(code))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char path[64], fault[256] = "";
    struct buffer text;
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size)
        abort();
    buffer_init(&text, path, sizeof path);
    buffer_add_format(&text, "/proc/self/fd/%d", file);
    struct country_database *database = country_database_open(path, fault, sizeof fault);
    if ((database == NULL) == (fault[0] == '\0')) /* refused in words, or taken without */
        abort();
    if (database != NULL)
        look_up_some(database);
    country_database_close(&database);
    close(file);
    return 0;
}
