/* SPDX-License-Identifier: BSD-2-Clause */
/* A host for libauthgate.so that is not libsasl2: it loads the plugin, hands it utilities of its own and makes
 * look-ups, for tests/sasl/test_*.py: sasl-driver PLUGIN STEP… Steps: NAME:=VALUE (an option of smtpd.conf; without a
 * value it is unset), remote=, mech=, service= (properties of the connection; empty: none), conn=N (another
 * connection), look=NAME (a look-up; prints `look CODE`), bytes=HEX (the same with any bytes), authzid=NAME (as
 * authorization identity), reload=N (unloads and loads it N times; prints descriptors, threads, regions), version=N
 * (what the host can do; prints `init CODE`), wait (for a line on standard input). FAULT=once:N or from:N in the
 * environment makes the plugin's N-th call of a function that can fail fail: inject/faults.h. */
#include <dirent.h>
#include <dlfcn.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inject/faults.h"

#define OPTIONS 32

static struct { char name[64], value[512]; } options[OPTIONS];
static const char *remote = "192.0.2.1;4711", *mechanism = "PLAIN", *service = "smtp";
static sasl_conn_t *connection = (sasl_conn_t *)(size_t)1;
static const char *plugin_path;
static void *library;
static sasl_auxprop_plug_t *plugin;

const char *faults_of[] = {NULL, NULL}; /* the plugin */

/* ---- the utilities that libsasl2 would hand over ---- */

static void *give_memory(size_t size) {
    return faults_fail("malloc") ? NULL : malloc(size);
}

static void *give_mutex(void) {
    return faults_fail("mutex_alloc") ? NULL : &plugin;
}

static int lock(void *mutex) {
    (void)mutex;
    return faults_fail("mutex_lock") ? SASL_FAIL : SASL_OK;
}

static int unlock(void *mutex) {
    (void)mutex;
    return SASL_OK;
}

static void free_mutex(void *mutex) {
    (void)mutex;
}

static int get_option(void *context, const char *of_plugin, const char *name, const char **value, unsigned *length) {
    (void)context;
    (void)of_plugin;
    (void)length;
    if (faults_fail("getopt"))
        return SASL_FAIL;
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0 && options[i].value[0] != '\0') {
            *value = options[i].value;
            return SASL_OK;
        }
    return SASL_FAIL;
}

static int get_property(sasl_conn_t *of, int number, const void **value) {
    (void)of;
    if (faults_fail("getprop"))
        return SASL_FAIL;
    *value = number == SASL_IPREMOTEPORT ? remote
             : number == SASL_MECHNAME   ? mechanism
             : number == SASL_SERVICE    ? service
                                         : NULL;
    if (*value != NULL && *(const char *)*value == '\0')
        *value = NULL; /* as libsasl2 has it where smtpd knows no address */
    return SASL_OK;
}

__attribute__((format(printf, 3, 4))) static void show_log(sasl_conn_t *of, int level, const char *format, ...) {
    char line[4096];
    va_list arguments;
    (void)of;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    printf("log %d %s\n", level, line);
}

static sasl_utils_t utilities(void) {
    return (sasl_utils_t){.version = 4,
                          .conn = connection,
                          .getopt = get_option,
                          .malloc = give_memory,
                          .free = free,
                          .mutex_alloc = give_mutex,
                          .mutex_lock = lock,
                          .mutex_unlock = unlock,
                          .mutex_free = free_mutex,
                          .getprop = get_property,
                          .log = show_log};
}

/* ---- steps ---- */

static int load(int version) {
    const sasl_utils_t utils = utilities();
    int made = 0;
    library = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("error %s\n", dlerror());
        exit(2);
    }
    sasl_auxprop_init_t *init = (sasl_auxprop_init_t *)(size_t)dlsym(library, "sasl_auxprop_plug_init");
    int code = init(&utils, version, &made, &plugin, "authgate");
    if (code != SASL_OK)
        plugin = NULL;
    else if (made != SASL_AUXPROP_PLUG_VERSION || strcmp(plugin->name, "authgate") != 0)
        code = SASL_BADVERS;
    return code;
}

