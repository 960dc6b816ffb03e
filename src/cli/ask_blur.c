#include "cli/ask_blur.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/compare.h"
#include "predict/where.h"

#define PART 0.01				/* of a row that is not worth a note */

/* without the last digits, which decoding makes of 10.01 */
static double
as_written(double v)
{
	char		text[40];

	snprintf(text, sizeof text, "%.12g", v);
	return strtod(text, NULL);
}

static void
say(const PpdlAskCompared *c, int levels, PpdlWriter *notes)
{
	const PpdlFeature *f = c->f;
	const double counts = ppdl_compare_value(levels, &(PpdlStep) {c->threshold, 1}, 1, c->nearest);
	char		nearest[40],
				line[400];
	double		below,
				above;
	int			n;

	if (c->nearest > c->threshold && counts > 1 - PART)
		return;
	ppdl_compare_blur(levels, c->threshold, &below, &above);
	n = snprintf(line, sizeof line, "\"%.60s\" is compared with %.6g: rows between %.6g and %.6g count in part",
				 f->column, ppdl_feature_decode(f, c->threshold), ppdl_feature_decode(f, fmax(below, -1)),
				 ppdl_feature_decode(f, fmin(above, 1)));
	ppdl_feature_print(f, as_written(ppdl_feature_decode(f, c->nearest)), nearest, sizeof nearest);
	if (c->nearest > c->threshold)
		snprintf(line + n, sizeof line - (size_t) n, ", those of %s by %.2f", nearest, counts);
	/* questions with one condition say it once */
	if (notes->len > 0 && memmem(notes->buf, notes->len, line, strlen(line)))
		return;
	ppdl_write_text(notes, line);
	ppdl_write_text(notes, "; \"at least\" bits (ppdl encode --thermometer) would be exact\n");
}

/* the levels that comparisons get, for conditions that have some */
static PpdlStatus
plan(PpdlCondition *c, int *levels, PpdlError *err)
{
	const PpdlParams *deep;

	if (c->numbers == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_params_get(PPDL_RING_DEEP, &deep, err));
	PPDL_TRY(ppdl_where_check(c, deep, err));
	*levels = ppdl_where_comparison_levels(c);
	return PPDL_OK;
}

PpdlStatus
ppdl_ask_blur(const PpdlAskMaker *m, size_t at, const PpdlWriter *condition, PpdlWriter *notes)
{
	PpdlError	why = {0};
	PpdlCondition *c = NULL;
	int			levels = 0;
	PpdlStatus	status = ppdl_condition_parse(&c, (const char *) condition->buf, condition->len, &why);

	if (status == PPDL_OK)
		status = plan(c, &levels, &why);
	for (int i = 0; i < m->ncompared && levels > 0 && notes; i++)
		say(&m->compared[i], levels, notes);
	ppdl_condition_destroy(c);
	if (status == PPDL_OK || status == PPDL_ERR_NOMEM)
		return status == PPDL_OK ? PPDL_OK : ppdl_error(m->text->err, status, "%s", why.message);
	ppdl_ask_error(m->text, at, "%s", why.message);
	return why.hint[0] ? ppdl_error_hint(m->text->err, PPDL_ERR_ARGUMENT, "%s", why.hint) : PPDL_ERR_ARGUMENT;
}
