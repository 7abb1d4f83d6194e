/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the daemon together in the order in which privileges fall, runs the loop, reloads on SIGHUP, drains on SIGTERM.
 * A set-up that fails is said and ends the start; nothing that comes later ends the process. */
#include "daemon/server.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "daemon/archive.h"
#include "daemon/ask.h"
#include "daemon/compromise.h"
#include "daemon/connection.h"
#include "daemon/country_watch.h"
#include "daemon/existence.h"
#include "daemon/listener.h"
#include "daemon/login_aftermath.h"
#include "daemon/notify.h"
#include "daemon/postfix_policy.h"
#include "daemon/privilege.h"
#include "daemon/reminders.h"
#include "daemon/report.h"
#include "daemon/settled.h"
#include "daemon/standing.h"
#include "daemon/supervisor.h"
#include "daemon/throttle.h"
#include "daemon/throttle_list.h"
#include "daemon/vault.h"
#include "daemon/worker.h"
#include "policy/configuration.h"

#define DRAIN_MILLISECONDS 1000 /* shorter than the modules' patience, so that the next daemon finds them waiting */
#define DRAIN_LOOK_MICROSECONDS 20000
#define DESCRIPTORS_WANTED 8192
#define DESCRIPTORS_RESERVED 40 /* sockets, workers, files that are being read */
#define CONNECTION_LIMIT 4096
#define WORKER_THREADS 4
#define WORKER_JOBS 1024

struct signals {
    struct event *hangup, *terminate, *interrupt, *drain, *watchdog;
};

/* Everything that ends with the process; kept apart so that the set-up reads top to bottom. */
struct run {
    struct server server;
    struct signals signals;
    int64_t drain_until;
};

static void complain(void *context, const char *line) {
    (void)context;
    log_line(LOG_ERR, line);
}

static enum log_target log_target_of(const struct settings *settings) {
    return settings->log == LOG_SETTING_SYSLOG ? LOG_TO_SYSLOG : LOG_TO_STDERR;
}

static void use(struct server *server, struct configuration *configuration) {
    configuration_adopt(configuration, server->configuration);
    configuration_free(&server->configuration);
    server->configuration = configuration;
    const struct settings *settings = configuration_settings(configuration);
    configuration_complain(configuration, complain, NULL);
    log_open(log_target_of(settings), "authgated");
}

static void reload(evutil_socket_t signal, short events, void *argument) {
    struct server *server = argument;
    (void)signal;
    (void)events;
    supervisor_reloading();
    struct mistakes mistakes = {0};
    struct configuration *configuration = configuration_load(server->configuration_path, &mistakes);
    report_mistakes(&mistakes);
    mistakes_clear(&mistakes);
    if (configuration != NULL) {
        use(server, configuration);
        existence_forget(server->existence);
        reminders_give(server);
        standing_complain(server->standing, configuration_settings(configuration));
        if (configuration_settings(configuration)->notify != NULL && server->notifier == NULL)
            log_message(LOG_WARNING, "`notify` needs a restart: the helper that runs it is not there");
        country_watch_reload(server->country, configuration_settings(configuration)->country_database);
        log_message(LOG_NOTICE, "configuration %s is in force", server->configuration_path);
    } else {
        log_message(LOG_ERR, "configuration %s is not used; the one before stays in force", server->configuration_path);
    }
    supervisor_ready();
}

static void drain_look(evutil_socket_t descriptor, short events, void *argument) {
    struct run *run = argument;
    (void)descriptor;
    (void)events;
    connections_close_idle(run->server.connections);
    if (connections_count(run->server.connections) == 0 || clock_monotonic() >= run->drain_until)
        event_base_loopbreak(run->server.base);
}

static void terminate(evutil_socket_t signal, short events, void *argument) {
    struct run *run = argument;
    (void)signal;
    (void)events;
    if (run->server.draining)
        return;
    supervisor_stopping();
    listeners_close(run->server.listeners);
    log_message(LOG_NOTICE, "stopping: logins under way have %d ms", DRAIN_MILLISECONDS); /* nobody new can come */
    run->server.draining = true;
    run->drain_until = clock_monotonic() + DRAIN_MILLISECONDS;
    struct timeval every = {.tv_usec = DRAIN_LOOK_MICROSECONDS};
    event_add(run->signals.drain, &every);
}

static void watchdog(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    (void)argument;
    supervisor_alive();
}

void server_connection_closed(struct server *server) {
    listeners_resume(server->listeners);
}

/* A password check has a second descriptor: one to saslauthd, then a timer. */
static size_t connection_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= 2 * CONNECTION_LIMIT + DESCRIPTORS_RESERVED)
        return CONNECTION_LIMIT;
    return files.rlim_cur > DESCRIPTORS_RESERVED + 16 ? ((size_t)files.rlim_cur - DESCRIPTORS_RESERVED) / 2 : 8;
}

