/*
 * ppdl model: stored models, listed, shown, and moved to and from files.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/db_result.h"
#include "table/features.h"
#include "table/jsontext.h"
#include "cli/outfile.h"
#include "cli/model_cipher.h"
#include "cli/model_file.h"
#include "cli/model_sync.h"
#include "net/json.h"
#include "net/layer.h"
#include "net/net.h"
#include "owner/owner.h"
#include "rows/encoding.h"

static const char doc[] =
"List the models of a database, show, drop or choose one, move one to or from a file, or bring all to other "
"databases.\v"
"MODEL is a name, for its default version, or name@version.\n\n"
"  list           all models, their versions, and trainings that wait to be resumed\n"
"  show MODEL     one model: layers, weights, what it was trained on\n"
"  default MODEL  make name@version what the name alone means\n"
"  drop MODEL     remove all versions of a name, or name@version, and its unfinished trainings\n"
"  export MODEL   write it as JSON, with -o FILE into a file\n"
"  import FILE    store it: as a new model if there is none of its name (or --name), else as a new version\n"
"  sync [MODEL]   bring all models, or one, with their versions and contents to the databases of --to, or with "
"--all-nodes to the nodes of the Citus cluster whose coordinator is --dsn\n\n"
"The file is JSON: \"spec\" as in ppdl_create_model, and either \"weights\", an array of numbers, layer by layer, "
"units x inputs row by row and then the biases, or \"cipher\", encrypted weights as they lie in the table, "
"with \"key_id\". A file with a spec alone stores an untrained model.\n\n"
"A model that was trained on encrypted rows has encrypted weights. export --key decrypts them; "
"import puts the plain ones back, for everybody on the server to read, and predicts faster; "
"import --key encrypts plain weights before they leave this machine.\n\n"
"import --features names the encoding of the rows that a model is for. Models of the specification that encode prints, "
"and those that were trained on encrypted rows, name it already.\n\n"
"Example:\n\n"
"  ppdl model export osteo@2 --dsn \"$DSN\" -o osteo.json\n"
"  ppdl model export osteo --key hospital.key --dsn \"$DSN\" -o osteo.json\n"
"  ppdl model import osteo.json --name osteo_copy --dsn \"$OTHER\"\n"
"  ppdl model import osteo.json --key hospital.key --dsn \"$DSN\"\n"
"  ppdl model sync --dsn \"$COORDINATOR\" --all-nodes\n\n"
"sync sends what is missing, each database in one transaction, and compares the rest by checksum: "
"versions that differ, and versions that the source lacks, are an error unless --replace.  "
"For --all-nodes your password goes to hosts that the coordinator names, so they are shown and "
"you are asked first; --yes answers.";

enum
{
	OPT_DSN = 256, OPT_NAME, OPT_PASSPHRASE_FILE, OPT_WEIGHTS_WITHIN, OPT_TO, OPT_ALL, OPT_YES, OPT_REPLACE,
	OPT_FEATURES
};

static const struct argp_option options[] = {
	{"dsn", OPT_DSN, "DSN", 0, "database (else libpq's environment: PGHOST, PGDATABASE, ...)", 0},
	{"name", OPT_NAME, "NAME", 0, "import under this name", 0},
	{"key", 'k', "FILE", 0, "secret key file: export decrypts an encrypted model, import encrypts a plain one", 0},
	{"passphrase-file", OPT_PASSPHRASE_FILE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 0},
	{"weights-within", OPT_WEIGHTS_WITHIN, "R", 0,
	 "import --key: declare to the server that the weights of each unit have a length of R at most: "
	 "1, 2, 4, 8 or 16 (2); predictions state an error that grows with it", 0},
	{"features", OPT_FEATURES, "FILE", 0,
	 "import: the model is for rows that this feature file encodes; it predicts no others", 0},
	{"to", OPT_TO, "DSN", 0, "sync: database to bring models to; may be repeated", 0},
	{"all-nodes", OPT_ALL, 0, 0, "sync: to all nodes of a Citus cluster", 0},
	{"yes", OPT_YES, 0, 0, "with --all-nodes: connect to the nodes without asking", 0},
	{"replace", OPT_REPLACE, 0, 0, "sync: versions that differ there, or that the source lacks, go", 0},
	{"output", 'o', "FILE", 0, "where export writes (standard output)", 0},
	{0}
};

typedef struct Args
{
	const char *action,
			   *what,
			   *dsn,
			   *name,
			   *key,
			   *passphrase_file,
			   *features,
			   *output;
	int			within;			/* 0: not given */
	PpdlModelSync sync;
} Args;

