/*
 * Text that is read: CSV, COPY's text format, arrays, base64, numbers, tables of results, results of a study,
 * conditions of sum_where.
 */
#include "fuzz.h"

#include <math.h>

#include "cli/copytext.h"
#include "table/calendar.h"
#include "table/csv.h"
#include "table/features.h"
#include "base/base64.h"
#include "table/fold.h"
#include "cli/record.h"
#include "cli/table.h"
#include "predict/condition.h"
#include "report/report_impl.h"

#include "../unit/xml_check.h"

/* first byte: options; every record that is read is written as CSV and read back */
static void
csv(const uint8_t *data, size_t len)
{
	PpdlCsvOptions opt = {.name = "input"};
	PpdlCsvRow	row;
	PpdlCsv    *in;
	FILE	   *f;
	int			more = 1,
				index;

	if (len < 2)
		return;
	opt.delimiter = data[0] & 1 ? ';' : 0;
	opt.no_header = data[0] >> 1 & 1;
	opt.ragged = data[0] >> 2 & 1 & opt.no_header;
	opt.charset = data[0] & 16 ? data[0] & 32 ? "UTF-16" : "WINDOWS-1252" : NULL;
	f = fmemopen((void *) (data + 1), len - 1, "r");
	must(f != NULL);
	if (ppdl_csv_open(&in, f, &opt, ERR) == PPDL_OK)
	{
		ppdl_csv_find(in, "id", &index, ERR);
		while (ppdl_csv_next(in, &row, &more, ERR) == PPDL_OK && more)
			for (int i = 0; i < row.nfields; i++)
			{
				PpdlWriter	w;

				must(strlen(row.field[i]) == row.len[i] && ppdl_utf8_valid(row.field[i], row.len[i]));
				ppdl_writer_init(&w);
				ppdl_csv_put(&w, row.field[i], row.len[i]);
				must(!w.bad && w.len >= row.len[i]);
				ppdl_writer_free(&w);
			}
		ppdl_csv_close(in);
	}
	fclose(f);
}

static void
csv_seeds(void)
{
	put_text_seed("\001id;a\n1;2\n");
	put_text_seed("\002id,name,\"quoted \"\"field\"\"\"\n1,,\"\"\r\n2,\"two\nlines\",x\n");
	put_text_seed("\006a\nb,c\n\nd,e,f\n");
	put_text_seed("\010\357\273\277id,caf\303\251\n1,\360\237\230\200\n");
	put_text_seed("\020id;caf\351\n1;\344\n");
}

static void
check_texts(const PpdlTexts *t, size_t len)
{
	size_t		total = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->text[i].s != NULL)
		{
			must(t->text[i].s[t->text[i].len] == '\0');
			total += t->text[i].len;
		}
	must(total <= len);
}

/* what is split and written again gives the same fields */
static void
copy(const uint8_t *data, size_t len)
{
	char	   *line = text_of(data, len),
			   *line_again;
	PpdlTexts	t = {0},
				again = {0};
	PpdlWriter	w;

	must(ppdl_copy_split(&t, line, len));
	check_texts(&t, len);
	ppdl_writer_init(&w);
	for (size_t i = 0; i < t.count; i++)
	{
		if (i > 0)
			ppdl_write_u8(&w, '\t');
		ppdl_copy_put(&w, t.text[i].s, t.text[i].len);
	}
	line_again = text_of(w.buf, w.len);
	must(ppdl_copy_split(&again, line_again, w.len) && again.count == t.count);
	for (size_t i = 0; i < t.count; i++)
		must((t.text[i].s == NULL) == (again.text[i].s == NULL) && t.text[i].len == again.text[i].len &&
			 (t.text[i].s == NULL || memcmp(t.text[i].s, again.text[i].s, t.text[i].len) == 0));
	ppdl_texts_free(&t);
	ppdl_texts_free(&again);
	ppdl_writer_free(&w);
	free(line);
	free(line_again);
}

