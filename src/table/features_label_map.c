/* --label-map: what values of the label mean. */
#include <stdlib.h>
#include <string.h>

#include "table/features_learn.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
bad_map(const char *entry, const char *what, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--label-map \"%s\": %s", entry, what);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Write VALUE=+1 and VALUE=-1 for two classes, VALUE=CLASS to rename, "
						   "VALUE= for a NULL label; for example ja=+1,nein=-1,unbekannt=.");
}

/* +1 and -1 for codes, else 0 */
static int
code_of(const char *to)
{
	return strcmp(to, "+1") == 0 ? 1 : strcmp(to, "-1") == 0 ? -1 : 0;
}

/* what is behind the last equals sign, or NULL */
static const char *
target(const char *entry)
{
	const char *equals = strrchr(entry, '=');

	return equals && equals > entry ? equals + 1 : NULL;
}

/* the value that was first mapped to a code: its class is called so */
char *
ppdl_learn_code_class(char *const *map, int code)
{
	for (; map && *map; map++)
	{
		const char *to = target(*map);

		if (to && code_of(to) == code)
			return strndup(*map, (size_t) (to - 1 - *map));
	}
	return NULL;
}

static PpdlStatus
add_alias(PpdlFeature *how, char *const *map, const char *entry, PpdlError *err)
{
	const char *to = target(entry);
	PpdlAlias  *a = &how->alias[how->naliases];

	if (to == NULL)
		return bad_map(entry, "no value before, or no equals sign", err);
	a->from = strndup(entry, (size_t) (to - 1 - entry));
	how->naliases++;
	if (a->from == NULL)
		return no_memory(err);
	for (int i = 0; i + 1 < how->naliases; i++)
		if (strcmp(how->alias[i].from, a->from) == 0)
			return bad_map(entry, "the value is there twice", err);
	if (to[0] == 0)
		return PPDL_OK;
	a->to = code_of(to) ? ppdl_learn_code_class(map, code_of(to)) : strdup(to);
	return a->to ? PPDL_OK : no_memory(err);
}

static int
codes_of(char *const *map)
{
	int			found = 0;

	for (; map && *map; map++)
		if (target(*map) && code_of(target(*map)))
			found |= code_of(target(*map)) > 0 ? 1 : 2;
	return found;
}

int
ppdl_learn_has_codes(char *const *map)
{
	return codes_of(map) != 0;
}

PpdlStatus
ppdl_learn_aliases(PpdlFeature *how, const PpdlLearnOptions *opt, PpdlError *err)
{
	char	  **map = opt->label_map;
	int			n = 0,
				codes = codes_of(map);

	while (map && map[n])
		n++;
	if (n == 0)
		return PPDL_OK;
	if (codes == 1 || codes == 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--label-map: which value is %s?", codes == 1 ? "-1" : "+1");
	if (codes && opt->positive)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--positive: --label-map says which class is +1");
	how->alias = calloc((size_t) n, sizeof *how->alias);
	if (how->alias == NULL)
		return no_memory(err);
	for (int i = 0; i < n; i++)
	{
		if (codes && target(map[i]) && target(map[i])[0] && code_of(target(map[i])) == 0)
			return bad_map(map[i], "codes and names do not mix", err);
		PPDL_TRY(add_alias(how, map, map[i], err));
	}
	return PPDL_OK;
}
