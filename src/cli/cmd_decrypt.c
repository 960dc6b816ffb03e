/*
 * ppdl decrypt: a filter over query results.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "table/csv.h"
#include "cli/outfile.h"
#include "cli/reveal.h"

static const char doc[] =
"Read query results (FILE, or standard input) and write them with every ciphertext replaced by its numbers.\v"
"CSV, COPY text, psql's unaligned output and bare values are understood; everything that is no "
"ciphertext passes unchanged. One number is written as such, several as {a,b,c}, a packed result as an array "
"of its rows, as many digits as the noise supports.\n\n"
"--expand gives each row of a packed result a line of its own and deals out the arrays beside it, so that "
"array_agg(id) and ppdl_predict_agg(...) come out as pairs.\n\n"
"--share adds noise that hides what the rounding errors of a result tell about the key (Li and Micciancio "
"2021). Use it for results that leave the owner's hands; it costs some digits.\n\n"
"Example:\n\n"
"  psql --csv -c \"SELECT array_agg(id), ppdl_predict_agg('osteo', features)\n"
"    FROM patients\" |\n"
"    ppdl decrypt --key hospital.key --expand";

enum
{
	OPT_SHARE = 256, OPT_EXPAND, OPT_FORMAT, OPT_PASSPHRASE
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0,
	 "secret key file; may be repeated. Values of other keys are left as \"<lwe_cipher of key ...>\"", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"share", OPT_SHARE, 0, 0, "add noise flooding, for results that are passed on", 2},
	{"expand", OPT_EXPAND, 0, 0, "a line for each row of packed results", 2},
	{"format", OPT_FORMAT, "auto|csv|text", 0,
	 "of input and output (auto: text if the first line has a tab or no comma)", 2},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 3},
	{0}
};

enum
{
	FORMAT_AUTO, FORMAT_CSV, FORMAT_TEXT
};

typedef struct Args
{
	PpdlList	keys;
	const char *passphrase_file,
			   *input,
			   *output;
	int			share,
				expand,
				format;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"auto", "csv", "text", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_SHARE:
			a->share = 1;
			return 0;
		case OPT_EXPAND:
			a->expand = 1;
			return 0;
		case OPT_FORMAT:
			a->format = ppdl_arg_choice(state, "--format", arg, formats);
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			if (a->input)
				argp_error(state, "one file is expected, not also \"%s\"", arg);
			a->input = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->keys.count == 0)
				argp_error(state, "--key is missing");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	const Args *a;
	FILE	   *f;
	const char *name;			/* of the input */
	PpdlReveal	reveal;
	PpdlOutFile out;
	PpdlWriter	w;
	int			csv,
				cr;				/* the line in work ends in CR LF */
	char	   *line;
	size_t		cap;
} Job;

