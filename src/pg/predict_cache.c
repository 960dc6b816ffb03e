/*
 * Predictors that a backend keeps with a model: one for each width and scale of
 * rows that it was asked about.
 */
#include "pg/predict_cache.h"

#include <math.h>

typedef struct CachedPredictor
{
	PpdlPredictor *predictor;
	int			width;
	struct CachedPredictor *next;
} CachedPredictor;

void
ppdl_predictors_destroy(void *predictors)
{
	CachedPredictor *p = predictors;

	while (p != NULL)
	{
		CachedPredictor *next = p->next;

		ppdl_predictor_destroy(p->predictor);
		free(p);
		p = next;
	}
}

const PpdlPredictor *
ppdl_model_predictor(PpdlModel *model, const PpdlCipher *row)
{
	double		scale = ldexp(row->scale, row->par->logn - row->logk);
	const PpdlPoll poll = {ppdl_pg_interrupted, NULL};
	CachedPredictor *p;
	PpdlStatus	status;
	PpdlError	err;

	ppdl_model_require_weights(model);
	for (p = model->predictors; p != NULL; p = p->next)
		if (p->width == row->width && ppdl_predictor_scale(p->predictor) == scale)
			return p->predictor;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	status = ppdl_predictor_create(&p->predictor, model->net, row->width, scale, NULL, &poll, &err);
	if (status != PPDL_OK)
	{
		free(p);
		ppdl_report(&err);
	}
	p->width = row->width;
	p->next = model->predictors;
	model->predictors = p;
	return p->predictor;
}
