#include "cli/study.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "table/infile.h"
#include "cli/study_network.h"
#include "net/json.h"
#include "net/train.h"

#define MAX_SETS 1000
#define MAX_FOLDS 1000
#define MAX_REPEATS 1000

const char *const ppdl_study_method[PPDL_STUDY_METHODS + 1] = {
	[PPDL_METHOD_MAJORITY] = "majority",
	[PPDL_METHOD_LOGISTIC] = "logistic",
	[PPDL_METHOD_PLAIN] = "plain",
	[PPDL_METHOD_LWE_PLAIN_MODEL] = "lwe-plain-model",
	[PPDL_METHOD_LWE] = "lwe",
	[PPDL_METHOD_RSA] = "rsa",
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ defaults */

/* 0 when out of memory */
static int
set_default(json_t *object, const char *member, json_t *value)
{
	if (json_object_get(object, member) == NULL)
		return json_object_set_new(object, member, value) == 0;
	json_decref(value);
	return 1;
}

static json_t *
all_methods(void)
{
	json_t	   *list = json_array();

	for (int m = 0; m < PPDL_STUDY_METHODS; m++)
		ppdl_json_append(&list, json_string(ppdl_study_method[m]));
	return list;
}

static PpdlStatus
fill_in(json_t *json, PpdlError *err)
{
	json_t	   *suggested = json_array();
	json_t	   *rsa;
	int			ok;

	ppdl_json_append(&suggested, json_string(PPDL_NETWORK_SUGGESTED));
	ok = set_default(json, "networks", suggested) & set_default(json, "methods", all_methods()) &
		set_default(json, "folds", json_integer(5)) & set_default(json, "repeats", json_integer(1)) &
		set_default(json, "seed", json_integer(1)) & set_default(json, "training", ppdl_json_object()) &
		set_default(json, "rsa", ppdl_json_object());
	rsa = json_object_get(json, "rsa");
	if (json_is_object(rsa))
		ok &= set_default(rsa, "input_bits", json_integer(4)) & set_default(rsa, "weight_bits", json_integer(4));
	return ok ? PPDL_OK : no_memory(err);
}

/* ------------------------------------------------------------------ what all datasets share */

static PpdlStatus
read_methods(PpdlStudy *s, PpdlError *err)
{
	const json_t *list = json_object_get(s->json, "methods");
	size_t		i;
	json_t	   *item;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "study: methods: a list of names is expected");
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(item);
		int			m = 0;

		while (m < PPDL_STUDY_METHODS && (name == NULL || strcmp(name, ppdl_study_method[m]) != 0))
			m++;
		if (m == PPDL_STUDY_METHODS)
			return ppdl_error(err, PPDL_ERR_FORMAT, "study: methods[%zu] is \"%.*s\", none of: majority, logistic, "
							  "plain, lwe-plain-model, lwe, rsa", i, PPDL_CUT(name ? name : "", 60));
		s->has_method[m] = 1;
	}
	return PPDL_OK;
}

static PpdlStatus
read_integer(const json_t *object, const char *member, const char *where, long lo, long hi, int *out, PpdlError *err)
{
	char		place[60];
	long		n;

	snprintf(place, sizeof place, "%s%s", where, member);
	PPDL_TRY(ppdl_json_integer(json_object_get(object, member), place, lo, hi, &n, err));
	*out = (int) n;
	return PPDL_OK;
}

static PpdlStatus
read_rsa(PpdlStudy *s, PpdlError *err)
{
	static const char *const allowed[] = {"input_bits", "weight_bits", NULL};
	const json_t *rsa = json_object_get(s->json, "rsa");

	if (!json_is_object(rsa))
		return ppdl_error(err, PPDL_ERR_FORMAT, "study: rsa: an object is expected");
	PPDL_TRY(ppdl_json_members(rsa, "study: rsa", allowed, err));
	PPDL_TRY(read_integer(rsa, "input_bits", "study: rsa.", 1, 12, &s->input_bits, err));
	return read_integer(rsa, "weight_bits", "study: rsa.", 2, 12, &s->weight_bits, err);
}

