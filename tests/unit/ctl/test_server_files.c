/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/sections.o ctl/postfix_conf.o ctl/sasl_conf.o ctl/scrap.o ctl/verb.o policy/arena.o */
/* Dovecot's and Postfix's configurations: what their tools print is taken apart, and the line that set a thing is
 * found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "ctl/postfix_conf.h"
#include "ctl/sasl_conf.h"
#include "ctl/sections.h"

static char folder[] = "/tmp/authgate-files-XXXXXX";
static struct arena arena;

static const char *put(const char *name, const char *text) {
    const char *path = scrap_text(&arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL || mkdir(scrap_text(&arena, "%s/conf.d", folder), 0755) != 0;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {
        "dovecot.conf", "conf.d/10-auth.conf", "conf.d/20.conf", "conf.d", "main.cf", "master.cf", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (remove(scrap_text(&arena, "%s/%s", folder, names[i])) != 0)
            return 1;
    arena_clear(&arena);
    return 0;
}

static struct sections parse(const char *text) {
    return sections_parse(&arena, scrap_text(&arena, "%s", text), "printed");
}

static void settings_are_found_in_their_sections(void **state) {
    (void)state;
    struct sections sections = parse("# 2.3.19\n"
                                     "a = 1 # why\n"
                                     "quoted = \"with # in it\"\n"
                                     "passdb {\n  driver = pam\n}\n"
                                     "passdb {\n  driver = passwd-file\n  driver = static\n}\n"
                                     "service auth {\n  unix_listener /x/auth {\n    mode = 0660\n  }\n}\n"
                                     "}\nlast = \\\n one\\\n two\n");
    assert_string_equal(sections_find(&sections, NULL, "a")->value, "1");
    assert_string_equal(sections_find(&sections, NULL, "quoted")->value, "with # in it");
    assert_null(sections_find(&sections, NULL, "driver"));
    assert_int_equal(sections.section_count, 4);
    assert_string_equal(sections_find(&sections, sections.section[0], "driver")->value, "pam");
    assert_string_equal(sections_find(&sections, sections.section[1], "driver")->value, "static");
    assert_string_equal(sections.section[3]->title, "/x/auth");
    assert_string_equal(sections.section[3]->outer->path, "/service auth");
    assert_string_equal(sections_find(&sections, NULL, "last")->value, "one  two");
    assert_int_equal(sections_find(&sections, NULL, "last")->place.line, 17);
}

static void the_line_is_found_through_includes(void **state) {
    (void)state;
    const char *main_file = put("dovecot.conf", "a = 1\npassdb {\n  driver = pam\n}\n!include conf.d/*.conf\n"
                                                "!include_try nothing.conf\nb = 2\n!include conf.d/nothing/*\n");
    put("conf.d/10-auth.conf", "\npassdb {\n  driver = static\n}\na = 3\n");
    put("conf.d/20.conf", "service auth {\n  user = root\n}\n!include ../conf.d/20.conf\n"); /* a loop */
    struct sections files = sections_load(&arena, main_file);
    struct sections printed = parse("a = 3\npassdb {\n  driver = pam\n}\npassdb {\n  args = x\n  driver = static\n}\n"
                                    "service auth {\n  user = root\n}\nservice login {\n}\n");
    struct place place = sections_locate(&files, NULL, "a", "none");
    assert_string_equal(place.file, scrap_text(&arena, "%s/conf.d/10-auth.conf", folder));
    assert_int_equal(place.line, 5);
    place = sections_locate(&files, printed.section[1], "driver", "none");
    assert_int_equal(place.line, 3);
    place = sections_locate(&files, printed.section[1], "args", "none"); /* the section's own line */
    assert_int_equal(place.line, 2);
    place = sections_locate(&files, printed.section[2], "user", "none");
    assert_int_equal(place.line, 2);
    place = sections_locate(&files, printed.section[3], "user", "none");
    assert_string_equal(place.file, "none");
    assert_int_equal(place.line, 0);
}

static void what_includes_itself_ends(void **state) {
    (void)state;
    const char *file = put("dovecot.conf", "x = 1\ny {\n!include dovecot.c*\n!include dovecot.conf\n}\nlast = yes\n");
    struct sections sections = sections_load(&arena, file);
    assert_string_equal(sections_find(&sections, NULL, "last")->value, "yes");
    assert_in_range(sections.count, 1000, 5000);
}

