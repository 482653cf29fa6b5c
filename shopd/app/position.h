/* SPDX-License-Identifier: MIT */
/* Reading one's own writes over HTTP: the position of a change goes out with its answer and comes back with the next requests. */
#ifndef SHOPD_POSITION_H
#define SHOPD_POSITION_H

#include "app.h"

/* Tells the context what the caller must see: the Shop-Position header, else the cookie; what is neither asks for nothing. */
void position_take(call *c);

/* Adds header and cookie when this request has changed something and the shop has replicas. */
void position_tell(call *c);

#endif
