#include "pg/model_rows.h"

#include "common/int.h"
#include "miscadmin.h"

#define FLAT_VERSION 3
#define POLL_ROWS (1 << 20)

static Size
options_length(const PpdlRowsState *state)
{
	return state->options != NULL ? strlen(state->options) : 0;
}

static void
set_options(PpdlRowsState *state, const void *options, Size length)
{
	state->options = MemoryContextAllocZero(state->agg.hdr.eoh_context, length + 1);
	memcpy(state->options, options, length);
}

static void
reserve(PpdlRowsState *state, int64 rows)
{
	MemoryContext context = state->agg.hdr.eoh_context;

	if (rows <= state->capacity)
		return;
	rows = Max(rows, 2 * state->capacity);
	rows = Max(rows, 512 / state->width);
	if ((Size) rows > MaxAllocHugeSize / (sizeof(double) * state->width))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows")));
	if (state->data == NULL)
	{
		state->data = MemoryContextAllocHuge(context, rows * state->width * sizeof(double));
		state->null = MemoryContextAllocHuge(context, rows);
	}
	else
	{
		state->data = repalloc_huge(state->data, rows * state->width * sizeof(double));
		state->null = repalloc_huge(state->null, rows);
	}
	state->capacity = rows;
}

double *
ppdl_rows_state_add(PpdlRowsState *state, bool null)
{
	double	   *values;

	reserve(state, state->rows + 1);
	values = state->data + state->rows * state->width;
	state->null[state->rows++] = null;
	if (null)
	{
		memset(values, 0, sizeof(double) * state->width);
		return NULL;
	}
	return values;
}

/* all is in the state's context */
static void
destroy(PpdlAggState *agg)
{
}

static size_t
memory(const PpdlAggState *agg)
{
	return 0;
}

/*
 * u8 version, u8 purpose, u32 width, u64 rows, u64 skipped, u32 length of options, model, options, null flags, values
 */
static PpdlStatus
save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err)
{
	PpdlRowsState *state = (PpdlRowsState *) agg;
	Size		options = options_length(state);

	ppdl_write_u8(w, FLAT_VERSION);
	ppdl_write_u8(w, state->purpose);
	ppdl_write_u32(w, (uint32) state->width);
	ppdl_write_u64(w, (uint64_t) state->rows);
	ppdl_write_u64(w, (uint64_t) state->skipped);
	ppdl_write_u32(w, (uint32) options);
	ppdl_write_bytes(w, state->model, sizeof(state->model));
	ppdl_write_bytes(w, state->options, options);
	ppdl_write_bytes(w, state->null, (Size) state->rows);
	ppdl_write_bytes(w, state->data, (Size) state->rows * state->width * sizeof(double));
	return PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of an aggregate over plain rows");
}

static PpdlStatus
load_rows(PpdlRowsState *state, int64 rows, PpdlReader *r, PpdlError *err)
{
	const uint8_t *null = ppdl_read_bytes(r, (size_t) rows);

	reserve(state, rows);
	for (int64 i = 0; i < rows; i++)
	{
		if (i % POLL_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		if (null[i] > (state->purpose == PPDL_ROWS_PREDICT))
			return malformed(err);
		state->null[i] = null[i];
	}
	if (rows > 0)
		memcpy(state->data, r->p, ppdl_reader_left(r));
	state->rows = rows;
	return PPDL_OK;
}

static PpdlStatus
load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlRowsState *state = (PpdlRowsState *) agg;
	PpdlReader	r = ppdl_reader(buf, len);
	int			version = ppdl_read_u8(&r),
				purpose = ppdl_read_u8(&r);
	uint32		width = ppdl_read_u32(&r);
	uint64		rows = ppdl_read_u64(&r);
	int64		skipped = (int64) ppdl_read_u64(&r);
	uint32		length = ppdl_read_u32(&r);
	const uint8_t *model = ppdl_read_bytes(&r, PPDL_MODEL_PIN),
			   *options = ppdl_read_bytes(&r, length);
	size_t		row = 1 + width * sizeof(double);

	if (r.bad || version != FLAT_VERSION || (purpose != PPDL_ROWS_TRAIN && purpose != PPDL_ROWS_PREDICT) || width < 1 ||
		width > 2 * PPDL_MAX_UNITS || skipped < 0 ||
		memchr(model, '\0', PPDL_MODEL_PIN) == NULL || (length > 0 && memchr(options, '\0', length) != NULL) ||
		ppdl_reader_left(&r) % row != 0 || ppdl_reader_left(&r) / row != rows)
		return malformed(err);
	memcpy(state->model, model, PPDL_MODEL_PIN);
	if (length > 0)
		set_options(state, options, length);
	state->purpose = (PpdlRowsPurpose) purpose;
	state->width = (int) width;
	state->skipped = skipped;
	return load_rows(state, (int64) rows, &r, err);
}

