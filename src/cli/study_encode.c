#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/study.h"
#include "net/json.h"

typedef enum Kind
{
	TEXT,
	LIST,
	FLAG,
	INTEGER,
	NUMBER,
	CHARACTER,
	MARK						/* of numbers */
} Kind;

static const struct Member
{
	const char *name;
	Kind		kind;
	size_t		at;				/* in PpdlEncodeArgs */
}			members[] = {
	{"id", TEXT, offsetof(PpdlEncodeArgs, learn.id)},
	{"label", TEXT, offsetof(PpdlEncodeArgs, learn.label)},
	{"exclude", LIST, offsetof(PpdlEncodeArgs, exclude)},
	{"columns", LIST, offsetof(PpdlEncodeArgs, columns)},
	{"bands", LIST, offsetof(PpdlEncodeArgs, bands)},
	{"numeric", LIST, offsetof(PpdlEncodeArgs, numeric)},
	{"category", LIST, offsetof(PpdlEncodeArgs, category)},
	{"one_hot_weight", NUMBER, offsetof(PpdlEncodeArgs, learn.one_hot_weight)},
	{"max_categories", INTEGER, offsetof(PpdlEncodeArgs, learn.max_categories)},
	{"constant", FLAG, offsetof(PpdlEncodeArgs, learn.constant)},
	{"pad", FLAG, offsetof(PpdlEncodeArgs, learn.pad)},
	{"no_header", FLAG, offsetof(PpdlEncodeArgs, learn.no_header)},
	{"whiten", FLAG, offsetof(PpdlEncodeArgs, learn.whiten)},
	{"components", INTEGER, offsetof(PpdlEncodeArgs, learn.components)},
	{"delimiter", CHARACTER, offsetof(PpdlEncodeArgs, delimiter)},
	{"positive", TEXT, offsetof(PpdlEncodeArgs, learn.positive)},
	{"label_map", LIST, offsetof(PpdlEncodeArgs, label_map)},
	{"encoding", TEXT, offsetof(PpdlEncodeArgs, charset)},
	{"decimal", MARK, offsetof(PpdlEncodeArgs, learn.decimal)},
	{"thousands", MARK, offsetof(PpdlEncodeArgs, learn.thousands)},
	{"na", LIST, offsetof(PpdlEncodeArgs, na)},
	{"date", LIST, offsetof(PpdlEncodeArgs, dates)},
	{"date_format", TEXT, offsetof(PpdlEncodeArgs, learn.date_format)},
	{"range", LIST, offsetof(PpdlEncodeArgs, range)},
	{"quantile_range", LIST, offsetof(PpdlEncodeArgs, quantile_range)},
	{"log", LIST, offsetof(PpdlEncodeArgs, log)},
	{"outside", TEXT, offsetof(PpdlEncodeArgs, outside)},
	{"thermometer", LIST, offsetof(PpdlEncodeArgs, thermometer)},
};

#define NMEMBERS (sizeof members / sizeof *members)

int
ppdl_study_encode_has(const char *member)
{
	for (size_t i = 0; i < NMEMBERS; i++)
		if (strcmp(members[i].name, member) == 0)
			return 1;
	return 0;
}

static PpdlStatus
read_list(PpdlList *to, const json_t *v, const char *where, PpdlError *err)
{
	size_t		i;
	json_t	   *item;

	if (!json_is_array(v))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: a list of names is expected", where);
	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item))
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s[%zu]: a name in quotes is expected", where, i);
		ppdl_list_add(to, json_string_value(item), NULL);
	}
	return PPDL_OK;
}

static PpdlStatus
read_character(char *to, const json_t *v, const char *where, PpdlError *err)
{
	const char *s = json_string_value(v);

	if (s == NULL || (strcmp(s, "tab") != 0 && (strlen(s) != 1 || strchr("\"\r\n", s[0]))))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: one character is expected, or \"tab\"", where);
	*to = s[1] ? '\t' : s[0];
	return PPDL_OK;
}

