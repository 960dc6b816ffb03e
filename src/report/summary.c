#include "report/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const PpdlReportMethod ppdl_report_methods[PPDL_REPORT_METHODS] = {
	{"majority", "majority", "always the most frequent class of the training rows", 1, 0},
	{"logistic", "logistic regression", "logistic regression on the same inputs, in the clear", 1, 0},
	{"plain", "plain", "the network, trained and predicting in the clear", 0, 0},
	{"lwe-plain-model", "LWE, plain model", "the plain network, predicting on encrypted rows (CKKS, ring-LWE)", 0, 1},
	{"lwe", "LWE", "the network, trained on encrypted rows and predicting on encrypted rows (CKKS, ring-LWE)", 0, 1},
	{"rsa", "RSA", "the plain network with a quantised first layer, predicting on rows under RSA", 0, 1},
};

int
ppdl_report_method_number(const char *method)
{
	int			i = 0;

	while (i < PPDL_REPORT_METHODS && strcmp(ppdl_report_methods[i].name, method) != 0)
		i++;
	return i;
}

const char *
ppdl_report_method_title(const char *method)
{
	int			i = ppdl_report_method_number(method);

	return i < PPDL_REPORT_METHODS ? ppdl_report_methods[i].title : method;
}

PpdlStat
ppdl_stat(const double *v, long n)
{
	PpdlStat	s = {0, NAN, NAN, NAN};
	double		sum = 0,
				squares = 0;

	for (long i = 0; i < n; i++)
		if (!isnan(v[i]))
		{
			sum += v[i];
			s.n++;
			s.most = isnan(s.most) || v[i] > s.most ? v[i] : s.most;
		}
	if (s.n == 0)
		return s;
	s.mean = sum / s.n;
	for (long i = 0; i < n; i++)
		if (!isnan(v[i]))
			squares += (v[i] - s.mean) * (v[i] - s.mean);
	if (s.n > 1)
		s.spread = sqrt(squares / (s.n - 1));
	return s;
}

/* ------------------------------------------------------------------ groups */

/* runs with the numbers of their dataset and network, by which they are sorted */
typedef struct Key
{
	const PpdlRun *run;
	long		dataset,
				network;
} Key;

static int
compare_keys(const void *va, const void *vb)
{
	const Key  *a = va,
			   *b = vb;
	int			ma = ppdl_report_method_number(a->run->method),
				mb = ppdl_report_method_number(b->run->method),
				order = strcmp(a->run->method, b->run->method);

	if (a->dataset != b->dataset)
		return a->dataset < b->dataset ? -1 : 1;
	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	if (ma != mb)
		return ma < mb ? -1 : 1;
	if (order != 0)
		return order;
	return a->run->line < b->run->line ? -1 : a->run->line > b->run->line;
}

/* the first run whose dataset, and network where asked for, is that of run i */
static long
first_like(const PpdlResults *r, long i, int with_network)
{
	for (long j = 0; j < i; j++)
		if (strcmp(r->run[j].dataset, r->run[i].dataset) == 0 &&
			(!with_network || strcmp(r->run[j].network, r->run[i].network) == 0))
			return j;
	return i;
}

static Key *
sorted_runs(const PpdlResults *r)
{
	Key		   *key = calloc((size_t) r->nruns + 1, sizeof *key);

	for (long i = 0; key && i < r->nruns; i++)
		key[i] = (Key) {&r->run[i], first_like(r, i, 0), first_like(r, i, 1)};
	if (key)
		qsort(key, (size_t) r->nruns, sizeof *key, compare_keys);
	return key;
}

static int
is_one_group(const Key *a, const Key *b)
{
	return a->dataset == b->dataset && a->network == b->network && strcmp(a->run->method, b->run->method) == 0;
}

