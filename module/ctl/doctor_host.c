/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows about the gate's own house. What the daemon says of itself comes from its status; where it is away, from the
 * files. */
#include "ctl/doctor_host.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/ask.h"
#include "ctl/run.h"
#include "ctl/unopened.h"

#define DATABASE_AGE (60 * 86400) /* seconds; publishers bring a new one each month or week */
#define PATIENCE     5000
#define SQLITE       "sqlite:"

static struct place in_configuration(const struct doctor *doctor) {
    return (struct place){.file = doctor->configuration_file};
}

/* ---- configuration ---- */

static void look_configuration(struct doctor *doctor) {
    const struct mistakes *mistakes = &doctor->mistakes;
    for (size_t i = 0; doctor->configuration == NULL && i < mistakes->count; i++) {
        const struct mistake *mistake = &mistakes->list[i];
        if (!mistake->warning)
            doctor_find(doctor, (struct place){.file = mistake->file, .line = mistake->line},
                        "`authgatectl check` shows all mistakes", "%s", mistake->what);
    }
}

static void look_mode(struct doctor *doctor) {
    struct policy policy = {.layer_count = 0};
    if (doctor->configuration == NULL ||
        configuration_policy(doctor->configuration, "authgate-doctor", clock_monotonic(), &policy) != POLICY_FOUND)
        return;
    const struct value *mode = policy_value(&policy, POLICY_MODE);
    if (mode != NULL && mode->number != MODE_ENFORCE)
        doctor_find(doctor, (struct place){.file = scrap_text(&doctor->arena, "%s", mode->file), .line = mode->line},
                    "mode = \"enforce\", once the log's would=deny lines are what you want",
                    "the gate refuses nobody yet: it %s",
                    mode->number == MODE_REPORT ? "only reports" : "is switched off");
    policy_release(&policy);
}

static void look_plugin_option(struct doctor *doctor) {
    if (doctor->settings != NULL && !doctor->settings->saslauthd_require_plugin)
        doctor_find(doctor, in_configuration(doctor), "saslauthd.require_plugin = true",
                    "passwords are checked for an smtpd that has lost its plugin: its logins have no address");
}

/* ---- daemon and sockets ---- */

bool doctor_daemon_there(const struct doctor *doctor) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(doctor->socket);
    int descriptor = length < sizeof address.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (descriptor < 0)
        return false;
    memcpy(address.sun_path, doctor->socket, length + 1);
    bool there = connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0;
    close(descriptor);
    return there;
}

static void look_daemon(struct doctor *doctor) {
    if (!doctor_daemon_there(doctor))
        doctor_find(doctor, (struct place){.file = doctor->socket}, "start authgated, and run doctor as root",
                    "no daemon answers here: while it is away nobody logs in");
}

static void look_sockets(struct doctor *doctor) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++) {
        const struct socket_setting *setting = &doctor->settings->sockets[i];
        struct stat status;
        const char *path = doctor_path(doctor, setting->path);
        if (setting->kind != SOCKET_ADMIN && (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode)))
            doctor_find(doctor, (struct place){.file = doctor->configuration_file, .line = setting->line},
                        "restart authgated, once the folder is there, and see its log",
                        "%s is not there: who looks for it is refused", path);
    }
}

static void look_socket_mode(struct doctor *doctor) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++) {
        const struct socket_setting *setting = &doctor->settings->sockets[i];
        if ((setting->mode & 0006) != 0)
            doctor_find(doctor, (struct place){.file = doctor->configuration_file, .line = setting->line},
                        "mode = \"0660\" and a `group`, or 0600",
                        "every user of this host may speak to %s: to try codes, or to lock people out", setting->path);
    }
}

/* ---- the country database ---- */

static void take_built(void *context, const struct message *record) {
    int64_t *built = context;
    const char *key = record->value[FIELD_KEY], *value = record->value[FIELD_VALUE];
    if (key != NULL && value != NULL && strcmp(key, "country_database_built") == 0)
        *built = strtoll(value, NULL, 10);
    else if (key != NULL && strcmp(key, "country_database") == 0 && *built == 0)
        *built = -1; /* one is configured; it is none unless its time follows */
}

