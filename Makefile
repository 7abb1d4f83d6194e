# SPDX-License-Identifier: BSD-2-Clause
# authgate's build. `make` builds into build/; `make check` runs every test; `make demo` shows it at work.
# Variables: BUILD (where to build), CC, SANITIZE (a -fsanitize list), DESTDIR, prefix and others below (install).

BUILD    ?= build
CC       ?= cc
prefix   ?= /usr/local
sbindir  ?= $(prefix)/sbin
bindir   ?= $(prefix)/bin
mandir   ?= $(prefix)/share/man
sysconfdir ?= /etc
pamdir   ?= $(shell d=$$($(CC) -print-multiarch 2>/dev/null); [ -d /lib/$$d/security ] && echo /lib/$$d/security || echo /usr/lib64/security)
sasldir  ?= $(shell d=$$($(CC) -print-multiarch 2>/dev/null); [ -d /usr/lib/$$d ] && echo /usr/lib/$$d/sasl2 || echo /usr/lib64/sasl2)
docdir   ?= $(prefix)/share/doc/authgate
completionsdir ?= $(prefix)/share/bash-completion/completions
VERSION  := 0.1.0

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wpointer-arith
HARDENING := -fstack-protector-strong -fno-strict-overflow
ifeq ($(SANITIZE),)
HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
OPTIMIZE ?= -O2
else
OPTIMIZE ?= -O1
SANITIZER := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifneq ($(filter x86_64 i686,$(shell uname -m)),)
HARDENING += -fstack-clash-protection -fcf-protection
endif
CFLAGS   ?= -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DAUTHGATE_VERSION='"$(VERSION)"' -Imodule -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections $(WARNINGS) \
	$(HARDENING) $(OPTIMIZE) $(SANITIZER) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(SANITIZER) $(LDFLAGS)

# Each outside library belongs to one folder (`make layers` proves it).
LIBS_daemon     := -levent_core
ifneq ($(wildcard /usr/include/systemd/sd-daemon.h),)
LIBS_daemon     += -lsystemd
CFLAGS_daemon   := -DHAVE_LIBSYSTEMD
endif
LIBS_policy     := -lconfig
LIBS_country    := -lmaxminddb
LIBS_credential := -loath -lsodium
LIBS_store      := -lsqlite3
LIBS_ctl        := -ljansson -lqrencode -lpng
LIBS_pam        := -lpam
LIBS_sasl       := -lsasl2

objects = $(patsubst module/%.c,$(BUILD)/obj/%.o,$(wildcard module/$(1)/*.c))
PROGRAMS = $(BUILD)/authgated $(BUILD)/authgatectl $(BUILD)/pam_authgate.so $(BUILD)/libauthgate.so

.PHONY: all check unit demo deps install uninstall clean asan fuzz bench layers format
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS)

DAEMON_FOLDERS := daemon gate policy country credential store wire base
$(BUILD)/authgated: $(foreach f,$(DAEMON_FOLDERS),$(call objects,$(f)))
	$(CC) -pie $(ALL_LDFLAGS) -pthread -o $@ $^ $(foreach f,$(DAEMON_FOLDERS),$(LIBS_$(f)))

CTL_FOLDERS := ctl gate policy wire base
$(BUILD)/authgatectl: $(foreach f,$(CTL_FOLDERS),$(call objects,$(f)))
	$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(foreach f,$(CTL_FOLDERS),$(LIBS_$(f)))

# libpam loads and unloads a module in every transaction: nodelete keeps it, which halves what the gate costs there. A
# process keeps what it has loaded, so an upgrade has Dovecot and saslauthd reloaded.
MODULE_LDFLAGS = -Wl,--gc-sections $(if $(SANITIZE),,-Wl,-z,defs)
$(BUILD)/pam_authgate.so: $(foreach f,pam wire base,$(call objects,$(f))) module/pam/pam_authgate.map
	$(CC) -shared $(ALL_LDFLAGS) $(MODULE_LDFLAGS) -Wl,-z,nodelete -Wl,--version-script=module/pam/pam_authgate.map -o $@ $(filter %.o,$^) $(LIBS_pam)

$(BUILD)/libauthgate.so: $(foreach f,sasl wire base,$(call objects,$(f))) module/sasl/libauthgate.map
	$(CC) -shared $(ALL_LDFLAGS) $(MODULE_LDFLAGS) -Wl,--version-script=module/sasl/libauthgate.map -o $@ $(filter %.o,$^) $(LIBS_sasl)

$(BUILD)/obj/%.o: module/%.c Makefile | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS_$(notdir $(@D))) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/FOLDER/NAME.c links module/base and only those objects that its first `links:` comment names.
UNIT_SOURCES := $(wildcard tests/unit/*/*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SOURCES))
unit_words = $(shell sed -n 's|^/\* links: \(.*\) \*/$$|\1|p' tests/unit/$(1).c)
unit_objects = $(patsubst %,$(BUILD)/obj/%,$(filter %.o,$(call unit_words,$(1))))

