/*
 * ppdl stats: statistics of encrypted rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_args.h"
#include "cli/cli.h"
#include "cli/load.h"
#include "cli/outfile.h"
#include "cli/stats.h"
#include "cli/stats_bind.h"
#include "cli/stats_rows.h"
#include "rows/encoding.h"
#include "table/features_named.h"

static const char doc[] =
"Statistics of encrypted rows: means, deviations, correlations, regressions, cross tables, histograms, components.\v"
"One query of sums and products runs on the server, which cannot read them; they are decrypted here, and all else "
"is computed from them, in the units of the table that was encrypted.\n\n"
"Without a word about which, it describes all columns. Products come from the rows where \"ppdl encode --moments\" "
"has put them there, else the server computes them, lwe_gram, for which keys must be published: \"ppdl publish --for "
"predict\", or \"--for train\" for compact rows and for products with a label of a column of its own.\n\n"
"Groups of fewer than --min-count rows are not decrypted.\n\n"
"--verify asks for receipts beside the sums, and checks these before anything is decrypted: numbers of rows, means and "
"histograms are certain then, products and what is computed from them are not.\n\n"
"Examples:\n\n"
"  ppdl stats --key hospital.key --table patients\n"
"  ppdl stats --key hospital.key --table patients --group-by ward --correlation\n"
"  ppdl stats --key hospital.key --table patients --where \"ward = 'A'\" \\\n"
"    --regress Weight --on Age,Smoking\n"
"  ppdl stats --key hospital.key --table patients --all --html page.html";

enum
{
	OPT_DSN = 256, OPT_PASSPHRASE, OPT_FEATURES, OPT_TABLE, OPT_WHERE, OPT_GROUP, OPT_COLUMN, OPT_LABEL, OPT_DESCRIBE,
	OPT_MEANS, OPT_CORRELATION, OPT_PCA, OPT_ALL, OPT_COLUMNS, OPT_REGRESS, OPT_ON, OPT_RIDGE, OPT_LEVEL, OPT_CROSSTAB,
	OPT_HISTOGRAM, OPT_MIN_COUNT, OPT_SHARE, OPT_FORMAT, OPT_CSV, OPT_JSON, OPT_HTML
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "secret key file; may be repeated", 1},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 1},
	{"features", OPT_FEATURES, "FILE", 0, "feature file of the rows (else one beside the key that has their encoding)",
	 1},
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 2},
	{"table", OPT_TABLE, "TABLE", 0, "of the rows", 2},
	{"where", OPT_WHERE, "SQL", 0, "a condition on plain columns: only rows that meet it count", 2},
	{"group-by", OPT_GROUP, "COL,...", 0, "plain columns: statistics of each group", 2},
	{"column", OPT_COLUMN, "COL", 0, "the table's column of encrypted features (features)", 2},
	{"label", OPT_LABEL, "COL", 0, "its column of encrypted labels (label, if there is one)", 2},
	{"describe", OPT_DESCRIBE, 0, 0, "n, missing, mean, standard deviation of each column", 3},
	{"means", OPT_MEANS, 0, 0, "the same without standard deviations, which needs no products", 3},
	{"correlation", OPT_CORRELATION, 0, 0, "of each two columns", 3},
	{"regress", OPT_REGRESS, "COL[=CATEGORY]", 0, "least squares of it on the others; may be repeated", 3},
	{"on", OPT_ON, "COL,...", 0, "what --regress explains it by (all other columns of features)", 3},
	{"ridge", OPT_RIDGE, "L", 0, "penalty of --regress on squared standardised coefficients (0)", 3},
	{"crosstab", OPT_CROSSTAB, "COL,COL", 0, "how often categories meet, chi squared, odds ratio; may be repeated", 3},
	{"histogram", OPT_HISTOGRAM, "COL,...", 0, "rows in each band or category; quantiles", 3},
	{"pca", OPT_PCA, 0, 0, "principal components of the correlations", 3},
	{"all", OPT_ALL, 0, 0,
	 "--describe --correlation --pca, and a histogram of each column that has bands or categories", 3},
	{"columns", OPT_COLUMNS, "COL,...", 0, "those of --describe, --correlation, --pca (all)", 3},
	{"level", OPT_LEVEL, "P", 0, "of confidence intervals (0.95)", 3},
	{"min-count", OPT_MIN_COUNT, "N", 0, "groups of fewer rows are not decrypted (5; 1: all are)", 4},
	{"share", OPT_SHARE, 0, 0, "add noise flooding, for results that are passed on", 4},
	{"format", OPT_FORMAT, "table|csv|json", 0, "of the output (table)", 4},
	{"csv", OPT_CSV, 0, 0, "same as --format csv: a number a line", 4},
	{"json", OPT_JSON, 0, 0, "same as --format json", 4},
	{"html", OPT_HTML, "FILE", 0, "a page with tables and charts, too", 4},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 4},
	{0}
};

typedef enum Form
{
	FORM_TABLE, FORM_CSV, FORM_JSON
} Form;

typedef struct Args
{
	PpdlList	keys,
				group_by;
	const char *passphrase_file,
			   *features,
			   *dsn,
			   *html,
			   *output;
	PpdlStatsQuery query;
	PpdlStatsAsk ask;
	PpdlVerifyArgs verify;
	int			share;
	Form		form;
} Args;

static void
add_pair(Args *a, const char *arg, struct argp_state *state)
{
	const int	before = a->ask.crosstab.count;

	ppdl_list_add_commas(&a->ask.crosstab, arg, state);
	if (a->ask.crosstab.count != before + 2)
		argp_error(state, "--crosstab %s: two columns are expected, A,B (one with a comma in its name in quotes)", arg);
}

static error_t
parse_ask(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;
	PpdlStatsAsk *ask = &a->ask;

	switch (key)
	{
		case OPT_DESCRIBE:
			ask->describe = 1;
			return 0;
		case OPT_MEANS:
			ask->means = 1;
			return 0;
		case OPT_CORRELATION:
			ask->correlation = 1;
			return 0;
		case OPT_PCA:
			ask->components = 1;
			return 0;
		case OPT_ALL:
			ask->all = 1;
			return 0;
		case OPT_COLUMNS:
			ppdl_list_add_commas(&ask->columns, arg, state);
			return 0;
		case OPT_REGRESS:
			ppdl_list_add(&ask->regress, arg, state);
			return 0;
		case OPT_ON:
			ppdl_list_add_commas(&ask->on, arg, state);
			return 0;
		case OPT_RIDGE:
			ask->ridge = ppdl_arg_double(state, "--ridge", arg);
			if (!(ask->ridge >= 0 && isfinite(ask->ridge)))
				argp_error(state, "--ridge %s: 0 or more is expected", arg);
			return 0;
		case OPT_LEVEL:
			ask->level = ppdl_arg_double(state, "--level", arg);
			if (!(ask->level > 0 && ask->level < 1))
				argp_error(state, "--level %s: a number between 0 and 1 is expected", arg);
			return 0;
		case OPT_CROSSTAB:
			add_pair(a, arg, state);
			return 0;
		case OPT_HISTOGRAM:
			ppdl_list_add_commas(&ask->histogram, arg, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static void
check(const Args *a, struct argp_state *state)
{
	if (a->keys.count == 0)
		argp_error(state, "--key is missing");
	if (a->query.table == NULL)
		argp_error(state, "--table is missing: which rows?");
	if (a->ask.on.count > 0 && a->ask.regress.count == 0)
		argp_error(state, "--on says what --regress explains a column by: which column?");
	if (a->ask.ridge > 0 && a->ask.regress.count == 0)
		argp_error(state, "--ridge is of --regress, which is not asked for");
	if (a->ask.means && (a->ask.describe || a->ask.all))
		argp_error(state, "--means and --describe exclude each other");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"table", "csv", "json", NULL};	/* as Form */
	Args	   *a = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &a->verify;
			return 0;
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_PASSPHRASE:
			a->passphrase_file = arg;
			return 0;
		case OPT_FEATURES:
			a->features = arg;
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case OPT_TABLE:
			a->query.table = arg;
			return 0;
		case OPT_WHERE:
			a->query.where = arg;
			return 0;
		case OPT_GROUP:
			ppdl_list_add_commas(&a->group_by, arg, state);
			return 0;
		case OPT_COLUMN:
			a->query.features = arg;
			return 0;
		case OPT_LABEL:
			a->query.label = arg;
			a->query.label_is_asked = 1;
			return 0;
		case OPT_MIN_COUNT:
			a->query.min_count = ppdl_arg_int(state, "--min-count", arg, 1, PPDL_MOST_MIN_COUNT);
			return 0;
		case OPT_SHARE:
			a->share = 1;
			return 0;
		case OPT_FORMAT:
			a->form = (Form) ppdl_arg_choice(state, "--format", arg, formats);
			return 0;
		case OPT_CSV:
			a->form = FORM_CSV;
			return 0;
		case OPT_JSON:
			a->form = FORM_JSON;
			return 0;
		case OPT_HTML:
			a->html = arg;
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\": the table goes after --table", arg);
			return 0;
		case ARGP_KEY_END:
			check(a, state);
			return 0;
		default:
			return parse_ask(key, arg, state);
	}
}

