# SPDX-License-Identifier: BSD-2-Clause
# Targets that test and show. Included by the Makefile. Helpers' programs in C: add them to TEST_HELPERS, in a block of
# their own below, with a rule for each.

# Handed to every test. CHECK_CFLAGS is what headers are compiled alone with.
TEST_ENVIRONMENT = BUILD="$(abspath $(BUILD))" CC="$(CC)" SANITIZE="$(SANITIZE)" \
	CHECK_CFLAGS="-std=c17 -D_GNU_SOURCE $(WARNINGS)" PYTHONDONTWRITEBYTECODE=1
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
TEST_SCRIPTS = $(sort $(wildcard tests/*/test_*.py))
LONG_TESTS = # begin first, so that the short ones fill the time beside them

.PHONY: headers test-programs fuzz-programs campaign

deps:
	@tests/deps build check

# What `make` alone needs is there before the first object is compiled.
$(BUILD)/.deps: tests/deps
	@tests/deps build
	@mkdir -p $(@D)
	@touch $@

# The fuzz drivers, one for each parser, as programs that try their corpus and some thousand changes of it.
FUZZ_DRIVERS := $(filter-out driver,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_TESTS = $(FUZZ_DRIVERS:%=$(BUILD)/tests/fuzz/%)

test-programs: $$(UNIT_TESTS) $$(FUZZ_TESTS) $$(TEST_HELPERS)

check:
	@tests/deps build check
	@$(MAKE) -s --no-print-directory $(PARALLEL) WARNINGS="$(WARNINGS) -Werror" all test-programs
	@$(TEST_ENVIRONMENT) tests/run $(LONG_TESTS) $(UNIT_TESTS) $(FUZZ_TESTS) $(TEST_SCRIPTS)

# Hours instead of minutes: the scripts that ask tap.rounds how often, in full numbers, and the daemon without its checks;
# then, one at a time, what compares times. CAMPAIGN_ONLY is a word in the path of those to run; test_large_history wants
# 25 GB below TMPDIR.
CAMPAIGN = $(shell grep -l 'tap\.rounds' tests/*/test_*.py) tests/campaign/deleted_checks.py
CAMPAIGN_TIMED = $(BUILD)/tests/campaign/constant-time tests/campaign/logins_alike.py
campaign_some = $(foreach p,$(1),$(if $(findstring $(CAMPAIGN_ONLY),$(p)),$(p)))
campaign_run = $(if $(strip $(2)),$(TEST_ENVIRONMENT) CAMPAIGN=1 tests/run --at-once $(1) $(2),true)
campaign:
	@tests/deps build check
	@$(MAKE) -s --no-print-directory $(PARALLEL) all test-programs $(BUILD)/tests/campaign/constant-time
	@$(call campaign_run,2,$(call campaign_some,$(CAMPAIGN))); first=$$?; \
		$(call campaign_run,1,$(call campaign_some,$(CAMPAIGN_TIMED))) && exit $$first

$(BUILD)/tests/campaign/constant-time: tests/campaign/constant_time.c $$(call objects,credential) $$(call objects,base)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_credential) -lm

unit:
	@tests/deps build check
	@$(MAKE) --no-print-directory $(PARALLEL) $(UNIT_TESTS)
	@$(TEST_ENVIRONMENT) tests/run $(UNIT_TESTS)

layers:
	@$(TEST_ENVIRONMENT) tests/run tests/tree/test_layers.py

headers:
	@tests/deps build
	@$(TEST_ENVIRONMENT) tests/run tests/tree/test_headers_compile_alone.py

demo:
	@tests/deps build demo
	@$(MAKE) -s --no-print-directory $(PARALLEL) all
	@$(TEST_ENVIRONMENT) KEEP="$(KEEP)" COUNTRY_DB="$(COUNTRY_DB)" tests/demo/demo.py

# All that runs, under the address and undefined-behaviour sanitizers: the modules with them in the tests' own hosts, and
# as they are built without (HOST_MODULES) in Dovecot and Postfix, which no sanitizer is built into.
asan:
	@tests/deps build check
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/pam_authgate.so $(BUILD)/libauthgate.so
	@$(MAKE) --no-print-directory $(PARALLEL) BUILD=$(BUILD)/asan HOST_MODULES=$(abspath $(BUILD)) \
		SANITIZE=address,undefined sanitized

SANITIZED_SCRIPTS = $(filter-out tests/tree/% tests/packaging/%,$(TEST_SCRIPTS))
sanitized: all test-programs
	@$(TEST_ENVIRONMENT) HOST_MODULES="$(HOST_MODULES)" ASAN_OPTIONS=detect_leaks=1 \
		tests/run $(UNIT_TESTS) $(FUZZ_TESTS) $(SANITIZED_SCRIPTS)

# Fuzzes each driver for FUZZ_SECONDS with clang's libFuzzer; what it finds stays in BUILD/fuzz.
FUZZ_SECONDS ?= 60
fuzz:
	@tests/deps build fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) BUILD=$(BUILD)/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzzed

FUZZED = $(FUZZ_DRIVERS:%=fuzzed-%)
.PHONY: sanitized fuzzed $(FUZZED)
fuzzed: $(FUZZED)

$(FUZZED): fuzzed-%: $(BUILD)/tests/fuzz/%
	@mkdir -p $(BUILD)/corpus/$*
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -artifact_prefix=$(BUILD)/$*- $(BUILD)/corpus/$* $(wildcard tests/fuzz/corpus/$*)

