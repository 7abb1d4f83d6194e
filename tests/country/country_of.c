/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a country database as the daemon does and prints a line for each address: `ADDRESS COUNTRY`, with "-" for an
 * unknown one. First lines: type, how long opening took, how long a look-up takes. Exit 1, with the reason, where the
 * database is refused. Called by test_databases.py. */
#include <stdio.h>
#include <time.h>

#include "country/database.h"

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Nanoseconds of one look-up, over addresses of the whole IPv4 space. */
static double time_look_ups(const struct country_database *database) {
    enum { LOOK_UPS = 200000 };
    double start = seconds();
    for (uint32_t i = 0; i < LOOK_UPS; i++) {
        uint32_t spread = i * 2654435761U;
        struct address address = {.family = 4, .bytes = {(uint8_t)(spread >> 24), (uint8_t)(spread >> 16), 1, 1}};
        country_database_look_up(database, &address);
    }
    return (seconds() - start) * 1e9 / LOOK_UPS;
}

int main(int count, char **arguments) {
    char fault[256] = "";
    double start = seconds();
    struct country_database *database = count > 1 ? country_database_open(arguments[1], fault, sizeof fault) : NULL;
    if (database == NULL) {
        printf("refused: %s\n", fault);
        return 1;
    }
    printf("type %s\nopened %.1f ms\n", country_database_type(database), (seconds() - start) * 1000);
    printf("look-up %.0f ns\n", time_look_ups(database));
    for (int i = 2; i < count; i++) {
        struct address address;
        char code[3];
        address_parse(arguments[i], &address);
        country_code_format(country_database_look_up(database, &address), code);
        printf("%s %s\n", arguments[i], code[0] != '\0' ? code : "-");
    }
    country_database_close(&database);
    return 0;
}
