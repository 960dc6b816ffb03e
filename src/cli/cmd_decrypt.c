/*
 * ppdl decrypt: a filter over query results.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/answer_args.h"
#include "cli/cli.h"
#include "table/csv.h"
#include "cli/outfile.h"
#include "cli/record.h"
#include "cli/words_text.h"

static const char doc[] =
"Read query results (FILE, or standard input) and write them with every ciphertext replaced by its numbers.\v"
"CSV, COPY text, psql's output and bare values are understood; everything that is no "
"ciphertext passes unchanged. One number is written as such, several as {a,b,c}, a packed result as an array "
"of its rows, as many digits as the noise supports.\n\n"
"CSV comes out in the words of a feature file, if there is one (--features, --as, --raw); in other text "
"values become JSON objects by names where --features or --as is given.\n\n"
"--expand gives each row of a packed result a line of its own and deals out the arrays beside it, so that "
"array_agg(id) and ppdl_predict_agg(...) come out as pairs.\n\n"
"Sums and averages of fewer than --min-count rows are not decrypted: \"(fewer than 5 rows)\" stands for them.\n\n"
"--share adds noise that hides what the rounding errors of a result tell about the key (Li and Micciancio "
"2021). Use it for results that leave the owner's hands; it costs some digits.\n\n"
"Example:\n\n"
"  psql --csv -c \"SELECT array_agg(id), ppdl_predict_agg('osteo', features)\n"
"    FROM patients\" |\n"
"    ppdl decrypt --key hospital.key --expand";

enum
{
	OPT_FORMAT = 256
};

static const struct argp_option options[] = {
	{"format", OPT_FORMAT, "auto|csv|text", 0,
	 "of input and output (auto: text if the first line has a tab or no comma)", 3},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 3},
	{0}
};

enum
{
	FORMAT_AUTO, FORMAT_CSV, FORMAT_TEXT
};

typedef struct Args
{
	PpdlAnswerArgs answer;
	const char *input,
			   *output;
	int			format;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"auto", "csv", "text", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->answer;
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
	PpdlWords	words;
	PpdlVerifier *verifier;		/* NULL: sums are shown as they come */
	const char **column;		/* names; NULL: there are none */
	size_t		columns;
	PpdlWordsText text;			/* within lines that are no CSV: */
	int			in_words;
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
	snprintf(text, sizeof text, "%.*s:%ld: %.*s", PPDL_CUT(j->name, 100), line, PPDL_CUT(err->message, 190));
	memcpy(err->message, text, sizeof text);
	return status;
}

/* records that wait until it is known what their columns are */
#define HELD_RECORDS 1000
#define HELD_BYTES (64u << 20)

typedef struct Held
{
	PpdlText   *text;
	size_t		count;
	long		line;
} Held;

typedef struct Csv
{
	Held		title;			/* the first record, if it holds no ciphertext */
	Held	   *held;
	size_t		count,
				bytes;
	int			settled;
} Csv;

static void
free_held(Held *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->text[i].s);
	free(h->text);
	memset(h, 0, sizeof *h);
}

static void
free_csv(Csv *c)
{
	free_held(&c->title);
	for (size_t i = 0; i < c->count; i++)
		free_held(&c->held[i]);
	free(c->held);
}