/* ------------------------------------------------------------------ work */

typedef struct Job
{
	const Args *a;
	PpdlStatsQuery query;
	char	   *table;			/* as SQL writes it */
	PpdlDb		db;
	PpdlReveal	reveal;
	PpdlVerifier *verifier;
	PpdlFeatures *features;
	PpdlStatsColumns columns;
	PpdlStatsPlan plan;
	PpdlStatsAnswer answer;
	PpdlStatsResult *result;
	PpdlOutFile page,			/* with --html */
				out;
} Job;

/* the one that was given, or one that lies about and has the rows' encoding */
static PpdlStatus
find_features(Job *j, uint64_t encoding, PpdlError *err)
{
	char		path[4096],
				id[PPDL_ENCODING_SIZE];

	if (j->a->features)
		return ppdl_features_load(&j->features, j->a->features, err);
	ppdl_encoding_print(id, encoding);
	if (encoding == 0)
		ppdl_error(err, PPDL_ERR_ARGUMENT, "table %s: no row says which encoding it has", j->query.table);
	else if (ppdl_features_named(path, sizeof path, (const char *const *) j->a->keys.item, j->a->keys.count, encoding))
	{
		ppdl_note("\"%s\" is the feature file of the rows", path);
		return ppdl_features_load(&j->features, path, err);
	}
	else
		ppdl_error(err, PPDL_ERR_ARGUMENT, "no feature file of encoding %s lies beside the key or here", id);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Say with --features which file the rows were encrypted with.");
}

