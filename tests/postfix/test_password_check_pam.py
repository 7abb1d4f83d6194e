#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_password_check.py again with `saslauthd -a pam`, whose back end ignores the realm: whatever follows an '@'
reaches the same mailbox there, so what the gate makes of names is all that keeps them apart (THREATS M8)."""
import test_password_check

test_password_check.main("pam")
