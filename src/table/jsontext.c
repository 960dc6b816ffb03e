#include "table/jsontext.h"

#include <stdlib.h>
#include <string.h>

#include "table/features.h"

static void
put_simple(PpdlWriter *w, const json_t *value)
{
	char	   *s = json_dumps(value, JSON_ENCODE_ANY);

	if (s)
		ppdl_write_text(w, s);
	else
		w->bad = 1;
	free(s);
}

static void
put_real(PpdlWriter *w, double v)
{
	char		number[32];

	ppdl_print_number(number, v);
	ppdl_write_text(w, number);
	/* without a point it would read back as an integer */
	if (strcspn(number, ".e") == strlen(number))
		ppdl_write_text(w, ".0");
}

void
ppdl_json_put(PpdlWriter *w, const json_t *value)
{
	const char *key;
	json_t	   *member;
	size_t		i;
	int			first = 1;

	switch (json_typeof(value))
	{
		case JSON_OBJECT:
			ppdl_write_text(w, "{");
			json_object_foreach((json_t *) value, key, member)
			{
				json_t	   *name = json_string(key);

				ppdl_write_text(w, first ? "" : ", ");
				first = 0;
				put_simple(w, name);
				json_decref(name);
				ppdl_write_text(w, ": ");
				ppdl_json_put(w, member);
			}
			ppdl_write_text(w, "}");
			break;
		case JSON_ARRAY:
			ppdl_write_text(w, "[");
			json_array_foreach(value, i, member)
			{
				ppdl_write_text(w, i ? ", " : "");
				ppdl_json_put(w, member);
			}
			ppdl_write_text(w, "]");
			break;
		case JSON_REAL:
			put_real(w, json_real_value(value));
			break;
		default:
			put_simple(w, value);
			break;
	}
}
