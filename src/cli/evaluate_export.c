#include "cli/evaluate.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table/jsontext.h"

#define ROC_POINTS 1000

/* at most ROC_POINTS of the curve; freed with ppdl_roc_free */
static PpdlStatus
thin_curve(PpdlRoc *out, const PpdlRoc *roc, PpdlError *err)
{
	*out = *roc;
	out->point = malloc((size_t) (roc->count + 1) * sizeof *out->point);
	if (out->point == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (roc->count)
		memcpy(out->point, roc->point, (size_t) roc->count * sizeof *out->point);
	ppdl_roc_thin(out, ROC_POINTS);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ CSV: part,class,item,measure,value */

typedef struct Lines
{
	PpdlWriter *w;
	const char *part,
			   *class;
	char		item[80];
} Lines;

static void
put_field(PpdlWriter *w, const char *s)
{
	if (s[0])
		ppdl_csv_put(w, s, strlen(s));
	ppdl_write_u8(w, ',');
}

/* numbers that do not apply have no line */
static void
line(Lines *l, const char *measure, double value)
{
	if (isnan(value))
		return;
	put_field(l->w, l->part);
	put_field(l->w, l->class);
	put_field(l->w, l->item);
	put_field(l->w, measure);
	ppdl_put_number(l->w, value);
	ppdl_write_u8(l->w, '\n');
}

static void
item(Lines *l, const char *fmt,...) __attribute__((format(printf, 2, 3)));
static void
item(Lines *l, const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(l->item, sizeof l->item, fmt, ap);
	va_end(ap);
}

static void
csv_rows(Lines *l, const PpdlEvaluation *e)
{
	l->part = "rows";
	l->class = "";
	item(l, "%s", "");
	line(l, "evaluated", (double) e->rows->n);
	line(l, "without_label", (double) e->rows->without_label);
	line(l, "without_score", (double) e->rows->without_score);
	l->part = "metric";
	for (int i = 0; i < PPDL_METRICS; i++)
	{
		item(l, "%s", ppdl_metric_name[i]);
		line(l, "value", ppdl_metric_value(&e->metrics, i));
		line(l, "low", e->interval[i].low);
		line(l, "high", e->interval[i].high);
	}
}

static void
csv_classes(Lines *l, const PpdlEvaluation *e)
{
	int			k = e->classes->count;

	for (int t = 0; t < k; t++)
	{
		PpdlClassCounts c;

		ppdl_class_counts(&c, e->counts, k, t);
		l->part = "class";
		l->class = e->classes->name[t];
		item(l, "%s", "");
		line(l, "sensitivity", c.sensitivity);
		line(l, "specificity", c.specificity);
		line(l, "precision", c.precision);
		line(l, "f1", c.f1);
		line(l, "auc", e->auc[t]);
		l->part = "confusion";
		for (int p = 0; p < k; p++)
		{
			item(l, "%s", e->classes->name[p]);
			line(l, "rows", (double) e->counts[(size_t) t * (size_t) k + (size_t) p]);
		}
	}
}

static void
csv_curves(Lines *l, const PpdlEvaluation *e, const PpdlRoc *roc)
{
	l->class = e->classes->name[e->classes->positive];
	l->part = "roc";
	for (long i = 0; i < roc->count; i++)
	{
		const PpdlRocPoint *p = &roc->point[i];

		item(l, "%.15g", ppdl_short_threshold(p->threshold, p->low, p->high));
		line(l, "fpr", p->fpr);
		line(l, "tpr", p->tpr);
	}
	l->part = "calibration";
	for (int i = 0; i < e->opt->bins; i++)
	{
		item(l, "%.6g..%.6g", e->bin[i].low, e->bin[i].high);
		line(l, "rows", (double) e->bin[i].count);
		line(l, "mean_probability", e->bin[i].mean_probability);
		line(l, "share_positive", e->bin[i].share_positive);
	}
	if (!(e->youden.j > 0))
		return;
	l->part = "threshold";
	item(l, "%s", e->below ? "at or below" : "above");
	line(l, "threshold", ppdl_short_threshold(e->youden.threshold, e->youden.low, e->youden.high));
	line(l, "j", e->youden.j);
	line(l, "sensitivity", e->youden.sensitivity);
	line(l, "specificity", e->youden.specificity);
}

PpdlStatus
ppdl_evaluation_csv(const PpdlEvaluation *e, PpdlWriter *w, PpdlError *err)
{
	static const char header[] = "part,class,item,measure,value\n";
	Lines		l = {.w = w};
	PpdlRoc		roc;

	PPDL_TRY(thin_curve(&roc, &e->roc, err));
	ppdl_write_bytes(w, header, sizeof header - 1);
	csv_rows(&l, e);
	csv_classes(&l, e);
	if (e->classes->positive >= 0)
		csv_curves(&l, e, &roc);
	ppdl_roc_free(&roc);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* ------------------------------------------------------------------ JSON */

/* bad: there was no memory for some of it */
typedef struct Out
{
	json_t	   *root;
	int			bad;
} Out;

/* both take the value, NULL too, when there was no memory for it */
static void
member(Out *o, json_t *object, const char *name, json_t *value)
{
	o->bad |= json_object_set_new(object, name, value) != 0;
}

static void
element(Out *o, json_t *array, json_t *value)
{
	o->bad |= json_array_append_new(array, value) != 0;
}

/* numbers that are infinite or do not apply are null */
static json_t *
real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
pair(double a, double b)
{
	return json_pack("[o,o]", real(a), real(b));
}

static json_t *
names(Out *o, const PpdlEvalClasses *c)
{
	json_t	   *a = json_array();

	for (int i = 0; i < c->count; i++)
		element(o, a, json_string(c->name[i]));
	return a;
}

/* members that do not apply are left out */
static void
member_real(Out *o, json_t *object, const char *name, double v)
{
	if (isfinite(v))
		member(o, object, name, json_real(v));
}

static void
json_metrics(Out *o, const PpdlEvaluation *e)
{
	json_t	   *metrics = json_object(),
			   *intervals = json_object();

	for (int i = 0; i < PPDL_METRICS; i++)
	{
		member_real(o, metrics, ppdl_metric_name[i], ppdl_metric_value(&e->metrics, i));
		if (isfinite(e->interval[i].low))
			member(o, intervals, ppdl_metric_name[i], pair(e->interval[i].low, e->interval[i].high));
	}
	member(o, o->root, "metrics", metrics);
	member(o, o->root, "level", json_real(e->opt->level));
	member(o, o->root, "intervals", intervals);
}

static void
json_classes(Out *o, const PpdlEvaluation *e)
{
	int			k = e->classes->count;
	json_t	   *matrix = json_array(),
			   *each = json_array();

	for (int t = 0; t < k; t++)
	{
		PpdlClassCounts c;
		json_t	   *row = json_array(),
				   *class = json_object();

		ppdl_class_counts(&c, e->counts, k, t);
		for (int p = 0; p < k; p++)
			element(o, row, json_integer(e->counts[(size_t) t * (size_t) k + (size_t) p]));
		element(o, matrix, row);
		member(o, class, "class", json_string(e->classes->name[t]));
		member(o, class, "rows", json_integer(c.true_positives + c.false_negatives));
		member_real(o, class, "sensitivity", c.sensitivity);
		member_real(o, class, "specificity", c.specificity);
		member_real(o, class, "precision", c.precision);
		member_real(o, class, "f1", c.f1);
		member_real(o, class, "auc", e->auc[t]);
		element(o, each, class);
	}
	member(o, o->root, "confusion", matrix);
	member(o, o->root, "each_class", each);
}

static void
json_curves(Out *o, const PpdlEvaluation *e, const PpdlRoc *roc)
{
	const PpdlThreshold *t = &e->youden;
	json_t	   *points = json_array(),
			   *bins = json_array();

	for (long i = 0; i < roc->count; i++)
	{
		const PpdlRocPoint *p = &roc->point[i];

		element(o, points, json_pack("[o,o,o]", real(p->fpr), real(p->tpr),
												real(ppdl_short_threshold(p->threshold, p->low, p->high))));
	}
	for (int i = 0; i < e->opt->bins; i++)
		if (e->bin[i].count)
			element(o, bins, json_pack("[o,o,I]", real(e->bin[i].mean_probability),
												  real(e->bin[i].share_positive), (json_int_t) e->bin[i].count));
	member(o, o->root, "positive", json_string(e->classes->name[e->classes->positive]));
	member(o, o->root, "roc", points);
	member(o, o->root, "calibration", bins);
	if (t->j > 0)
	{
		json_t	   *best = json_object();

		member(o, best, "threshold", real(ppdl_short_threshold(t->threshold, t->low, t->high)));
		member(o, best, "positive_is", json_string(e->below ? "at or below" : "above"));
		member(o, best, "j", real(t->j));
		member(o, best, "sensitivity", real(t->sensitivity));
		member(o, best, "specificity", real(t->specificity));
		member(o, o->root, "suggested_threshold", best);
	}
}

static void
json_all(Out *o, const PpdlEvaluation *e, const PpdlRoc *roc)
{
	member(o, o->root, "rows", json_integer(e->rows->n));
	member(o, o->root, "without_label", json_integer(e->rows->without_label));
	member(o, o->root, "without_score", json_integer(e->rows->without_score));
	member(o, o->root, "classes", names(o, e->classes));
	if (e->classes->count == 2)
		member(o, o->root, "threshold", json_real(e->opt->threshold));
	json_metrics(o, e);
	json_classes(o, e);
	if (e->classes->positive >= 0)
		json_curves(o, e, roc);
}

PpdlStatus
ppdl_evaluation_json(const PpdlEvaluation *e, PpdlWriter *w, PpdlError *err)
{
	Out			o = {.root = json_object()};
	PpdlRoc		roc;

	if (o.root == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (thin_curve(&roc, &e->roc, err) != PPDL_OK)
	{
		json_decref(o.root);
		return PPDL_ERR_NOMEM;
	}
	json_all(&o, e, &roc);
	ppdl_roc_free(&roc);
	if (!o.bad)
		ppdl_json_put(w, o.root);
	ppdl_write_u8(w, '\n');
	json_decref(o.root);
	return o.bad || w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