static PpdlStatus
put(Job *j, PpdlError *err)
{
	if (j->w.bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (fwrite(j->w.buf, 1, j->w.len, j->out.f) != j->w.len)
		return ppdl_os_error(err, "write", j->out.shown);
	return PPDL_OK;
}

/* as it was in the input */
static void
end_line(Job *j)
{
	if (j->cr)
		ppdl_write_u8(&j->w, '\r');
	ppdl_write_u8(&j->w, '\n');
}

static PpdlStatus
emit(void *arg, const PpdlText *fields, size_t count, PpdlError *err)
{
	Job		   *j = arg;

	j->w.len = 0;
	for (size_t i = 0; i < count; i++)
	{
		if (i)
			ppdl_write_u8(&j->w, j->csv ? ',' : '\t');
		if (!j->csv)
			ppdl_copy_put(&j->w, fields[i].s, fields[i].len);
		else if (fields[i].s)
			ppdl_csv_put(&j->w, fields[i].s, fields[i].len);
	}
	end_line(j);
	return put(j, err);
}

/* puts "file:line: " before the message of an error that names no place yet */
static PpdlStatus
at_line(const Job *j, long line, PpdlStatus status, PpdlError *err)
{
	char		text[sizeof err->message];

	if (status == PPDL_OK || status == PPDL_ERR_IO)
		return status;
	snprintf(text, sizeof text, "%.100s:%ld: %.190s", j->name, line, err->message);
	memcpy(err->message, text, sizeof text);
	return status;
}

static PpdlStatus
csv_record(Job *j, PpdlTexts *fields, const PpdlCsvRow *row, PpdlError *err)
{
	size_t		n = (size_t) row->nfields;

	if (fields->cap < n)
	{
		free(fields->text);
		fields->text = calloc(n, sizeof *fields->text);
		fields->cap = fields->text ? n : 0;
		if (fields->text == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		fields->text[i] = (PpdlText) {row->absent[i] ? NULL : row->field[i], row->len[i]};
	return at_line(j, row->line, ppdl_reveal_record(&j->reveal, fields->text, n, j->a->expand, emit, j, err), err);
}

/* n: length of the first line, already in j->line */
static PpdlStatus
all_csv(Job *j, size_t n, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = j->name, .ragged = 1, .first = j->line, .first_len = n};
	PpdlTexts	fields = {0};
	PpdlCsv    *csv;
	PpdlCsvRow	row;
	PpdlStatus	status;
	int			more;

	PPDL_TRY(ppdl_csv_open(&csv, j->f, &opt, err));
	while ((status = ppdl_csv_next(csv, &row, &more, err)) == PPDL_OK && more)
		if ((status = csv_record(j, &fields, &row, err)) != PPDL_OK)
			break;
	ppdl_texts_free(&fields);
	ppdl_csv_close(csv);
	return status;
}

/* fields matter only when there is something to deal out: else the line passes as it is */
static PpdlStatus
text_line(Job *j, PpdlTexts *fields, size_t n, PpdlError *err)
{
	if (j->a->expand)
	{
		if (!ppdl_copy_split(fields, j->line, n))
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		return ppdl_reveal_record(&j->reveal, fields->text, fields->count, 1, emit, j, err);
	}
	j->w.len = 0;
	PPDL_TRY(ppdl_reveal_text(&j->reveal, j->line, n, &j->w, err));
	end_line(j);
	return put(j, err);
}

static PpdlStatus
all_text(Job *j, ssize_t n, PpdlError *err)
{
	PpdlTexts	fields = {0};
	PpdlStatus	status = PPDL_OK;

	for (long line = 1; n >= 0 && status == PPDL_OK; line++)
	{
		if (n > 0 && j->line[n - 1] == '\n')
			j->line[--n] = 0;
		j->cr = n > 0 && j->line[n - 1] == '\r';
		if (j->cr)
			j->line[--n] = 0;
		status = at_line(j, line, text_line(j, &fields, (size_t) n, err), err);
		if (status == PPDL_OK)
			n = getline(&j->line, &j->cap, j->f);
	}
	ppdl_texts_free(&fields);
	if (status == PPDL_OK && ferror(j->f))
		return ppdl_os_error(err, "read", j->name);
	return status;
}

/* text unless the first line has a comma outside an array, and no tab */
static int
guess_csv(const char *line, size_t len)
{
	if (memchr(line, '\t', len) || memchr(line, ',', len) == NULL)
		return 0;
	return line[0] != '{';
}

static PpdlStatus
convert(Job *j, PpdlError *err)
{
	ssize_t		n = getline(&j->line, &j->cap, j->f);

	if (n < 0)
		return ferror(j->f) ? ppdl_os_error(err, "read", j->name) : PPDL_OK;
	j->csv = j->a->format == FORMAT_CSV || (j->a->format == FORMAT_AUTO && guess_csv(j->line, (size_t) n));
	return j->csv ? all_csv(j, (size_t) n, err) : all_text(j, n, err);
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	int			standard = a->input == NULL || strcmp(a->input, "-") == 0;

	j->name = standard ? "standard input" : a->input;
	j->f = standard ? stdin : fopen(a->input, "r");
	if (j->f == NULL)
		return ppdl_os_error(err, "open", a->input);
	PPDL_TRY(ppdl_reveal_open(&j->reveal, &a->keys, a->passphrase_file, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0600, err));
	PPDL_TRY(convert(j, err));
	PPDL_TRY(ppdl_reveal_finish(&j->reveal, err));
	return ppdl_out_commit(&j->out, err);
}

int
ppdl_cmd_decrypt(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "[FILE]", doc};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	j.reveal.share = a.share;
	ppdl_writer_init_secret(&j.w);
	status = run(&j, &err);
	if (status == PPDL_OK && j.reveal.values == 0)
		ppdl_note("there was no ciphertext in the input");
	ppdl_out_abort(&j.out);
	ppdl_writer_free(&j.w);
	free(j.line);
	ppdl_reveal_close(&j.reveal);
	ppdl_list_free(&a.keys);
	if (j.f && j.f != stdin)
		fclose(j.f);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
