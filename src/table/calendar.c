#include "table/calendar.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "table/fold.h"

/* a year begins in March: the leap day is its last.  Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
long
ppdl_day_number(int year, int month, int day)
{
	long		y = year - (month <= 2),
				era = (y >= 0 ? y : y - 399) / 400,
				of_era = y - era * 400,
				of_year = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void
civil(long day, int *year, int *month, int *mday)
{
	long		z = day + 719468,
				era = (z >= 0 ? z : z - 146096) / 146097,
				of_era = z - era * 146097,
				y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365,
				of_year = of_era - (365 * y + y / 4 - y / 100),
				m = (5 * of_year + 2) / 153;

	*mday = (int) (of_year - (153 * m + 2) / 5 + 1);
	*month = (int) (m < 10 ? m + 3 : m - 9);
	*year = (int) (y + era * 400 + (*month <= 2));
}

static int
take_day(int year, int month, int mday, long *day)
{
	int			y,
				m,
				d;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || mday < 1 || mday > 31)
		return 0;
	*day = ppdl_day_number(year, month, mday);
	civil(*day, &y, &m, &d);
	return d == mday;			/* 31 April is 1 May */
}

/* at least so many digits, at most so many; NULL when they are not there */
static const char *
digits(const char *s, int least, int most, int *v)
{
	int			n = 0;

	for (*v = 0; n < most && *s >= '0' && *s <= '9'; n++)
		*v = 10 * *v + *s++ - '0';
	return n < least ? NULL : s;
}

/* a time of day, which may have fractions and a zone */
static int
is_time(const char *s)
{
	if (*s != 'T' && *s != ' ')
		return 0;
	s++;
	return *s >= '0' && *s <= '9' && s[strspn(s, "0123456789:.+-Z ")] == 0 && strchr(s, ':') != NULL;
}

static int
parse_known(const char *s, long *day)
{
	int			a,
				b,
				c;
	const char *p;
	char		mark;

	if ((p = digits(s, 4, 4, &a)) != NULL && (*p == '-' || *p == '/'))
	{
		mark = *p;
		if ((p = digits(p + 1, 1, 2, &b)) == NULL || *p != mark || (p = digits(p + 1, 1, 2, &c)) == NULL)
			return 0;
		return (ppdl_blank(p) || is_time(p)) && take_day(a, b, c, day);
	}
	if ((p = digits(s, 1, 2, &a)) == NULL || *p != '.')
		return 0;
	if ((p = digits(p + 1 + strspn(p + 1, " "), 1, 2, &b)) == NULL || *p != '.')
		return 0;
	p = digits(p + 1 + strspn(p + 1, " "), 4, 4, &c);
	return p != NULL && ppdl_blank(p) && take_day(c, b, a, day);
}

int
ppdl_day_parse(const char *format, const char *s, long *day)
{
	struct tm	tm = {.tm_mday = 1, .tm_year = -1900};
	const char *end;

	s += strspn(s, " \t");
	if (format == NULL)
		return parse_known(s, day);
	end = strptime(s, format, &tm);
	return end != NULL && ppdl_blank(end) && take_day(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, day);
}

void
ppdl_day_print(char out[16], long day)
{
	int			y,
				m,
				d;

	if (day < ppdl_day_number(1, 1, 1) || day > ppdl_day_number(9999, 12, 31))
	{
		strcpy(out, "no day");
		return;
	}
	civil(day, &y, &m, &d);
	snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
}

double
ppdl_age(long born, long at)
{
	int			y,
				m,
				d,
				this_year,
				other;
	long		last,
				next;

	civil(born, &y, &m, &d);
	civil(at, &this_year, &other, &other);
	last = ppdl_day_number(this_year, m, d);
	if (last > at)
		last = ppdl_day_number(--this_year, m, d);
	next = ppdl_day_number(this_year + 1, m, d);
	return this_year - y + (double) (at - last) / (double) (next - last);
}
