/* SPDX-License-Identifier: MIT */
/*
 * The SQL of reads and operations, with their values bound. Equal shapes give equal text, which is what a connection keeps prepared
 * statements under: whatever makes a difference (a list with a VALUE_REF in it, a text that is not UTF-8) is in the text.
 */
#ifndef SHOP_STORAGE_POSTGRES_STATEMENT_H
#define SHOP_STORAGE_POSTGRES_STATEMENT_H

#include "sql.h"

/* What values may refer to: the query's reads, or the batch's operations. */
typedef struct shop_pg_scope {
    const shop_schema *schema;
    const shop_read *reads;
    const shop_op *ops;
    uint32_t place; /* the read or operation that is written */
} shop_pg_scope;

/*
 * SELECT … of a read. Reads that follow from others hold those as subselects: the text grows with the ways that lead back. False:
 * there are more than 64.
 */
bool shop_pg_write_read(const shop_pg_scope *scope, shop_pg_sql *sql);

/*
 * INSERT, UPDATE, DELETE, or the count of a CHECK, whose rows are locked. An operation that expects a number of rows raises
 * SHOP_PG_GUARD inside the server when there are others, so that nothing of the batch happens.
 */
void shop_pg_write_op(const shop_pg_scope *scope, bool will_change, shop_pg_sql *sql);

/* Would it set a value that cannot even be sent (of another type, or no UTF-8)? Then this stands for it: SHOP_PG_REFUSED, unless it is
   an update of no rows. */
bool shop_pg_is_refused(const shop_schema *schema, const shop_op *op);
void shop_pg_write_refused(const shop_pg_scope *scope, shop_pg_sql *sql);

#endif
