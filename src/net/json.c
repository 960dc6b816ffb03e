#include "net/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_json_load(json_t **out, const char *text, const char *what, PpdlError *err)
{
	json_error_t je;

	*out = json_loads(text, JSON_REJECT_DUPLICATES, &je);
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s is not valid JSON, line %d, column %d: %s",
						  what, je.line, je.column, je.text);
	if (!json_is_object(*out))
	{
		json_decref(*out);
		*out = NULL;
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be a JSON object", what);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_json_members(const json_t *obj, const char *where, const char *const *allowed, PpdlError *err)
{
	const char *key;
	json_t	   *value;

	json_object_foreach((json_t *) obj, key, value)
	{
		const char *const *a = allowed;
		char		list[256] = "";

		while (*a != NULL && strcmp(*a, key) != 0)
			a++;
		if (*a != NULL)
			continue;
		for (a = allowed; *a != NULL; a++)
		{
			if (list[0] != '\0')
				strncat(list, ", ", sizeof(list) - strlen(list) - 1);
			strncat(list, *a, sizeof(list) - strlen(list) - 1);
		}
		ppdl_error(err, PPDL_ERR_FORMAT, "%s has an unknown member \"%.64s\"", where, key);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Known members: %s.", list);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_json_number(const json_t *v, const char *where, double *out, PpdlError *err)
{
	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s is missing", where);
	if (!json_is_number(v))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be a number", where);
	*out = json_number_value(v);
	if (!isfinite(*out))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be finite", where);
	return PPDL_OK;
}

PpdlStatus
ppdl_json_integer(const json_t *v, const char *where, long lo, long hi, long *out, PpdlError *err)
{
	double		d = 0;

	PPDL_TRY(ppdl_json_number(v, where, &d, err));
	if (d != floor(d))
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s must be a whole number", where);
	if (d < lo || d > hi)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is %.15g, it must be %ld to %ld", where, d, lo, hi);
	*out = (long) d;
	return PPDL_OK;
}

json_t *
ppdl_json_object(void)
{
	return json_pack("{}");
}

json_t *
ppdl_json_real(double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		return json_integer((json_int_t) v);
	return json_real(v);
}

char *
ppdl_json_dump(const json_t *v)
{
	for (int digits = 15;; digits++)
	{
		char	   *text = json_dumps(v, JSON_REAL_PRECISION(digits));
		json_t	   *back;
		int			same;

		if (text == NULL || digits == 17)
			return text;
		back = json_loads(text, 0, NULL);
		same = json_equal(v, back);
		json_decref(back);
		if (same)
			return text;
		free(text);
	}
}
