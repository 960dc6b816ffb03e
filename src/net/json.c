#include "net/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

/* of an integer without sign; 0: none begins here */
static size_t
integer_length(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p < end && (*p == '.' || *p == 'e' || *p == 'E') ? 0 : (size_t) (p - s);
}

/* the end of what begins at s: a string, a number or a single character */
static const char *
token_end(const char *s, const char *end)
{
	const char *p = s + 1;

	if (*s == '"')
	{
		for (; p < end && *p != '"'; p++)
			p += *p == '\\';
		return p < end ? p + 1 : end;
	}
	if (*s >= '0' && *s <= '9')
		while (p < end && *p != '\0' && strchr("0123456789.eE+-", *p) != NULL)
			p++;
	return p < end ? p : end;
}

/* text with ".0" after each integer that may not fit 64 bits */
static json_t *
read_with_reals(const char *text, size_t len, json_error_t *why)
{
	const char *end = text + len;
	PpdlWriter	w;
	json_t	   *json;

	ppdl_writer_init_secret(&w);
	for (const char *s = text, *next; s < end; s = next)
	{
		next = token_end(s, end);
		ppdl_write_bytes(&w, s, (size_t) (next - s));
		if (integer_length(s, end) >= 19)
			ppdl_write_bytes(&w, ".0", 2);
	}
	ppdl_write_u8(&w, 0);
	json = w.bad ? NULL : json_loads((const char *) w.buf, JSON_REJECT_DUPLICATES, why);
	ppdl_writer_free(&w);
	return json;
}

json_t *
ppdl_json_read(const char *text, size_t len, json_error_t *why)
{
	json_t	   *json;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
	{
		text += 3;
		len -= 3;
	}
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, why);
	if (json == NULL && json_error_code(why) == json_error_numeric_overflow && memchr(text, 0, len) == NULL)
		json = read_with_reals(text, len, why);
	return json;
}

PpdlStatus
ppdl_json_parse(json_t **out, const char *text, size_t len, const char *name, PpdlError *err)
{
	json_error_t why;

	*out = ppdl_json_read(text, len, &why);
	if (*out != NULL)
		return PPDL_OK;
	/* jansson says nothing where there was no memory */
	return why.text[0] == '\0' ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") :
		ppdl_error(err, PPDL_ERR_FORMAT, "%s:%d: column %d: %s", name, why.line, why.column, why.text);
}

PpdlStatus
ppdl_json_load(json_t **out, const char *text, const char *what, PpdlError *err)
{
	json_error_t je;

	*out = ppdl_json_read(text, strlen(text), &je);
	if (*out == NULL && json_error_code(&je) == json_error_numeric_overflow)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s has a number that is too large, line %d, column %d", what, je.line,
						  je.column);
	/* jansson says nothing where there was no memory */
	if (*out == NULL && je.text[0] == '\0')
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
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
		ppdl_error(err, PPDL_ERR_FORMAT, "%s has an unknown member \"%.*s\"", where, PPDL_CUT(key, 64));
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

void
ppdl_json_set(json_t **obj, const char *key, json_t *value)
{
	if (json_object_set_new(*obj, key, value) == 0)
		return;
	json_decref(*obj);
	*obj = NULL;
}

void
ppdl_json_append(json_t **list, json_t *value)
{
	if (json_array_append_new(*list, value) == 0)
		return;
	json_decref(*list);
	*list = NULL;
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
