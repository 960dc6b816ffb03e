/* Which feature file a column is of, and what its values are. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words_impl.h"
#include "rows/encoding.h"
#include "table/features_named.h"

/* ------------------------------------------------------------------ which file */

static int
fits(const PpdlFeatures *fs, int width)
{
	return fs->inputs == width || (fs->label && fs->outputs == width);
}

PpdlStatus
ppdl_words_add_file(PpdlWords *w, const char *path, int given, PpdlError *err)
{
	PpdlWordsFile *more = realloc(w->file, ((size_t) w->files + 1) * sizeof *more);
	PpdlWordsFile *f;

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	w->file = more;
	f = &more[w->files];
	f->given = given;
	PPDL_TRY(ppdl_features_load(&f->features, path, err));
	f->path = strdup(path);
	w->files++;
	return f->path ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* one that lies about is used if it can be read; the server says which encoding it is to be */
static PpdlStatus
find_file(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err)
{
	PpdlError	why = {0};
	char		path[4096];
	PpdlStatus	status;

	if (!ppdl_features_named(path, sizeof path, (const char *const *) w->keys->item, w->keys->count,
							 c->head.encoding))
		return PPDL_OK;
	status = ppdl_words_add_file(w, path, 0, &why);
	if (status == PPDL_ERR_NOMEM)
		return ppdl_error(err, status, "%s", why.message);
	if (status != PPDL_OK)
		ppdl_words_note(w, "the feature file of the values cannot be used: %s", why.message);
	if (status != PPDL_OK || w->file[w->files - 1].features->encoding != c->head.encoding)
		return PPDL_OK;
	ppdl_words_note(w, "answers are in the words of \"%s\", the feature file of the values; --raw shows encoded "
					"numbers", path);
	c->features = w->file[w->files - 1].features;
	return PPDL_OK;
}

static PpdlStatus
by_encoding(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err)
{
	char		id[PPDL_ENCODING_SIZE];
	int			given = 0;

	for (int i = 0; i < w->files && c->features == NULL; i++)
	{
		if (w->file[i].features->encoding == c->head.encoding)
			c->features = w->file[i].features;
		given |= w->file[i].given;
	}
	if (c->features == NULL)
		PPDL_TRY(find_file(w, c, err));
	/* files of 0.1.0 have no encoding: whoever gives one says that it is the values' */
	for (int i = 0; i < w->files && c->features == NULL; i++)
		if (w->file[i].given && w->file[i].features->encoding == 0 && fits(w->file[i].features, c->head.width))
			c->features = w->file[i].features;
	if (c->features != NULL || !given)
		return PPDL_OK;
	ppdl_encoding_print(id, c->head.encoding);
	ppdl_words_note(w, "column \"%s\": its values are of the encoding %s, which is that of no feature file here; "
					"shown as encoded numbers", c->name, id);
	return PPDL_OK;
}

static void
by_width(PpdlWords *w, PpdlWordsColumn *c, int width)
{
	int			fitting = 0,
				given = 0;

	for (int i = 0; i < w->files; i++)
	{
		if (w->file[i].given)
			given++;
		if (!w->file[i].given || !fits(w->file[i].features, width))
			continue;
		c->features = w->file[i].features;
		fitting++;
	}
	if (fitting == 1 || given == 0)
		return;
	c->features = NULL;
	ppdl_words_note(w, fitting ? "column \"%s\": several feature files fit its %d values; shown as encoded numbers" :
					"column \"%s\": no feature file that was given has %d values a row; shown as encoded numbers",
					c->name, width);
}

/* ------------------------------------------------------------------ features or label */

/* is word one of those that name consists of? */
static int
has_word(const char *name, const char *word)
{
	const size_t n = strlen(word);

	for (const char *s = name; *s; s++)
		if ((s == name || !isalnum((unsigned char) s[-1])) && strncasecmp(s, word, n) == 0 &&
			!isalnum((unsigned char) s[n]))
			return 1;
	return 0;
}

static int
is_label_word(const char *as)
{
	return strcmp(as, "class") == 0 || strncmp(as, "label", 5) == 0;
}

/* 0: cannot be told */
static int
choose_subject(PpdlWordsColumn *c, int width)
{
	const PpdlFeatures *fs = c->features;
	const int	features = fs->inputs == width,
				label = fs->label != NULL && fs->outputs == width;

	c->subject = PPDL_SUBJECT_FEATURES;
	if (c->as)
	{
		c->subject = is_label_word(c->as) ? PPDL_SUBJECT_LABEL : PPDL_SUBJECT_FEATURES;
		return c->subject == PPDL_SUBJECT_LABEL ? label : features;
	}
	if (!features || !label)
	{
		c->subject = label ? PPDL_SUBJECT_LABEL : PPDL_SUBJECT_FEATURES;
		return features || label;
	}
	/* both have the width; of rows and sums only features carry an encoding */
	if (!c->head.packed && c->head.encoding != 0)
		return 1;
	if (has_word(c->name, "features"))
		return 1;
	c->subject = PPDL_SUBJECT_LABEL;
	return has_word(c->name, "label") || strcasecmp(c->name, fs->label->column) == 0;
}

/* ------------------------------------------------------------------ row, average, sum, difference */

static PpdlMeaning
meaning_of_as(const char *as)
{
	if (strncmp(as, "label-", 6) == 0)
		as += 6;
	return strcmp(as, "avg") == 0 ? PPDL_MEANING_MEAN : strncmp(as, "sum", 3) == 0 ? PPDL_MEANING_SUM :
		strcmp(as, "diff") == 0 ? PPDL_MEANING_DIFFERENCE : strcmp(as, "class") == 0 ? PPDL_MEANING_CLASS :
		PPDL_MEANING_ROW;
}

/* what the name says of a total, if it says one thing */
static int
meaning_of_name(const char *name, PpdlMeaning *meaning)
{
	const int	mean = has_word(name, "avg") || has_word(name, "mean") || has_word(name, "average"),
				sum = has_word(name, "sum") || has_word(name, "total"),
				diff = has_word(name, "diff") || has_word(name, "difference");

	*meaning = mean ? PPDL_MEANING_MEAN : sum ? PPDL_MEANING_SUM : PPDL_MEANING_DIFFERENCE;
	return mean + sum + diff == 1;
}

/* what bounds allow: of an average 1, of a sum the number of its rows */
static int
allowed(const PpdlWordsColumn *c)
{
	if (c->meaning == PPDL_MEANING_MEAN)
		return c->most <= 1 + 1e-9;
	return c->meaning != PPDL_MEANING_SUM || c->whole_bounds;
}

/*
 * What the first value itself says.  The bound is the sum of the weights' absolute values: where as many rows are
 * witnessed, no weight is negative and no row is unknown.
 */
static int
meaning_of_value(PpdlWordsColumn *c, const PpdlValues *v)
{
	const double bound = c->head.bound;
	double		rows;
	int			exact;

	if (!ppdl_decoder_witness(c->features, c->subject, ppdl_values_row(v, 0), v->error, &rows, &exact))
		return 0;
	if (fabs(rows) < 1e-4)
	{
		c->meaning = PPDL_MEANING_DIFFERENCE;
		return exact;
	}
	if (fabs(rows - bound) > 1e-4 * bound)
		return 0;
	c->meaning = fabs(bound - 1) < 1e-4 ? PPDL_MEANING_MEAN : PPDL_MEANING_SUM;
	return allowed(c);
}

static int
choose_meaning(PpdlWordsColumn *c, const PpdlValues *v)
{
	const int	label = c->subject == PPDL_SUBJECT_LABEL;

	if (c->as)
	{
		c->meaning = meaning_of_as(c->as);
		return 1;
	}
	c->meaning = label && (c->head.packed || c->head.rsa) ? PPDL_MEANING_CLASS : PPDL_MEANING_ROW;
	if (c->head.packed || c->head.rsa || c->head.slice)
		return 1;
	return meaning_of_name(c->name, &c->meaning) ? allowed(c) : meaning_of_value(c, v);
}

/* ------------------------------------------------------------------ the whole */

static void
decide(PpdlWords *w, PpdlWordsColumn *c, const PpdlValues *v)
{
	int			known = 0;

	if (!choose_subject(c, v->width))
		ppdl_words_note(w, "column \"%s\": whether its values are features or labels cannot be told; shown as "
						"encoded numbers. Say it by --as %s=avg or --as %s=label-avg, for instance", c->name,
						c->name, c->name);
	else if (!choose_meaning(c, v))
		ppdl_words_note(w, "column \"%s\": whether it is an average, a sum or a difference cannot be told; shown "
						"as encoded numbers. Say it by --as %s=avg, sum:COUNTCOLUMN or diff", c->name, c->name);
	else if (!c->as && c->subject == PPDL_SUBJECT_FEATURES && ppdl_features_lossy(c->features))
		ppdl_words_note(w, "column \"%s\": the map of its feature file keeps fewer directions than there are, so "
						"that what its values stand for is lost in part; shown as encoded numbers. --as %s=avg (or "
						"row, sum) shows what is left", c->name, c->name);
	else
		known = 1;
	if (!known)
		c->features = NULL;
}

/* the first value, decrypted here for once; *there 0: it is none, or cannot be read, which will be said in its turn */
static PpdlStatus
first_value(PpdlWords *w, const PpdlWordsColumn *c, PpdlRevealed *v, int *there, PpdlError *err)
{
	const uint64_t values = w->reveal->values,
				foreign = w->reveal->foreign;
	const PpdlError first_foreign = w->reveal->first_foreign;
	const long	min_count = w->reveal->min_count;
	PpdlStatus	status;

	w->reveal->min_count = 0;	/* it has been looked at */
	status = ppdl_reveal(w->reveal, c->first.s, c->first.len, v, NULL);
	w->reveal->min_count = min_count;
	w->reveal->values = values;
	w->reveal->foreign = foreign;
	w->reveal->first_foreign = first_foreign;
	*there = status == PPDL_OK && v->number == NULL && v->values.held > 0;
	if (status == PPDL_OK && !*there)
		ppdl_revealed_free(v);
	return status == PPDL_ERR_NOMEM ? ppdl_error(err, status, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_words_choose(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err)
{
	PpdlRevealed v;
	int			there = 0;

	if (c->head.encoding != 0)
		PPDL_TRY(by_encoding(w, c, err));
	else if (!c->head.rsa)
		by_width(w, c, c->head.width);
	if (c->features == NULL && !(c->head.rsa && w->opt->features.count > 0))
		return PPDL_OK;
	if (c->mixed)
		ppdl_words_note(w, "column \"%s\": its values are of several kinds; shown as encoded numbers", c->name);
	else
		PPDL_TRY(first_value(w, c, &v, &there, err));
	if (!there)
	{
		c->features = NULL;
		return PPDL_OK;
	}
	if (c->head.rsa)
		by_width(w, c, v.values.width);
	if (c->features != NULL)
		decide(w, c, &v.values);
	ppdl_revealed_free(&v);
	return PPDL_OK;
}
