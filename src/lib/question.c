/* Questions on encrypted columns, in braces in SQL text: the statement that asks them, and its answers. */
#include <math.h>
#include <stdlib.h>

#include "lib/encoding.h"
#include "query/ask.h"
#include "query/ask_text.h"
#include "query/value.h"

#define ANSWER_LEAST 32

struct ppdl_question
{
	char	   *sql;			/* the original */
	PpdlAsk		ask;
};

static PpdlStatus
find(void *arg, const char *column, const char *sql, size_t at, const PpdlFeatures **fs, PpdlError *err)
{
	const ppdl_encoding *encoding = arg;
	const PpdlAskText t = {.sql = sql, .err = err};

	(void) column;
	if (encoding != NULL)
	{
		*fs = encoding->fs;
		return PPDL_OK;
	}
	ppdl_ask_error(&t, at, "conditions are in the words of a feature file, and none was given");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give that of the rows.");
}

static PpdlStatus
rewrite(ppdl_question *q, const ppdl_encoding *encoding, const char *schema, const char *sql, PpdlError *err)
{
	PPDL_TRY(ppdl_lib_copy(&q->sql, sql, err));
	PPDL_TRY(ppdl_ask_rewrite(&q->ask, q->sql, schema, find, (void *) encoding, err));
	ppdl_write_u8(&q->ask.notes, 0);
	return q->ask.notes.bad ? ppdl_lib_nomem(err) : PPDL_OK;
}

int32_t
ppdl_question_new(ppdl_question **out, const ppdl_encoding *encoding, const char *schema, const char *sql, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_question *q;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(sql, err);
	q = calloc(1, sizeof *q);
	if (q == NULL)
		return ppdl_lib_nomem(err);
	status = rewrite(q, encoding, schema, sql, err);
	if (status == PPDL_OK)
		*out = q;
	else
		ppdl_question_free(q);
	return status;
}

void
ppdl_question_free(ppdl_question *q)
{
	if (q == NULL)
		return;
	ppdl_ask_free(&q->ask);
	free(q->sql);
	free(q);
}

const char *
ppdl_question_statement(const ppdl_question *q)
{
	return q == NULL ? NULL : q->ask.items > 0 ? (const char *) q->ask.sql.buf : q->sql;
}

int32_t
ppdl_question_count(const ppdl_question *q)
{
	return q == NULL ? 0 : q->ask.items;
}

const char *
ppdl_question_notes(const ppdl_question *q)
{
	return q == NULL ? "" : (const char *) q->ask.notes.buf;
}

/* ------------------------------------------------------------------ answers */

static void
put(ppdl_answer *a, PpdlAskValue v)
{
	a->kind = isnan(v.value) ? PPDL_QUESTION_NULL : PPDL_QUESTION_NUMBER;
	a->value = isnan(v.value) ? 0 : v.value;
	a->error = v.error;
}

/* text: base64; of length 0 where the server had no rows */
static PpdlStatus
answer(ppdl_answer *a, const PpdlAskItem *item, ppdl_key *key, const char *text, size_t len, long min_count,
	   uint32_t flags, PpdlError *err)
{
	PpdlAskValue value = {0, 0};
	PpdlValues	v;
	const double *numbers;
	PpdlStatus	status;

	if (len == 0)
	{
		PPDL_TRY(ppdl_ask_value(&value, item, NULL, 0, 0, err));
		put(a, value);
		return PPDL_OK;
	}
	PPDL_TRY(ppdl_value_check_encoding(text, len, item->fs->encoding, err));
	PPDL_TRY(ppdl_lib_decrypt_text(key, &v, text, len, flags, err));
	numbers = v.nrows == 0 ? NULL : ppdl_values_row(&v, 0);
	if (numbers == NULL)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "the answer to a condition holds no values");
	else
		status = ppdl_ask_value(&value, item, numbers, v.width, v.error, err);
	if (status == PPDL_OK && ppdl_ask_is_few(item, numbers, v.width, min_count))
		a->kind = PPDL_QUESTION_FEW;
	else if (status == PPDL_OK)
		put(a, value);
	ppdl_values_free(&v);
	return status;
}

int32_t
ppdl_question_answer(const ppdl_question *q, ppdl_key *key, const char *text, size_t len, uint64_t min_count,
					 uint32_t flags, ppdl_answer *out, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_answer mine = {.kind = PPDL_QUESTION_OTHER};
	size_t		value = 0;
	long		least;
	int			item;

	PPDL_TRY(ppdl_lib_need(q, "question", err));
	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(text, err);
	PPDL_TRY(ppdl_lib_check_flags(flags, PPDL_SHARE, err));
	PPDL_TRY(ppdl_lib_take_min_count(&least, min_count, "min_count", err));
	item = ppdl_ask_item(&q->ask, text, len, &value);
	PPDL_TRY(ppdl_ask_alone(&q->ask, text, len, item >= 0 ? value : 0, err));
	if (item >= 0)
		PPDL_TRY(answer(&mine, &q->ask.item[item], key, text + value, len - value - 1, least, flags, err));
	return ppdl_lib_give(out, &mine, sizeof mine, ANSWER_LEAST, "answer", err);
}