/*
 * a state of rows like these may go on with them: of one model, and of one shape, which a new model of that name may
 * change
 */
static void
check_like(const PpdlRowsState *state, const char *model, int width)
{
	if (strcmp(state->model, model) != 0)
		ppdl_model_mismatch(state->model, model);
	if (state->width != width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of %d and of %d values for model \"%s\" cannot be aggregated together", state->width,
						width, model)));
}

static void
check_purpose(const PpdlRowsState *state, PpdlRowsPurpose purpose)
{
	if (state->purpose != purpose)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(purpose == PPDL_ROWS_TRAIN ? "this ppdl_rows_state is of ppdl_predict_agg, not of ppdl_train" :
						"this ppdl_rows_state is of ppdl_train, not of ppdl_predict_agg")));
}

static PpdlStatus
merge(PpdlAggState *into_agg, PpdlAggState *from_agg, PpdlError *err)
{
	PpdlRowsState *into = (PpdlRowsState *) into_agg,
			   *from = (PpdlRowsState *) from_agg;

	check_purpose(from, into->purpose);
	check_like(into, from->model, from->width);
	if (strcmp(into->options ? into->options : "", from->options ? from->options : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must have the same training options")));
	if (pg_add_s64_overflow(into->skipped, from->skipped, &into->skipped))
		return ppdl_error(err, PPDL_ERR_LEVEL, "too many rows");
	if (from->rows == 0)
		return PPDL_OK;
	reserve(into, into->rows + from->rows);
	memcpy(into->null + into->rows, from->null, from->rows);
	memcpy(into->data + into->rows * into->width, from->data, (Size) from->rows * from->width * sizeof(double));
	into->rows += from->rows;
	return PPDL_OK;
}

static const PpdlAggKind rows_kind = {
	"ppdl_rows_state", "collected rows", sizeof(PpdlRowsState), destroy, save, load, merge, memory
};

PPDL_AGG_STATE_TYPE(ppdl_rows_state, &rows_kind);
PPDL_SQL_FUNCTION(ppdl_rows_combine, ppdl_agg_state_combine(fcinfo, &rows_kind));

PpdlRowsState *
ppdl_rows_state_new(FunctionCallInfo fcinfo, PpdlRowsPurpose purpose, const PpdlModel *model, const char *options,
					int width)
{
	PpdlRowsState *state = ppdl_agg_state_create(ppdl_agg_state_parent(fcinfo), &rows_kind);

	state->purpose = purpose;
	state->width = width;
	if (options != NULL)
		set_options(state, options, strlen(options));
	ppdl_model_format_pin(model, state->model);
	return state;
}

PpdlRowsState *
ppdl_rows_state_argument(FunctionCallInfo fcinfo, PpdlRowsPurpose purpose, bool change)
{
	PpdlRowsState *state = change ? ppdl_agg_state_argument(fcinfo, 0, &rows_kind) :
		ppdl_agg_state_read(fcinfo, 0, &rows_kind);

	check_purpose(state, purpose);
	return state;
}

void
ppdl_rows_state_check(const PpdlRowsState *state, const PpdlModel *model, int width)
{
	char		ref[PPDL_MODEL_PIN];

	ppdl_model_format_pin(model, ref);
	check_like(state, ref, width);
}
