#include "pg/model_rows.h"

#include "base/bytes.h"
#include "pg/cipher_datum.h"

PG_FUNCTION_INFO_V1(ppdl_rows_combine);
PG_FUNCTION_INFO_V1(ppdl_rows_state_in);
PG_FUNCTION_INFO_V1(ppdl_rows_state_out);
PG_FUNCTION_INFO_V1(ppdl_rows_state_recv);
PG_FUNCTION_INFO_V1(ppdl_rows_state_send);

#define ROWS_STATE_MAGIC 0x50524F57
#define FLAT_VERSION 1
/* version, width, rows, skipped, length of options; then model, options, null flags, values */
#define FLAT_HEADER (1 + 4 + 8 + 8 + 4 + PPDL_MODEL_REF)

static Size
options_length(const PpdlRowsState *state)
{
	return state->options != NULL ? strlen(state->options) : 0;
}

static Size
state_flat_size(ExpandedObjectHeader *eohptr)
{
	PpdlRowsState *state = (PpdlRowsState *) eohptr;
	Size		size = VARHDRSZ + FLAT_HEADER + options_length(state) +
		(Size) state->rows * (1 + (Size) state->width * sizeof(double));

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("collected rows are larger than 1 GB"),
				 errhint("Aggregate fewer rows, or without parallel workers.")));
	return size;
}

static void
state_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	PpdlRowsState *state = (PpdlRowsState *) eohptr;
	Size		options = options_length(state);
	char	   *p = VARDATA(result);
	uint32		width = state->width,
				length = (uint32) options;

	SET_VARSIZE(result, allocated_size);
	*p++ = FLAT_VERSION;
	memcpy(p, &width, 4);
	memcpy(p + 4, &state->rows, 8);
	memcpy(p + 12, &state->skipped, 8);
	memcpy(p + 20, &length, 4);
	memcpy(p + 24, state->model, PPDL_MODEL_REF);
	p += 24 + PPDL_MODEL_REF;
	memcpy(p, state->options, options);
	p += options;
	memcpy(p, state->null, state->rows);
	p += state->rows;
	memcpy(p, state->data, (Size) state->rows * state->width * sizeof(double));
}

static const ExpandedObjectMethods state_methods = {state_flat_size, state_flatten};

static PpdlRowsState *
new_state(MemoryContext parent, int width, const char *options, Size length)
{
	MemoryContext context = AllocSetContextCreate(parent, "ppdl_rows_state", ALLOCSET_DEFAULT_SIZES);
	PpdlRowsState *state = MemoryContextAllocZero(context, sizeof(PpdlRowsState));

	EOH_init_header(&state->hdr, &state_methods, context);
	state->magic = ROWS_STATE_MAGIC;
	state->width = width;
	if (options != NULL)
	{
		state->options = MemoryContextAllocZero(context, length + 1);
		memcpy(state->options, options, length);
	}
	return state;
}

static void
reserve(PpdlRowsState *state, int64 rows)
{
	MemoryContext context = state->hdr.eoh_context;

	if (rows <= state->capacity)
		return;
	rows = Max(rows, 2 * state->capacity);
	rows = Max(rows, 64);
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

static void
bad_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid ppdl_rows_state")));
}

