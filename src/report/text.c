#include "report/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\xE2\x88\x92"	/* U+2212 */
#define PLUS_MINUS " \xC2\xB1 "

void
ppdl_write_format(PpdlWriter *w, const char *fmt,...)
{
	va_list		ap,
				again;
	int			n;
	uint8_t    *space;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* one byte more for the NUL, which is taken back */
	space = n < 0 ? NULL : ppdl_write_space(w, (size_t) n + 1);
	if (space != NULL)
	{
		vsnprintf((char *) space, (size_t) n + 1, fmt, again);
		w->len--;
	}
	else
		w->bad = 1;
	va_end(again);
}

/* a unit and what one of it is worth */
typedef struct Unit
{
	double		worth;
	const char *name;
} Unit;

static Unit
unit_of(PpdlQuantity q, double v)
{
	static const Unit bytes[] = {{1e12, " TB"}, {1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}, {1, " B"}};
	static const Unit seconds[] = {{3600, " h"}, {60, " min"}, {1, " s"}, {1e-3, " ms"}, {1e-6, " \xC2\xB5s"}};
	/* minutes and hours begin where seconds have grown long */
	static const double seconds_from[] = {7200, 600, 1, 1e-3, 0};
	Unit		none = {1, ""};
	Unit		percent = {0.01, " %"};

	v = fabs(v);
	if (q == PPDL_QUANTITY_PERCENT)
		return percent;
	for (int i = 0; q == PPDL_QUANTITY_BYTES && i < 5; i++)
		if (i == 4 || v >= bytes[i].worth * 0.9995)
			return bytes[i];
	if (q == PPDL_QUANTITY_SECONDS && v == 0)
		return seconds[2];
	for (int i = 0; q == PPDL_QUANTITY_SECONDS && i < 5; i++)
		if (v >= seconds_from[i] * 0.9995)
			return seconds[i];
	return none;
}

/* decimals of three significant digits; percentages have one, whole bytes none */
static int
decimals_of(PpdlQuantity q, double worth, double v)
{
	int			digits;

	v = fabs(v / worth);
	if (q == PPDL_QUANTITY_PERCENT)
		return 1;
	if (q == PPDL_QUANTITY_COUNT || (q == PPDL_QUANTITY_BYTES && worth == 1))
		return v == floor(v) ? 0 : 1;
	if (v == 0)
		return 0;
	digits = 2 - (int) floor(log10(v * 1.0005));
	return digits < 0 ? 0 : digits > 6 ? 6 : digits;
}

/* a number with a true minus sign and, where it is grouped, commas between thousands */
static void
number(char out[PPDL_SHOWN], double v, int decimals, int grouped)
{
	char		plain[PPDL_SHOWN];
	size_t		n,
				whole,
				len = 0;

	/* beyond any size or time that is measured, or less than the decimals can show */
	if (!(fabs(v) < 1e15) || (decimals == 6 && v != 0 && fabs(v) < 1e-4))
	{
		snprintf(out, PPDL_SHOWN, "%s%.3g", v < 0 ? MINUS : "", fabs(v));
		return;
	}
	snprintf(plain, sizeof plain, "%.*f", decimals, fabs(v));
	n = strlen(plain);
	whole = strcspn(plain, ".");
	/* what rounds to zero has no sign */
	if (v < 0 && strspn(plain, "0.") != n)
		len = (size_t) sprintf(out, MINUS);
	for (size_t i = 0; i < n; i++)
	{
		if (grouped && i > 0 && i < whole && (whole - i) % 3 == 0)
			out[len++] = ',';
		out[len++] = plain[i];
	}
	out[len] = '\0';
}

static void
show_error(char out[PPDL_SHOWN], double v)
{
	if (v == 0)
		strcpy(out, "0");
	else
		snprintf(out, PPDL_SHOWN, "2^%.1f", log2(fabs(v)));
}

