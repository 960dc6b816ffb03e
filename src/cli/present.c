#include "cli/present.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/database.h"
#include "cli/terminal.h"
#include "table/csv.h"
#include "table/jsontext.h"

void
ppdl_present_init(PpdlPresenter *p, PpdlForm form, const char *null, FILE *f, const char *shown)
{
	memset(p, 0, sizeof *p);
	p->form = form;
	p->null = null;
	p->f = f;
	p->shown = shown;
	ppdl_writer_init_secret(&p->w);
}

static void
end_result(PpdlPresenter *p)
{
	ppdl_table_free(&p->table);
	for (int i = 0; p->name && i < p->ncolumns; i++)
		free(p->name[i]);
	free(p->name);
	free(p->kind);
	p->name = NULL;
	p->kind = NULL;
	p->ncolumns = 0;
	p->records = 0;
}

void
ppdl_present_free(PpdlPresenter *p)
{
	end_result(p);
	ppdl_writer_free(&p->w);
}

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static void
put(PpdlPresenter *p, const char *s)
{
	ppdl_write_bytes(&p->w, s, strlen(s));
}

/* writes what was put since the last flush */
static PpdlStatus
flush(PpdlPresenter *p, PpdlError *err)
{
	size_t		n = p->w.len;

	if (p->w.bad)
		return no_memory(err);
	p->w.len = 0;
	return n == 0 || fwrite(p->w.buf, 1, n, p->f) == n ? PPDL_OK : ppdl_os_error(err, "write", p->shown);
}

/* ------------------------------------------------------------------ CSV */

static void
csv_record(PpdlPresenter *p, const PpdlText *fields)
{
	for (int i = 0; i < p->ncolumns; i++)
	{
		if (i)
			ppdl_write_u8(&p->w, ',');
		if (fields[i].s)
			ppdl_csv_put(&p->w, fields[i].s, fields[i].len);
		else
			put(p, p->null);
	}
	ppdl_write_u8(&p->w, '\n');
}

static void
csv_titles(PpdlPresenter *p)
{
	for (int i = 0; i < p->ncolumns; i++)
	{
		if (i)
			ppdl_write_u8(&p->w, ',');
		ppdl_csv_put(&p->w, p->name[i], strlen(p->name[i]));
	}
	ppdl_write_u8(&p->w, '\n');
}

/* ------------------------------------------------------------------ JSON */

/* length of the JSON number that s begins with; 0: none */
static size_t
json_number(const char *s)
{
	const char *c = s + (*s == '-');

	if (!isdigit((unsigned char) *c) || (c[0] == '0' && isdigit((unsigned char) c[1])))
		return 0;
	while (isdigit((unsigned char) *c))
		c++;
	if (*c == '.')
	{
		if (!isdigit((unsigned char) c[1]))
			return 0;
		for (c++; isdigit((unsigned char) *c);)
			c++;
	}
	if (*c == 'e' || *c == 'E')
	{
		c += c[1] == '-' || c[1] == '+' ? 2 : 1;
		if (!isdigit((unsigned char) *c))
			return 0;
		while (isdigit((unsigned char) *c))
			c++;
	}
	return (size_t) (c - s);
}

/* {1,{2,NULL}} -> [1,[2,null]]; 0 when s is something else, and then nothing that was put counts */
static int
put_json_numbers(PpdlPresenter *p, const char *s)
{
	int			depth = 0,
				element = 1;	/* may one begin here? */

	for (;;)
	{
		size_t		n = element ? json_number(s) : 0;

		if (element && *s == '{')
		{
			ppdl_write_u8(&p->w, '[');
			depth++;
			s++;
			if (*s != '}')
				continue;
		}
		else if (n > 0)
		{
			ppdl_write_bytes(&p->w, s, n);
			s += n;
		}
		else if (element && strncmp(s, "NULL", 4) == 0)
		{
			put(p, "null");
			s += 4;
		}
		else if (element)
			return 0;
		for (; depth > 0 && *s == '}'; s++, depth--)
			ppdl_write_u8(&p->w, ']');
		if (depth == 0)
			return *s == 0;
		if (*s++ != ',')
			return 0;
		ppdl_write_u8(&p->w, ',');
		element = 1;
	}
}

