/*
 * Predictors that a backend keeps with a model.  One is made for each width and scale of rows, and rows choose their
 * scale: a scaled row is the same slice at another scale.  So only the last few are kept, and those in use.
 */
#include "pg/predict_cache.h"

#include <math.h>

/* of a model, that nobody uses at the moment: tens of megabytes each, or gigabytes, and then one */
#define KEEP_PREDICTORS 2
#define KEEP_BYTES ((size_t) 256 << 20)

typedef struct CachedPredictor
{
	PpdlPredictor *predictor;
	int			width;
	int			pins;
	bool		orphan;			/* its model is gone: the last pin destroys it */
	struct CachedPredictor *next;	/* the latest used come first */
	PpdlModel  *model;
} CachedPredictor;

static void
destroy(CachedPredictor *p)
{
	ppdl_predictor_destroy(p->predictor);
	free(p);
}

void
ppdl_predictors_destroy(void *predictors)
{
	CachedPredictor *p = predictors;

	while (p != NULL)
	{
		CachedPredictor *next = p->next;

		p->orphan = true;
		if (p->pins == 0)
			destroy(p);
		p = next;
	}
}

/* forgets the longest unused ones */
static void
trim(PpdlModel *model)
{
	CachedPredictor **at = (CachedPredictor **) &model->predictors;
	int			idle = 0;
	size_t		bytes = 0;

	while (*at != NULL)
	{
		CachedPredictor *p = *at;

		if (p->pins == 0)
		{
			idle++;
			bytes += ppdl_predictor_bytes(p->predictor);
		}
		if (p->pins == 0 && idle > 1 && (idle > KEEP_PREDICTORS || bytes > KEEP_BYTES))
		{
			bytes -= ppdl_predictor_bytes(p->predictor);
			*at = p->next;
			destroy(p);
		}
		else
			at = &p->next;
	}
}

static void
unpin(void *arg)
{
	CachedPredictor *p = arg;

	p->pins--;
	if (p->orphan && p->pins == 0)
		destroy(p);
	else if (!p->orphan)
		trim(p->model);
}

/* takes it out of the list */
static CachedPredictor *
find(PpdlModel *model, int width, double scale)
{
	for (CachedPredictor **at = (CachedPredictor **) &model->predictors; *at != NULL; at = &(*at)->next)
	{
		CachedPredictor *p = *at;

		if (p->width == width && ppdl_predictor_scale(p->predictor) == scale)
		{
			*at = p->next;
			return p;
		}
	}
	return NULL;
}

static CachedPredictor *
make(PpdlModel *model, int width, double scale)
{
	CachedPredictor *p = calloc(1, sizeof(*p));
	const PpdlPoll poll = {ppdl_pg_interrupted, NULL};
	PpdlStatus	status;
	PpdlError	err;

	if (p == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	status = ppdl_predictor_create(&p->predictor, model->net, width, scale, NULL, &poll, &err);
	if (status != PPDL_OK)
	{
		free(p);
		ppdl_report(&err);
	}
	p->width = width;
	p->model = model;
	return p;
}

const PpdlPredictor *
ppdl_model_predictor(PpdlModel *model, const PpdlCipher *row, MemoryContext context)
{
	double		scale = ldexp(row->scale, row->par->logn - row->logk);
	CachedPredictor *p;

	ppdl_model_require_weights(model);
	p = find(model, row->width, scale);
	if (p == NULL)
		p = make(model, row->width, scale);
	p->next = model->predictors;
	model->predictors = p;
	p->pins++;
	ppdl_guard(context, unpin, p);
	trim(model);
	return p->predictor;
}