static void
copy_seeds(void)
{
	put_text_seed("1\t\\N\ta\\tb\\\\c\\n\t\\x41\\101\t");
	put_text_seed("{1,2}\t\\.\tx\\");
}

static void
array(const uint8_t *data, size_t len)
{
	char	   *s = text_of(data, len);
	PpdlTexts	t = {0};
	int			rc = ppdl_array_split(&t, s, len);

	must(rc >= 0);
	if (rc == 1)
		check_texts(&t, len);
	ppdl_texts_free(&t);
	free(s);
}

static void
array_seeds(void)
{
	put_text_seed("{1,\"two words\",NULL,\"a\\\"b\\\\\"}");
	put_text_seed("{}");
	put_text_seed("{0.5,-1e-3}");
}

static void
base64(const uint8_t *data, size_t len)
{
	uint8_t    *buf;
	size_t		n;

	if (ppdl_base64_read((const char *) data, len, &buf, &n, ERR) != PPDL_OK)
		return;
	must(n <= len / 4 * 3);
	free(buf);
}

static void
base64_seeds(void)
{
	put_text_seed("UEwBAQEBAQABAgMEBQYHCAAAAAAAAPA/");
	put_text_seed("UFJTQQEBAgA=");
	put_text_seed("AA==");
}

/* numbers with commas, and days */
static void
check_spelling(const char *text)
{
	static const PpdlNumerals form[] = {{',', 0, 0}, {',', '.', 0}, {0, ' ', 1}};
	char		day[16];
	double		v;
	long		d,
				again;

	for (size_t i = 0; i < sizeof form / sizeof *form; i++)
		must(ppdl_numeral_parse(&form[i], text, &v) != 1 || isfinite(v));
	must(ppdl_fold_compare(text, text) == 0);
	if (!ppdl_day_parse(NULL, text, &d))
		return;
	ppdl_day_print(day, d);
	must(ppdl_day_parse(NULL, day, &again) && again == d);
	must(isfinite(ppdl_age(d, 0)));
}

/* numbers: what is printed reads back */
static void
number(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len),
				out[64];
	double		v,
				again;

	if (ppdl_parse_number(text, &v) == 1)
	{
		must(isfinite(v));
		ppdl_print_number(out, v);
		must(ppdl_parse_number(out, &again) == 1 && again == v);
		ppdl_format_value(out, sizeof(out), v, 1e-6);
		ppdl_format_value(out, sizeof(out), v, fabs(v));
		must(strlen(out) + 1 < sizeof(out));
	}
	ppdl_display_width(text);
	check_spelling(text);
	free(text);
}

static void
number_seeds(void)
{
	put_text_seed(" 12.50 ");
	put_text_seed("-1e-300");
	put_text_seed("0x1p3");
	put_text_seed("+.5E+2");
	put_text_seed("1.234,5");
	put_text_seed("29.2.2000");
}

static void
table(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len);
	PpdlTexts	t = {0};
	PpdlTable	table;
	FILE	   *f = fopen("/dev/null", "w");

	must(f != NULL && ppdl_table_init(&table, 2) && ppdl_table_title(&table, 0, "id") &&
		 ppdl_table_title(&table, 1, text) &&
		 ppdl_copy_split(&t, text, len));
	for (size_t i = 0; i + 2 <= t.count; i += 2)
		must(ppdl_table_add(&table, t.text + i));
	ppdl_table_print(&table, f);
	ppdl_table_free(&table);
	ppdl_texts_free(&t);
	fclose(f);
	free(text);
}

static void
table_seeds(void)
{
	put_text_seed("1\tcaf\303\251\t2\t\\N\t\t\360\237\230\200");
}

/* what a server sent: ciphertexts are looked for in it, and no key is there for them */
static PpdlStatus
ignore(void *arg, const PpdlText *fields, size_t count, PpdlError *err)
{
	(void) arg;
	(void) fields;
	(void) count;
	(void) err;
	return PPDL_OK;
}