.SECONDEXPANSION:
$(BUILD)/tests/unit/%: tests/unit/%.c $$(call objects,base) $$(call unit_objects,$$*)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -Itests/unit $(ALL_LDFLAGS) -o $@ $< $(filter %.o,$^) $(filter -l% -W% -pthread,$(call unit_words,$*)) -lcmocka

-include tests/tests.mk
-include packaging/packaging.mk
-include $(shell find $(BUILD)/obj $(BUILD)/tests -name '*.d' -type f 2>/dev/null)

# Installing starts nothing and replaces no file in /etc. The PAM services lie idle until a mail server names them.
MANUALS := $(wildcard module/*/*.[1578])
SAMPLES := $(filter-out conf/pam.d %completion,$(wildcard conf/*))
PAM_SERVICES := $(wildcard conf/pam.d/$(if $(wildcard /etc/debian_version),debian,rhel)/*)
manual_place = $(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
etc_place = $(DESTDIR)$(sysconfdir)/$(if $(filter conf/pam.d/%,$(1)),pam.d,authgate)/$(notdir $(1))
ETC_FILES := $(PAM_SERVICES) conf/authgate.conf

define newline


endef

install: all
	install -D -m 755 $(BUILD)/authgated $(DESTDIR)$(sbindir)/authgated
	install -D -m 755 $(BUILD)/authgatectl $(DESTDIR)$(sbindir)/authgatectl
	install -D -m 644 $(BUILD)/pam_authgate.so $(DESTDIR)$(pamdir)/pam_authgate.so
	install -D -m 644 $(BUILD)/libauthgate.so $(DESTDIR)$(sasldir)/libauthgate.so
	install -D -m 644 conf/authgatectl.bash-completion $(DESTDIR)$(completionsdir)/authgatectl
	$(foreach m,$(MANUALS),install -D -m 644 $(m) $(call manual_place,$(m))$(newline)	)
	install -d $(DESTDIR)$(docdir)
	cp -R README.md NEWS COPYING $(SAMPLES) $(DESTDIR)$(docdir)
	$(foreach f,$(ETC_FILES),[ -e $(call etc_place,$(f)) ] || install -D -m 644 $(f) $(call etc_place,$(f))$(newline)	)

# A file in /etc that was changed since stays: it belongs to whoever changed it.
uninstall:
	rm -f $(DESTDIR)$(sbindir)/authgated $(DESTDIR)$(sbindir)/authgatectl
	rm -f $(DESTDIR)$(pamdir)/pam_authgate.so $(DESTDIR)$(sasldir)/libauthgate.so
	rm -f $(DESTDIR)$(completionsdir)/authgatectl $(foreach m,$(MANUALS),$(call manual_place,$(m)))
	rm -rf $(DESTDIR)$(docdir)
	$(foreach f,$(ETC_FILES),! cmp -s $(f) $(call etc_place,$(f)) || rm -f $(call etc_place,$(f))$(newline)	)

clean:
	rm -rf $(BUILD)