static void
check_sync(const Args *a, struct argp_state *state)
{
	int			targets = a->sync.to.count > 0 || a->sync.all_nodes;

	if (strcmp(a->action, "sync") == 0 && !targets)
		argp_error(state, "sync where? --to DSN, or --all-nodes");
	if (strcmp(a->action, "sync") != 0 && (targets || a->sync.yes || a->sync.replace))
		argp_error(state, "--to, --all-nodes, --yes and --replace go with sync only");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const actions[] = {"list", "show", "default", "drop", "export", "import", "sync", NULL};
	static const char *const ranges[] = {"1", "2", "4", "8", "16", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_DSN:
			a->dsn = arg;
			return 0;
		case OPT_NAME:
			a->name = arg;
			return 0;
		case 'k':
			a->key = arg;
			return 0;
		case OPT_PASSPHRASE_FILE:
			a->passphrase_file = arg;
			return 0;
		case OPT_WEIGHTS_WITHIN:
			a->within = 1 << ppdl_arg_choice(state, "weights-within", arg, ranges);
			return 0;
		case OPT_FEATURES:
			a->features = arg;
			return 0;
		case OPT_TO:
			ppdl_list_add(&a->sync.to, arg, state);
			return 0;
		case OPT_ALL:
			a->sync.all_nodes = 1;
			return 0;
		case OPT_YES:
			a->sync.yes = 1;
			return 0;
		case OPT_REPLACE:
			a->sync.replace = 1;
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			if (a->action == NULL)
				a->action = actions[ppdl_arg_choice(state, "action", arg, actions)];
			else if (a->what == NULL && strcmp(a->action, "list") != 0)
				a->what = arg;
			else
				argp_error(state, "unexpected \"%s\"", arg);
			return 0;
		case ARGP_KEY_END:
			if (a->action == NULL)
				argp_error(state, "list, show, default, drop, export, import or sync?");
			check_sync(a, state);
			if (a->what == NULL && strcmp(a->action, "list") != 0 && strcmp(a->action, "sync") != 0)
				argp_error(state, strcmp(a->action, "import") == 0 ? "which file?" : "which model?");
			if (a->name && strcmp(a->action, "import") != 0)
				argp_error(state, "--name goes with import only");
			if (a->features && strcmp(a->action, "import") != 0)
				argp_error(state, "--features goes with import only");
			if (a->key && strcmp(a->action, "export") != 0 && strcmp(a->action, "import") != 0)
				argp_error(state, "--key goes with export and import only");
			if (a->within != 0 && (a->key == NULL || strcmp(a->action, "import") != 0))
				argp_error(state, "--weights-within goes with import --key only");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------ list and show */

static PpdlStatus
print_rows(PpdlPresenter *p, const PGresult *res, PpdlError *err)
{
	PpdlText   *row = calloc((size_t) PQnfields(res) + 1, sizeof *row);
	PpdlStatus	status = row ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");

	for (int r = 0; status == PPDL_OK && r < PQntuples(res); r++)
	{
		ppdl_result_row(res, r, row);
		status = ppdl_present_record(p, row, err);
	}
	free(row);
	return status;
}

static PpdlStatus
print_result(const PpdlDb *db, const PGresult *res, PpdlError *err)
{
	PpdlPresenter p;
	PpdlStatus	status;

	ppdl_present_init(&p, PPDL_FORM_TABLE, "", stdout, "standard output");
	status = ppdl_result_begin(&p, db, NULL, res, err);
	if (status == PPDL_OK)
		status = print_rows(&p, res, err);
	if (status == PPDL_OK)
		status = ppdl_present_end(&p, err);
	ppdl_present_free(&p);
	return status;
}

/* trainings that wait to be resumed, if there are any */
static PpdlStatus
list_checkpoints(PpdlDb *db, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT model, role, steps_done || ' of ' || steps AS steps, pg_size_pretty(bytes) AS size, "
						 "to_char(written, 'YYYY-MM-DD HH24:MI') AS written FROM %s.ppdl_checkpoints ORDER BY model",
						 0, NULL));
	if (PQntuples(res) > 0)
	{
		printf("\nUnfinished trainings, which ppdl_train_resume(model) continues:\n");
		status = print_result(db, res, err);
	}
	PQclear(res);
	return status;
}