/* When the database was built; -1 where the daemon cannot read it. */
static int64_t database_time(const struct doctor *doctor, const struct stat *status) {
    struct message question = {{NULL}};
    int64_t built = 0;
    question.value[FIELD_REQUEST] = "status";
    if (doctor_daemon_there(doctor) && ask(doctor->socket, &question, take_built, &built) == STATUS_DONE && built != 0)
        return built;
    return status->st_mtim.tv_sec;
}

static const char *database(struct doctor *doctor) {
    const char *path = doctor->settings != NULL ? doctor->settings->country_database : NULL;
    return path != NULL ? doctor_path(doctor, path) : NULL;
}

static void look_database(struct doctor *doctor) {
    struct stat status;
    const char *path = database(doctor);
    if (path == NULL)
        return;
    if (stat(path, &status) != 0 || status.st_size == 0)
        doctor_find(doctor, (struct place){.file = path},
                    "fetch one (GeoLite2-Country or DB-IP Country Lite), or take country_database out",
                    "the country database is missing: every country is unknown");
    else if (database_time(doctor, &status) == -1)
        doctor_find(doctor, (struct place){.file = path},
                    "let its user read it, or replace it by a good one; its log says what is wrong",
                    "the daemon cannot read the country database: every country is unknown");
}

static void look_database_age(struct doctor *doctor) {
    struct stat status;
    const char *path = database(doctor);
    int64_t built = path != NULL && stat(path, &status) == 0 ? database_time(doctor, &status) : -1;
    int64_t age = clock_wall() - built;
    if (built > 0 && age > DATABASE_AGE)
        doctor_find(doctor, (struct place){.file = path}, "fetch the current one each month",
                    "the country database is %" PRId64 " days old: addresses have moved since", age / 86400);
}

/* ---- files that only the gate may read ---- */

/* The uid of the daemon's user, by the passwd file under the root; -1 where it is not known. */
static long daemon_uid(struct doctor *doctor) {
    const char *user = doctor->settings->user;
    char *text = scrap_read(&doctor->arena, doctor_path(doctor, "/etc/passwd"));
    for (char *line; user != NULL && (line = scrap_line(&text)) != NULL;) {
        struct words words = scrap_split(&doctor->arena, line, ":");
        if (words.count > 2 && strcmp(words.word[0], user) == 0)
            return strtol(words.word[2], NULL, 10);
    }
    const struct passwd *entry = user != NULL && doctor->root[0] == '\0' ? getpwnam(user) : NULL;
    return entry != NULL ? (long)entry->pw_uid : -1;
}

static void look_file(struct doctor *doctor, const char *path, const char *what) {
    struct stat status;
    long uid = daemon_uid(doctor);
    if (path == NULL)
        return;
    path = doctor_path(doctor, path);
    const struct place place = {.file = path};
    const char *fix = scrap_text(&doctor->arena, "chown %s %s; chmod 0600 %s",
                                 doctor->settings->user != NULL ? doctor->settings->user : "root", path, path);
    if (lstat(path, &status) != 0)
        return;
    if (!S_ISREG(status.st_mode))
        doctor_find(doctor, place, "put the file itself here", "%s is no regular file", what);
    else if (status.st_uid != 0 && uid >= 0 && (long)status.st_uid != uid)
        doctor_find(doctor, place, fix, "%s belongs to uid %u, not to the daemon", what, status.st_uid);
    else if ((status.st_mode & 0077) != 0)
        doctor_find(doctor, place, fix, "%s can be read or written by others (mode %04o)", what,
                    status.st_mode & 07777);
}

static const char *sqlite_path(const char *url) {
    bool sqlite = url != NULL && strncmp(url, SQLITE, strlen(SQLITE)) == 0;
    return sqlite ? url + strlen(SQLITE) : NULL;
}

static void look_store(struct doctor *doctor) {
    if (doctor->settings == NULL)
        return;
    look_file(doctor, sqlite_path(doctor->settings->store), "the store");
    look_file(doctor, sqlite_path(doctor->settings->history), "the history");
}