static PpdlStatus
read_shared(PpdlStudy *s, PpdlError *err)
{
	static const char *const allowed[] = {"datasets", "networks", "methods", "folds", "repeats", "seed", "training",
	"rsa", NULL};

	PPDL_TRY(ppdl_json_members(s->json, "study", allowed, err));
	PPDL_TRY(read_methods(s, err));
	PPDL_TRY(read_integer(s->json, "folds", "study: ", 2, MAX_FOLDS, &s->folds, err));
	PPDL_TRY(read_integer(s->json, "repeats", "study: ", 1, MAX_REPEATS, &s->repeats, err));
	PPDL_TRY(ppdl_json_integer(json_object_get(s->json, "seed"), "study: seed", 0, (1L << 53) - 1, &s->seed, err));
	return read_rsa(s, err);
}

/* ------------------------------------------------------------------ datasets */

static PpdlStatus
check_members(const json_t *json, const char *where, PpdlError *err)
{
	static const char *const own[] = {"name", "file", "group", "networks", "training", "sha256"};
	const char *member;
	json_t	   *value;

	json_object_foreach((json_t *) json, member, value)
	{
		int			known = ppdl_study_encode_has(member);

		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			known |= strcmp(member, own[i]) == 0;
		if (!known)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: unknown member \"%.*s\"", where, PPDL_CUT(member, 60));
	}
	return PPDL_OK;
}

static PpdlStatus
take_text(const json_t *json, const char *where, const char *member, const char **out, PpdlError *err)
{
	const json_t *v = json_object_get(json, member);

	*out = json_string_value(v);
	if (v != NULL && (*out == NULL || **out == 0))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.%s: a name in quotes is expected", where, member);
	return PPDL_OK;
}