void
ppdl_show(char out[PPDL_SHOWN], PpdlQuantity q, double v)
{
	ppdl_show_mean(out, q, v, NAN);
}

void
ppdl_show_mean(char out[PPDL_SHOWN], PpdlQuantity q, double mean, double spread)
{
	Unit		unit;
	int			decimals;
	char		m[PPDL_SHOWN],
				s[PPDL_SHOWN] = "";

	out[0] = '\0';
	if (isnan(mean))
		return;
	if (q == PPDL_QUANTITY_ERROR)
	{
		show_error(out, mean);
		return;
	}
	unit = unit_of(q, mean);
	decimals = decimals_of(q, unit.worth, mean);
	number(m, mean / unit.worth, decimals, 1);
	/* a spread of nothing says nothing of a count or a size */
	if (!isnan(spread) && !(spread == 0 && (q == PPDL_QUANTITY_COUNT || q == PPDL_QUANTITY_BYTES)))
		number(s, spread / unit.worth, decimals, 1);
	snprintf(out, PPDL_SHOWN, "%.26s%s%.26s%s", m, s[0] ? PLUS_MINUS : "", s, unit.name);
}

void
ppdl_show_measured(char out[PPDL_SHOWN], double v, double error)
{
	double		known = error > 0 ? -floor(log10(error)) : 99,
				shown = v != 0 ? 4 - floor(log10(fabs(v) * 1.00001)) : 6;
	/* whole numbers without an error are that */
	int			decimals = !(error > 0) && v == floor(v) ? 0 : (int) fmin(fmax(fmin(known, shown), 0), 99);

	out[0] = '\0';
	if (isnan(v))
		return;
	/* too small, or too large, for a plain number */
	if (fabs(v) >= 1e15 || (fabs(v) < 1e-4 && decimals > 5 && v != 0))
		snprintf(out, PPDL_SHOWN, "%s%.*g", v < 0 ? MINUS : "", (int) fmax(5 - fmax(shown - known, 0), 1), fabs(v));
	else
		number(out, v, decimals, 1);
}

void
ppdl_show_points(char out[PPDL_SHOWN], double mean, double spread)
{
	char		m[PPDL_SHOWN],
				s[PPDL_SHOWN] = "";

	out[0] = '\0';
	if (isnan(mean))
		return;
	number(m, mean * 100, 2, 0);
	if (!isnan(spread))
		number(s, spread * 100, 2, 0);
	snprintf(out, PPDL_SHOWN, "%s%.26s%s%.26s", mean > 0 && strcmp(m, "0.00") != 0 ? "+" : "", m,
			 s[0] ? PLUS_MINUS : "", s);
}

void
ppdl_show_tick(char out[PPDL_SHOWN], PpdlQuantity q, double v)
{
	/* steps of ten stay steps of ten: no minutes */
	Unit		unit = unit_of(q, q == PPDL_QUANTITY_SECONDS && fabs(v) > 1 ? 1 : v);
	char		n[PPDL_SHOWN];
	int			decimals = 0;

	/* marks are round numbers: six decimals at most say which */
	while (decimals < 6 && fabs(v / unit.worth * pow(10, decimals) - round(v / unit.worth * pow(10, decimals))) > 1e-6)
		decimals++;
	if (v != 0 && fabs(v / unit.worth) < 1e-5)
		decimals = 6;
	number(n, v / unit.worth, decimals, 1);
	snprintf(out, PPDL_SHOWN, "%.40s%s", n, unit.name);
}

void
ppdl_show_exact(char out[PPDL_SHOWN], double v)
{
	out[0] = '\0';
	if (v == floor(v) && fabs(v) < 1e15)
	{
		snprintf(out, PPDL_SHOWN, "%.0f", v);
		return;
	}
	for (int digits = 1; !isnan(v) && digits <= 17; digits++)
	{
		snprintf(out, PPDL_SHOWN, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			break;
	}
}
