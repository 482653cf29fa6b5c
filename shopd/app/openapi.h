/* SPDX-License-Identifier: MIT */
/* The published form of the contract: an OpenAPI 3.1 document made from the route table and the types of libshop. */
#ifndef SHOPD_OPENAPI_H
#define SHOPD_OPENAPI_H

#include "json_out.h"
#include "router.h"

/* Writes the document; `out` decides between JSON and YAML. 1, or 0 when memory ran out or a route names no known type. */
int openapi_write(json_out *out, const router *routes);

#endif