static PpdlStatus
read_member(const struct Member *m, PpdlEncodeArgs *a, const json_t *v, const char *where, PpdlError *err)
{
	void	   *to = (char *) a + m->at;
	long		n;

	switch (m->kind)
	{
		case TEXT:
			if (!json_is_string(v))
				return ppdl_error(err, PPDL_ERR_FORMAT, "%s: a name in quotes is expected", where);
			*(const char **) to = json_string_value(v);
			return PPDL_OK;
		case LIST:
			return read_list(to, v, where, err);
		case FLAG:
			if (!json_is_boolean(v))
				return ppdl_error(err, PPDL_ERR_FORMAT, "%s: true or false is expected", where);
			*(int *) to = json_is_true(v);
			return PPDL_OK;
		case INTEGER:
			PPDL_TRY(ppdl_json_integer(v, where, 1, PPDL_MAX_INPUTS, &n, err));
			*(int *) to = (int) n;
			return PPDL_OK;
		case NUMBER:
			return ppdl_json_number(v, where, to, err);
		case CHARACTER:
			return read_character(to, v, where, err);
		case MARK:
			if (json_string_length(v) != 1 || strchr(".,' _", json_string_value(v)[0]) == NULL)
				return ppdl_error(err, PPDL_ERR_FORMAT, "%s: one of the characters . , ' _ and space is expected",
								  where);
			*(char *) to = json_string_value(v)[0];
			return PPDL_OK;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_study_encode_read(PpdlEncodeArgs *a, const json_t *set, const char *where, PpdlError *err)
{
	char		place[120];

	for (size_t i = 0; i < NMEMBERS; i++)
	{
		const json_t *v = json_object_get(set, members[i].name);

		snprintf(place, sizeof place, "%s.%s", where, members[i].name);
		if (v != NULL)
			PPDL_TRY(read_member(&members[i], a, v, place, err));
	}
	if (a->outside && strcmp(a->outside, "error") != 0 && strcmp(a->outside, "clamp") != 0 &&
		strcmp(a->outside, "null") != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.outside: \"error\", \"clamp\" or \"null\" is expected", where);
	ppdl_encode_args_lists(a);
	if (a->learn.components && !a->learn.whiten)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.components goes with whiten only", where);
	if (a->learn.whiten && (a->learn.constant || a->learn.pad || a->learn.one_hot_weight != 1))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s.whiten adds a constant and scales inputs: constant, pad and "
						  "one_hot_weight have no place beside it", where);
	return PPDL_OK;
}

/* *out NULL: it is the default */
static void
write_member(const struct Member *m, const PpdlEncodeArgs *a, const PpdlEncodeArgs *defaults, json_t **set)
{
	const void *v = (const char *) a + m->at,
			   *d = (const char *) defaults + m->at;
	const PpdlList *list = v;
	const char *text;
	json_t	   *names;

	switch (m->kind)
	{
		case TEXT:
			text = *(const char *const *) v;
			if (text != NULL)
				ppdl_json_set(set, m->name, json_string(text));
			return;
		case LIST:
			if (list->count == 0)
				return;
			names = json_array();
			for (int i = 0; i < list->count; i++)
				ppdl_json_append(&names, json_string(list->item[i]));
			ppdl_json_set(set, m->name, names);
			return;
		case FLAG:
			if (*(const int *) v)
				ppdl_json_set(set, m->name, json_true());
			return;
		case INTEGER:
			if (*(const int *) v != *(const int *) d)
				ppdl_json_set(set, m->name, json_integer(*(const int *) v));
			return;
		case NUMBER:
			if (*(const double *) v != *(const double *) d)
				ppdl_json_set(set, m->name, ppdl_json_real(*(const double *) v));
			return;
		case CHARACTER:
		case MARK:
			if (*(const char *) v)
				ppdl_json_set(set, m->name, *(const char *) v == '\t' ? json_string("tab") : json_stringn(v, 1));
			return;
	}
}

void
ppdl_study_encode_write(const PpdlEncodeArgs *a, json_t **set)
{
	PpdlEncodeArgs defaults;

	ppdl_encode_args_init(&defaults);
	for (size_t i = 0; i < NMEMBERS; i++)
		write_member(&members[i], a, &defaults, set);
}
