/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that the PAM module makes, counted and made to fail, and its log lines, shown. Nothing is called here by hand
 * but the report: the module finds these functions in the program that loads it before those of the libraries. */
#ifndef AUTHGATE_TESTS_PAM_FAULTS_H
#define AUTHGATE_TESTS_PAM_FAULTS_H

/* Prints `calls N`: how many calls that can fail the module has made. */
void faults_report(void);

#endif
