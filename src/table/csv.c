/*
 * libcsv is fed one physical line at a time, so that the line a record begins
 * on is known although the library does not count lines.  A line may end
 * no record (a quoted line break) or several (lone carriage returns): parsed
 * records wait in a queue.
 */
#include "table/csv.h"

#include <csv.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "table/recode.h"

#define MAX_RECORD (1u << 30)
#define ABSENT ((size_t) 1 << (8 * sizeof(size_t) - 1))	/* mark of an empty field without quotes */
#define BETWEEN_RECORDS 0		/* libcsv's parser state before the first character of a record */

typedef struct Record
{
	long		line;
	size_t		first,			/* index of the first field */
				count;
} Record;

struct PpdlCsv
{
	FILE	   *f;
	PpdlRecoder *recoder;		/* NULL: UTF-8 */
	char	   *name;
	char		delimiter,
				other;			/* what the first line has, too, where nobody said which it is; or 0 */
	int			ragged,
				header;
	int			ncolumns;
	char	  **column;
	struct csv_parser parser;
	const char *first;			/* line read by somebody else */
	size_t		first_len;
	char	   *line;			/* physical line */
	size_t		line_cap;
	long		lineno;			/* of the line being fed */
	long		begin;			/* line on which the next record begins */
	int			nomem;
	int			finished;
	/* fields of the queued records */
	char	   *text;
	size_t		text_len,
				text_cap;
	size_t	   *start;			/* of each field in text, with ABSENT */
	size_t		nfields,
				fields_cap;
	Record	   *record;
	size_t		nrecords,
				records_cap,
				next;
	/* views of the record handed out */
	char	  **view;
	size_t	   *view_len;
	char	   *view_absent;
	size_t		view_cap;
};

static int
never_space(unsigned char c)
{
	(void) c;
	return 0;
}

/* grows *array so that it holds `need` elements; secrets are wiped from the old place */
static int
grow(void **array, size_t *cap, size_t need, size_t size)
{
	size_t		n = *cap ? *cap : 64;
	void	   *p;

	if (need <= *cap)
		return 1;
	while (n < need)
		n *= 2;
	p = malloc(n * size);
	if (p == NULL)
		return 0;
	if (*array)
	{
		memcpy(p, *array, *cap * size);
		OPENSSL_cleanse(*array, *cap * size);
		free(*array);
	}
	*array = p;
	*cap = n;
	return 1;
}

/* for libcsv, which does not say how much there was */
static void *
wiping_realloc(void *old, size_t bytes)
{
	void	   *p = malloc(bytes);
	size_t		had = old ? malloc_usable_size(old) : 0;

	if (p == NULL || old == NULL)
		return p;
	memcpy(p, old, had < bytes ? had : bytes);
	OPENSSL_cleanse(old, had);
	free(old);
	return p;
}

/* as getline() does, but that leaves copies of what it has read when it grows */
static ssize_t
read_line(PpdlCsv *csv)
{
	size_t		n = 0;
	int			c;

	while ((c = csv->recoder ? ppdl_recoder_get(csv->recoder) : getc_unlocked(csv->f)) != EOF)
	{
		if (!grow((void **) &csv->line, &csv->line_cap, n + 1, 1))
		{
			csv->nomem = 1;
			return -1;
		}
		csv->line[n++] = (char) c;
		if (c == '\n')
			break;
	}
	return n == 0 || ferror(csv->f) ? -1 : (ssize_t) n;
}

static void
on_field(void *s, size_t len, void *arg)
{
	PpdlCsv    *csv = arg;

	if (!grow((void **) &csv->text, &csv->text_cap, csv->text_len + len + 1, 1) ||
		!grow((void **) &csv->start, &csv->fields_cap, csv->nfields + 1, sizeof *csv->start))
	{
		csv->nomem = 1;
		return;
	}
	csv->start[csv->nfields++] = csv->text_len | (s ? 0 : ABSENT);
	if (len)
		memcpy(csv->text + csv->text_len, s, len);
	csv->text_len += len;
	csv->text[csv->text_len++] = 0;
}

