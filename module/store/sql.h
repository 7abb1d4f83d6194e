/* SPDX-License-Identifier: BSD-2-Clause */
/* Every SQL text of the SQLite engine, by name. Values are bound, never spliced. Columns are named one by one, so that
 * a schema with more of them works as well. */
#ifndef AUTHGATE_STORE_SQL_H
#define AUTHGATE_STORE_SQL_H

enum statement {
    SQL_BEGIN,
    SQL_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_META_GET,
    SQL_META_SET,

    SQL_LOCK_GET,
    SQL_LOCK_ALL,
    SQL_LOCK_SET,
    SQL_LOCK_DROP,
    SQL_SECRET_GET,
    SQL_SECRET_SET,
    SQL_SECRET_PROMOTE,
    SQL_SECRET_DROP,
    SQL_SECRET_DROP_STATE,
    SQL_SECRET_SEALED_BY_OTHERS,
    SQL_SECRET_RESEAL,
    SQL_ACCOUNT_LIST,
    SQL_STEP_CONSUME,
    SQL_STEP_REST,
    SQL_STEP_REST_GET,
    SQL_STEP_REST_TRIM,
    SQL_CODE_LIST,
    SQL_CODE_GET,
    SQL_CODE_KNOWN,
    SQL_CODE_TRIM,
    SQL_NETWORK_LIST,
    SQL_NETWORK_TRIM,
    SQL_NETWORK_DROP,
    SQL_MEMORY_SET,
    SQL_MEMORY_LIST,
    SQL_MEMORY_MANY,
    SQL_MEMORY_COUNT,
    SQL_MEMORY_END,
    SQL_MEMORY_DROP,
    SQL_RECOVERY_LIST,
    SQL_RECOVERY_CONSUME,
    SQL_RECOVERY_SET,
    SQL_RECOVERY_DROP,
    SQL_WRONG_COUNT,
    SQL_WRONG_GET,
    SQL_WRONG_SET,
    SQL_WRONG_TRIM,
    SQL_WRONG_DROP,
    SQL_APP_GET,
    SQL_APP_LIST,
    SQL_APP_COUNT,
    SQL_APP_ADD,
    SQL_APP_USE,
    SQL_APP_REVOKE,
    SQL_APP_DROP,
    SQL_SETTLED_GET,
    SQL_SETTLED_SET,
    SQL_SETTLED_NEXT,
    SQL_SETTLED_TRIM,
    SQL_STATEMENT_COUNT
};

extern const char *const sql_text[SQL_STATEMENT_COUNT];

/* Makes the tables of STORE_SCHEMA; every statement of it does nothing where its table is there. */
extern const char sql_schema[];

/* What each connection is told before it reads anything. */
extern const char sql_settings[];

#endif
