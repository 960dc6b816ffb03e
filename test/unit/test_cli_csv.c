/* The CSV reader and writer: RFC 4180, line numbers, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/csv.h"

static PpdlError err;

static PpdlCsv *
open_text(const char *text, size_t len, FILE **f, const PpdlCsvOptions *more)
{
	PpdlCsvOptions opt = {.name = "t.csv"};
	PpdlCsv    *csv;

	if (more)
	{
		opt = *more;
		opt.name = "t.csv";
	}
	*f = tmpfile();
	assert_non_null(*f);
	assert_int_equal(fwrite(text, 1, len, *f), len);
	rewind(*f);
	err.message[0] = 0;
	if (ppdl_csv_open(&csv, *f, &opt, &err) != PPDL_OK)
		return NULL;
	return csv;
}

static PpdlCsvRow
must_next(PpdlCsv *csv)
{
	PpdlCsvRow	row;
	int			more;

	if (ppdl_csv_next(csv, &row, &more, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	assert_true(more);
	return row;
}

static void
must_end(PpdlCsv *csv)
{
	PpdlCsvRow	row;
	int			more;

	assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
	assert_false(more);
}

static void
test_rfc4180(void **state)
{
	static const char text[] =
		"\xEF\xBB\xBFId,Name,\"odd \"\"name\"\"\"\r\n"
		"1,\"a, b\",  spaced  \r\n"
		"\r\n"
		"2,\"two\nlines\",\"\"\n"
		"3,,\xC3\xA9\n"
		"4,x,\"last\"";
	FILE	   *f;
	PpdlCsv    *csv = open_text(text, sizeof text - 1, &f, NULL);
	PpdlCsvRow	row;
	int			i;

	(void) state;
	assert_non_null(csv);
	assert_int_equal(ppdl_csv_columns(csv), 3);
	assert_string_equal(ppdl_csv_column(csv, 0), "Id");
	assert_string_equal(ppdl_csv_column(csv, 2), "odd \"name\"");
	row = must_next(csv);
	assert_int_equal(row.line, 2);
	assert_string_equal(row.field[1], "a, b");
	assert_string_equal(row.field[2], "  spaced  ");
	row = must_next(csv);
	assert_int_equal(row.line, 4);
	assert_string_equal(row.field[1], "two\nlines");
	assert_int_equal(row.len[2], 0);
	row = must_next(csv);
	assert_int_equal(row.line, 6);
	assert_string_equal(row.field[1], "");
	assert_string_equal(row.field[2], "\xC3\xA9");
	row = must_next(csv);
	assert_int_equal(row.line, 7);
	assert_string_equal(row.field[2], "last");
	must_end(csv);
	assert_int_equal(ppdl_csv_find(csv, "Name", &i, &err), PPDL_OK);
	assert_int_equal(i, 1);
	assert_int_equal(ppdl_csv_find(csv, "name", &i, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "no column \"name\""));
	assert_non_null(strstr(err.detail, "Id, Name"));
	ppdl_csv_close(csv);
	fclose(f);
}

static void
test_lone_carriage_returns(void **state)
{
	static const char text[] = "a,b\r1,2\r3,4\r";
	FILE	   *f;
	PpdlCsv    *csv = open_text(text, sizeof text - 1, &f, NULL);
	PpdlCsvRow	row;

	(void) state;
	assert_non_null(csv);
	row = must_next(csv);
	assert_int_equal(row.line, 2);
	assert_string_equal(row.field[1], "2");
	row = must_next(csv);
	assert_int_equal(row.line, 3);
	assert_string_equal(row.field[0], "3");
	must_end(csv);
	ppdl_csv_close(csv);
	fclose(f);
}

static void
test_no_header_and_delimiter(void **state)
{
	static const char text[] = "1;2,5\n3;4\n";
	PpdlCsvOptions opt = {.delimiter = ';', .no_header = 1};
	FILE	   *f;
	PpdlCsv    *csv = open_text(text, sizeof text - 1, &f, &opt);
	PpdlCsvRow	row;

	(void) state;
	assert_non_null(csv);
	assert_string_equal(ppdl_csv_column(csv, 1), "2");
	row = must_next(csv);
	assert_int_equal(row.line, 1);
	assert_string_equal(row.field[1], "2,5");
	row = must_next(csv);
	assert_int_equal(row.line, 2);
	must_end(csv);
	ppdl_csv_close(csv);
	fclose(f);
}

/* an error while opening or in one of the records; the message must contain `want` */
static void
refuse(const char *text, size_t len, const char *want)
{
	FILE	   *f;
	PpdlCsv    *csv = open_text(text, len, &f, NULL);
	PpdlCsvRow	row;
	int			more = 1;
	PpdlStatus	status = PPDL_OK;

	while (csv && status == PPDL_OK && more)
		status = ppdl_csv_next(csv, &row, &more, &err);
	if (csv && status == PPDL_OK)
		fail_msg("accepted: %s", text);
	assert_int_equal(err.code, PPDL_ERR_FORMAT);
	if (strstr(err.message, want) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.message, want);
	ppdl_csv_close(csv);
	fclose(f);
}