static PpdlStatus
compute(Job *j, PpdlError *err)
{
	PpdlStatsAnswer *a = &j->answer;

	j->result = calloc((size_t) a->groups + 1, sizeof *j->result);
	if (j->result == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < a->groups; i++)
		PPDL_TRY(ppdl_stats_compute(&j->result[i], &j->plan, a, i, j->query.min_count, err));
	return PPDL_OK;
}

static PpdlStatus
show(Job *j, PpdlError *err)
{
	const PpdlStatsPage page = {&j->query, &j->answer, j->result};
	PpdlWriter	w;
	PpdlStatus	status = PPDL_OK;

	ppdl_writer_init_secret(&w);
	if (j->a->form == FORM_TABLE)
		status = ppdl_stats_show(j->out.f, &page, err);
	else
		status = (j->a->form == FORM_CSV ? ppdl_stats_csv : ppdl_stats_json) (&w, &page, err);
	if (status == PPDL_OK)
		status = ppdl_out_put(&j->out, &w, err);
	w.len = 0;
	if (status == PPDL_OK && j->a->html)
		status = ppdl_stats_html(&w, &page, err);
	if (status == PPDL_OK && j->a->html)
		status = ppdl_out_put(&j->page, &w, err);
	ppdl_writer_free(&w);
	return status;
}

/* what has no place in CSV */
static void
tell_notes(const PpdlStatisticsGroup *g)
{
	for (int i = 0; i < g->notes; i++)
		ppdl_note("%s%s%s", g->name ? g->name : "", g->name ? ": " : "", g->note[i]);
}

/* groups that are not shown; and that there are no rows */
static void
tell(const Job *j)
{
	const PpdlStatsAnswer *a = &j->answer;

	for (int i = 0; i < a->groups && j->a->form == FORM_CSV; i++)
		tell_notes(&j->result[i].page);

	if (a->withheld > 0)
		ppdl_note("%d group%s of fewer than %ld rows, %.0f in all, %s not decrypted; --min-count says how many they "
				  "have to be", a->withheld, a->withheld == 1 ? "" : "s", j->query.min_count, a->withheld_rows,
				  a->withheld == 1 ? "is" : "are");
	if (a->groups == 0 && a->withheld == 0)
		ppdl_note("no row of table %s %s", j->query.table, j->query.where ? "meets the condition" : "has values");
}

