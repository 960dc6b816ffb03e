/* The statistics of one group of rows. */
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "query/stats_result.h"

#include "base/text.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

__attribute__((format(printf, 3, 4)))
static PpdlStatus
note(PpdlStatsResult *r, PpdlError *err, const char *fmt,...)
{
	char	  **more = realloc(r->note, ((size_t) r->page.notes + 1) * sizeof *more);
	char	   *text;
	va_list		ap;
	int			n;

	if (more == NULL)
		return no_memory(err);
	r->note = more;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return no_memory(err);
	r->note[r->page.notes++] = text;
	return PPDL_OK;
}

/* what could not be had, and why: the others are shown all the same */
static PpdlStatus
add_note(PpdlStatsResult *r, PpdlStatus status, const PpdlError *why, const char *what, PpdlError *err)
{
	if (status == PPDL_OK)
		return PPDL_OK;
	if (status == PPDL_ERR_NOMEM || status == PPDL_ERR_CANCELED || status == PPDL_ERR_INTERNAL)
	{
		if (err != NULL)
			*err = *why;
		return status;
	}
	return note(r, err, "%s: %s%s%s", what, why->message, why->hint[0] ? ". " : "", why->hint);
}

/* counts of somebody, but of fewer rows than min_count: they are shown, and whoever passes them on should know */
static PpdlStatus
note_few(PpdlStatsResult *r, const PpdlEstimate *count, int counts, long min_count, const char *what, PpdlError *err)
{
	int			few = 0;

	for (int i = 0; i < counts; i++)
		few += count[i].value >= 0.5 && count[i].value < (double) min_count - 0.5;
	if (few == 0)
		return PPDL_OK;
	return note(r, err, "%s: %d count%s of fewer than %ld rows. Mind %s before you pass the table on.", what, few,
				few == 1 ? " is" : "s are", min_count, few == 1 ? "it" : "them");
}

static PpdlStatus
describe(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlMoments *m, PpdlError *err)
{
	r->description = calloc((size_t) p->terms + 1, sizeof *r->description);
	if (r->description == NULL)
		return no_memory(err);
	ppdl_describe(r->description, m, p->term, p->terms);
	r->page.descriptions = p->terms;
	return PPDL_OK;
}

static PpdlStatus
correlate(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlMoments *m, PpdlError *err)
{
	PpdlError	why = {0};
	PpdlStatus	status = ppdl_correlate(&r->correlation, m, p->crossed, p->crosses, &why);

	PPDL_TRY(add_note(r, status, &why, "correlations", err));
	if (status == PPDL_OK && p->correlation)
		r->page.correlation = &r->correlation;
	if (status != PPDL_OK || !p->components)
		return PPDL_OK;
	status = ppdl_components(&r->components, &r->correlation, 1, NULL, &why);
	if (status == PPDL_OK)
		r->page.components = &r->components;
	return add_note(r, status, &why, "principal components", err);
}

/* the moments that response k is explained with: of rows in which it is known, where they could be had */
static const PpdlMoments *
choose_moments(const PpdlStatsRows *rows, int k)
{
	return rows->known && rows->known[k].sum ? &rows->known[k] : &rows->moments;
}

static PpdlStatus
regress(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlStatsAnswer *a, const PpdlStatsRows *rows,
		PpdlError *err)
{
	r->regression = calloc((size_t) p->responses + 1, sizeof *r->regression);
	if (r->regression == NULL)
		return no_memory(err);
	for (int i = 0; i < p->responses; i++)
	{
		const PpdlRegressOptions opt = {.response = p->response[i], .variable = p->on, .variables = p->ons,
										.ridge = p->ridge,
			.level = p->level};
		char		name[PPDL_TERM_NAME],
					what[PPDL_TERM_NAME + 20];
		const PpdlMoments *m = choose_moments(rows, i);
		PpdlError	why = {0};
		PpdlStatus	status;

		ppdl_term_name(&rows->moments, p->response[i], name, sizeof name);
		snprintf(what, sizeof what, "regression of %s", name);
		status = ppdl_regress(&r->regression[r->page.regressions], m, &opt, &why);
		PPDL_TRY(add_note(r, status, &why, what, err));
		if (status == PPDL_OK && m != &rows->moments)
			PPDL_TRY(note(r, err, "%s: %.0f of %.0f rows, in which it is known", what, m->n, rows->moments.n));
		if (status != PPDL_OK && a->no_known && p->known[i] >= 0)
			PPDL_TRY(note(r, err, "%s: the rows in which it is known, %s", what, a->no_known));
		r->page.regressions += status == PPDL_OK;
	}
	return PPDL_OK;
}

static PpdlStatus
cross(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlMoments *m, long min_count, PpdlError *err)
{
	r->crosstab = calloc((size_t) p->crosstabs + 1, sizeof *r->crosstab);
	if (r->crosstab == NULL)
		return no_memory(err);
	for (int i = 0; i < p->crosstabs; i++)
	{
		const int	row = p->crosstab[2 * i],
					column = p->crosstab[2 * i + 1];
		PpdlCrosstab *c = &r->crosstab[r->page.crosstabs];
		char		what[300];
		PpdlError	why = {0};
		PpdlStatus	status = ppdl_crosstab(c, m, row, column, p->level, &why);

		snprintf(what, sizeof what, "cross table of %.*s and %.*s", PPDL_CUT(m->variable[row].name, 120),
				 PPDL_CUT(m->variable[column].name, 120));
		PPDL_TRY(add_note(r, status, &why, what, err));
		if (status != PPDL_OK)
			continue;
		r->page.crosstabs++;
		PPDL_TRY(note_few(r, c->count, c->rows * c->columns, min_count, what, err));
	}
	return PPDL_OK;
}