static void
test_refuses(void **state)
{
	(void) state;
#define REFUSE(text, want) refuse(text, sizeof(text) - 1, want)
	REFUSE("", "t.csv: the file is empty");
	REFUSE("\n\n", "t.csv: the file is empty");
	REFUSE("a,b\n1,2\n3\n", "t.csv:3: 1 field where the header has 2 columns");
	REFUSE("a,b\n1,\"x\ny\"\n\n1,2,3\n", "t.csv:5: 3 fields");
	REFUSE("a,b,a\n1,2,3\n", "t.csv:1: column name \"a\" appears twice in the header (columns 1 and 3)");
	assert_non_null(strstr(err.hint, "--no-header"));
	REFUSE("a,,c\n", "t.csv:1: column 2 has no name");
	REFUSE("a,b\n1,x\"y\n", "t.csv:2: column 2: stray quote");
	REFUSE("a,b\n1,\"x\"y\n", "t.csv:2: column 2: stray quote");
	REFUSE("a,b\n1,2\n3,\"x\n5,6\n", "t.csv:3: a quoted field of this record is never closed");
	REFUSE("a,b\n1,\xE9t\xE9\n", "t.csv:2: column 2: invalid UTF-8");
	REFUSE("a\xFF,b\n", "t.csv:1: column 1: invalid UTF-8");
	REFUSE("a,b\n1,2\0\n", "t.csv:2: NUL byte");
}