static void look_key(struct doctor *doctor) {
    if (doctor->settings != NULL)
        look_file(doctor, doctor->settings->secret_key_file, "the secret key");
}

static void look_store_missing(struct doctor *doctor) {
    struct stat status;
    const char *store = doctor->settings != NULL ? sqlite_path(doctor->settings->store) : NULL;
    const char *const paths[] = {store, store != NULL ? doctor->settings->secret_key_file : NULL};
    for (size_t i = 0; i < 2; i++)
        if (paths[i] != NULL && lstat(doctor_path(doctor, paths[i]), &status) != 0)
            doctor_find(doctor, (struct place){.file = doctor_path(doctor, paths[i])},
                        "bring it back from the backup; for the very first start: authgated --create-store",
                        "the configuration names it, and it is not there");
}

static void take_state(void *context, const struct message *record) {
    bool *serving = context;
    const char *key = record->value[FIELD_KEY], *value = record->value[FIELD_VALUE];
    if (key != NULL && value != NULL && strcmp(key, "store_state") == 0)
        *serving = strcmp(value, "serving") == 0;
}

static void look_unopened(struct doctor *doctor) {
    char storage[(UNOPENED_NAMED + 1) * ACCOUNT_NAME_SIZE];
    struct message question = {{NULL}};
    struct unopened unopened;
    struct buffer text;
    bool serving = false;
    question.value[FIELD_REQUEST] = "status";
    if (doctor->settings == NULL || doctor->settings->store == NULL || !doctor_daemon_there(doctor) ||
        ask(doctor->socket, &question, take_state, &serving) != STATUS_DONE || !serving ||
        !unopened_find(doctor->socket, &unopened) || unopened.count == 0)
        return;
    buffer_init(&text, storage, sizeof storage);
    unopened_write(&unopened, &text);
    doctor_find(doctor, (struct place){.file = doctor->settings->secret_key_file}, UNOPENED_FIX,
                "%s; their logins are refused as unavailable", storage);
}

/* ---- the clock ---- */

static void look_clock(struct doctor *doctor) {
    struct timex times = {.modes = 0};
    struct run run = run_program(
        &doctor->arena, (const char *const[]){"timedatectl", "show", "--property=NTPSynchronized", "--value", NULL},
        PATIENCE);
    bool told = run.there && run.status == 0 && run.out[0] != '\0';
    bool synchronised =
        told ? strncmp(run.out, "yes", 3) == 0 : adjtimex(&times) != TIME_ERROR && (times.status & STA_UNSYNC) == 0;
    if (!synchronised)
        doctor_find(doctor, DOCTOR_NOWHERE, "run chrony or systemd-timesyncd",
                    "the clock is not synchronised: codes of the wrong time are taken, and right ones refused");
}

const struct doctor_check doctor_host_checks[] = {
    {"configuration", DOCTOR_OUTAGE, look_configuration, "mistakes in authgate.conf"},
    {"daemon", DOCTOR_OUTAGE, look_daemon, "no daemon answers"},
    {"socket-missing", DOCTOR_OUTAGE, look_sockets, "a socket that the configuration names is not there"},
    {"socket-mode", DOCTOR_WEAK, look_socket_mode, "a socket that everybody may speak to"},
    {"require-plugin", DOCTOR_WEAK, look_plugin_option, "saslauthd.require_plugin is off"},
    {"country-missing", DOCTOR_WEAK, look_database, "no country database"},
    {"country-old", DOCTOR_WEAK, look_database_age, "a country database of over 60 days"},
    {"store-missing", DOCTOR_OUTAGE, look_store_missing, "the store or its key is not there"},
    {"secrets-closed", DOCTOR_OUTAGE, look_unopened, "secrets in the store that the key file does not open"},
    {"store-owner", DOCTOR_WEAK, look_store, "store or history with a wrong owner or mode"},
    {"key-owner", DOCTOR_WEAK, look_key, "the secret key with a wrong owner or mode"},
    {"clock", DOCTOR_WEAK, look_clock, "the clock is not synchronised"},
    {"mode", DOCTOR_NOTE, look_mode, "nothing is enforced yet"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};
