/* SPDX-License-Identifier: MIT */
/* Work that is due without anybody asking: unpaid orders expire, half-done payments are finished, old keys are dropped. */
#ifndef SHOP_JOBS_H
#define SHOP_JOBS_H

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOP_JOBS_STORAGE 1u /* what needs only the shop's storage */
#define SHOP_JOBS_GATEWAY 2u /* what calls the payment gateway: may take as long as that takes to answer */

/*
 * As shop_jobs_run, but only some kinds of jobs: SHOP_JOBS_… added up. A program that runs the kinds in threads of their own keeps a
 * gateway that hangs from holding up the rest.
 */
SHOP_API shop_status shop_jobs_run_kinds(shop_ctx *cx, uint32_t kinds, int64_t *done);

/*
 * Does what is due now, in bounded portions, and returns. To be called every second or so, by a thread of its own, with a context of its
 * own; any number of processes may do so side by side. The actor of the context becomes SYSTEM. *done (may be NULL): how many things were
 * done; when it is above 0 there may be more. SHOP_OK; SHOP_UNAVAILABLE; SHOP_NO_MEMORY. One job's failure does not keep the others from
 * running, unless storage is away; the context tells of the first.
 */
SHOP_API shop_status shop_jobs_run(shop_ctx *cx, int64_t *done);

#ifdef __cplusplus
}
#endif

#endif