static void
test_utf8(void **state)
{
	static const char *good[] = {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x99\x82", "\xED\x9F\xBF",
								 "\xF4\x8F\xBF\xBF"};
	static const char *bad[] = {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80",
								"\xF0\x80\x80\xAF",
	"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xE2\x28\xA1", "\xFF"};

	(void) state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(ppdl_utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(ppdl_utf8_valid(bad[i], strlen(bad[i])));
}

/* what is written reads back, many records through the queue and the buffers' growth */
static void
test_round_trip(void **state)
{
	static const char alphabet[] = "ab,\"\n\r ;\xC3\xA9";
	PpdlCsvOptions opt = {.no_header = 1};
	PpdlWriter	w;
	char		want[200][3][24];
	size_t		len[200][3];
	unsigned	seed = 12345;
	FILE	   *f;
	PpdlCsv    *csv;

	(void) state;
	print_message("seed %u\n", seed);
	ppdl_writer_init(&w);
	for (int r = 0; r < 200; r++)
		for (int c = 0; c < 3; c++)
		{
			size_t		n = 0,
						words = (size_t) (rand_r(&seed) % 11);

			for (size_t i = 0; i < words; i++)
			{
				size_t		k = (size_t) (rand_r(&seed) % 9);

				memcpy(want[r][c] + n, alphabet + k, k == 8 ? 2 : 1);
				n += k == 8 ? 2 : 1;
			}
			len[r][c] = n;
			ppdl_csv_put(&w, want[r][c], n);
			ppdl_write_bytes(&w, c == 2 ? "\n" : ",", 1);
		}
	csv = open_text((char *) w.buf, w.len, &f, &opt);
	assert_non_null(csv);
	for (int r = 0; r < 200; r++)
	{
		PpdlCsvRow	row = must_next(csv);

		for (int c = 0; c < 3; c++)
		{
			assert_int_equal(row.len[c], len[r][c]);
			assert_memory_equal(row.field[c], want[r][c], len[r][c]);
		}
	}
	must_end(csv);
	ppdl_csv_close(csv);
	ppdl_writer_free(&w);
	fclose(f);
}

/* fields are separated by what the first line has, if that is clear */
static void
test_found_delimiter(void **state)
{
	static const struct
	{
		const char *text;
		char		delimiter;
	}			t[] = {
		{"a;b\n1,5;2\n", ';'}, {"a\tb c\n1\t2\n", '\t'}, {"a|b\n1|2\n", '|'}, {"a,b;c\n1,2\n", ','},
		{"\"a;b\",c\n1,2\n", ','}, {"\"a,b\";c\n\"5\"\" tall\";2\n", ';'}, {"a b\n1\n", ','},
		{"\xEF\xBB\xBF" "a;b\n1;2\n", ';'}, {"a;b;c|d\n1;2;3\n", ';'}
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		PpdlCsvOptions opt = {0};
		FILE	   *f;
		PpdlCsv    *csv = open_text(t[i].text, strlen(t[i].text), &f, &opt);

		assert_non_null(csv);
		assert_int_equal(ppdl_csv_delimiter(csv), t[i].delimiter);
		must_next(csv);
		must_end(csv);
		ppdl_csv_close(csv);
		fclose(f);
	}
	REFUSE("Height, cm;Weight\n180;80\n", "t.csv:2: 1 field where the header has 2 columns");
	assert_non_null(strstr(err.hint, "give --delimiter ';'"));
	REFUSE("a,b\xE4;c\n", "invalid UTF-8");
	assert_non_null(strstr(err.hint, "--encoding LATIN1"));
}

static void
test_charsets(void **state)
{
	static const char utf16[] = "\xFF\xFE" "a\0;\0b\0\n\0" "\xE4\0;\0" "2\0\n";
	PpdlCsvOptions latin1 = {.charset = "LATIN1"},
				wide = {.charset = "UTF-16"},
				ascii = {.charset = "ASCII"},
				none = {.charset = "NOSUCH"};
	char		big[60000];
	FILE	   *f;
	PpdlCsv    *csv = open_text("Gr\xF6\xDF" "e;b\n\xE4;2\n", 12, &f, &latin1);
	PpdlCsvRow	row;
	int			more;
	long		lines = 0;

	(void) state;
	assert_non_null(csv);
	assert_string_equal(ppdl_csv_column(csv, 0), "Gr\xC3\xB6\xC3\x9F" "e");
	row = must_next(csv);
	assert_string_equal(row.field[0], "\xC3\xA4");
	must_end(csv);
	ppdl_csv_close(csv);
	fclose(f);

	csv = open_text(utf16, sizeof utf16, &f, &wide);
	assert_non_null(csv);
	row = must_next(csv);
	assert_string_equal(row.field[0], "\xC3\xA4");
	ppdl_csv_close(csv);
	fclose(f);

	/* more than is converted at once */
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = i % 10 == 9 ? '\n' : i % 10 == 5 ? ';' : '\xE4';
	csv = open_text(big, sizeof big, &f, &latin1);
	assert_non_null(csv);
	while (ppdl_csv_next(csv, &row, &more, &err) == PPDL_OK && more)
		lines++;
	assert_int_equal(lines, 5999);
	ppdl_csv_close(csv);
	fclose(f);

	csv = open_text("a;b\n1;2\n\xE4;3\n", 12, &f, &ascii);
	assert_non_null(csv);
	must_next(csv);
	assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "t.csv:3: byte 0xe4"));
	ppdl_csv_close(csv);
	fclose(f);
	assert_null(open_text("a;b\n1;2\n", 8, &f, &none));
	assert_non_null(strstr(err.message, "no character set \"NOSUCH\""));
	assert_null(open_text(utf16, sizeof utf16, &f, &(PpdlCsvOptions) {0}));
	assert_non_null(strstr(err.hint, "--encoding UTF-16"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4180),
		cmocka_unit_test(test_lone_carriage_returns),
		cmocka_unit_test(test_no_header_and_delimiter),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_found_delimiter),
		cmocka_unit_test(test_charsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
