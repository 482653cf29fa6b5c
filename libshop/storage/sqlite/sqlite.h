/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend: a shop in one file, "sqlite:PATH".
 *
 * What is durable: a batch whose apply returned SHOP_STORAGE_OK is on disk (WAL, synchronous=FULL). One thread of the instance writes;
 * batches that wait while it commits are committed together, each in a savepoint of its own. Readers have connections of their own.
 *
 * Several instances, also of several processes, may share one file on one machine. A batch waits for another process's transaction until
 * its deadline. References are checked at the end of a batch (they are DEFERRABLE INITIALLY DEFERRED), so a batch may make a child
 * before its parent; fault.op is the operation that left the reference dangling.
 *
 * Where the interface leaves a choice this backend does what the memory backend does, except that unique keys hold after each row of
 * an operation, not at its end.
 *
 * The file is made readable and writable by its owner only.
 */
#ifndef SHOP_STORAGE_SQLITE_H
#define SHOP_STORAGE_SQLITE_H

#include <shop/sys/storage.h>

const shop_storage_vtable *shop_storage_sqlite(void);

#endif
