/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/service_closed.o */
/* Closed and unknown services are denied; what nobody closed is open. */
#include "scene.h"

enum { IMAP, POP3 };

static int clear(void **state) {
    (void)state;
    scene_clear();
    return 0;
}

static void a_closed_service_is_denied_and_its_neighbour_is_not(void **state) {
    (void)state;
    struct value closed = {.file = "test", .line = 7, .number = 1};
    scene.entry[POLICY_SERVICES][POP3] = &closed;
    struct facts facts = {.service = POP3};
    struct judgement judgement = scene_judge(service_closed_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_ptr_equal(judgement.source, &closed);
    scene_says(service_closed_judge, service_closed_tell, &facts, "services closes this service");
    facts.service = IMAP;
    assert_int_equal(scene_judge(service_closed_judge, &facts).finding, FINDING_PASS);
}

static void a_service_opened_by_name_passes(void **state) {
    (void)state;
    struct value open = {.file = "test", .number = 0};
    scene.entry[POLICY_SERVICES][POP3] = &open;
    struct facts facts = {.service = POP3};
    assert_int_equal(scene_judge(service_closed_judge, &facts).finding, FINDING_PASS);
    scene_says(service_closed_judge, service_closed_tell, &facts, "the service is open");
}

static void a_service_that_the_host_does_not_know_is_denied(void **state) {
    (void)state;
    struct facts facts = {.service = SERVICE_UNKNOWN};
    struct judgement judgement = scene_judge(service_closed_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_null(judgement.source);
    scene_says(service_closed_judge, service_closed_tell, &facts,
               "the host knows no such service; services_known adds names");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_closed_service_is_denied_and_its_neighbour_is_not, clear),
        cmocka_unit_test_setup(a_service_opened_by_name_passes, clear),
        cmocka_unit_test_setup(a_service_that_the_host_does_not_know_is_denied, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
