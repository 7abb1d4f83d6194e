/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs one PAM transaction step by step and prints what each step came to, for tests/pam/test_*.py:
 *   pam-driver CONFDIR SERVICE USER RHOST STEP…      (RHOST "-" for none)
 * Steps: auth=HEX (the password, in hexadecimal, so that this process holds it nowhere else), acct, cred, user=NAME,
 * wait (for a line on standard input), fork-end, end (with what they came to), end=STATUS, scan=HEX (how often the
 * memory of this process holds those bytes), fds, again (a new transaction, after an end). The module's own calls can
 * be made to fail: see faults.c. */
#include <dirent.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject/faults.h"

static pam_handle_t *pamh;
static char **arguments;
static int last_status;
static const char *password_hex = "";

static unsigned hex_value(char character) {
    return character <= '9' ? (unsigned)(character - '0') : (unsigned)(character - 'a') + 10;
}

static unsigned char hex_byte(const char *hex, size_t index) {
    return (unsigned char)(hex_value(hex[2 * index]) << 4 | hex_value(hex[2 * index + 1]));
}

static char *decoded(const char *hex) {
    size_t length = strlen(hex) / 2;
    char *text = malloc(length + 1);
    for (size_t i = 0; text != NULL && i < length; i++)
        text[i] = (char)hex_byte(hex, i);
    if (text != NULL)
        text[length] = '\0';
    return text;
}

/* As Dovecot does: every hidden prompt gets the same password. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    (void)data;
    *responses = calloc((size_t)count, sizeof **responses);
    if (*responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        printf("shown %d %s\n", messages[i]->msg_style, messages[i]->msg);
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            (*responses)[i].resp = decoded(password_hex);
    }
    return PAM_SUCCESS;
}

/* A host ends the transaction with the first failure after the last pam_authenticate. */
static void print_status(const char *step, int status) {
    if (last_status == PAM_SUCCESS || strcmp(step, "auth") == 0)
        last_status = status;
    printf("%s %d\n", step, status);
}

static void end(int status) {
    pam_end(pamh, status);
    pamh = NULL;
    puts("end 0");
}

static void end_in_child(void) {
    pid_t child = fork();
    if (child == 0) {
        pam_end(pamh, last_status);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    puts("fork-end 0");
}

/* How often the bytes stand in a region; they are compared digit by digit, so that no copy of them is made here. */
static int occurrences(const unsigned char *from, const unsigned char *to, const char *hex) {
    size_t length = strlen(hex) / 2;
    int found = 0;
    for (; (size_t)(to - from) >= length; from++) {
        size_t same = 0;
        while (same < length && from[same] == hex_byte(hex, same))
            same++;
        found += same == length;
    }
    return found;
}

static void scan(const char *hex) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int found = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char permissions[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, permissions) == 3 && permissions[0] == 'r' && permissions[1] == 'w')
            found += occurrences((const unsigned char *)from, (const unsigned char *)to, hex);
    }
    if (maps != NULL)
        fclose(maps);
    printf("scan %d\n", found);
}

static void count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = -1;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    printf("fds %d\n", count);
}

static int start(void) {
    static const struct pam_conv conversation = {.conv = converse};
    int status = pam_start_confdir(arguments[2], arguments[3], &conversation, arguments[1], &pamh);
    if (status == PAM_SUCCESS && strcmp(arguments[4], "-") != 0)
        status = pam_set_item(pamh, PAM_RHOST, arguments[4]);
    print_status("start", status);
    return status;
}

static void step(const char *word) {
    char line[16];
    if (strncmp(word, "auth=", 5) == 0) {
        password_hex = word + 5;
        print_status("auth", pam_authenticate(pamh, 0));
    } else if (strcmp(word, "acct") == 0)
        print_status("acct", pam_acct_mgmt(pamh, 0));
    else if (strcmp(word, "cred") == 0)
        printf("cred %d\n", pam_setcred(pamh, PAM_ESTABLISH_CRED));
    else if (strncmp(word, "user=", 5) == 0)
        printf("user %d\n", pam_set_item(pamh, PAM_USER, word + 5));
    else if (strcmp(word, "wait") == 0) {
        puts("waiting 0");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            exit(1);
    } else if (strcmp(word, "fork-end") == 0)
        end_in_child();
    else if (strcmp(word, "end") == 0)
        end(last_status);
    else if (strncmp(word, "end=", 4) == 0)
        end((int)strtol(word + 4, NULL, 0));
    else if (strncmp(word, "scan=", 5) == 0)
        scan(word + 5);
    else if (strcmp(word, "fds") == 0)
        count_descriptors();
    else
        exit(2);
}

int main(int count, char **words) {
    if (count < 6)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    arguments = words;
    int status = start();
    for (int i = 5; i < count && status == PAM_SUCCESS; i++)
        step(words[i]);
    faults_report();
    return 0;
}