static size_t
fields_before(const PpdlCsv *csv)
{
	if (csv->nrecords == 0)
		return 0;
	return csv->record[csv->nrecords - 1].first + csv->record[csv->nrecords - 1].count;
}

static void
on_record(int c, void *arg)
{
	PpdlCsv    *csv = arg;
	size_t		first = fields_before(csv);

	if (!grow((void **) &csv->record, &csv->records_cap, csv->nrecords + 1, sizeof *csv->record))
	{
		csv->nomem = 1;
		return;
	}
	csv->record[csv->nrecords].line = csv->begin;
	csv->record[csv->nrecords].first = first;
	csv->record[csv->nrecords].count = csv->nfields - first;
	csv->nrecords++;
	if (c == CSV_CR)
		csv->begin++;			/* matters where lone carriage returns end lines */
}

/* where another delimiter than the one assumed may be the reason of an error */
static PpdlStatus
delimiter_hint(const PpdlCsv *csv, PpdlError *err)
{
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, csv->other == '\t' ?
						   "If tabs separate fields, give --delimiter tab; if they are text, put the field in quotes." :
						   "If '%c' separates fields, give --delimiter '%c'; if it is text, put the field in quotes.",
						   csv->other, csv->other);
}

static PpdlStatus
syntax_error(PpdlCsv *csv, PpdlError *err)
{
	size_t		column = csv->nfields - fields_before(csv) + 1;

	if (csv_error(&csv->parser) != CSV_EPARSE)
		return ppdl_error(err, PPDL_ERR_NOMEM, "%s:%ld: out of memory for this record", csv->name, csv->begin);
	ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: column %zu: stray quote character", csv->name, csv->lineno, column);
	if (csv->other)
		return delimiter_hint(csv, err);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT,
						   "A field with quotes is written in quotes, and each quote inside it twice: \"5\"\" tall\".");
}

static PpdlStatus
finish(PpdlCsv *csv, PpdlError *err)
{
	csv->finished = 1;
	if (csv_fini(&csv->parser, on_field, on_record, csv) != 0)
	{
		if (csv_error(&csv->parser) == CSV_EPARSE)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: a quoted field of this record is never closed",
							  csv->name, csv->begin);
		return syntax_error(csv, err);
	}
	return PPDL_OK;
}

/* nothing more could be read */
static PpdlStatus
no_line(PpdlCsv *csv, PpdlError *err)
{
	int			byte;

	if (ferror(csv->f))
		return ppdl_os_error(err, "read", csv->name);
	if (csv->nomem)
		return ppdl_error(err, PPDL_ERR_NOMEM, "%s:%ld: out of memory for this line", csv->name, csv->lineno + 1);
	if (csv->recoder == NULL || !ppdl_recoder_bad(csv->recoder, &byte))
		return finish(csv, err);
	ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: byte 0x%02x is no text in the character set of --encoding", csv->name,
			   csv->lineno + 1, (unsigned) byte);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Without the option files are read as UTF-8; of Windows programs they "
						   "are often WINDOWS-1252.");
}

static PpdlStatus
nul_byte(const PpdlCsv *csv, const char *s, ssize_t n, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: NUL byte: this is no CSV text", csv->name, csv->lineno);
	if (csv->lineno == 1 && n > 2 && (memcmp(s, "\xFF\xFE", 2) == 0 || memcmp(s, "\xFE\xFF", 2) == 0))
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "It is UTF-16: give --encoding UTF-16.");
	return PPDL_ERR_FORMAT;
}