# As for unit tests, the second line of a driver is /* links: … */. Without libFuzzer tests/fuzz/driver.c is the main.
fuzz_words = $(shell sed -n 's|^/\* links: \(.*\) \*/$$|\1|p' tests/fuzz/$(1).c)
fuzz_objects = $(patsubst %,$(BUILD)/obj/%,$(filter %.o,$(call fuzz_words,$(1))))
fuzz_main = $(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=fuzzer,tests/fuzz/driver.c)

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $$(call objects,base) $$(call fuzz_objects,$$*)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(fuzz_main) $(filter %.o,$^) \
		$(filter -l% -W% -pthread,$(call fuzz_words,$*))

# tests/inject: makes calls of a module fail, in programs that load one.
INJECT = tests/inject/faults.c tests/inject/faults.h

# tests/pam: a program that runs PAM transactions, a stand-in password module, and a twin of our module whose errors
# are PAM_IGNORE, by which the sweep over failing calls shows that it can fail.
PAM_HELPERS = $(addprefix $(BUILD)/tests/pam/,pam-driver load-unload pam_standin.so pam_planted.so)
TEST_HELPERS += $(PAM_HELPERS)

$(BUILD)/tests/pam/pam-driver: tests/pam/driver.c tests/pam/faults.c $(INJECT)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -U_FORTIFY_SOURCE -rdynamic $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) -lpam -ldl

$(BUILD)/tests/pam/load-unload: tests/pam/load_unload.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -ldl

$(BUILD)/tests/pam/pam_standin.so: tests/pam/pam_standin.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $< -lpam

$(BUILD)/tests/pam/planted.c: module/pam/pam_authgate.c
	@mkdir -p $(@D)
	sed 's/PAM_SYSTEM_ERR/PAM_IGNORE/' $< > $@

$(BUILD)/tests/pam/pam_planted.so: $(BUILD)/tests/pam/planted.c $(filter-out %/pam_authgate.o,$(call objects,pam)) $(call objects,wire) $(call objects,base)
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -Wl,--version-script=module/pam/pam_authgate.map -o $@ $(filter %.c %.o,$^) -lpam

# tests/country: prints what a country database says.
TEST_HELPERS += $(BUILD)/tests/country/country-of
$(BUILD)/tests/country/country-of: tests/country/country_of.c $$(call objects,country) $$(call objects,base)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_country)

# tests/bench: what the gate costs beside what else there is. BENCH_SECONDS is how long each row is measured, BENCH_ROWS
# which groups of rows: gate, files, codes, throttle, smtp.
bench:
	@tests/deps build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all $(addprefix $(BUILD)/tests/bench/,driver enrol empty-gate)
	@$(TEST_ENVIRONMENT) COUNTRY_DB="$(COUNTRY_DB)" BENCH_ROWS="$(BENCH_ROWS)" tests/bench/bench.py

$(BUILD)/tests/bench/driver: $(filter-out %/enrol.c %/empty_gate.c,$(wildcard tests/bench/*.c)) $(wildcard tests/bench/*.h)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) -lpam -loath

$(BUILD)/tests/bench/empty-gate: tests/bench/empty_gate.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

$(BUILD)/tests/bench/enrol: tests/bench/enrol.c $$(call objects,credential) $$(call objects,base)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_credential) $(LIBS_store)

# tests/lab: clocks that a test can move forward.
TEST_HELPERS += $(BUILD)/tests/lab/clock-shift.so
$(BUILD)/tests/lab/clock-shift.so: tests/lab/clock_shift.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $< -ldl

# tests/daemon: puts a file in the place of a new socket; a directory that is slow.
DAEMON_HELPERS = $(addprefix $(BUILD)/tests/daemon/,other-hand.so held-nss.so)
TEST_HELPERS += $(DAEMON_HELPERS)
$(BUILD)/tests/daemon/other-hand.so: tests/daemon/other_hand.c
$(BUILD)/tests/daemon/held-nss.so: tests/daemon/held_nss.c
$(DAEMON_HELPERS):
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $< -ldl

# tests/sasl: a host for the plugin, and a twin of the plugin on whose errors libsasl2 would go on.
TEST_HELPERS += $(BUILD)/tests/sasl/sasl-driver $(BUILD)/tests/sasl/libplanted.so
$(BUILD)/tests/sasl/sasl-driver: tests/sasl/driver.c $(INJECT)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -U_FORTIFY_SOURCE -rdynamic $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) -ldl

$(BUILD)/tests/sasl/planted.c: module/sasl/outcome.c
	@mkdir -p $(@D)
	sed 's/SASL_UNAVAIL;/SASL_NOUSER;/' $< > $@

$(BUILD)/tests/sasl/libplanted.so: $(BUILD)/tests/sasl/planted.c $(filter-out %/outcome.o,$(call objects,sasl)) $(call objects,wire) $(call objects,base)
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -Wl,--version-script=module/sasl/libauthgate.map -o $@ $(filter %.c %.o,$^) -lsasl2

# tests/history: fills a history with logins of the past.
TEST_HELPERS += $(BUILD)/tests/history/fill
$(BUILD)/tests/history/fill: tests/history/fill.c $$(filter %/history.o %/history_allowance.o %/history_queue.o %/history_reader.o %/history_rows.o %/sqlite_history.o %/sqlite_history_file.o %/sqlite_history_read.o %/sqlite_history_tidy.o,$$(call objects,store)) $$(call objects,base)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -pthread -o $@ $^ $(LIBS_store)