static PpdlStatus
drop(PpdlDb *db, const char *ref, PpdlError *err)
{
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT %s.ppdl_drop_model($1)", 1, &ref));
	printf("%s version%s dropped\n", PQgetvalue(res, 0, 0), strcmp(PQgetvalue(res, 0, 0), "1") == 0 ? "" : "s");
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
set_default(PpdlDb *db, const char *ref, PpdlError *err)
{
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT %s.ppdl_set_default_model($1)", 1, &ref));
	printf("\"%.*s\" means \"%s\" now\n", (int) strcspn(ref, "@"), ref, PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
list(PpdlDb *db, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT name, version, CASE WHEN is_default THEN 'default' END AS means, network, weights, "
						 "trained_rows AS rows, to_char(created, 'YYYY-MM-DD HH24:MI') AS created, owner, comment"
						 " FROM %s.ppdl_model_info ORDER BY name, version", 0, NULL));
	status = print_result(db, res, err);
	PQclear(res);
	PPDL_TRY(status);
	return list_checkpoints(db, err);
}

enum
{
	F_NAME, F_VERSION, F_SPEC, F_WEIGHTS, F_CIPHER, F_KEY, F_TRAINED, F_CREATED, F_COUNT
};

/* the row of name or name@version */
static PpdlStatus
find_model(PpdlDb *db, const char *ref, PGresult **res, PpdlError *err)
{
	const char *at = strchr(ref, '@');
	char	   *name = strndup(ref, at ? (size_t) (at - ref) : strlen(ref));
	const char *params[] = {name, at ? at + 1 : NULL};
	PpdlStatus	status;

	if (name == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (at && (at[1] == 0 || strspn(at + 1, "0123456789") != strlen(at + 1) || strlen(at + 1) > 9))
	{
		free(name);
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\": a version is a whole number, as in name@3", ref);
	}
	status = ppdl_db_run(db, res, err,
						 "SELECT name, version, spec::text, array_to_json(weights)::text, "
						 "array_to_json(cipher)::text, key_id, trained::text, created::text, "
						 "coalesce(array_length(weights, 1), 0) FROM %s.ppdl_models WHERE name = $1 "
						 "AND ($2::int IS NULL OR version = $2::int) ORDER BY version DESC LIMIT 1", 2, params);
	free(name);
	if (status == PPDL_OK && PQntuples(*res) == 0)
	{
		PQclear(*res);
		*res = NULL;
		ppdl_error(err, PPDL_ERR_FORMAT, "there is no model \"%s\" in database \"%s\"", ref, PQdb(db->conn));
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "\"ppdl model list\" lists them.");
	}
	return status;
}

static const char *
field(const PGresult *res, int i)
{
	return PQgetisnull(res, 0, i) ? NULL : PQgetvalue(res, 0, i);
}

static PpdlStatus
show(PpdlDb *db, const char *ref, PpdlError *err)
{
	PGresult   *res;
	PpdlNet    *net;
	PpdlStatus	status;

	PPDL_TRY(find_model(db, ref, &res, err));
	status = ppdl_net_parse(&net, field(res, F_SPEC), err);
	if (status == PPDL_OK)
	{
		printf("model:    %s@%s\ncreated:  %s\ninputs:   %d\n", field(res, F_NAME), field(res, F_VERSION),
			   field(res, F_CREATED), net->inputs);
		for (int i = 0; i < net->nlayers; i++)
		{
			char		what[96];

			ppdl_layer_describe(&net->layer[i], what, sizeof(what));
			printf("layer %d:  %s, %s\n", i + 1, what, net->layer[i].act.name);
		}
		printf("weights:  %d, %s\n", ppdl_net_weight_count(net), field(res, F_WEIGHTS) ? "plain" :
			   field(res, F_CIPHER) ? "encrypted" : "untrained");
		if (field(res, F_KEY))
			printf("key:      %s\n", field(res, F_KEY));
		if (net->encoding)
		{
			char		id[PPDL_ENCODING_SIZE];

			ppdl_encoding_print(id, net->encoding);
			printf("encoding: %s\n", id);
		}
		if (field(res, F_TRAINED))
			printf("trained:  %s\n", field(res, F_TRAINED));
		printf("spec:     %s\n", field(res, F_SPEC));
		ppdl_net_destroy(net);
	}
	PQclear(res);
	return status;
}

/* ------------------------------------------------------------------ export */