static PpdlStatus
copy_record(Held *h, const PpdlCsvRow *row, PpdlError *err)
{
	memset(h, 0, sizeof *h);
	h->line = row->line;
	h->text = calloc((size_t) row->nfields + 1, sizeof *h->text);
	if (h->text == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (; h->count < (size_t) row->nfields; h->count++)
	{
		PpdlText   *t = &h->text[h->count];

		if (row->absent[h->count])
			continue;
		t->len = row->len[h->count];
		t->s = malloc(t->len + 1);
		if (t->s == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		memcpy(t->s, row->field[h->count], t->len + 1);
	}
	return PPDL_OK;
}

/* one record, after it has been verified where that is asked for */
static PpdlStatus
reveal(Job *j, PpdlWords *words, const PpdlText *text, size_t count, PpdlError *err)
{
	if (j->verifier != NULL)
		PPDL_TRY(ppdl_verify_record(j->verifier, count == j->columns ? j->column : NULL, text, count, &text, err));
	return ppdl_reveal_record(&j->reveal, words, text, count, j->a->answer.expand, emit, j, err);
}

static PpdlStatus
show_record(Job *j, const Held *h, PpdlError *err)
{
	return at_line(j, h->line, reveal(j, &j->words, h->text, h->count, err), err);
}

/* the header, with the columns that words make */
static PpdlStatus
show_titles(Job *j, const Held *title, PpdlError *err)
{
	const int	columns = ppdl_words_columns(&j->words),
				n = columns > 0 ? columns : (int) title->count;
	PpdlText   *out = calloc((size_t) n + 1, sizeof *out);
	PpdlStatus	status = out ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	int			at = 0;

	for (size_t i = 0; i < title->count && status == PPDL_OK; i++)
		for (int k = 0; k < ppdl_words_fields(&j->words, i) && status == PPDL_OK; k++, at++)
		{
			out[at].s = ppdl_words_has(&j->words, i) ? ppdl_words_title(&j->words, i, k) :
				strdup(title->text[i].s ? title->text[i].s : "");
			if (out[at].s == NULL)
				status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
			else
				out[at].len = strlen(out[at].s);
		}
	if (status == PPDL_OK)
		status = emit(j, out, (size_t) at, err);
	for (int i = 0; out && i < at; i++)
		free(out[i].s);
	free(out);
	return status;
}

/* what the columns are, from the records that are held; then shows these */
static PpdlStatus
settle(Job *j, Csv *c, PpdlError *err)
{
	const char **name = calloc(c->title.count + 1, sizeof *name);
	PpdlStatus	status;

	for (size_t i = 0; name && i < c->title.count; i++)
		name[i] = c->title.text[i].s ? c->title.text[i].s : "";
	status = name ? ppdl_words_begin(&j->words, (int) c->title.count, name, err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	j->columns = c->title.count;
	if (c->title.count > 0)
		j->column = name;
	else
		free(name);
	for (size_t i = 0; i < c->count && status == PPDL_OK; i++)
		status = ppdl_words_look(&j->words, c->held[i].text, c->held[i].count, err);
	if (status == PPDL_OK)
		status = ppdl_words_settle(&j->words, err);
	if (status == PPDL_OK && c->title.count > 0)
		status = show_titles(j, &c->title, err);
	for (size_t i = 0; i < c->count && status == PPDL_OK; i++)
		status = show_record(j, &c->held[i], err);
	c->settled = 1;
	return status;
}

static int
has_cipher(const Held *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->text[i].s && ppdl_value_whole(h->text[i].s, h->text[i].len) > 0)
			return 1;
	return 0;
}

/* takes h */
static PpdlStatus
hold(Job *j, Csv *c, Held *h, PpdlError *err)
{
	Held	   *more;

	if (c->count == 0 && c->title.count == 0 && !has_cipher(h))
	{
		c->title = *h;
		return PPDL_OK;
	}
	more = realloc(c->held, (c->count + 1) * sizeof *more);
	if (more == NULL)
	{
		free_held(h);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	c->held = more;
	c->held[c->count++] = *h;
	for (size_t i = 0; i < h->count; i++)
		c->bytes += h->text[i].len;
	return c->count == HELD_RECORDS || c->bytes >= HELD_BYTES || c->title.count == 0 ? settle(j, c, err) : PPDL_OK;
}

static PpdlStatus
csv_record(Job *j, Csv *c, const PpdlCsvRow *row, PpdlError *err)
{
	Held		h;
	PpdlStatus	status = copy_record(&h, row, err);

	if (status == PPDL_OK && !c->settled)
		return hold(j, c, &h, err);
	if (status == PPDL_OK)
		status = show_record(j, &h, err);
	free_held(&h);
	return status;
}

/* n: length of the first line, already in j->line */
static PpdlStatus
all_csv(Job *j, size_t n, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = j->name, .ragged = 1, .first = j->line, .first_len = n};
	Csv			c = {0};
	PpdlCsv    *csv;
	PpdlCsvRow	row;
	PpdlStatus	status;
	int			more;

	PPDL_TRY(ppdl_csv_open(&csv, j->f, &opt, err));
	while ((status = ppdl_csv_next(csv, &row, &more, err)) == PPDL_OK && more)
		if ((status = csv_record(j, &c, &row, err)) != PPDL_OK)
			break;
	if (status == PPDL_OK && !c.settled)
		status = settle(j, &c, err);
	free(j->column);			/* which points into c */
	j->column = NULL;
	free_csv(&c);
	ppdl_csv_close(csv);
	return status;
}

/* fields matter only when there is something to deal out: else the line passes as it is */
static PpdlStatus
text_line(Job *j, PpdlTexts *fields, size_t n, PpdlError *err)
{
	if (j->a->answer.expand || j->verifier != NULL)
	{
		if (!ppdl_copy_split(fields, j->line, n))
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		return reveal(j, NULL, fields->text, fields->count, err);
	}
	j->w.len = 0;
	PPDL_TRY(j->in_words ? ppdl_words_line(&j->text, j->line, n, &j->w, err) :
			 ppdl_reveal_text(&j->reveal, j->line, n, &j->w, err));
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
	j->in_words = !j->csv && (j->a->answer.words.features.count || j->a->answer.words.as.count);
	if (j->in_words && (j->a->answer.expand || j->verifier != NULL))
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: %s with --features or --as needs columns with names, and this is no "
				   "CSV", j->name, j->a->answer.expand ? "--expand" : "--verify");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give CSV with a header, as from \"psql --csv\", and --format "
							   "csv if it has one column only.");
	}
	j->words.objects = j->in_words;
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
	PPDL_TRY(ppdl_answer_open(&a->answer, &j->reveal, &j->words, err));
	PPDL_TRY(ppdl_reveal_verifier(&j->verifier, &a->answer.verify, &j->reveal, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0600, err));
	PPDL_TRY(convert(j, err));
	PPDL_TRY(ppdl_reveal_finish(&j->reveal, err));
	return ppdl_out_commit(&j->out, err);
}

int
ppdl_cmd_decrypt(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_answer_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, "[FILE]", doc, children, NULL, NULL};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	ppdl_writer_init_secret(&j.w);
	ppdl_words_text_init(&j.text, &j.words);
	status = run(&j, &err);
	if (status == PPDL_OK && j.reveal.values == 0)
		ppdl_note("there was no ciphertext in the input");
	ppdl_out_abort(&j.out);
	ppdl_writer_free(&j.w);
	free(j.line);
	ppdl_verifier_close(j.verifier);
	ppdl_words_text_free(&j.text);
	ppdl_words_close(&j.words);
	ppdl_answer_args_free(&a.answer);
	ppdl_reveal_close(&j.reveal);
	if (j.f && j.f != stdin)
		fclose(j.f);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