static bool add_signals(struct run *run) {
    struct event_base *base = run->server.base;
    struct signals *signals = &run->signals;
    signals->hangup = evsignal_new(base, SIGHUP, reload, &run->server);
    signals->terminate = evsignal_new(base, SIGTERM, terminate, run);
    signals->interrupt = evsignal_new(base, SIGINT, terminate, run);
    signals->drain = event_new(base, -1, EV_PERSIST, drain_look, run);
    signals->watchdog = event_new(base, -1, EV_PERSIST, watchdog, run);
    if (signals->hangup == NULL || signals->terminate == NULL || signals->interrupt == NULL || signals->drain == NULL ||
        signals->watchdog == NULL)
        return false;
    uint64_t every = supervisor_watchdog();
    struct timeval beat = {.tv_sec = (time_t)(every / 1000000), .tv_usec = (suseconds_t)(every % 1000000)};
    return event_add(signals->hangup, NULL) == 0 && event_add(signals->terminate, NULL) == 0 &&
           event_add(signals->interrupt, NULL) == 0 && (every == 0 || event_add(signals->watchdog, &beat) == 0);
}

/* After the fall of privileges everything is read once more: what the daemon's user cannot read must fail now, not at
 * the first reload. */
static bool reread_as_user(struct server *server) {
    struct mistakes mistakes = {0};
    struct configuration *configuration = configuration_load(server->configuration_path, &mistakes);
    report_mistakes(&mistakes);
    mistakes_clear(&mistakes);
    if (configuration != NULL)
        use(server, configuration);
    return configuration != NULL;
}

static bool unlock_and_drop(struct server *server) {
    char fault[512] = "";
    const struct settings *settings = configuration_settings(server->configuration);
    if (settings->store != NULL)
        server->vault = vault_unlock(settings, server->create_store, fault, sizeof fault);
    if (settings->store != NULL && server->vault == NULL) {
        log_message(LOG_ERR, "%s: secret_key_file: %s", server->configuration_path, fault);
        return false;
    }
    if (privilege_drop(settings->user, fault, sizeof fault))
        return true;
    log_message(LOG_ERR, "%s: %s", server->configuration_path, fault);
    return false;
}

/* While there is one thread and no secret: the helper that tells the administrator is a copy of this process. */
static void start_notifier(struct server *server) {
    unsigned char key[SIPHASH_KEY_SIZE];
    const struct settings *settings = configuration_settings(server->configuration);
    if (settings->notify == NULL)
        return;
    if (random_fill(key, sizeof key))
        server->notifier = notifier_start(settings->user, log_target_of(settings), key);
    if (server->notifier == NULL)
        log_message(LOG_ERR, "the helper that runs `notify` cannot be started: nobody will be told");
}

static bool set_up_privileged(struct server *server) {
    char fault[512] = "";
    if (privilege_peers_hidden()) {
        log_message(LOG_ERR, "this user namespace hides the ids of users (systemd's PrivateUsers=yes does): nobody who "
                             "connects could be told from anybody else; start authgated outside it");
        return false;
    }
    start_notifier(server);
    server->base = event_base_new();
    server->connections = server->base != NULL ? connections_create(server, connection_limit()) : NULL;
    if (server->connections == NULL) {
        log_message(LOG_ERR, "cannot start: out of memory");
        return false;
    }
    server->listeners = listeners_open(server, fault, sizeof fault);
    if (server->listeners == NULL) {
        log_message(LOG_ERR, "%s", fault);
        return false;
    }
    return unlock_and_drop(server);
}

static bool open_store(struct server *server) {
    char fault[512] = "";
    if (server->vault == NULL || vault_open(server->vault, server, server->create_store, fault, sizeof fault))
        return true;
    log_message(LOG_ERR, "%s: store: %s", server->configuration_path, fault);
    return false;
}

static bool open_history(struct server *server) {
    char fault[512] = "";
    if (configuration_settings(server->configuration)->history == NULL)
        return true;
    server->archive = archive_open(server, fault, sizeof fault);
    if (server->archive == NULL)
        log_message(LOG_ERR, "%s: history: %s", server->configuration_path, fault);
    server->history = archive_history(server->archive);
    return server->archive != NULL;
}

