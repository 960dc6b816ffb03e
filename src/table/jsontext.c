#include "table/jsontext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/features.h"

void
ppdl_json_put_string(PpdlWriter *w, const char *s, size_t len)
{
	static const char special[] = "\"\\\b\f\n\r\t",
				letter[] = "\"\\bfnrt";
	char		code[8];

	ppdl_write_u8(w, '"');
	for (size_t i = 0; i < len; i++)
	{
		const char *found = s[i] ? strchr(special, s[i]) : NULL;

		if (found)
		{
			ppdl_write_u8(w, '\\');
			ppdl_write_u8(w, (uint8_t) letter[found - special]);
		}
		else if ((unsigned char) s[i] < 0x20)
		{
			snprintf(code, sizeof code, "\\u%04X", (unsigned) s[i]);
			ppdl_write_text(w, code);
		}
		else
			ppdl_write_u8(w, (uint8_t) s[i]);
	}
	ppdl_write_u8(w, '"');
}

/* numbers without a fraction, true, false, null */
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
				ppdl_write_text(w, first ? "" : ", ");
				first = 0;
				ppdl_json_put_string(w, key, strlen(key));
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
		case JSON_STRING:
			ppdl_json_put_string(w, json_string_value(value), json_string_length(value));
			break;
		case JSON_REAL:
			put_real(w, json_real_value(value));
			break;
		default:
			put_simple(w, value);
			break;
	}
}
