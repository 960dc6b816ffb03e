#include "cli/answer_args.h"

#include <string.h>

enum
{
	OPT_PASSPHRASE = 1024, OPT_FEATURES, OPT_AS, OPT_RAW, OPT_EXPAND, OPT_SHARE, OPT_MIN_COUNT,
	OPT_VERIFY_COLUMN, OPT_WRITER
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0,
	 "secret key file; may be repeated. Values of other keys are left as \"<lwe_cipher of key ...>\"", 1},
	{"writer", OPT_WRITER, "FILE.pub", 0,
	 "public file of a writer whose rows the key reads, too; repeated for more (those in the database need none)", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"features", OPT_FEATURES, "FILE", 0,
	 "feature file: answers by its names and units; may be repeated (else one beside the key that the values name)", 3},
	{"as", OPT_AS, "[COL=]MEANING", 0, "what a column is: row, avg, sum[:COUNT], diff, class, label-avg, ..., raw", 3},
	{"raw", OPT_RAW, 0, 0, "encoded numbers, without a feature file", 3},
	{"expand", OPT_EXPAND, 0, 0, "a line for each row of packed results", 3},
	{"min-count", OPT_MIN_COUNT, "N", 0, "sums and averages of fewer rows are not decrypted (5; 1: all are)", 3},
	{"share", OPT_SHARE, 0, 0, "add noise flooding, for results that are passed on", 3},
	{"verify-column", OPT_VERIFY_COLUMN, "features|label", 0, "with --verify: what is summed (features)", 4},
	{0}
};

/* what --as may say; a sum may name a column that counts rows */
static int
is_meaning(const char *s)
{
	static const char *const word[] = {"row", "avg", "sum", "diff", "class", "label", "label-avg", "label-sum",
									   "label-diff", "raw"};

	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (strcmp(s, word[i]) == 0)
			return 1;
	return (strncmp(s, "sum:", 4) == 0 && s[4]) || (strncmp(s, "label-sum:", 10) == 0 && s[10]);
}

static void
add_as(PpdlWordsOptions *o, const char *arg, struct argp_state *state)
{
	const char *equals = strrchr(arg, '=');

	if (!is_meaning(equals ? equals + 1 : arg))
		argp_error(state, "--as %s: what is expected is COL=MEANING, with row, avg, sum, sum:COUNTCOLUMN, diff, class, "
				   "label, label-avg, label-sum, label-diff or raw", arg);
	ppdl_list_add(&o->as, arg, state);
}

static void
check(const PpdlWordsOptions *o, struct argp_state *state)
{
	if (o->raw && (o->features.count || o->as.count))
		argp_error(state, "--raw shows encoded numbers: it excludes --features and --as");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const columns[] = {"features", "label", NULL};
	PpdlAnswerArgs *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			a->min_count = PPDL_MIN_COUNT;
			state->child_inputs[0] = &a->verify;
			return 0;
		case OPT_VERIFY_COLUMN:
			a->verify.column = columns[ppdl_arg_choice(state, "--verify-column", arg, columns)];
			return 0;
		case OPT_MIN_COUNT:
			a->min_count = ppdl_arg_int(state, "--min-count", arg, 1, PPDL_MOST_MIN_COUNT);
			return 0;
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_WRITER:
			ppdl_list_add(&a->writers, arg, state);
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_FEATURES:
			ppdl_list_add(&a->words.features, arg, state);
			return 0;
		case OPT_AS:
			add_as(&a->words, arg, state);
			return 0;
		case OPT_RAW:
			a->words.raw = 1;
			return 0;
		case OPT_EXPAND:
			a->expand = 1;
			return 0;
		case OPT_SHARE:
			a->share = 1;
			return 0;
		case ARGP_KEY_END:
			if (a->keys.count == 0)
				argp_error(state, "--key is missing");
			check(&a->words, state);
			if (a->verify.column && !a->verify.asked)
				argp_error(state, "--verify-column goes with --verify only");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&ppdl_verify_argp, 0, NULL, 0}, {0}};
const struct argp ppdl_answer_argp = {options, parse, NULL, NULL, children, NULL, NULL};

void
ppdl_answer_args_free(PpdlAnswerArgs *a)
{
	ppdl_list_free(&a->keys);
	ppdl_list_free(&a->writers);
	ppdl_list_free(&a->words.features);
	ppdl_list_free(&a->words.as);
	ppdl_verify_args_free(&a->verify);
}

PpdlStatus
ppdl_answer_open(const PpdlAnswerArgs *a, PpdlReveal *reveal, PpdlWords *words, PpdlError *err)
{
	PPDL_TRY(ppdl_writer_parts_files(&reveal->writers, &a->writers, err));
	PPDL_TRY(ppdl_reveal_open(reveal, &a->keys, a->passphrase_file, err));
	reveal->share = a->share;
	reveal->min_count = a->min_count;
	return ppdl_words_open(words, &a->words, &a->keys, reveal, err);
}
