# SPDX-License-Identifier: BSD-2-Clause
# Included by the Makefile: `make dist`, `make deb`, `make rpm` and their tests, `make check-packages`. Everything is built below BUILD from
# a copy of the tree as it stands; nothing is signed or installed.

PACKAGE := authgate-$(VERSION)
DIST := $(BUILD)/dist/$(PACKAGE).tar.xz
PACKAGE_DATE = $(shell date -d "$$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s)
# Under git what it knows or would take; else all that may stand at the top.
DIST_FILES = { [ -e .git ] && git ls-files -z --cached --others --exclude-standard 2> /dev/null || \
	find .ci .clang-format .editorconfig .gitignore .github COPYING Makefile NEWS README.md conf module packaging tests -type f \
		-print0; }

# A package is built by a make of its own, which this one tells nothing.
APART = env -u BUILD -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u DESTDIR

.PHONY: dist deb rpm unit-tests check-packages packages-wanted install-systemd

# What packages do to a host, in a small Debian made for it: some minutes, and the network for that Debian's first time.
# `make check` runs them with everything else; `make check PACKAGES=` leaves them out.
PACKAGES ?= yes
PACKAGE_TESTS = $(sort $(wildcard tests/packaging/installed/test_*.py))
check-packages:
	@tests/deps build check packages
	@$(TEST_ENVIRONMENT) tests/run $(PACKAGE_TESTS)

ifneq ($(PACKAGES),)
LONG_TESTS += $(PACKAGE_TESTS)
check: packages-wanted
packages-wanted:
	@tests/deps packages
endif

unit-tests: $(UNIT_TESTS)

dist:
	@tests/deps dist
	@rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist
	@$(DIST_FILES) | xargs -0 sh -c 'for f; do [ ! -e "$$f" ] || printf "%s\0" "$$f"; done' sh | LC_ALL=C sort -zu | \
		tar --null --no-recursion --files-from=- --transform='s|^|$(PACKAGE)/|' --mtime=@$(PACKAGE_DATE) --owner=0 --group=0 \
		--numeric-owner --mode=go=rX,u+rw,a-s --format=gnu -c | xz -T1 > $(DIST)
	@echo $(DIST)

# Debian wants its folder at the top of the sources: it is put there in the copy. DEB_BUILD_OPTIONS=nocheck leaves the
# unit tests out, as `make check` runs them anyway; noautodbgsym leaves out packages of symbols, so that *.deb is what
# one installs.
DEB := $(BUILD)/deb
deb: dist
	@tests/deps build deb
	@rm -rf $(DEB) && mkdir -p $(DEB)
	@cp $(DIST) $(DEB)/authgate_$(VERSION).orig.tar.xz
	@tar -C $(DEB) -xf $(DIST) && cp -R $(DEB)/$(PACKAGE)/packaging/debian $(DEB)/$(PACKAGE)/debian
	@cd $(DEB)/$(PACKAGE) && DEB_BUILD_OPTIONS="$${DEB_BUILD_OPTIONS-nocheck noautodbgsym parallel=$(shell nproc)}" \
		$(APART) dpkg-buildpackage -us -uc > ../build.log 2>&1 || { cat ../build.log; exit 1; }
	@ls $(DEB)/*.deb

# On a host that is no Red Hat the names of its packages mean nothing, and its macros have to be told.
RPM := $(abspath $(BUILD))/rpm
RPM_MACROS = --define '_topdir $(RPM)' --define '_tmppath $(RPM)/tmp' \
	--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
	--define '_buildhost localhost' $(if $(wildcard /etc/debian_version),--nodeps \
	--define '_unitdir /usr/lib/systemd/system' --define '_sysusersdir /usr/lib/sysusers.d' \
	--define '_tmpfilesdir /usr/lib/tmpfiles.d' --define '_pam_moduledir /usr/lib64/security' --define 'make_build make')
rpm: dist
	@tests/deps build rpm
	@rm -rf $(RPM) && mkdir -p $(RPM)/SOURCES $(RPM)/tmp
	@cp $(DIST) $(RPM)/SOURCES
	@SOURCE_DATE_EPOCH=$(PACKAGE_DATE) $(APART) rpmbuild -ba --without check $(RPM_MACROS) packaging/rpm/authgate.spec \
		> $(RPM)/build.log 2>&1 || { cat $(RPM)/build.log; exit 1; }
	@ls $(RPM)/RPMS/*/*.rpm $(RPM)/SRPMS/*.rpm

# For a host without a package: the units, with the programs where `make install` put them.
unitdir ?= /usr/lib/systemd/system
install-systemd:
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	sed 's|/usr/sbin/|$(sbindir)/|' packaging/systemd/authgated.service > $(DESTDIR)$(unitdir)/authgated.service
	install -m 644 packaging/systemd/*.socket $(DESTDIR)$(unitdir)
	install -m 644 packaging/systemd/authgate.sysusers $(DESTDIR)/usr/lib/sysusers.d/authgate.conf
	install -m 644 packaging/systemd/authgate.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/authgate.conf