/* checks everything: the bytes may come from anywhere */
static PpdlRowsState *
load_state(struct varlena *flat, MemoryContext parent)
{
	const char *p = VARDATA_ANY(flat);
	Size		left = VARSIZE_ANY_EXHDR(flat);
	PpdlRowsState *state;
	uint32		width,
				options;
	int64		rows,
				skipped;

	if (left < FLAT_HEADER || *p++ != FLAT_VERSION)
		bad_state();
	memcpy(&width, p, 4);
	memcpy(&rows, p + 4, 8);
	memcpy(&skipped, p + 12, 8);
	memcpy(&options, p + 20, 4);
	left -= FLAT_HEADER;
	if (width < 1 || width > 2 * PPDL_MAX_UNITS || rows < 0 || skipped < 0 || options > left ||
		memchr(p + 24, '\0', PPDL_MODEL_REF) == NULL)
		bad_state();
	left -= options;
	if (left % (1 + width * sizeof(double)) != 0 || (Size) rows != left / (1 + width * sizeof(double)))
		bad_state();
	state = new_state(parent, (int) width, options > 0 ? p + 24 + PPDL_MODEL_REF : NULL, options);
	memcpy(state->model, p + 24, PPDL_MODEL_REF);
	p += 24 + PPDL_MODEL_REF + options;
	reserve(state, rows);
	for (int64 i = 0; i < rows; i++)
		state->null[i] = p[i] != 0;
	memcpy(state->data, p + rows, (Size) rows * width * sizeof(double));
	state->rows = rows;
	state->skipped = skipped;
	return state;
}

static PpdlRowsState *
expanded(Datum d)
{
	PpdlRowsState *state = (PpdlRowsState *) DatumGetEOHP(d);

	if (state->magic != ROWS_STATE_MAGIC)
		elog(ERROR, "not a ppdl_rows_state");
	return state;
}

static MemoryContext
state_parent(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

PpdlRowsState *
ppdl_rows_state_new(FunctionCallInfo fcinfo, const PpdlModel *model, const char *options, int width)
{
	PpdlRowsState *state = new_state(state_parent(fcinfo), width, options, options != NULL ? strlen(options) : 0);

	ppdl_model_format_ref(model, state->model);
	return state;
}

PpdlRowsState *
ppdl_rows_state_argument(FunctionCallInfo fcinfo, bool change)
{
	Datum		d = PG_GETARG_DATUM(0);

	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)) ||
		(!change && VARATT_IS_EXTERNAL_EXPANDED_RO(DatumGetPointer(d))))
		return expanded(d);
	return load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(d), state_parent(fcinfo));
}

void
ppdl_rows_state_check(const PpdlRowsState *state, const PpdlModel *model, int width)
{
	char		ref[PPDL_MODEL_REF];

	ppdl_model_format_ref(model, ref);
	if (strcmp(ref, state->model) != 0 || width != state->width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must name the same model"),
				 errdetail("One row names \"%s\", another one \"%s\".", state->model, ref)));
}

Datum
ppdl_rows_combine(PG_FUNCTION_ARGS)
{
	PpdlRowsState *into,
			   *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
	{
		into = load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1)), state_parent(fcinfo));
		PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
	}
	into = ppdl_rows_state_argument(fcinfo, true);
	from = load_state((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1)), CurrentMemoryContext);
	if (strcmp(into->model, from->model) != 0 || into->width != from->width ||
		strcmp(into->options ? into->options : "", from->options ? from->options : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all rows of an aggregate must name the same model and options"),
				 errdetail("One row names \"%s\", another one \"%s\".", into->model, from->model)));
	reserve(into, into->rows + from->rows);
	memcpy(into->null + into->rows, from->null, from->rows);
	memcpy(into->data + into->rows * into->width, from->data, (Size) from->rows * from->width * sizeof(double));
	into->rows += from->rows;
	into->skipped += from->skipped;
	MemoryContextDelete(from->hdr.eoh_context);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->hdr));
}

static Datum
input(struct varlena *flat)
{
	MemoryContextDelete(load_state(flat, CurrentMemoryContext)->hdr.eoh_context);
	PG_RETURN_POINTER(flat);
}

Datum
ppdl_rows_state_in(PG_FUNCTION_ARGS)
{
	return input(ppdl_base64_decode(PG_GETARG_CSTRING(0), "ppdl_rows_state"));
}

Datum
ppdl_rows_state_recv(PG_FUNCTION_ARGS)
{
	return input(ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0)));
}

Datum
ppdl_rows_state_out(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)));
}

Datum
ppdl_rows_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}
