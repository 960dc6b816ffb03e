/*
 * ppdl status: what a database holds for its owners.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/status.h"
#include "cli/table.h"

static const char doc[] =
"Say what a database holds: server and extension, public keys and what they serve, tables with encrypted columns and "
"the models that fit them, the cache of keys, and trainings that can be resumed.\v"
"--key marks the keys that are yours; a secret key file says which it is without its passphrase, a public file does, "
"too. Of each encrypted column a few values are looked at, by their headers. Nothing is decrypted.\n\n"
"Example:\n\n"
"  ppdl status --key hospital.key --dsn \"$DSN\"";

enum
{
	OPT_DSN = 256, OPT_JSON
};

static const struct argp_option options[] = {
	{"key", 'k', "FILE", 0, "key file of yours, secret or public; may be repeated", 1},
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 1},
	{"json", OPT_JSON, 0, 0, "one JSON object", 1},
	{0}
};

typedef struct Args
{
	PpdlList	keys;
	const char *dsn;
	int			json;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case 'k':
			ppdl_list_add(&a->keys, arg, state);
			return 0;
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case OPT_JSON:
			a->json = 1;
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\"", arg);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------ for people */

/* a member as text, "" if there is none: of an array its elements with commas between; malloc'ed */
static char *
text_of(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	json_t	   *element;
	size_t		i;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	if (json_is_string(v))
		ppdl_write_text(&w, json_string_value(v));
	else if (json_is_integer(v))
	{
		char		number[32];

		snprintf(number, sizeof number, "%lld", (long long) json_integer_value(v));
		ppdl_write_text(&w, number);
	}
	else if (json_is_array(v))
		json_array_foreach(v, i, element)
		{
			char		number[32];

			snprintf(number, sizeof number, "%lld", (long long) json_integer_value(element));
			ppdl_write_text(&w, i ? ", " : "");
			ppdl_write_text(&w, json_is_string(element) ? json_string_value(element) : number);
		}
	ppdl_write_u8(&w, 0);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

static char *
bytes_text(const json_t *o, const char *name)
{
	const double bytes = json_number_value(json_object_get(o, name));
	char	   *text;

	if (asprintf(&text, bytes < 1e4 ? "%.0f bytes" : bytes < 1e7 ? "%.1f KiB" : "%.1f MiB",
				 bytes < 1e4 ? bytes : bytes < 1e7 ? bytes / 1024 : bytes / 1048576) < 0)
		text = NULL;
	return text;
}

typedef char *(*Cell) (const json_t *o, const char *name);

typedef struct Column
{
	const char *title,
			   *member;
	Cell		cell;
	int			right;
} Column;

/* a line for each object of the array */
static PpdlStatus
print(const json_t *array, int ncolumns, const Column *columns, PpdlError *err)
{
	PpdlTable	t;
	json_t	   *o;
	size_t		i;
	int			ok = ppdl_table_init(&t, ncolumns);

	for (int c = 0; ok && c < ncolumns; c++)
	{
		ok = ppdl_table_title(&t, c, columns[c].title);
		t.right[c] = (char) columns[c].right;
	}
	json_array_foreach(array, i, o)
	{
		PpdlText	field[8];

		for (int c = 0; c < ncolumns; c++)
		{
			field[c].s = columns[c].cell(o, columns[c].member);
			ok = ok && field[c].s;
		}
		ok = ok && ppdl_table_add(&t, field);
		for (int c = 0; c < ncolumns; c++)
			free(field[c].s);
	}
	ok = ok && ppdl_table_print_rows(&t, stdout);
	ppdl_table_free(&t);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static char *
whose(const json_t *key, const char *name)
{
	const json_t *ours = json_object_get(key, name);

	return strdup(ours == NULL ? "" : json_is_true(ours) ? "yes" : "no");
}

static char *
uses(const json_t *key, const char *name)
{
	char	   *text = text_of(key, name),
			   *whole = text;

	if (text && !json_is_true(json_object_get(key, "complete")) &&
		asprintf(&whole, "%s%sincomplete", text, text[0] ? ", " : "") < 0)
		whole = NULL;
	if (whole != text)
		free(text);
	return whole;
}

static PpdlStatus
print_keys(const json_t *status, PpdlError *err)
{
	static const Column columns[] = {{"key", "name", text_of, 0}, {"fingerprint", "key_id", text_of, 0},
	{"scheme", "scheme", text_of, 0}, {"uses", "uses", uses, 0}, {"size", "bytes", bytes_text, 1},
	{"bound by", "binding", text_of, 0}, {"role", "owner", text_of, 0}, {"yours", "ours", whose, 0}};
	const json_t *keys = json_object_get(status, "keys"),
			   *first = json_array_get(keys, 0);

	if (json_array_size(keys) == 0)
	{
		puts("\nNo public keys. \"ppdl publish\" sends one.");
		return PPDL_OK;
	}
	puts("\nPublic keys:");
	return print(keys, json_object_get(first, "ours") ? 8 : 7, columns, err);
}

static char *
rows_text(const json_t *column, const char *name)
{
	char	   *text = text_of(column, name),
			   *whole = text;

	if (text && text[0] && json_is_true(json_object_get(column, "rows_are_estimated")) &&
		asprintf(&whole, "about %s", text) < 0)
		whole = NULL;
	if (whole != text)
		free(text);
	return whole;
}

/* what stands in the way, where a kind cannot be told */
static char *
kind_text(const json_t *column, const char *name)
{
	const char *error = json_string_value(json_object_get(column, "error"));

	if (error)
		return strdup(error);
	if (!json_is_true(json_object_get(column, "readable")))
		return strdup("(not yours to read)");
	return text_of(column, name);
}

static PpdlStatus
print_encrypted(const json_t *status, PpdlError *err)
{
	static const Column columns[] = {{"table", "table", text_of, 0}, {"column", "column", text_of, 0},
	{"rows", "rows", rows_text, 1}, {"kind", "kinds", kind_text, 0}, {"width", "widths", text_of, 1},
	{"key", "keys", text_of, 0}, {"models that fit", "models", text_of, 0}};
	const json_t *encrypted = json_object_get(status, "columns");

	if (json_array_size(encrypted) == 0)
	{
		puts("\nNo tables with encrypted columns.");
		return PPDL_OK;
	}
	puts("\nEncrypted columns:");
	return print(encrypted, 7, columns, err);
}

static char *
steps_text(const json_t *training, const char *name)
{
	char	   *text;

	(void) name;
	if (asprintf(&text, "%lld of %lld", (long long) json_integer_value(json_object_get(training, "steps_done")),
				 (long long) json_integer_value(json_object_get(training, "steps"))) < 0)
		text = NULL;
	return text;
}

static PpdlStatus
print_trainings(const json_t *status, PpdlError *err)
{
	static const Column columns[] = {{"model", "model", text_of, 0}, {"steps", "steps", steps_text, 0},
	{"size", "bytes", bytes_text, 1}, {"role", "role", text_of, 0}, {"written", "written", text_of, 0}};
	const json_t *trainings = json_object_get(status, "trainings");

	if (json_array_size(trainings) == 0)
		return PPDL_OK;
	puts("\nUnfinished trainings, which ppdl_train_resume(model) continues:");
	return print(trainings, 5, columns, err);
}

static PpdlStatus
print_all(const json_t *status, PpdlDb *db, PpdlError *err)
{
	const json_t *server = json_object_get(status, "server"),
			   *extension = json_object_get(status, "extension"),
			   *cache = json_object_get(status, "cache");
	const char *version = json_string_value(json_object_get(extension, "version")),
			   *newest = json_string_value(json_object_get(extension, "newest"));
	char		place[PPDL_PLACE];
	char	   *size = bytes_text(cache, "bytes");

	printf("server:    %s, PostgreSQL %s%s, as %s\n", ppdl_db_place(db, place),
		   json_string_value(json_object_get(server, "version")),
		   json_is_true(json_object_get(server, "standby")) ? " (standby)" : "",
		   json_string_value(json_object_get(server, "user")));
	printf("extension: ppdl %s in schema %s", version, json_string_value(json_object_get(extension, "schema")));
	if (newest && strcmp(newest, version) != 0)
		printf("; %s is installed there: ALTER EXTENSION ppdl UPDATE", newest);
	printf("\nkey cache: %s\n", json_is_null(cache) ? "not shown: it takes a superuser, or EXECUTE on pg_ls_dir and pg_stat_file" :
		   size ? size : "");
	free(size);
	PPDL_TRY(print_keys(status, err));
	PPDL_TRY(print_encrypted(status, err));
	return print_trainings(status, err);
}

static PpdlStatus
run(const Args *a, PpdlDb *db, PpdlError *err)
{
	json_t	   *status;
	PpdlStatus	result;

	PPDL_TRY(ppdl_db_open(db, a->dsn, err));
	PPDL_TRY(ppdl_db_extension(db, err));
	PPDL_TRY(ppdl_status_gather(&status, db, &a->keys, err));
	if (!a->json)
		result = print_all(status, db, err);
	else if (json_dumpf(status, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF)
		result = PPDL_OK;
	else
		result = ppdl_os_error(err, "write", "standard output");
	json_decref(status);
	return result;
}

int
ppdl_cmd_status(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {0};
	PpdlDb		db = {0};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = run(&a, &db, &err);
	ppdl_db_close(&db);
	ppdl_list_free(&a.keys);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