static PpdlStatus
count_levels(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlMoments *m, long min_count, PpdlError *err)
{
	r->histogram = calloc((size_t) p->histograms + 1, sizeof *r->histogram);
	if (r->histogram == NULL)
		return no_memory(err);
	for (int i = 0; i < p->histograms; i++)
	{
		PpdlHistogram *h = &r->histogram[r->page.histograms];
		char		what[200];
		PpdlError	why = {0};
		PpdlStatus	status = ppdl_histogram(h, m, p->histogram[i], &why);

		snprintf(what, sizeof what, "histogram of %.*s", PPDL_CUT(m->variable[p->histogram[i]].name, 120));
		PPDL_TRY(add_note(r, status, &why, what, err));
		if (status != PPDL_OK)
			continue;
		r->page.histograms++;
		PPDL_TRY(note_few(r, h->count, h->levels, min_count, what, err));
	}
	return PPDL_OK;
}

/* which numbers a receipt covers, and which it does not */
static PpdlStatus
note_verified(PpdlStatsResult *r, const PpdlStatsPlan *p, const PpdlStatsRows *rows, PpdlError *err)
{
	PPDL_TRY(note(r, err, "%s: their number and sums, and so means, missing values and histograms", rows->verified));
	if (rows->verified_labels)
		PPDL_TRY(note(r, err, "labels, %s: the same", rows->verified_labels));
	return !p->gram ? PPDL_OK :
		note(r, err, "NOT verified: products, and so standard deviations, correlations, regressions, cross tables and "
			 "components");
}

PpdlStatus
ppdl_stats_compute(PpdlStatsResult *out, const PpdlStatsPlan *p, const PpdlStatsAnswer *a, int group, long min_count,
				   PpdlError *err)
{
	const PpdlStatsRows *rows = &a->group[group];
	const PpdlMoments *m = &rows->moments;

	memset(out, 0, sizeof *out);
	out->page.name = rows->name;
	out->page.moments = m;
	if (p->describe)
		PPDL_TRY(describe(out, p, m, err));
	if (p->correlation || p->components)
		PPDL_TRY(correlate(out, p, m, err));
	PPDL_TRY(regress(out, p, a, rows, err));
	PPDL_TRY(cross(out, p, m, min_count, err));
	PPDL_TRY(count_levels(out, p, m, min_count, err));
	if (rows->verified)
		PPDL_TRY(note_verified(out, p, rows, err));
	if (rows->few_labels)
		PPDL_TRY(note(out, err, "labels: fewer than %ld of these rows have one, and they are not decrypted",
					  min_count));
	out->page.description = out->description;
	out->page.regression = out->regression;
	out->page.crosstab = out->crosstab;
	out->page.histogram = out->histogram;
	out->page.note = (const char *const *) out->note;
	return PPDL_OK;
}

static void
wipe(void *array, int count, size_t size)
{
	if (array)
		OPENSSL_cleanse(array, (size_t) count * size);
}

#define WIPE(array, count) wipe(array, count, sizeof *(array))

static void
wipe_matrices(const PpdlStatsResult *r)
{
	const PpdlCorrelation *c = &r->correlation;
	const PpdlComponents *p = &r->components;

	WIPE(c->n, c->count * c->count);
	WIPE(c->covariance, c->count * c->count);
	WIPE(c->correlation, c->count * c->count);
	WIPE(p->value, p->count);
	WIPE(p->share, p->count);
	WIPE(p->vector, p->count * p->count);
}

static void
wipe_result(const PpdlStatsResult *r)
{
	for (int i = 0; i < r->page.regressions; i++)
		WIPE(r->regression[i].coefficient, r->regression[i].count);
	for (int i = 0; i < r->page.crosstabs; i++)
	{
		const PpdlCrosstab *c = &r->crosstab[i];

		WIPE(c->count, c->rows * c->columns);
		WIPE(c->row_total, c->rows);
		WIPE(c->column_total, c->columns);
	}
	for (int i = 0; i < r->page.histograms; i++)
		WIPE(r->histogram[i].count, r->histogram[i].levels);
	WIPE(r->description, r->page.descriptions);
	wipe_matrices(r);
}

void
ppdl_stats_result_free(PpdlStatsResult *r)
{
	wipe_result(r);
	for (int i = 0; i < r->page.regressions; i++)
		ppdl_regression_free(&r->regression[i]);
	for (int i = 0; i < r->page.crosstabs; i++)
		ppdl_crosstab_free(&r->crosstab[i]);
	for (int i = 0; i < r->page.histograms; i++)
		ppdl_histogram_free(&r->histogram[i]);
	for (int i = 0; i < r->page.notes; i++)
		free(r->note[i]);
	ppdl_correlation_free(&r->correlation);
	ppdl_components_free(&r->components);
	free(r->description);
	free(r->regression);
	free(r->crosstab);
	free(r->histogram);
	free(r->note);
	memset(r, 0, sizeof *r);
}
