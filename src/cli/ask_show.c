#include "cli/ask_show.h"

#include <stdlib.h>
#include <string.h>

#include "query/value.h"

PpdlStatus
ppdl_ask_row_init(PpdlAskRow *row, size_t count, PpdlError *err)
{
	row->count = count;
	row->cell = calloc(count + 1, sizeof *row->cell);
	if (row->cell == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		ppdl_writer_init_secret(&row->cell[i]);
	return PPDL_OK;
}

void
ppdl_ask_row_free(PpdlAskRow *row)
{
	for (size_t i = 0; row->cell && i < row->count; i++)
		ppdl_writer_free(&row->cell[i]);
	free(row->cell);
	memset(row, 0, sizeof *row);
}

static PpdlStatus
put_few(PpdlReveal *r, PpdlWriter *out, PpdlError *err)
{
	char	   *text = ppdl_reveal_few_text(r);

	if (text == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (!r->few_are_null)
		ppdl_write_text(out, text);
	free(text);
	return PPDL_OK;
}

static PpdlStatus
answer(const PpdlAskItem *item, PpdlReveal *r, const char *s, size_t len, PpdlWriter *out, PpdlError *err)
{
	PpdlRevealed v;
	const double *values;
	PpdlStatus	status;

	if (len == 0)
		return ppdl_ask_answer(item, NULL, 0, 0, out, err);
	PPDL_TRY(ppdl_value_check_encoding(s, len, item->fs->encoding, err));
	PPDL_TRY(ppdl_reveal(r, s, len, &v, err));
	values = v.number || v.values.nrows == 0 ? NULL : ppdl_values_row(&v.values, 0);
	if (v.number)
		ppdl_write_text(out, v.number);	/* of a key that was not given */
	status = v.number ? PPDL_OK : values == NULL ?
		ppdl_error(err, PPDL_ERR_FORMAT, "the answer to a condition holds no values") :
		ppdl_ask_is_few(item, values, v.values.width, r->min_count) ? put_few(r, out, err) :
		ppdl_ask_answer(item, values, v.values.width, v.values.error, out, err);
	ppdl_revealed_free(&v);
	return status;
}

PpdlStatus
ppdl_ask_row(PpdlAskRow *row, const PpdlAsk *w, PpdlReveal *r, PpdlText *field, PpdlError *err)
{
	for (size_t i = 0; i < row->count; i++)
	{
		PpdlWriter *cell = &row->cell[i];
		size_t		value,
					len;
		const int	item = ppdl_ask_item(w, field[i].s, field[i].len, &value);

		if (w->items > 0)
			PPDL_TRY(ppdl_ask_alone(w, field[i].s, field[i].len, item >= 0 ? value : 0, err));
		if (item < 0)
			continue;
		cell->len = 0;
		PPDL_TRY(answer(&w->item[item], r, field[i].s + value, field[i].len - value - 1, cell, err));
		len = cell->len;
		ppdl_write_u8(cell, 0);
		if (cell->bad)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		field[i] = len > 0 ? (PpdlText) {(char *) cell->buf, len} : (PpdlText) {NULL, 0};
	}
	return PPDL_OK;
}
