#include "svc_search_plan.h"

#include "store_search.h"
#include "svc_search_spell.h"

static void submit_plan(struct svc_search_plan *plan);

static nx_status copy(struct nx_arena *arena, const struct store_rows *rows, int column,
                      struct nx_str *ret_text)
{
    struct nx_str text = store_text(rows, 0, column);
    char *copied = nx_arena_strdup(arena, text);
    if (!copied)
        return nx_fail_memory();
    *ret_text = (struct nx_str){copied, text.len};
    return NX_STATUS_OK;
}

/* --- Corrections --- */

/* Choose for each unknown word among the candidates. */
static bool correct(struct svc_search_plan *plan, const struct store_rows *rows)
{
    struct svc_spell spells[SVC_SEARCH_MAX_TERMS] = {0};
    for (int row = 0; row < rows->count; row++) {
        struct svc_spell *spell = &spells[store_int8(rows, row, 0) - 1];
        spell->given = store_text(rows, row, 1);
        svc_spell_offer(spell, store_text(rows, row, 2));
    }
    bool any = false;
    for (unsigned i = 0; i < plan->unknown_count; i++) {
        struct svc_search_term *term = &plan->query.terms[plan->unknown[i]];
        if (spells[i].best.len == 0)
            continue;
        term->correction = nx_arena_strdup(plan->call.arena, spells[i].best);
        any = any || term->correction;
    }
    return any;
}

static void on_nearest(struct store_op *op)
{
    struct svc_search_plan *plan = op->context;
    if (op->status.code != NX_OK) {
        svc_call_fail(&plan->call, op->status);
        return;
    }
    if (!correct(plan, &op->rows)) {
        plan->done(plan);
        return;
    }
    plan->corrected_query = svc_search_query_corrected(&plan->query, plan->call.arena);
    if (plan->corrected_query)
        submit_plan(plan);
    else
        svc_call_fail(&plan->call, nx_fail_memory());
}

static void submit_nearest(struct svc_search_plan *plan)
{
    struct svc_search_query unknown = {.text = plan->query.text, .count = plan->unknown_count};
    for (unsigned i = 0; i < plan->unknown_count; i++)
        unknown.terms[i] = plan->query.terms[plan->unknown[i]];
    struct svc_search_lines lines;
    plan->is_corrected = true;
    if (!svc_search_query_lines(&unknown, plan->call.arena, &lines)) {
        svc_call_fail(&plan->call, nx_fail_memory());
        return;
    }
    svc_call_begin_op(&plan->call, STORE_READ, on_nearest);
    store_search_nearest(&plan->call.op, lines.texts);
    store_submit(plan->call.store, &plan->call.op);
}

/* --- The plan --- */

static void read_facts(struct svc_search_plan *plan, const struct store_rows *rows)
{
    if (!plan->facts || plan->facts->count == 0)
        return;
    struct store_array estimates = store_array(rows, 0, STORE_SEARCH_FACT_ESTIMATES);
    struct nx_str element;
    for (unsigned i = 0; i < plan->facts->count && store_array_next(&estimates, &element); i++)
        plan->facts->all[i].estimate = store_array_int8(element);
}

static nx_status read_plan(struct svc_search_plan *plan, const struct store_rows *rows)
{
    struct nx_arena *arena = plan->call.arena;
    NX_TRY(copy(arena, rows, STORE_SEARCH_WANTED, &plan->wanted));
    NX_TRY(copy(arena, rows, STORE_SEARCH_NAMES, &plan->names));
    NX_TRY(copy(arena, rows, STORE_SEARCH_EXCLUDED, &plan->excluded));
    NX_TRY(copy(arena, rows, STORE_SEARCH_BEGINS, &plan->begins));
    plan->estimate = store_int8(rows, 0, STORE_SEARCH_ESTIMATE);
    plan->names_estimate = store_int8(rows, 0, STORE_SEARCH_NAMES_ESTIMATE);
    plan->newest =
        store_is_null(rows, 0, STORE_SEARCH_NEWEST) ? 0 : store_int8(rows, 0, STORE_SEARCH_NEWEST);
    plan->entries = store_int8(rows, 0, STORE_SEARCH_ENTRIES);
    read_facts(plan, rows);
    struct store_array unknown = store_array(rows, 0, STORE_SEARCH_UNKNOWN);
    struct nx_str element;
    plan->unknown_count = 0;
    while (store_array_next(&unknown, &element))
        plan->unknown[plan->unknown_count++] = (unsigned)store_array_int8(element) - 1;
    return NX_STATUS_OK;
}

static void on_planned(struct store_op *op)
{
    struct svc_search_plan *plan = op->context;
    nx_status status = op->status;
    if (status.code == NX_OK)
        status = read_plan(plan, &op->rows);
    if (status.code != NX_OK)
        svc_call_fail(&plan->call, status);
    else if (plan->unknown_count > 0 && !plan->is_corrected)
        submit_nearest(plan);
    else
        plan->done(plan);
}

static void submit_plan(struct svc_search_plan *plan)
{
    struct svc_search_lines lines;
    if (!svc_search_query_lines(&plan->query, plan->call.arena, &lines)) {
        svc_call_fail(&plan->call, nx_fail_memory());
        return;
    }
    svc_call_begin_op(&plan->call, STORE_READ, on_planned);
    store_search_plan(&plan->call.op, lines.texts, lines.kinds, plan->facts);
    store_submit(plan->call.store, &plan->call.op);
}

void svc_search_plan(struct svc_search_plan *plan, const char *query,
                     void (*done)(struct svc_search_plan *plan))
{
    plan->done = done;
    plan->corrected_query = "";
    nx_status status = svc_search_query_parse(query, plan->call.arena, &plan->query);
    if (status.code != NX_OK)
        svc_call_fail(&plan->call, status);
    else
        submit_plan(plan);
}