static void
reveal(const uint8_t *data, size_t len)
{
	char	   *line = text_of(data, len);
	PpdlTexts	t = {0};
	PpdlReveal	r = {0};
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_reveal_text(&r, line, len, &w, ERR);
	ppdl_writer_free(&w);
	must(ppdl_copy_split(&t, line, len));
	ppdl_reveal_record(&r, NULL, t.text, t.count, (int) (len & 1), ignore, NULL, ERR);
	ppdl_texts_free(&t);
	free(line);
}

static void
reveal_seeds(void)
{
	put_text_seed("{1,2}\tUEwBAQEBAQABAgMEBQYHCAAAAAAAAPA/\tx");
	put_text_seed("1\t{UFJTQQEBAgABAgMEBQYHCAAMAAABAAAAAAAAAAAAAAA=}");
}

/* lines of a study's results, and the report of those that could be read */
static void
results(const uint8_t *data, size_t len)
{
	PpdlResults *r;
	PpdlSummary s;
	PpdlWriter	w;

	if (ppdl_results_parse(&r, (const char *) data, len, "results", ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	must(ppdl_summarise(&s, r, ERR) == PPDL_OK);
	must(ppdl_report_csv(&w, &s, ERR) == PPDL_OK);
	must(ppdl_report_markdown(&w, &s, ERR) == PPDL_OK);
	w.len = 0;
	must(ppdl_report_html(&w, &s, ERR) == PPDL_OK);
	ppdl_write_u8(&w, 0);
	must(xml_check((const char *) w.buf) == NULL);
	ppdl_writer_free(&w);
	ppdl_summary_free(&s);
	ppdl_results_destroy(r);
}

static void
results_seeds(void)
{
	put_text_seed("{\"dataset\":\"d\",\"network\":\"4-1\",\"classes\":[\"a\",\"b\"],\"method\":\"lwe\",\"split\":1,\"metrics\":"
				  "{\"accuracy\":0.5,\"auc\":1},\"train_s\":0.5,\"row_bytes\":164,\"roc\":[[0,0],[0.5,1],[1,1]],"
				  "\"calibration\":[[0.25,0.5,10]],\"curve\":[[1,0.5],[2,1]],\"security_bits\":128}\n"
				  "{\"dataset\":\"d\",\"method\":\"majority\",\"split\":1,\"metrics\":{\"accuracy\":0.5}}\n"
				  "{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"rsa\",\"split\":2,\"error\":\"no \\u003cb> &\"}\n");
}

/* what is parsed can be put in order, and calculated, whatever its row holds */
static void
condition(const uint8_t *data, size_t len)
{
	PpdlCondition *c;
	double	   *row;

	if (ppdl_condition_parse(&c, (const char *) data, len, ERR) != PPDL_OK)
	{
		must(c == NULL && *ERR->message != '\0');
		return;
	}
	must(c->width >= 1 && c->width <= 65536 && c->leaves >= 1);
	row = calloc((size_t) c->width, sizeof(double));
	for (int levels = 0; levels < 20; levels += 10)
	{
		double		v = ppdl_condition_apply(c, row);

		must(v == 0 || v == 1);
		must(ppdl_condition_schedule(c, levels, ERR) == PPDL_OK);
	}
	free(row);
	ppdl_condition_destroy(c);
}

static void
condition_seeds(void)
{
	put_text_seed("x[3] = 1 and not x[7] = 1 or x[1] > 0.25");
	put_text_seed("(X[1]<>0 OR x[2] != 1) AND ((x[3] <= -1e-2) or not not x[4]>=.5)");
}

static const FuzzCase fuzz_case[] = {
	{"csv", csv, csv_seeds},
	{"copy", copy, copy_seeds},
	{"array", array, array_seeds},
	{"base64", base64, base64_seeds},
	{"number", number, number_seeds},
	{"table", table, table_seeds},
	{"reveal", reveal, reveal_seeds},
	{"results", results, results_seeds},
	{"condition", condition, condition_seeds},
	{NULL}
};