/* JSON texts of the server are passed on as they are, other texts as strings */
static void
put_member(FILE *f, const char *name, const char *text, int quote)
{
	json_t	   *string = quote && text ? json_string(text) : NULL;
	char	   *json = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	if (text)
		fprintf(f, ",\n  \"%s\": %s", name, quote ? json ? json : "null" : text);
	free(json);
	json_decref(string);
}

static PpdlStatus
export_model(PpdlDb *db, const Args *a, PpdlError *err)
{
	PGresult   *res;
	PpdlOutFile out;
	char	   *plain = NULL;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(find_model(db, a->what, &res, err));
	if (a->key && field(res, F_CIPHER) == NULL)
		status = ppdl_error(err, PPDL_ERR_ARGUMENT, "model \"%s\" is not encrypted: leave out --key", a->what);
	else if (a->key)
		status = ppdl_model_decrypt(&plain, a->key, a->passphrase_file, field(res, F_SPEC), field(res, F_CIPHER), err);
	if (status == PPDL_OK)
		status = ppdl_out_open(&out, a->output, plain || field(res, F_WEIGHTS) ? 0600 : 0666, err);
	if (status == PPDL_OK)
	{
		fputs("{\n  \"format\": \"ppdl-model\",\n  \"version\": 1", out.f);
		put_member(out.f, "name", field(res, F_NAME), 1);
		put_member(out.f, "model_version", field(res, F_VERSION), 0);
		put_member(out.f, "created", field(res, F_CREATED), 1);
		put_member(out.f, "spec", field(res, F_SPEC), 0);
		put_member(out.f, "weights", plain ? plain : field(res, F_WEIGHTS), 0);
		if (plain == NULL)
		{
			put_member(out.f, "key_id", field(res, F_KEY), 1);
			put_member(out.f, "cipher", field(res, F_CIPHER), 0);
		}
		put_member(out.f, "trained", field(res, F_TRAINED), 0);
		fputs("\n}\n", out.f);
		status = ppdl_out_commit(&out, err);
	}
	if (plain)
		ppdl_free_secret(plain, strlen(plain));
	PQclear(res);
	return status;
}

/* ------------------------------------------------------------------ import */

typedef struct ModelFile
{
	const char *path;
	json_t	   *root;
	PpdlWriter	spec,			/* JSON text */
				trained,		/* the same, or empty */
				weights,		/* text of a float8[], or empty */
				cipher;			/* text of a lwe_cipher[], or empty */
	const char *key_id;
	const char *key,			/* secret key file to encrypt the weights with, or NULL */
			   *passphrase_file,
			   *features;		/* feature file of the rows that it is for, or NULL */
	int			within;			/* length of weights that is declared */
	char		key_hex[17];
} ModelFile;

static PpdlStatus
bad(const ModelFile *m, const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %s", m->path, what);
}

static PpdlStatus
read_weights(ModelFile *m, const json_t *a, PpdlNet *net, PpdlError *err)
{
	PPDL_TRY(ppdl_name_file(m->path, ppdl_model_file_weights(net, a, err), err));
	for (size_t i = 0; i < json_array_size(a); i++)
	{
		ppdl_write_u8(&m->weights, i ? ',' : '{');
		ppdl_put_number(&m->weights, json_number_value(json_array_get(a, i)));
	}
	ppdl_write_bytes(&m->weights, "}", 2);
	return PPDL_OK;
}

static PpdlStatus
read_cipher(ModelFile *m, const json_t *a, PpdlError *err)
{
	m->key_id = json_string_value(json_object_get(m->root, "key_id"));
	if (m->key_id == NULL)
		return bad(m, "encrypted weights without \"key_id\"", err);
	for (size_t i = 0; i < json_array_size(a); i++)
	{
		const char *s = json_string_value(json_array_get(a, i));

		if (s == NULL || s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] != 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: cipher[%zu] is no ciphertext", m->path, i);
		ppdl_write_u8(&m->cipher, i ? ',' : '{');
		ppdl_write_bytes(&m->cipher, s, strlen(s));
	}
	ppdl_write_bytes(&m->cipher, "}", 2);
	return PPDL_OK;
}

