/* SPDX-License-Identifier: MIT */
/* What a backend says when it cannot: faults, and the reasons that programs act on. */
#include "fault.h"

#include <stdio.h>
#include <string.h>

/* By number. `passes`: it may be over without anybody's doing. */
static const struct {
    const char *word;
    int32_t passes;
} reasons[] = {
    [SHOP_REASON_NONE] = {"none", 0},
    [SHOP_REASON_URL] = {"url", 0},
    [SHOP_REASON_ADDRESS] = {"address", 1}, /* names of containers and virtual machines come and go with them */
    [SHOP_REASON_UNREACHABLE] = {"unreachable", 1},
    [SHOP_REASON_AUTHENTICATION] = {"authentication", 0},
    [SHOP_REASON_DATABASE] = {"database", 0},
    [SHOP_REASON_SCHEMA] = {"schema", 0},
    [SHOP_REASON_RIGHT] = {"right", 0},
    [SHOP_REASON_TLS] = {"tls", 0},
    [SHOP_REASON_ENCODING] = {"encoding", 0},
    [SHOP_REASON_VERSION] = {"version", 0},
    [SHOP_REASON_PROTOCOL] = {"protocol", 0},
    [SHOP_REASON_STANDBY] = {"standby", 1}, /* one of them will be promoted */
    [SHOP_REASON_OVERLOAD] = {"overload", 1},
    [SHOP_REASON_SHUTDOWN] = {"shutdown", 1},
    [SHOP_REASON_CONNECTION] = {"connection", 1},
    [SHOP_REASON_TIMEOUT] = {"timeout", 1},
    [SHOP_REASON_RESOURCES] = {"resources", 1},
    [SHOP_REASON_POOLER] = {"pooler", 0},
    [SHOP_REASON_FOREIGN] = {"foreign", 0},
    [SHOP_REASON_NEWER] = {"newer", 0},
    [SHOP_REASON_DAMAGED] = {"damaged", 0},
    [SHOP_REASON_OTHER] = {"other", 0},
    [SHOP_REASON_UNFINISHED] = {"unfinished", 0},
};

static size_t place_of(shop_reason reason)
{
    return reason < 0 || (size_t)reason >= sizeof reasons / sizeof reasons[0] ? SHOP_REASON_OTHER : (size_t)reason;
}

const char *shop_reason_name(shop_reason reason)
{
    return reasons[place_of(reason)].word;
}

int32_t shop_reason_passes(shop_reason reason)
{
    return reasons[place_of(reason)].passes;
}

/* ------------------------------------------------------------------------------------------------ the last one */

static _Thread_local shop_reason last_reason;

shop_reason shop_last_reason(void)
{
    return last_reason;
}

void shop_reason_note(shop_reason reason)
{
    last_reason = reason;
}

/* What a backend did not say itself follows from the outcome. */
void shop_reason_note_fault(const shop_fault *fault)
{
    static const shop_reason of_outcomes[] = {
        [SHOP_STORAGE_INVALID] = SHOP_REASON_URL,
        [SHOP_STORAGE_FOREIGN] = SHOP_REASON_FOREIGN,
        [SHOP_STORAGE_NEWER] = SHOP_REASON_NEWER,
    };
    size_t outcome = (size_t)fault->outcome;
    shop_reason reason = fault->reason;
    if (reason == SHOP_REASON_NONE && outcome < sizeof of_outcomes / sizeof of_outcomes[0])
        reason = of_outcomes[outcome];
    last_reason = reason == SHOP_REASON_NONE ? SHOP_REASON_OTHER : reason;
}

/* ------------------------------------------------------------------------------------------------ faults */

/* What stands before the first ": ", if that is a reason's word. */
static shop_reason reason_of(const char *detail)
{
    const char *end = strstr(detail, ": ");
    size_t length = end ? (size_t)(end - detail) : 0;
    for (size_t i = 1; length && i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strlen(reasons[i].word) == length && memcmp(reasons[i].word, detail, length) == 0)
            return (shop_reason)i;
    }
    return SHOP_REASON_NONE;
}

int32_t shop_fault_set(shop_fault *fault, int32_t outcome, uint32_t op, const char *detail)
{
    if (fault) {
        *fault = (shop_fault){.outcome = outcome, .op = op, .index = SHOP_NO_COLUMN, .reason = reason_of(detail)};
        (void)snprintf(fault->detail, sizeof fault->detail, "%s", detail);
    }
    return outcome;
}

void shop_fault_place(shop_fault *fault, const char *where)
{
    char told[sizeof fault->detail];
    size_t word = fault->reason == SHOP_REASON_NONE ? 0 : strlen(shop_reason_name(fault->reason)) + 2;
    memcpy(told, fault->detail, sizeof told);
    (void)snprintf(fault->detail + word, sizeof fault->detail - word, "%.90s: %s", where, told + word);
}

int32_t shop_fault_none(shop_fault *fault)
{
    return shop_fault_set(fault, SHOP_STORAGE_OK, 0, "");
}
