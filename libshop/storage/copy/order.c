/* SPDX-License-Identifier: MIT */
/* The order of tables: what a row refers to comes before it. */
#include "copy.h"

typedef struct ordering {
    const shop_schema *schema;
    const shop_copy_plan *placed;
    uint32_t count;
} ordering;

static bool is_placed(const ordering *o, uint16_t table)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->placed[i].table == table)
            return true;
    }
    return false;
}

/* Plans the table as if it came next. False: a reference that may not be NULL, not even for a while, leads to a later one. */
static bool plan_table(const ordering *o, uint16_t table, shop_copy_plan *plan)
{
    const shop_table *t = &o->schema->tables[table];
    *plan = (shop_copy_plan){.table = table};
    for (uint32_t c = 1; c < t->column_count; c++) {
        const shop_column *column = &t->columns[c];
        if (column->references == SHOP_NO_TABLE)
            continue;
        if (column->references == table) {
            plan->own |= UINT64_C(1) << c;
        } else if (!is_placed(o, column->references)) {
            if (!(column->flags & SHOP_COLUMN_NULLABLE))
                return false;
            plan->later |= UINT64_C(1) << c;
        }
    }
    return true;
}

/* The table that may come next; best is one with nothing to set later. */
static bool find_next(const ordering *o, uint16_t record, shop_copy_plan *next)
{
    bool found = false;
    for (uint16_t t = 0; t < o->schema->table_count; t++) {
        shop_copy_plan plan;
        if (t == record || is_placed(o, t) || !plan_table(o, t, &plan))
            continue;
        if (!plan.later) {
            *next = plan;
            return true;
        }
        if (!found)
            *next = plan;
        found = true;
    }
    return found;
}

shop_status shop_copy_order(const shop_copy_job *job, shop_copy_plan *plans, uint32_t *count)
{
    ordering o = {.schema = job->schema, .placed = plans};
    while (o.count + 1 < job->schema->table_count) {
        shop_copy_plan next;
        if (!find_next(&o, job->record, &next))
            return shop_copy_fail(SHOP_INTERNAL, "the schema has tables that refer to each other in a circle");
        plans[o.count++] = next;
    }
    *count = o.count;
    return SHOP_OK;
}