/* encrypted weights of a network without biases have no place for them */
static PpdlStatus
no_lost_biases(const ModelFile *m, const PpdlNet *net, PpdlError *err)
{
	if (net->bias)
		return PPDL_OK;
	for (int l = 0; l < net->nlayers; l++)
		for (int u = 0; u < ppdl_layer_bias_count(&net->layer[l]); u++)
			if (net->layer[l].bias[u] != 0)
			{
				ppdl_error(err, PPDL_ERR_FORMAT, "%s: \"bias\" is false, but the bias of unit %d of layer %d is not 0",
						   m->path, u + 1, l + 1);
				return ppdl_error_hint(err, PPDL_ERR_FORMAT,
									   "Set it to 0, or \"bias\" to true: encrypted weights without "
									   "biases would drop it.");
			}
	return PPDL_OK;
}

/* plain weights are not to be seen by the server */
static PpdlStatus
encrypt_weights(ModelFile *m, const PpdlNet *net, PpdlError *err)
{
	if (m->cipher.len > 0)
		return bad(m, "its weights are encrypted already: leave out --key", err);
	if (m->weights.len == 0)
		return bad(m, "it has no weights to encrypt: leave out --key", err);
	PPDL_TRY(no_lost_biases(m, net, err));
	PPDL_TRY(ppdl_model_encrypt(&m->cipher, m->key_hex, m->key, m->passphrase_file, net, m->within, err));
	m->key_id = m->key_hex;
	m->weights.len = 0;
	return PPDL_OK;
}

static PpdlStatus
fit_features(ModelFile *m, const PpdlFeatures *fs, json_t *spec, PpdlError *err)
{
	const char *there = json_string_value(json_object_get(spec, "encoding"));
	char		id[PPDL_ENCODING_SIZE];

	if (fs->encoding == 0)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: this feature file of an older version has no identity", m->features);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "\"ppdl encode --renew %s\" gives it one.", m->features);
	}
	if (json_integer_value(json_object_get(spec, "inputs")) != fs->inputs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: the model has %lld inputs, and rows of %s %d values", m->path,
						  (long long) json_integer_value(json_object_get(spec, "inputs")), m->features, fs->inputs);
	ppdl_encoding_print(id, fs->encoding);
	if (there != NULL && strcasecmp(there, id) != 0)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: the model is for encoding %s, and %s is encoding %s", m->path, there,
				   m->features, id);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Leave out --features, or give the feature file that the model "
							   "was trained with.");
	}
	return json_object_set_new(spec, "encoding", json_string(id)) == 0 ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* the encoding of the feature file goes into the specification */
static PpdlStatus
add_encoding(ModelFile *m, json_t *spec, PpdlError *err)
{
	PpdlFeatures *fs;
	PpdlStatus	status;

	if (m->features == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_features_load(&fs, m->features, err));
	status = fit_features(m, fs, spec, err);
	ppdl_features_destroy(fs);
	return status;
}

/* everything is checked here, before the server is asked */
static PpdlStatus
check_file(ModelFile *m, PpdlError *err)
{
	json_t	   *weights = json_object_get(m->root, "weights");
	json_t	   *cipher = json_object_get(m->root, "cipher");
	json_t	   *trained = json_object_get(m->root, "trained");
	PpdlNet    *net;
	PpdlStatus	status;

	if (weights && cipher)
		return bad(m, "\"weights\" and \"cipher\" exclude each other", err);
	if ((weights && json_array_size(weights) == 0) || (cipher && json_array_size(cipher) == 0))
		return bad(m, "\"weights\" or \"cipher\" is no array, or empty", err);
	PPDL_TRY(add_encoding(m, json_object_get(m->root, "spec"), err));
	ppdl_json_put(&m->spec, json_object_get(m->root, "spec"));
	ppdl_write_u8(&m->spec, 0);
	if (trained && !json_is_null(trained))
	{
		ppdl_json_put(&m->trained, trained);
		ppdl_write_u8(&m->trained, 0);
	}
	if (m->spec.bad || m->trained.bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_net_parse(&net, (const char *) m->spec.buf, err));
	status = weights ? read_weights(m, weights, net, err) : cipher ? read_cipher(m, cipher, err) : PPDL_OK;
	if (status == PPDL_OK && m->key)
		status = encrypt_weights(m, net, err);
	ppdl_net_destroy(net);
	if (status == PPDL_OK && (m->weights.bad || m->cipher.bad))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return status;
}

static PpdlStatus
load_file(ModelFile *m, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_model_file_read(&m->root, m->path, err));
	status = check_file(m, err);
	if (status == PPDL_ERR_ARGUMENT)
		status = err->code = PPDL_ERR_FORMAT;	/* it is the file that is wrong, not the command line */
	return status;
}

static const char *
text(const PpdlWriter *w)
{
	return w->len ? (const char *) w->buf : NULL;
}