/* feeds one physical line, or the end */
static PpdlStatus
feed(PpdlCsv *csv, PpdlError *err)
{
	ssize_t		n;
	const char *s;

	if (csv->first)
	{
		s = csv->first;
		n = (ssize_t) csv->first_len;
		csv->first = NULL;
	}
	else
	{
		n = read_line(csv);
		s = csv->line;
	}
	if (n < 0)
		return no_line(csv, err);
	csv->lineno++;
	if (memchr(s, 0, (size_t) n))
		return nul_byte(csv, s, n, err);
	if (csv->lineno == 1 && n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
	{
		s += 3;
		n -= 3;
	}
	if (csv->parser.pstate == BETWEEN_RECORDS)
		csv->begin = csv->lineno;
	if (csv_parse(&csv->parser, s, (size_t) n, on_field, on_record, csv) != (size_t) n)
		return syntax_error(csv, err);
	if (csv->nomem || csv_get_buffer_size(&csv->parser) > MAX_RECORD)
		return ppdl_error(err, PPDL_ERR_NOMEM, "%s:%ld: out of memory for this record", csv->name, csv->begin);
	return PPDL_OK;
}

static void
reset_queue(PpdlCsv *csv)
{
	/* fields of a record that is still open move to the front */
	size_t		done = fields_before(csv);
	size_t		open = csv->nfields - done;
	size_t		from = open ? csv->start[done] & ~ABSENT : csv->text_len;

	if (csv->text_len > from)
		memmove(csv->text, csv->text + from, csv->text_len - from);
	for (size_t i = 0; i < open; i++)
		csv->start[i] = csv->start[done + i] - from;
	csv->text_len -= from;
	csv->nfields = open;
	csv->nrecords = csv->next = 0;
}

static PpdlStatus
check_utf8(const PpdlCsv *csv, const PpdlCsvRow *row, PpdlError *err)
{
	for (int i = 0; i < row->nfields; i++)
	{
		if (ppdl_utf8_valid(row->field[i], row->len[i]))
			continue;
		ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: column %d: invalid UTF-8", csv->name, row->line, i + 1);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "Say which character set it is: --encoding LATIN1 or WINDOWS-1252, for example; or "
							   "convert the file first: iconv -f latin1 -t utf8 old.csv > new.csv");
	}
	return PPDL_OK;
}

static PpdlStatus
next_record(PpdlCsv *csv, PpdlCsvRow *row, int *more, PpdlError *err)
{
	const Record *r;

	*more = 0;
	if (csv->next == csv->nrecords)
		reset_queue(csv);
	while (csv->nrecords == 0)
	{
		if (csv->finished)
			return PPDL_OK;
		PPDL_TRY(feed(csv, err));
	}
	r = &csv->record[csv->next++];
	if (csv->view_cap < r->count)
	{
		free(csv->view);
		free(csv->view_len);
		free(csv->view_absent);
		csv->view = malloc(r->count * sizeof *csv->view);
		csv->view_len = malloc(r->count * sizeof *csv->view_len);
		csv->view_absent = malloc(r->count);
		csv->view_cap = csv->view && csv->view_len && csv->view_absent ? r->count : 0;
		if (csv->view_cap == 0)
			return ppdl_error(err, PPDL_ERR_NOMEM, "%s:%ld: out of memory for this record", csv->name, r->line);
	}
	for (size_t i = 0; i < r->count; i++)
	{
		const size_t *at = &csv->start[r->first + i];
		size_t		start = *at & ~ABSENT;
		size_t		end = r->first + i + 1 < csv->nfields ? at[1] & ~ABSENT : csv->text_len;

		csv->view[i] = csv->text + start;
		csv->view_len[i] = end - start - 1;
		csv->view_absent[i] = (*at & ABSENT) != 0;
	}
	row->line = r->line;
	row->nfields = (int) r->count;
	row->field = csv->view;
	row->len = csv->view_len;
	row->absent = csv->view_absent;
	*more = 1;
	return check_utf8(csv, row, err);
}

PpdlStatus
ppdl_csv_next(PpdlCsv *csv, PpdlCsvRow *row, int *more, PpdlError *err)
{
	PPDL_TRY(next_record(csv, row, more, err));
	if (!*more || csv->ragged || row->nfields == csv->ncolumns)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: %d field%s where the %s has %d columns", csv->name, row->line,
			   row->nfields,
			   row->nfields == 1 ? "" : "s", csv->header ? "header" : "first row", csv->ncolumns);
	return csv->other ? delimiter_hint(csv, err) : PPDL_ERR_FORMAT;
}