/* the keys; sums are checked with those of writers, too */
static PpdlStatus
open_keys(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(ppdl_reveal_open(&j->reveal, &a->keys, a->passphrase_file, err));
	j->reveal.share = a->share;
	if (a->verify.asked)
		PPDL_TRY(ppdl_writer_parts_database(&j->reveal.writers, &j->db, err));
	return ppdl_reveal_verifier(&j->verifier, &a->verify, &j->reveal, err);
}

/* page and table, or neither */
static PpdlStatus
place(Job *j, PpdlError *err)
{
	PpdlOutFile both[] = {j->page, j->out};
	const int	first = j->a->html ? 0 : 1;

	memset(&j->page, 0, sizeof j->page);
	memset(&j->out, 0, sizeof j->out);
	return ppdl_out_commit_all(both + first, 2 - first, err);
}

static PpdlStatus
run(Job *j, PpdlError *err)
{
	const Args *a = j->a;
	uint64_t	encoding;

	PPDL_TRY(ppdl_db_open(&j->db, a->dsn, err));
	j->db.near = a->keys.item[0];
	PPDL_TRY(ppdl_db_extension(&j->db, err));
	PPDL_TRY(ppdl_load_table_name(&j->db, &j->table, j->query.table, err));
	j->query.sql_table = j->table;
	PPDL_TRY(ppdl_stats_look(&j->db, &j->query, &encoding, err));
	PPDL_TRY(find_features(j, encoding, err));
	if (j->features->label == NULL && j->query.label_is_asked)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--label %s: the feature file has no label", j->query.label);
	if (j->features->label == NULL)
		j->query.label = NULL;
	PPDL_TRY(ppdl_stats_columns(&j->columns, j->features, j->query.label != NULL, err));
	PPDL_TRY(ppdl_stats_plan(&j->plan, &a->ask, &j->columns, err));
	j->query.gram = j->plan.gram;
	j->query.with_label = j->plan.with_label;
	j->query.known = j->plan.known;
	j->query.knowns = j->plan.responses;
	j->query.receipts = a->verify.asked;
	PPDL_TRY(ppdl_stats_bind(&j->db, &j->query, &a->verify.bind, err));
	PPDL_TRY(ppdl_stats_check(&j->db, &j->query, err));
	PPDL_TRY(open_keys(j, err));
	PPDL_TRY(ppdl_out_open(&j->out, a->output, 0600, err));
	if (a->html)
		PPDL_TRY(ppdl_out_open(&j->page, a->html, 0600, err));
	PPDL_TRY(ppdl_stats_rows(&j->answer, &j->db, &j->reveal, j->verifier, &j->query, &j->columns, err));
	PPDL_TRY(compute(j, err));
	PPDL_TRY(show(j, err));
	tell(j);
	return place(j, err);
}

static void
close_job(Job *j)
{
	ppdl_out_abort(&j->out);
	ppdl_out_abort(&j->page);
	for (int i = 0; j->result && i < j->answer.groups; i++)
		ppdl_stats_result_free(&j->result[i]);
	free(j->result);
	ppdl_stats_answer_free(&j->answer);
	ppdl_stats_plan_free(&j->plan);
	ppdl_stats_columns_free(&j->columns);
	ppdl_stats_bind_free(&j->query);
	free(j->table);
	ppdl_verifier_close(j->verifier);
	ppdl_features_destroy(j->features);
	ppdl_reveal_close(&j->reveal);
	ppdl_db_close(&j->db);
}

static void
free_args(Args *a)
{
	ppdl_list_free(&a->keys);
	ppdl_list_free(&a->group_by);
	ppdl_list_free(&a->ask.columns);
	ppdl_list_free(&a->ask.regress);
	ppdl_list_free(&a->ask.on);
	ppdl_list_free(&a->ask.crosstab);
	ppdl_list_free(&a->ask.histogram);
	ppdl_verify_args_free(&a->verify);
}

int
ppdl_cmd_stats(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_verify_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, NULL, doc, children, NULL, NULL};
	Args		a = {.query = {.features = "features", .label = "label", .min_count = PPDL_MIN_COUNT},
					 .ask = {.level = 0.95}};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	j.query = a.query;
	j.query.group_by = &a.group_by;
	status = run(&j, &err);
	close_job(&j);
	free_args(&a);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