static void a_line_goes_on_and_on(void **state) {
    (void)state;
    enum { LINES = 500000 };
    char *text = scrap_take(&arena, 2 * LINES + 8, 1);
    memcpy(text, "x =", 3);
    for (size_t i = 0; i < LINES; i++)
        memcpy(text + 3 + 2 * i, "\\\n", 2);
    text[3 + 2 * LINES] = 'y';
    struct sections sections = sections_parse(&arena, text, "printed");
    assert_int_equal(sections.count, 1);
    assert_string_equal(sections.setting[0].value, "y");
    assert_int_equal(sections.setting[0].place.line, 1);
}

static struct postfix_conf postfix(void) {
    struct postfix_conf conf = {.folder = folder};
    postfix_add_main(&arena, &conf, scrap_text(&arena, "type = cyrus\nlist = a, b\nempty =\n"));
    postfix_add_overrides(&arena, &conf,
                          scrap_text(&arena, "submission/inet/type = dovecot\n"
                                             "[::1]:2525/inet/list = c = d\nnonsense\n"));
    postfix_add_services(&arena, &conf,
                         scrap_text(&arena, "smtp       inet  n       -       y       -       -       smtpd\n"
                                            "submission inet n - n - - smtpd -o type=dovecot\n"
                                            "[::1]:2525 inet n - - - - smtpd\n"
                                            "smtp unix  - -  y - - smtp\nshort line\n"));
    return conf;
}

static void each_smtpd_has_its_own_values(void **state) {
    (void)state;
    struct postfix_conf conf = postfix();
    assert_int_equal(conf.smtpd_count, 3);
    assert_true(conf.smtpd[0].chroot);
    assert_false(conf.smtpd[1].chroot);
    assert_false(conf.smtpd[2].chroot);
    assert_string_equal(postfix_value(&conf, &conf.smtpd[0], "type"), "cyrus");
    assert_string_equal(postfix_value(&conf, &conf.smtpd[1], "type"), "dovecot");
    assert_string_equal(postfix_value(&conf, &conf.smtpd[2], "list"), "c = d");
    assert_string_equal(postfix_value(&conf, NULL, "empty"), "");
    assert_string_equal(postfix_value(&conf, NULL, "nobody"), "");
    assert_string_equal(postfix_port(&conf.smtpd[2]), "2525");
}

static void the_line_is_master_s_before_main_s(void **state) {
    (void)state;
    struct postfix_conf conf = postfix();
    put("main.cf", "type = a\n# type = b\ntype =\n  cyrus\nlist = x\nmytype = x\n");
    put("master.cf", "smtp inet n - y - - smtpd\n# -o type=x\n  -o list=x -o retype=1\n\n"
                     "submission inet n - n - - smtpd\n  -o a=b\n#  -o type=c\n  -o { type = dovecot }\n");
    struct place place = postfix_place(&arena, &conf, &conf.smtpd[0], "type");
    assert_int_equal(place.line, 3);
    assert_string_equal(place.file, scrap_text(&arena, "%s/main.cf", folder));
    place = postfix_place(&arena, &conf, &conf.smtpd[1], "type");
    assert_int_equal(place.line, 8);
    place = postfix_place(&arena, &conf, &conf.smtpd[0], "list");
    assert_int_equal(place.line, 3);
    assert_string_equal(place.file, scrap_text(&arena, "%s/master.cf", folder));
    place = postfix_place(&arena, &conf, &conf.smtpd[1], "unset"); /* where it could be set */
    assert_int_equal(place.line, 5);
    place = postfix_place(&arena, &conf, NULL, "unset");
    assert_int_equal(place.line, 0);
}

static void the_first_of_two_options_counts(void **state) {
    (void)state;
    struct sasl_conf conf = {.count = 0};
    sasl_options_read(&arena, &conf, NULL);
    assert_int_equal(conf.count, 0);
    sasl_options_read(&arena, &conf,
                      scrap_text(&arena, "# pwcheck_method: none\n\nno option\n Pwcheck_Method : saslauthd \r\n"
                                         "pwcheck_method: auxprop\nmech_list:\n"));
    assert_int_equal(conf.count, 3);
    assert_string_equal(sasl_option(&conf, "pwcheck_method")->value, "saslauthd");
    assert_int_equal(sasl_option(&conf, "pwcheck_method")->line, 4);
    assert_string_equal(sasl_option(&conf, "mech_list")->value, "");
    assert_null(sasl_option(&conf, "mech"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_found_in_their_sections),
        cmocka_unit_test(the_line_is_found_through_includes),
        cmocka_unit_test(what_includes_itself_ends),
        cmocka_unit_test(a_line_goes_on_and_on),
        cmocka_unit_test(each_smtpd_has_its_own_values),
        cmocka_unit_test(the_line_is_master_s_before_main_s),
        cmocka_unit_test(the_first_of_two_options_counts),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