static PpdlStatus
fill_group(PpdlGroup *g, const Key *key, long n, PpdlError *err)
{
	double	   *v = calloc((size_t) n + 1, sizeof *v);

	*g = (PpdlGroup) {.dataset = key->run->dataset,.network = key->run->network,.method = key->run->method};
	g->run = calloc((size_t) n + 1, sizeof *g->run);
	if (v == NULL || g->run == NULL)
	{
		free(v);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (long i = 0; i < n; i++)
		if (key[i].run->error)
			g->nfailed++;
		else
			g->run[g->nruns++] = key[i].run;
	for (int m = 0; m < PPDL_MEASURES; m++)
	{
		for (long i = 0; i < g->nruns; i++)
			v[i] = g->run[i]->value[m];
		g->value[m] = ppdl_stat(v, g->nruns);
	}
	free(v);
	return PPDL_OK;
}

static PpdlStatus
take_groups(PpdlSummary *out, const Key *key, long n, PpdlError *err)
{
	out->group = calloc((size_t) n + 1, sizeof *out->group);
	if (out->group == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (long i = 0, next; i < n; i = next)
	{
		for (next = i + 1; next < n && is_one_group(&key[i], &key[next]);)
			next++;
		out->ngroups++;
		PPDL_TRY(fill_group(&out->group[out->ngroups - 1], &key[i], next - i, err));
	}
	return PPDL_OK;
}

static int
is_same_split(const PpdlRun *a, const PpdlRun *b)
{
	return (a->split == b->split || (isnan(a->split) && isnan(b->split))) &&
		(a->repeat == b->repeat || (isnan(a->repeat) && isnan(b->repeat)));
}

PpdlStatus
ppdl_accuracy_difference(PpdlStat *out, const PpdlGroup *a, const PpdlGroup *b, PpdlError *err)
{
	double	   *v = calloc((size_t) a->nruns + 1, sizeof *v);

	if (v == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (long i = 0; i < a->nruns; i++)
	{
		v[i] = NAN;
		for (long j = 0; j < b->nruns && isnan(v[i]); j++)
			if (is_same_split(a->run[i], b->run[j]))
				v[i] = a->run[i]->value[PPDL_ACCURACY] - b->run[j]->value[PPDL_ACCURACY];
	}
	*out = ppdl_stat(v, a->nruns);
	free(v);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ panels */

static int
is_baseline(const PpdlGroup *g)
{
	int			method = ppdl_report_method_number(g->method);

	return method < PPDL_REPORT_METHODS && ppdl_report_methods[method].is_baseline;
}

static const PpdlPanel *
find_panel(const PpdlSummary *s, const char *dataset, const char *network)
{
	for (long i = 0; i < s->npanels; i++)
		if (strcmp(s->panel[i].dataset, dataset) == 0 && (!network || strcmp(s->panel[i].network, network) == 0))
			return &s->panel[i];
	return NULL;
}

static void
add_panel(PpdlSummary *s, const char *dataset, const char *network)
{
	s->panel[s->npanels++] = (PpdlPanel) {.dataset = dataset,.network = network};
}

/* networks; datasets of which there are only baselines come to stand behind the others */
static void
list_panels(PpdlSummary *s)
{
	for (long i = 0; i < s->ngroups; i++)
		if (!is_baseline(&s->group[i]) && !find_panel(s, s->group[i].dataset, s->group[i].network))
			add_panel(s, s->group[i].dataset, s->group[i].network);
	for (long i = 0; i < s->ngroups; i++)
		if (!find_panel(s, s->group[i].dataset, NULL))
			add_panel(s, s->group[i].dataset, "");
}

/* of its network, or a baseline without a network that the panels know */
static int
belongs(const PpdlSummary *s, const PpdlGroup *g, const PpdlPanel *p)
{
	return strcmp(g->dataset, p->dataset) == 0 &&
		(strcmp(g->network, p->network) == 0 || (is_baseline(g) && !find_panel(s, g->dataset, g->network)));
}

static int
compare_methods(const void *a, const void *b)
{
	const PpdlGroup *g = *(const PpdlGroup *const *) a,
			   *h = *(const PpdlGroup *const *) b;
	int			order = ppdl_report_method_number(g->method) - ppdl_report_method_number(h->method);

	return order ? order : strcmp(g->method, h->method);
}

static PpdlStatus
fill_panel(const PpdlSummary *s, PpdlPanel *p, PpdlError *err)
{
	for (long i = 0; i < s->ngroups; i++)
		p->ngroups += belongs(s, &s->group[i], p);
	p->group = calloc((size_t) p->ngroups + 1, sizeof *p->group);
	if (p->group == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	p->ngroups = 0;
	for (long i = 0; i < s->ngroups; i++)
		if (belongs(s, &s->group[i], p))
			p->group[p->ngroups++] = &s->group[i];
	qsort(p->group, (size_t) p->ngroups, sizeof *p->group, compare_methods);
	return PPDL_OK;
}

/* baselines that stand in several panels are held against the plain network of the first */
static PpdlStatus
pair_with_plain(PpdlSummary *s, PpdlError *err)
{
	for (long i = 0; i < s->ngroups; i++)
		s->group[i].minus_plain = ppdl_stat(NULL, 0);
	for (long p = s->npanels - 1; p >= 0; p--)
	{
		const PpdlGroup *plain = ppdl_panel_find(&s->panel[p], "plain");

		for (long i = 0; plain && i < s->panel[p].ngroups; i++)
		{
			PpdlGroup  *g = &s->group[s->panel[p].group[i] - s->group];

			if (g != plain)
				PPDL_TRY(ppdl_accuracy_difference(&g->minus_plain, g, plain, err));
		}
	}
	return PPDL_OK;
}

static PpdlStatus
take_panels(PpdlSummary *s, PpdlError *err)
{
	s->panel = calloc((size_t) s->ngroups + 1, sizeof *s->panel);
	if (s->panel == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	list_panels(s);
	for (long i = 0; i < s->npanels; i++)
		PPDL_TRY(fill_panel(s, &s->panel[i], err));
	return pair_with_plain(s, err);
}

const PpdlGroup *
ppdl_panel_find(const PpdlPanel *p, const char *method)
{
	for (long i = 0; i < p->ngroups; i++)
		if (strcmp(p->group[i]->method, method) == 0)
			return p->group[i];
	return NULL;
}

/* ------------------------------------------------------------------ all of it */

PpdlStatus
ppdl_summarise(PpdlSummary *out, const PpdlResults *results, PpdlError *err)
{
	Key		   *key = sorted_runs(results);
	PpdlStatus	status;

	*out = (PpdlSummary) {.results = results};
	status = key ? take_groups(out, key, results->nruns, err) : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(key);
	if (status == PPDL_OK)
		status = take_panels(out, err);
	if (status != PPDL_OK)
		ppdl_summary_free(out);
	return status;
}

void
ppdl_summary_free(PpdlSummary *s)
{
	for (long i = 0; i < s->ngroups; i++)
		free(s->group[i].run);
	for (long i = 0; i < s->npanels; i++)
		free(s->panel[i].group);
	free(s->group);
	free(s->panel);
	memset(s, 0, sizeof *s);
}
