/* --bands: cuts of a number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table/features_learn.h"

typedef struct Spec
{
	const char *column,
			   *text;
	PpdlError  *err;
} Spec;

static PpdlStatus
bad_bands(const Spec *spec, const char *what)
{
	ppdl_error(spec->err, PPDL_ERR_ARGUMENT, "--bands %s%s%s: %s", spec->column, spec->text[0] ? ":" : "",
			   spec->text, what);
	return ppdl_error_hint(spec->err, PPDL_ERR_ARGUMENT,
						   "Write COLUMN:WIDTH, COLUMN:FROM..TO/WIDTH or COLUMN:CUT,CUT,...; "
						   "for example Age:10 or Age:20..40/2.");
}

static PpdlStatus
add_cut(PpdlFeature *f, double v, const Spec *spec)
{
	double	   *p;

	if (f->ncuts > 0 && v <= f->cut[f->ncuts - 1])
		return bad_bands(spec, "cuts must increase");
	if (f->ncuts + 2 > PPDL_MAX_INPUTS)
		return bad_bands(spec, "too many bands");
	p = realloc(f->cut, (size_t) (f->ncuts + 1) * sizeof *p);
	if (p == NULL)
		return ppdl_error(spec->err, PPDL_ERR_NOMEM, "out of memory");
	f->cut = p;
	f->cut[f->ncuts++] = v;
	return PPDL_OK;
}

/* from, from + width, ... to, without adding up rounding errors */
static PpdlStatus
add_range(PpdlFeature *f, double from, double to, double width, const Spec *spec)
{
	double		steps = floor((to - from) / width + 1e-9);

	if (!(width > 0))
		return bad_bands(spec, "the width must be positive");
	if (!(steps <= PPDL_MAX_INPUTS))
		return bad_bands(spec, "too many bands");
	for (int i = 0; i <= steps; i++)
		PPDL_TRY(add_cut(f, from + i * width, spec));
	return PPDL_OK;
}

static PpdlStatus
parse_list(PpdlFeature *f, char *cuts, const Spec *spec)
{
	char	   *save = NULL;

	for (char *s = strtok_r(cuts, ",", &save); s; s = strtok_r(NULL, ",", &save))
	{
		double		v;

		if (ppdl_parse_number(s, &v) != 1)
			return bad_bands(spec, "a cut is not a number");
		PPDL_TRY(add_cut(f, v, spec));
	}
	return PPDL_OK;
}

/* cuts is overwritten */
static PpdlStatus
parse_cuts(PpdlFeature *f, double min, double max, char *cuts, const Spec *spec)
{
	char	   *dots = strstr(cuts, "..");
	char	   *slash = strchr(cuts, '/');
	double		from,
				to,
				width;

	if (dots && slash > dots)
	{
		*dots = *slash = 0;
		if (ppdl_parse_number(cuts, &from) != 1 || ppdl_parse_number(dots + 2, &to) != 1 ||
			ppdl_parse_number(slash + 1, &width) != 1 || to < from)
			return bad_bands(spec, "not of the form FROM..TO/WIDTH");
		return add_range(f, from, to, width, spec);
	}
	if (strchr(cuts, ','))
		return parse_list(f, cuts, spec);
	if (ppdl_parse_number(cuts, &width) != 1 || !(width > 0))
		return bad_bands(spec, "the width is not a positive number");
	from = (floor(min / width) + 1) * width;
	if (from > max)
		return bad_bands(spec, "all values fall into one band");
	return add_range(f, from, max, width, spec);
}

PpdlStatus
ppdl_learn_bands(PpdlFeature *f, double min, double max, const char *column, const char *spec, PpdlError *err)
{
	const Spec	s = {column, spec, err};
	char	   *cuts;
	PpdlStatus	status;

	if (spec[0] == 0)
		return bad_bands(&s, "no colon");
	if ((cuts = strdup(spec)) == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = parse_cuts(f, min, max, cuts, &s);
	free(cuts);
	return status;
}