static void unload(void) {
    const sasl_utils_t utils = utilities();
    if (plugin != NULL)
        plugin->auxprop_free(plugin->glob_context, &utils);
    plugin = NULL;
    dlclose(library);
}

static void look(const char *step, const char *name, size_t length, unsigned flags) {
    const sasl_utils_t utils = utilities();
    sasl_server_params_t parameters = {.utils = &utils, .service = service};
    if (plugin == NULL)
        return;
    int code = plugin->auxprop_lookup(plugin->glob_context, &parameters, flags, name, (unsigned)length);
    printf("%s %d\n", step, code);
}

static void look_at_bytes(const char *hex) {
    size_t length = strlen(hex) / 2;
    char *bytes = malloc(length + 1); /* no NUL: a sanitizer would see a read beyond it */
    for (size_t i = 0; bytes != NULL && i < length; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(digits, NULL, 16);
    }
    look("look", bytes, length, 0);
    free(bytes);
}

static int count_entries(const char *path) {
    DIR *folder = opendir(path);
    int count = 0;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static int count_regions(void) {
    FILE *file = fopen("/proc/self/maps", "r");
    int count = 0;
    for (int byte; file != NULL && (byte = getc(file)) != EOF;)
        count += byte == '\n';
    if (file != NULL)
        fclose(file);
    return count;
}

static void reload(int times) {
    for (int i = 0; i < times; i++) {
        unload();
        load(SASL_AUXPROP_PLUG_VERSION);
        look("again", "alice", 5, 0);
    }
    printf("belongings %d %d %d\n", count_entries("/proc/self/fd"), count_entries("/proc/self/task"), count_regions());
}

static void set_option(const char *name, const char *value) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].name[0] == '\0' || strcmp(options[i].name, name) == 0) {
            snprintf(options[i].name, sizeof options[i].name, "%s", name);
            snprintf(options[i].value, sizeof options[i].value, "%s", value);
            return;
        }
}

static void take_step(char *step) {
    char *equals = strchr(step, '=');
    char *value = equals != NULL ? equals + 1 : step + strlen(step);
    char line[16];
    if (equals != NULL)
        *equals = '\0';
    size_t length = strlen(step);
    if (length > 0 && step[length - 1] == ':') {
        step[length - 1] = '\0';
        set_option(step, value);
    } else if (strcmp(step, "remote") == 0) {
        remote = value;
    } else if (strcmp(step, "mech") == 0) {
        mechanism = value;
    } else if (strcmp(step, "service") == 0) {
        service = value;
    } else if (strcmp(step, "conn") == 0) {
        connection = (sasl_conn_t *)(size_t)atoi(value);
    } else if (strcmp(step, "look") == 0) {
        look("look", value, strlen(value), 0);
    } else if (strcmp(step, "authzid") == 0) {
        look("authzid", value, strlen(value), SASL_AUXPROP_AUTHZID);
    } else if (strcmp(step, "bytes") == 0) {
        look_at_bytes(value);
    } else if (strcmp(step, "reload") == 0) {
        reload(atoi(value));
    } else if (strcmp(step, "version") == 0) {
        unload();
        printf("init %d\n", load(atoi(value)));
    } else if (strcmp(step, "wait") == 0) {
        puts("waiting");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            exit(2);
    }
}

int main(int count, char **arguments) {
    if (count < 2)
        return 2;
    plugin_path = faults_of[0] = arguments[1];
    int code = load(SASL_AUXPROP_PLUG_VERSION);
    printf("init %d\n", code);
    for (int i = 2; i < count; i++)
        take_step(arguments[i]);
    faults_report();
    unload();
    return 0;
}