/* a first version goes through ppdl_create_model, which checks all that the server wants checked */
static PpdlStatus
store(PpdlDb *db, const ModelFile *m, const char *name, PpdlError *err)
{
	const char *params[] = {name, text(&m->spec), text(&m->weights), text(&m->cipher), m->key_id, text(&m->trained)};
	PGresult   *res;
	int			fresh;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT count(*) FROM %s.ppdl_models WHERE name = $1", 1, params));
	fresh = strcmp(PQgetvalue(res, 0, 0), "0") == 0;
	PQclear(res);
	if (fresh && m->cipher.len == 0 && m->trained.len == 0)
		PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT %s.ppdl_create_model($1, $2::jsonb, $3::float8[])", 3, params));
	else
		PPDL_TRY(ppdl_db_run(db, &res, err,
							 "INSERT INTO %s.ppdl_models (name, version, spec, weights, cipher, key_id, trained, "
							 "is_default)"
							 " SELECT $1, coalesce(max(version), 0) + 1, $2::jsonb, $3::float8[], "
							 "$4::%s.lwe_cipher[], $5, $6::jsonb, "
							 "($3 IS NOT NULL OR $4 IS NOT NULL) AND NOT coalesce(bool_or(is_default), false)"
							 " FROM %s.ppdl_models WHERE name = $1"
							 " RETURNING name || '@' || version", 6, params));
	printf("%s\n", PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_OK;
}

static void
release_file(ModelFile *m)
{
	ppdl_writer_free(&m->weights);
	ppdl_writer_free(&m->cipher);
	ppdl_writer_free(&m->spec);
	ppdl_writer_free(&m->trained);
	json_decref(m->root);
}

static PpdlStatus
import_model(const Args *a, PpdlError *err)
{
	ModelFile	m = {.path = a->what, .key = a->key, .passphrase_file = a->passphrase_file, .features = a->features,
		.within = a->within != 0 ? a->within : PPDL_DEFAULT_WEIGHT_LENGTH};
	const char *name = a->name;
	PpdlDb		db = {0};
	PpdlStatus	status;

	ppdl_writer_init(&m.spec);
	ppdl_writer_init(&m.trained);
	ppdl_writer_init_secret(&m.weights);
	ppdl_writer_init(&m.cipher);
	PPDL_GOTO(done, ppdl_name_file(m.path, load_file(&m, err), err));
	if (name == NULL)
		name = json_string_value(json_object_get(m.root, "name"));
	if (name == NULL)
	{
		status = bad(&m, "no \"name\" in the file: give one with --name", err);
		goto done;
	}
	PPDL_GOTO(done, ppdl_db_open(&db, a->dsn, err));
	PPDL_GOTO(done, ppdl_db_extension(&db, err));
	PPDL_GOTO(done, ppdl_db_version(&db, err));
	status = store(&db, &m, name, err);
done:
	ppdl_db_close(&db);
	release_file(&m);
	return status;
}

/* ------------------------------------------------------------------ the command */

static PpdlStatus
act(PpdlDb *db, const Args *a, PpdlError *err)
{
	if (strcmp(a->action, "list") == 0)
		return list(db, err);
	if (strcmp(a->action, "show") == 0)
		return show(db, a->what, err);
	if (strcmp(a->action, "default") == 0)
		return set_default(db, a->what, err);
	if (strcmp(a->action, "drop") == 0)
		return drop(db, a->what, err);
	if (strcmp(a->action, "sync") == 0)
		return ppdl_model_sync(db, &a->sync, err);
	return export_model(db, a, err);
}

static PpdlStatus
model(const Args *a, PpdlError *err)
{
	PpdlDb		db;
	PpdlStatus	status;

	if (strcmp(a->action, "import") == 0)
		return import_model(a, err);
	PPDL_TRY(ppdl_db_open(&db, a->dsn, err));
	status = ppdl_db_extension(&db, err);
	if (status == PPDL_OK)
		status = ppdl_db_version(&db, err);
	if (status == PPDL_OK)
		status = act(&db, a, err);
	ppdl_db_close(&db);
	return status;
}

int
ppdl_cmd_model(int argc, char **argv)
{
	static const struct argp argp = {options, parse,
		"list | show MODEL | default MODEL | drop MODEL | export MODEL | import FILE | sync [MODEL]", doc};
	Args		a = {0};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	a.sync.model = a.what;
	status = model(&a, &err);
	ppdl_list_free(&a.sync.to);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