static PpdlStatus
put_json_value(PpdlPresenter *p, int i, const PpdlText *field, PpdlError *err)
{
	const size_t begin = p->w.len;

	if (field->s == NULL)
	{
		put(p, "null");
		return PPDL_OK;
	}
	if (p->kind[i] == PPDL_CELL_NUMBERS && put_json_numbers(p, field->s))
		return PPDL_OK;
	p->w.len = begin;
	if (!ppdl_utf8_valid(field->s, field->len))
		return ppdl_error(err, PPDL_ERR_FORMAT, "column \"%s\": a text is not UTF-8, as JSON must be", p->name[i]);
	if (p->kind[i] == PPDL_CELL_JSON)
		ppdl_write_bytes(&p->w, field->s, field->len);
	else if (p->kind[i] == PPDL_CELL_BOOL && field->len == 1)
		put(p, field->s[0] == 't' ? "true" : "false");
	else
		ppdl_json_put_string(&p->w, field->s, field->len);
	return PPDL_OK;
}

static PpdlStatus
json_record(PpdlPresenter *p, const PpdlText *fields, PpdlError *err)
{
	put(p, p->records == 0 ? "[\n {" : ",\n {");
	for (int i = 0; i < p->ncolumns; i++)
	{
		if (i)
			put(p, ", ");
		ppdl_json_put_string(&p->w, p->name[i], strlen(p->name[i]));
		put(p, ": ");
		PPDL_TRY(put_json_value(p, i, &fields[i], err));
	}
	put(p, "}");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ a field a line */

static int
widest_name(const PpdlPresenter *p)
{
	int			widest = 0;

	for (int i = 0; i < p->ncolumns; i++)
		if (ppdl_display_width(p->name[i]) > widest)
			widest = ppdl_display_width(p->name[i]);
	return widest;
}

/* the lines of a value, each but the last with a + behind it */
static void
vertical_value(PpdlPresenter *p, const char *s, int widest)
{
	for (;;)
	{
		const size_t len = strcspn(s, "\n");
		PpdlEscaper e = {0};

		ppdl_escape(&e, &p->w, s, len, "");
		put(p, s[len] ? "+\n" : "\n");
		if (s[len] == 0)
			return;
		s += len + 1;
		for (int k = 0; k < widest; k++)
			ppdl_write_u8(&p->w, ' ');
		put(p, " | ");
	}
}

static void
vertical_record(PpdlPresenter *p, const PpdlText *fields)
{
	const int	widest = widest_name(p);
	char		title[64];

	snprintf(title, sizeof title, "-[ RECORD %zu ]", p->records + 1);
	put(p, title);
	for (int i = (int) strlen(title); i < widest + 3; i++)
		ppdl_write_u8(&p->w, i == widest + 1 ? '+' : '-');
	put(p, "\n");
	for (int i = 0; i < p->ncolumns; i++)
	{
		PpdlEscaper e = {0};
		const char *s = fields[i].s ? fields[i].s : p->null;

		ppdl_escape(&e, &p->w, p->name[i], strlen(p->name[i]), "");
		for (int k = ppdl_display_width(p->name[i]); k < widest; k++)
			ppdl_write_u8(&p->w, ' ');
		put(p, " | ");
		vertical_value(p, s, widest);
	}
}

/* ------------------------------------------------------------------ a result */

static PpdlStatus
begin_table(PpdlPresenter *p, PpdlError *err)
{
	int			ok = ppdl_table_init(&p->table, p->ncolumns);

	for (int i = 0; ok && i < p->ncolumns; i++)
	{
		ok = ppdl_table_title(&p->table, i, p->name[i]);
		p->table.right[i] = p->kind[i] == PPDL_CELL_NUMBERS;
	}
	return ok ? PPDL_OK : no_memory(err);
}

/* ppdl_present_begin of what is shown */
static PpdlStatus
begin(PpdlPresenter *p, int ncolumns, const char *const *names, const PpdlCellKind *kinds, PpdlError *err)
{
	end_result(p);
	p->name = calloc((size_t) ncolumns + 1, sizeof *p->name);
	p->kind = calloc((size_t) ncolumns + 1, sizeof *p->kind);
	if (p->name == NULL || p->kind == NULL)
		return no_memory(err);
	for (; p->ncolumns < ncolumns; p->ncolumns++)
	{
		p->kind[p->ncolumns] = kinds[p->ncolumns];
		p->name[p->ncolumns] = strdup(names[p->ncolumns]);
		if (p->name[p->ncolumns] == NULL)
			return no_memory(err);
	}
	if (p->form == PPDL_FORM_TABLE)
		return begin_table(p, err);
	if (p->form == PPDL_FORM_CSV)
		csv_titles(p);
	return flush(p, err);
}

static PpdlStatus
table_record(PpdlPresenter *p, const PpdlText *fields, PpdlError *err)
{
	PpdlText   *shown = calloc((size_t) p->ncolumns + 1, sizeof *shown);
	int			ok = shown != NULL;

	for (int i = 0; ok && i < p->ncolumns; i++)
		shown[i] = fields[i].s ? fields[i] : (PpdlText) {(char *) p->null, strlen(p->null)};
	ok = ok && ppdl_table_add(&p->table, shown);
	free(shown);
	return ok ? PPDL_OK : no_memory(err);
}

static PpdlStatus
record(PpdlPresenter *p, const PpdlText *fields, PpdlError *err)
{
	if (p->form == PPDL_FORM_TABLE)
		PPDL_TRY(table_record(p, fields, err));
	else if (p->form == PPDL_FORM_JSON)
		PPDL_TRY(json_record(p, fields, err));
	else if (p->form == PPDL_FORM_CSV)
		csv_record(p, fields);
	else
		vertical_record(p, fields);
	p->records++;
	return flush(p, err);
}

static PpdlStatus
end(PpdlPresenter *p, PpdlError *err)
{
	if (p->form == PPDL_FORM_TABLE)
		ppdl_table_print(&p->table, p->f);
	else if (p->form == PPDL_FORM_JSON)
		put(p, p->records > 0 ? "\n]\n" : "[]\n");
	else if (p->form == PPDL_FORM_VERTICAL)
		put(p, p->records > 0 ? "\n" : "(0 rows)\n\n");
	end_result(p);
	return flush(p, err);
}

/* ------------------------------------------------------------------ with a query between */

static PpdlStatus
answer_columns(void *p, int ncolumns, const char *const *names, const PpdlCellKind *kinds, PpdlError *err)
{
	return begin(p, ncolumns, names, kinds, err);
}

static PpdlStatus
answer_record(void *p, const PpdlText *fields, PpdlError *err)
{
	return record(p, fields, err);
}

PpdlStatus
ppdl_present_begin(PpdlPresenter *p, int ncolumns, const char *const *names, const PpdlCellKind *kinds,
				   PpdlError *err)
{
	return p->then ? ppdl_then_begin(p->then, ncolumns, names, kinds, err) : begin(p, ncolumns, names, kinds, err);
}

PpdlStatus
ppdl_present_record(PpdlPresenter *p, const PpdlText *fields, PpdlError *err)
{
	return p->then ? ppdl_then_record(p->then, fields, err) : record(p, fields, err);
}

PpdlStatus
ppdl_present_end(PpdlPresenter *p, PpdlError *err)
{
	const PpdlThenAnswer answer = {answer_columns, answer_record, ppdl_db_interrupted, p};

	if (p->then)
		PPDL_TRY(ppdl_then_run(p->then, &answer, err));
	return end(p, err);
}
