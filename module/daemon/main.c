/* SPDX-License-Identifier: BSD-2-Clause */
/* authgated: the arguments and the first look at the configuration. Everything after that is server.c. */
#include <getopt.h>
#include <stdio.h>

#include "daemon/report.h"
#include "daemon/server.h"
#include "policy/configuration.h"

#define DEFAULT_CONFIGURATION "/etc/authgate/authgate.conf"
#define EXIT_USAGE 2

static const char usage[] = "usage: authgated [-c FILE] [--create-store [--exit]]\n"
                            "  -c FILE          the configuration (default " DEFAULT_CONFIGURATION ")\n"
                            "  --create-store   make the first store, and its key, where there are none\n"
                            "  --exit           with --create-store: serve nobody, end once they are there\n"
                            "  --version        print the version\n"
                            "Runs in the foreground. SIGHUP reloads, SIGTERM finishes the logins under way and stops.\n"
                            "See authgated(8) and authgate.conf(5).\n";

enum option_code { OPTION_HELP = 256, OPTION_VERSION, OPTION_CREATE_STORE, OPTION_EXIT };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"create-store", no_argument, NULL, OPTION_CREATE_STORE},
    {"exit", no_argument, NULL, OPTION_EXIT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int serve(const struct server_options *chosen) {
    struct mistakes mistakes = {0};
    struct configuration *configuration = configuration_load(chosen->configuration_path, &mistakes);
    if (configuration == NULL)
        report_mistakes(&mistakes);
    mistakes_clear(&mistakes);
    return configuration != NULL ? server_run(chosen, configuration) : EXIT_USAGE;
}

int main(int count, char **arguments) {
    struct server_options chosen = {.configuration_path = DEFAULT_CONFIGURATION};
    int code;
    while ((code = getopt_long(count, arguments, "c:", options, NULL)) != -1) {
        switch (code) {
        case 'c':
            chosen.configuration_path = optarg;
            break;
        case OPTION_CREATE_STORE:
            chosen.create_store = true;
            break;
        case OPTION_EXIT:
            chosen.exit = true;
            break;
        case OPTION_HELP:
            fputs(usage, stdout);
            return 0;
        case OPTION_VERSION:
            puts("authgated " AUTHGATE_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < count) {
        fprintf(stderr, "authgated: unexpected argument %s\n%s", arguments[optind], usage);
        return EXIT_USAGE;
    }
    if (chosen.exit && !chosen.create_store) {
        fprintf(stderr, "authgated: --exit goes with --create-store\n%s", usage);
        return EXIT_USAGE;
    }
    return serve(&chosen);
}