/* What is only in memory. */
static bool create_tables(struct server *server) {
    unsigned char key[SIPHASH_KEY_SIZE];
    if (!random_fill(key, sizeof key) || !random_fill(server->mark_key, sizeof server->mark_key) ||
        !random_fill(server->facts_key, sizeof server->facts_key))
        return false;
    server->settled = settled_create();
    server->existence = existence_create(server);
    server->throttle = throttle_create(THROTTLE_PLACES, key);
    server->throttled = throttle_list_create(server->throttle);
    server->compromise = compromise_create(COMPROMISE_ACCOUNTS, key);
    server->asks = asks_create(clock_monotonic());
    server->postfix_policy = postfix_policy_create();
    server->standing = standing_keep(configuration_settings(server->configuration));
    return server->settled != NULL && server->existence != NULL && server->throttle != NULL &&
           server->throttled != NULL && server->compromise != NULL && server->asks != NULL &&
           server->postfix_policy != NULL && server->standing != NULL;
}

static bool set_up(struct run *run) {
    struct server *server = &run->server;
    if (!set_up_privileged(server) || !reread_as_user(server) || !open_store(server) || !open_history(server))
        return false;
    bool tables = create_tables(server);
    server->workers = workers_start(server->base, WORKER_THREADS, WORKER_JOBS);
    server->country = country_watch_start(server, configuration_settings(server->configuration)->country_database);
    server->reminders = reminders_start(server);
    if (tables && server->workers != NULL && server->country != NULL && server->reminders != NULL && add_signals(run) &&
        listeners_start(server->listeners))
        return true;
    log_message(LOG_ERR, "cannot start: out of memory, threads or randomness");
    return false;
}

/* Whoever starts it by hand would see nothing at all where the log is syslog. */
static void point_to_the_log(const struct server *server) {
    if (log_target_of(configuration_settings(server->configuration)) == LOG_TO_SYSLOG)
        fputs("authgated: not started; the mail log says why (log = \"syslog\")\n", stderr);
}

/* The key as root, the store as the daemon's user: what a package does when it is installed. */
static bool make_store(struct server *server) {
    log_open(LOG_TO_STDERR, "authgated");
    server->base = event_base_new();
    return server->base != NULL && unlock_and_drop(server) && open_store(server);
}

static void free_event(struct event *event) {
    if (event != NULL)
        event_free(event);
}

/* What others rely on: that logins under way are told of, and that store and history are closed whole. */
static void finish(struct server *server) {
    if (server->connections != NULL)
        connections_destroy(&server->connections);
    listeners_free(&server->listeners);
    login_aftermath_finish(server);
    vault_close(&server->vault);
    archive_close(&server->archive);
    server->history = NULL;
    notifier_stop(&server->notifier);
    explicit_bzero(server->mark_key, sizeof server->mark_key);
}

/* A thread that hangs in a directory may come back to what it has at any moment: all of that stays until the process
 * ends, which it does here. */
static void end_with_a_thread(int code) {
    log_message(LOG_WARNING, "stopped while look-ups of groups or accounts, or the reading of a country database, "
                             "still run");
    _exit(code);
}

static void tear_down(struct run *run, int code) {
    struct server *server = &run->server;
    server->draining = true;
    bool idle = workers_stop(&server->workers);
    finish(server);
    if (!idle)
        end_with_a_thread(code);
    if (server->country != NULL)
        country_watch_stop(&server->country);
    existence_destroy(&server->existence);
    reminders_stop(&server->reminders);
    throttle_list_destroy(&server->throttled);
    throttle_destroy(&server->throttle);
    free(server->trials);
    compromise_destroy(&server->compromise);
    settled_destroy(&server->settled);
    standing_free(&server->standing);
    asks_destroy(&server->asks);
    postfix_policy_destroy(&server->postfix_policy);
    free_event(run->signals.hangup);
    free_event(run->signals.terminate);
    free_event(run->signals.interrupt);
    free_event(run->signals.drain);
    free_event(run->signals.watchdog);
    if (server->base != NULL)
        event_base_free(server->base);
    configuration_free(&server->configuration);
}

int server_run(const struct server_options *options, struct configuration *configuration) {
    static struct run run; /* one server a process; far too large for nothing, too large for a signal's stack */
    struct server *server = &run.server;
    server->configuration_path = options->configuration_path;
    server->create_store = options->create_store;
    server->started = clock_wall();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* until there is something to reload */
    privilege_harden(DESCRIPTORS_WANTED);
    use(server, configuration);
    bool good = options->exit ? make_store(server) : set_up(&run);
    if (good && !options->exit) {
        log_message(LOG_NOTICE, "authgated " AUTHGATE_VERSION " serves %s", server->configuration_path);
        supervisor_ready();
        event_base_dispatch(server->base);
        log_message(LOG_NOTICE, "stopped");
    }
    if (!good && !options->exit)
        point_to_the_log(server);
    int code = good ? 0 : 2;
    tear_down(&run, code);
    return code;
}