static PpdlStatus
header_hint(PpdlError *err)
{
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "If the file has no header and this is its first row, give "
						   "--no-header: columns are then called 1, 2, 3, ...");
}

static PpdlStatus
name_columns(PpdlCsv *csv, const PpdlCsvRow *row, int header, PpdlError *err)
{
	csv->column = calloc((size_t) row->nfields, sizeof *csv->column);
	if (csv->column == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	csv->ncolumns = row->nfields;
	for (int i = 0; i < row->nfields; i++)
	{
		char		number[16];

		snprintf(number, sizeof number, "%d", i + 1);
		csv->column[i] = strdup(header ? row->field[i] : number);
		if (csv->column[i] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		if (csv->column[i][0] == 0)
		{
			ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: column %d has no name in the header", csv->name, row->line,
					   i + 1);
			return header_hint(err);
		}
		for (int j = 0; j < i; j++)
			if (strcmp(csv->column[i], csv->column[j]) == 0)
			{
				ppdl_error(err, PPDL_ERR_FORMAT,
						   "%s:%ld: column name \"%s\" appears twice in the header (columns %d and %d)",
						   csv->name, row->line, csv->column[i], j + 1, i + 1);
				return header_hint(err);
			}
	}
	return PPDL_OK;
}

static PpdlStatus
read_header(PpdlCsv *csv, const PpdlCsvOptions *opt, PpdlError *err)
{
	PpdlCsvRow	row;
	int			more;

	PPDL_TRY(next_record(csv, &row, &more, err));
	if (!more)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: the file is empty", csv->name);
	PPDL_TRY(name_columns(csv, &row, !opt->no_header, err));
	if (opt->no_header)
		csv->next--;
	return PPDL_OK;
}

/* how often c stands outside of quotes */
static int
count_outside(const char *s, ssize_t n, char c)
{
	int			count = 0,
				quoted = 0;

	for (ssize_t i = 0; i < n; i++)
	{
		quoted ^= s[i] == '"';
		count += !quoted && s[i] == c;
	}
	return count;
}

/* looks at the first line, which feed() then finds in its place */
static void
find_delimiter(PpdlCsv *csv)
{
	static const char candidate[] = {';', '\t', '|'};
	ssize_t		n = read_line(csv);
	int			most = 0,
				commas;

	csv->delimiter = ',';
	if (n < 0)
		return;
	csv->first = csv->line;
	csv->first_len = (size_t) n;
	commas = count_outside(csv->line, n, ',');
	for (size_t i = 0; i < sizeof candidate; i++)
	{
		int			count = count_outside(csv->line, n, candidate[i]);

		if (count > most)
			csv->other = candidate[i];
		most = count > most ? count : most;
	}
	if (commas > 0 || csv->other == 0)
		return;
	csv->delimiter = csv->other;
	csv->other = 0;
}

PpdlStatus
ppdl_csv_open(PpdlCsv **out, FILE *f, const PpdlCsvOptions *opt, PpdlError *err)
{
	PpdlCsv    *csv = calloc(1, sizeof *csv);
	PpdlStatus	status = PPDL_OK;

	*out = NULL;
	if (csv == NULL || (csv->name = strdup(opt->name)) == NULL ||
		csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
	{
		if (csv)
			free(csv->name);
		free(csv);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	csv->f = f;
	csv->begin = 1;
	csv->ragged = opt->ragged;
	csv->header = !opt->no_header;
	csv->first = opt->first;
	csv->first_len = opt->first_len;
	csv->delimiter = opt->delimiter ? opt->delimiter : ',';
	csv_set_space_func(&csv->parser, never_space);
	csv_set_realloc_func(&csv->parser, wiping_realloc);
	csv_set_free_func(&csv->parser, free);
	if (opt->charset)
		status = ppdl_recoder_open(&csv->recoder, f, opt->charset, err);
	if (status == PPDL_OK && opt->delimiter == 0 && opt->first == NULL && !opt->ragged)
		find_delimiter(csv);
	csv_set_delim(&csv->parser, (unsigned char) csv->delimiter);
	if (status == PPDL_OK && !opt->ragged)
		status = read_header(csv, opt, err);
	if (status != PPDL_OK)
		ppdl_csv_close(csv);
	else
		*out = csv;
	return status;
}

void
ppdl_csv_close(PpdlCsv *csv)
{
	if (csv == NULL)
		return;
	if (csv->parser.entry_buf)
		OPENSSL_cleanse(csv->parser.entry_buf, csv->parser.entry_size);
	csv_free(&csv->parser);
	ppdl_recoder_close(csv->recoder);
	for (int i = 0; i < csv->ncolumns && csv->column; i++)
		free(csv->column[i]);
	free(csv->column);
	if (csv->line)
		OPENSSL_cleanse(csv->line, csv->line_cap);
	if (csv->text)
		OPENSSL_cleanse(csv->text, csv->text_cap);
	free(csv->line);
	free(csv->text);
	free(csv->start);
	free(csv->record);
	free(csv->view);
	free(csv->view_len);
	free(csv->view_absent);
	free(csv->name);
	free(csv);
}

const char *
ppdl_csv_name(const PpdlCsv *csv)
{
	return csv->name;
}

char
ppdl_csv_delimiter(const PpdlCsv *csv)
{
	return csv->delimiter;
}

int
ppdl_csv_columns(const PpdlCsv *csv)
{
	return csv->ncolumns;
}

const char *
ppdl_csv_column(const PpdlCsv *csv, int i)
{
	return csv->column[i];
}

PpdlStatus
ppdl_csv_find(const PpdlCsv *csv, const char *column, int *index, PpdlError *err)
{
	char		list[sizeof err->detail - 20] = "";

	for (int i = 0; i < csv->ncolumns; i++)
		if (strcmp(csv->column[i], column) == 0)
		{
			*index = i;
			return PPDL_OK;
		}
	for (int i = 0; i < csv->ncolumns; i++)
		ppdl_names_add(list, sizeof list, "%s", csv->column[i]);
	ppdl_error(err, PPDL_ERR_FORMAT, "%s: no column \"%s\" in the header", csv->name, column);
	return ppdl_error_detail(err, PPDL_ERR_FORMAT, "Columns: %s", list);
}

void
ppdl_csv_put(PpdlWriter *w, const char *s, size_t len)
{
	int			quote = len == 0;

	for (size_t i = 0; i < len && !quote; i++)
		quote = s[i] == ',' || s[i] == '"' || s[i] == '\n' || s[i] == '\r';
	if (!quote)
	{
		ppdl_write_bytes(w, s, len);
		return;
	}
	ppdl_write_u8(w, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '"')
			ppdl_write_u8(w, '"');
		ppdl_write_u8(w, (uint8_t) s[i]);
	}
	ppdl_write_u8(w, '"');
}

int
ppdl_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s;
	const unsigned char *end = p + len;

	while (p < end)
	{
		unsigned	c = *p++;
		unsigned	lo = 0x80,
					hi = 0xBF;	/* range of the first continuation byte */
		int			more;

		if (c < 0x80)
			continue;
		if (c >= 0xC2 && c <= 0xDF)
			more = 1;
		else if (c >= 0xE0 && c <= 0xEF)
			more = 2;
		else if (c >= 0xF0 && c <= 0xF4)
			more = 3;
		else
			return 0;
		if (c == 0xE0)
			lo = 0xA0;			/* over-long */
		else if (c == 0xED)
			hi = 0x9F;			/* surrogates */
		else if (c == 0xF0)
			lo = 0x90;			/* over-long */
		else if (c == 0xF4)
			hi = 0x8F;			/* beyond U+10FFFF */
		for (; more > 0; more--, p++)
		{
			if (p == end || *p < lo || *p > hi)
				return 0;
			lo = 0x80;
			hi = 0xBF;
		}
	}
	return 1;
}
