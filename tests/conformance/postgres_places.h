/* SPDX-License-Identifier: MIT */
/* Places of the PostgreSQL backend: a schema each, in the database that SHOP_TEST_POSTGRES names. */
#ifndef CONFORMANCE_POSTGRES_PLACES_H
#define CONFORMANCE_POSTGRES_PLACES_H

#include "conformance.h"

/* Fills in the functions about places; the parameters end each URL; NULL: databases behind the pooler.
   0: done; else there is no database, and that was said. */
int postgres_places(shop_conformance_options *options, char *parameters);

#endif
