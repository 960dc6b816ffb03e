#include "table/columns.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/text.h"
#include "table/calendar.h"
#include "table/fold.h"

#define SAMPLE 4096
#define ODD_WORDS 16

/* ------------------------------------------------------------------ tallies */

PpdlStatus
ppdl_tally(PpdlTallies *t, const char *text, long rows, PpdlError *err)
{
	int			lo = 0,
				hi = t->count;
	char	   *copy;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;
		int			cmp = strcmp(text, t->item[mid].text);

		if (cmp == 0)
		{
			t->item[mid].rows += rows;
			return PPDL_OK;
		}
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (t->count == (t->most ? t->most : PPDL_MOST_DISTINCT))
	{
		t->over = 1;
		return PPDL_OK;
	}
	if (t->count == t->room)
	{
		int			room = t->room ? 2 * t->room : 16;
		PpdlTally  *p = realloc(t->item, (size_t) room * sizeof *p);

		if (p == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		t->item = p;
		t->room = room;
	}
	if ((copy = strdup(text)) == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memmove(t->item + lo + 1, t->item + lo, (size_t) (t->count - lo) * sizeof *t->item);
	t->item[lo] = (PpdlTally) {copy, rows};
	t->count++;
	return PPDL_OK;
}

/* of a patient */
static void
free_text(char *s)
{
	if (s)
		ppdl_free_secret(s, strlen(s));
}

void
ppdl_tallies_free(PpdlTallies *t)
{
	for (int i = 0; i < t->count; i++)
		free_text(t->item[i].text);
	free(t->item);
	*t = (PpdlTallies) {0};
}

void
ppdl_tallies_print(const PpdlTallies *t, char *out, size_t size)
{
	out[0] = 0;
	for (int i = 0; i < t->count; i++)
		ppdl_names_add(out, size, "\"%.*s\" (%ld)", PPDL_CUT(t->item[i].text, 60), t->item[i].rows);
	if (t->over)
		ppdl_names_end(out, size);
}

static void
free_reading(PpdlReading *r)
{
	if (r->value)				/* a column of patients */
		OPENSSL_cleanse(r->value, (size_t) r->room * sizeof *r->value);
	free(r->value);
	free_text(r->first_odd);
	free_text(r->first_outside);
	ppdl_tallies_free(&r->odd);
}

void
ppdl_column_free(PpdlColumn *c)
{
	free_reading(&c->reading[0]);
	free_reading(&c->reading[1]);
	ppdl_tallies_free(&c->texts);
	ppdl_tallies_free(&c->na_words);
	ppdl_tallies_free(&c->soft_words);
	ppdl_tallies_free(&c->category);
	ppdl_tallies_free(&c->variants);
}

/* ------------------------------------------------------------------ collecting */

/* the same ones whenever the file is read */
static uint64_t
mixed(uint64_t n)
{
	n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9u;
	n = (n ^ (n >> 27)) * 0x94D049BB133111EBu;
	return n ^ (n >> 31);
}

static PpdlStatus
keep_value(PpdlReading *r, double v, int exact, PpdlError *err)
{
	uint64_t	place;

	if (!exact && r->kept == SAMPLE)
	{
		/* each value is in the sample with the same chance (reservoir sampling) */
		place = mixed((uint64_t) r->numbers) % (uint64_t) r->numbers;
		if (place < SAMPLE)
			r->value[place] = v;
		return PPDL_OK;
	}
	if (r->kept == r->room)
	{
		long		room = r->room ? 2 * r->room : 64;
		double	   *p = malloc((size_t) room * sizeof *p);

		if (p == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		if (r->value)
		{
			memcpy(p, r->value, (size_t) r->kept * sizeof *p);
			OPENSSL_cleanse(r->value, (size_t) r->room * sizeof *p);
			free(r->value);
		}
		r->value = p;
		r->room = room;
	}
	r->value[r->kept++] = v;
	return PPDL_OK;
}

static PpdlStatus
take_odd(PpdlReading *r, const char *s, long line, int got, PpdlError *err)
{
	if (r->first_odd == NULL)
	{
		r->odd_line = line;
		r->infinite = got < 0;
		r->first_odd = strdup(s);
		if (r->first_odd == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	r->odd.most = ODD_WORDS;
	return ppdl_tally(&r->odd, s, 1, err);
}

static int
read_as(const PpdlColumn *c, PpdlReading *r, const char *s, double *v)
{
	PpdlNumerals percent = r->numerals;
	int			got;

	if (c->how->date != PPDL_DATE_NONE)
		return ppdl_feature_number(c->how, s, v);
	got = ppdl_numeral_parse(&r->numerals, s, v);
	percent.percent = 1;
	if (got == 0 && strchr(s, '%') && (got = ppdl_numeral_parse(&percent, s, v)) == 1)
		r->percents++;
	if (got == 1 && strchr(s, r->numerals.decimal ? r->numerals.decimal : '.'))
	{
		r->marks++;
		r->sure += ppdl_numeral_sure(&r->numerals, s);
	}
	return got;
}

/* the fewest digits behind the point that v has when it is written */
static int
decimals_of(double v)
{
	double		power = 1;
	int			n = 0;

	for (; n < PPDL_MANY_DECIMALS && nearbyint(v * power) / power != v; n++)
		power *= 10;
	return n;
}

static PpdlStatus
take_number(PpdlColumn *c, PpdlReading *r, const char *s, long line, PpdlError *err)
{
	double		v;
	int			got = read_as(c, r, s, &v);

	if (got != 1)
		return take_odd(r, s, line, got, err);
	r->min = r->numbers == 0 || v < r->min ? v : r->min;
	r->max = r->numbers == 0 || v > r->max ? v : r->max;
	r->numbers++;
	if (r->decimals < PPDL_MANY_DECIMALS)
	{
		const int	decimals = decimals_of(v);

		r->decimals = decimals > r->decimals ? decimals : r->decimals;
	}
	if (c->lo < c->hi && (v < c->lo || v > c->hi) && r->outside++ == 0)
	{
		r->outside_line = line;
		r->first_outside = strdup(s);
		if (r->first_outside == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return keep_value(r, v, c->exact, err);
}

PpdlStatus
ppdl_column_take(PpdlColumn *c, const char *s, long line, PpdlError *err)
{
	long		day;

	if (c->how->naliases > 0 && (s = ppdl_feature_renamed(c->how, s)) == NULL)
		s = "";
	if (s[0] == 0 || (c->na && ppdl_blank(s)))
	{
		c->missing++;
		return PPDL_OK;
	}
	if (ppdl_word_listed(c->na, s))
	{
		c->missing++;
		return ppdl_tally(&c->na_words, s, 1, err);
	}
	c->values++;
	if (ppdl_word_listed(c->na_numbers, s))
	{
		c->soft++;
		return ppdl_tally(&c->soft_words, s, 1, err);
	}
	c->zeros += ppdl_leading_zero(s);
	c->days += ppdl_day_parse(NULL, s, &day);
	for (int i = 0; i <= c->guess; i++)
		PPDL_TRY(take_number(c, &c->reading[i], s, line, err));
	return ppdl_tally(&c->texts, s, 1, err);
}

/* ------------------------------------------------------------------ settling */

static int
complete(const PpdlColumn *c, const PpdlReading *r)
{
	return r->numbers > 0 && r->numbers + c->soft == c->values;
}

/* only commas make it a column of numbers */
static int
comma_column(const PpdlColumn *c)
{
	return c->used && c->guess && !c->verbatim && !complete(c, &c->reading[0]) && complete(c, &c->reading[1]);
}

static void
choose_readings(PpdlColumn *column, int n)
{
	int			commas = 0,
				points = 0;

	for (int i = 0; i < n; i++)
	{
		commas += comma_column(&column[i]) && column[i].reading[1].sure > 0;
		points += column[i].used && column[i].guess && complete(&column[i], &column[i].reading[0]) &&
			column[i].reading[0].marks > 0;
	}
	for (int i = 0; i < n; i++)
	{
		PpdlColumn *c = &column[i];

		c->as = &c->reading[0];
		if (comma_column(c))
		{
			c->ambiguous = c->reading[1].sure == 0 && (commas == 0 || points > 0);
			if (!c->ambiguous)
				c->as = &c->reading[1];
		}
		else if (c->guess && c->reading[1].numbers > c->reading[0].numbers)
			c->as = &c->reading[1];	/* the fewest odd ones, for messages */
		c->numeric = complete(c, c->as) && (c->as->percents == 0 || c->as->percents == c->as->numbers) &&
			(c->number || c->zeros == 0);
	}
}

/* one number is one category, however it is written */
static PpdlStatus
put_category(PpdlColumn *c, const PpdlTally *t, PpdlError *err)
{
	PpdlNumerals numerals = c->as->numerals;
	char		number[32];
	double		v;

	numerals.percent = c->numeric && c->as->percents > 0;
	if (c->verbatim || (ppdl_leading_zero(t->text) && !c->number) || c->how->date != PPDL_DATE_NONE ||
		ppdl_numeral_parse(&numerals, t->text, &v) != 1)
		return ppdl_tally(&c->category, t->text, t->rows, err);
	ppdl_print_number(number, v == 0 ? 0 : v);
	return ppdl_tally(&c->category, number, t->rows, err);
}

static int
by_fold(const void *a, const void *b)
{
	const PpdlTally *x = a,
			   *y = b;
	int			order = ppdl_fold_compare(x->text, y->text);

	if (order == 0)
		order = (x->rows < y->rows) - (x->rows > y->rows);
	return order ? order : strcmp(x->text, y->text);
}

static int
by_category(const void *a, const void *b)
{
	const PpdlTally *x = a,
			   *y = b;

	return ppdl_compare_categories(&x->text, &y->text);
}

static void
trim(char *s)
{
	size_t		from = strspn(s, " \t"),
				n = strlen(s);

	while (n > from && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	memmove(s, s + from, n - from);
	s[n - from] = 0;
}

/* spellings that differ in case or blanks only become the most frequent one */
static PpdlStatus
merge_spellings(PpdlColumn *c, PpdlError *err)
{
	PpdlTallies *t = &c->category;
	int			n = 0;
	PpdlStatus	status = PPDL_OK;

	qsort(t->item, (size_t) t->count, sizeof *t->item, by_fold);
	for (int i = 0; i < t->count; i++)
	{
		if (n > 0 && ppdl_fold_compare(t->item[n - 1].text, t->item[i].text) == 0)
		{
			if (status == PPDL_OK)
				status = ppdl_tally(&c->variants, t->item[i].text, t->item[i].rows, err);
			t->item[n - 1].rows += t->item[i].rows;
			free_text(t->item[i].text);
			continue;
		}
		t->item[n++] = t->item[i];
	}
	t->count = n;
	for (int i = 0; i < n; i++)
		trim(t->item[i].text);
	return status;
}

static PpdlStatus
settle_categories(PpdlColumn *c, PpdlError *err)
{
	for (int i = 0; i < c->texts.count; i++)
		PPDL_TRY(put_category(c, &c->texts.item[i], err));
	if (!c->numeric)
		for (int i = 0; i < c->soft_words.count; i++)
			PPDL_TRY(put_category(c, &c->soft_words.item[i], err));
	if (!c->verbatim)
		PPDL_TRY(merge_spellings(c, err));
	if (c->category.count > 0)
		qsort(c->category.item, (size_t) c->category.count, sizeof *c->category.item, by_category);
	c->category.over = c->texts.over;
	return PPDL_OK;
}

/* words that are missing among numbers are now known to be that */
static PpdlStatus
settle_missing(PpdlColumn *c, PpdlError *err)
{
	if (!c->numeric)
		return PPDL_OK;
	for (int i = 0; i < c->soft_words.count; i++)
		PPDL_TRY(ppdl_tally(&c->na_words, c->soft_words.item[i].text, c->soft_words.item[i].rows, err));
	c->missing += c->soft;
	c->values -= c->soft;
	c->soft = 0;
	return PPDL_OK;
}

PpdlStatus
ppdl_columns_settle(PpdlColumn *column, int n, PpdlError *err)
{
	choose_readings(column, n);
	for (int i = 0; i < n; i++)
	{
		PPDL_TRY(settle_categories(&column[i], err));
		PPDL_TRY(settle_missing(&column[i], err));
	}
	return PPDL_OK;
}

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

double
ppdl_column_quantile(PpdlColumn *c, double q)
{
	const PpdlReading *r = c->as;
	double		place = q * (double) (r->kept - 1);
	long		below = (long) floor(place);

	qsort(r->value, (size_t) r->kept, sizeof *r->value, by_value);
	if (below >= r->kept - 1)
		return r->value[r->kept - 1];
	place -= (double) below;
	return r->value[below] * (1 - place) + r->value[below + 1] * place;
}