/* the file's absolute path, so that a study can be gone on with from elsewhere */
static PpdlStatus
take_file(PpdlStudySet *set, json_t *json, const char *where, const char *directory, PpdlError *err)
{
	char	   *here = NULL;
	char	   *path;
	int			length;

	PPDL_TRY(take_text(json, where, "file", &set->file, err));
	if (set->file == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.file is missing", where);
	if (set->file[0] == '/')
		return PPDL_OK;
	if (directory == NULL || directory[0] != '/')
		here = getcwd(NULL, 0);
	length = asprintf(&path, "%s%s%s%s%s", here ? here : "", here ? "/" : "", directory ? directory : "",
					  directory ? "/" : "", set->file);
	free(here);
	if (length < 0)
		return no_memory(err);
	json_object_set_new(json, "file", json_string(path));
	free(path);
	set->file = json_string_value(json_object_get(json, "file"));
	return set->file ? PPDL_OK : no_memory(err);
}

static PpdlStatus
take_name(PpdlStudySet *set, json_t *json, const char *where, PpdlError *err)
{
	const char *base = strrchr(set->file, '/') + 1;
	const char *dot = strrchr(base, '.');

	PPDL_TRY(take_text(json, where, "name", &set->name, err));
	if (set->name)
		return PPDL_OK;
	json_object_set_new(json, "name", json_stringn(base, dot && dot > base ? (size_t) (dot - base) : strlen(base)));
	set->name = json_string_value(json_object_get(json, "name"));
	return set->name ? PPDL_OK : ppdl_error(err, PPDL_ERR_FORMAT, "%s.name is missing", where);
}

/* options for all datasets, with the dataset's own laid over them */
static PpdlStatus
take_training(PpdlStudySet *set, const json_t *all, const json_t *own, const char *where, PpdlError *err)
{
	PpdlTrainOptions opt;
	json_t	   *merged;
	char	   *text;
	PpdlStatus	status;

	if (!json_is_object(all) || (own != NULL && !json_is_object(own)))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: training: an object is expected", where);
	set->training = merged = json_copy((json_t *) all);
	if (own != NULL && json_object_update(merged, (json_t *) own) != 0)
		return no_memory(err);
	text = merged ? ppdl_json_dump(merged) : NULL;
	if (text == NULL)
		return no_memory(err);
	status = ppdl_train_options_parse(&opt, text, err);
	free(text);
	return status == PPDL_OK ? PPDL_OK : ppdl_name_file(where, status, err);
}

static PpdlStatus
read_set(PpdlStudy *s, PpdlStudySet *set, json_t *json, const char *where, const char *directory, PpdlError *err)
{
	const json_t *networks = json_object_get(json, "networks");

	if (!json_is_object(json))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: an object is expected", where);
	PPDL_TRY(check_members(json, where, err));
	PPDL_TRY(take_file(set, json, where, directory, err));
	PPDL_TRY(take_name(set, json, where, err));
	PPDL_TRY(take_text(json, where, "group", &set->group, err));
	PPDL_TRY(ppdl_study_encode_read(&set->encode, json, where, err));
	if (set->encode.learn.label == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.label is missing: which column is to be predicted?", where);
	/* the group tells patients apart and nothing else */
	if (set->group != NULL && !ppdl_list_has(&set->encode.columns, set->group))
	{
		ppdl_list_add(&set->encode.exclude, set->group, NULL);
		set->encode.learn.exclude = set->encode.exclude.item;
	}
	set->networks = networks ? networks : json_object_get(s->json, "networks");
	PPDL_TRY(ppdl_networks_check(set->networks, networks ? where : "study", err));
	return take_training(set, json_object_get(s->json, "training"), json_object_get(json, "training"), where, err);
}

static PpdlStatus
read_sets(PpdlStudy *s, const char *directory, PpdlError *err)
{
	json_t	   *list = json_object_get(s->json, "datasets");
	char		where[60];

	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > MAX_SETS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "study: datasets: a list of 1 to %d objects is expected", MAX_SETS);
	s->set = calloc(json_array_size(list), sizeof *s->set);
	if (s->set == NULL)
		return no_memory(err);
	for (size_t i = 0; i < json_array_size(list); i++)
	{
		PpdlStudySet *set = &s->set[s->nsets++];

		snprintf(where, sizeof where, "study: datasets[%zu]", i);
		ppdl_encode_args_init(&set->encode);
		PPDL_TRY(read_set(s, set, json_array_get(list, i), where, directory, err));
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->set[k].name, set->name) == 0)
				return ppdl_error(err, PPDL_ERR_FORMAT, "%s is called \"%.*s\" like datasets[%zu]: give it a name of "
								  "its own", where, PPDL_CUT(set->name, 60), k);
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the whole */

PpdlStatus
ppdl_study_create(PpdlStudy **out, json_t *json, const char *directory, PpdlError *err)
{
	PpdlStudy  *s = calloc(1, sizeof *s);
	PpdlStatus	status = PPDL_OK;

	*out = NULL;
	if (s == NULL)
		return no_memory(err);
	if (!json_is_object(json))
		status = ppdl_error(err, PPDL_ERR_FORMAT, "study: an object is expected");
	else
		s->json = json_deep_copy(json);
	if (status == PPDL_OK && s->json == NULL)
		status = no_memory(err);
	if (status == PPDL_OK)
		status = fill_in(s->json, err);
	if (status == PPDL_OK)
		status = read_shared(s, err);
	if (status == PPDL_OK)
		status = read_sets(s, directory, err);
	if (status == PPDL_OK)
		*out = s;
	else
		ppdl_study_destroy(s);
	return status;
}

void
ppdl_study_destroy(PpdlStudy *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->nsets; i++)
	{
		ppdl_encode_args_free(&s->set[i].encode);
		json_decref(s->set[i].training);
	}
	free(s->set);
	json_decref(s->json);
	free(s);
}
