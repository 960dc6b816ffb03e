#include "net/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/activation.h"
#include "net/forward.h"
#include "net/prng.h"

/* streams of the seed */
#define STREAM_WEIGHTS 1
#define STREAM_ORDER 2

PpdlStatus
ppdl_net_init(PpdlNet *net, const PpdlTrainOptions *opt, PpdlError *err)
{
	int			count = ppdl_net_weight_count(net);
	double	   *w = calloc(count, sizeof(double)),
			   *p = w;
	PpdlPrng	rng;
	PpdlStatus	status;

	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d weights", count);
	ppdl_prng_init(&rng, opt->seed, STREAM_WEIGHTS);
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		double		sigma = (l == 0 ? opt->init_scale : 1) / sqrt(layer->inputs);

		for (int u = 0; u < layer->units; u++)
		{
			for (int i = 0; i < layer->inputs; i++)
			{
				if (l > 0 && l == net->nlayers - 1)
					*p++ = __builtin_parity(i & (u + 1)) ? -sigma : sigma;
				else
					*p++ = sigma * ppdl_prng_normal(&rng);
			}
		}
		p += layer->units;		/* biases */
	}
	status = ppdl_net_set_weights(net, w, count, err);
	free(w);
	return status;
}

int
ppdl_train_classes(const PpdlTrainOptions *opt, uint64_t rows)
{
	int			m = 1;

	while (m < PPDL_MAX_CLASSES && rows / (2 * (uint64_t) m) >= (uint64_t) opt->batch)
		m *= 2;
	return m;
}

int
ppdl_train_steps(const PpdlTrainOptions *opt, uint64_t rows)
{
	double		steps;

	if (opt->steps > 0)
		return opt->steps;
	steps = ceil(opt->epochs * ppdl_train_classes(opt, rows));
	return steps < 1 ? 1 : steps > 1e9 ? 1000000000 : (int) steps;
}

int
ppdl_train_class(const PpdlTrainOptions *opt, uint64_t rows, int step)
{
	const int	m = ppdl_train_classes(opt, rows);
	int			order[PPDL_MAX_CLASSES];
	PpdlPrng	rng;

	for (int i = 0; i < m; i++)
		order[i] = i;
	ppdl_prng_init(&rng, opt->seed, STREAM_ORDER);
	for (int i = m - 1; i > 0 && opt->shuffle; i--)
	{
		int			j = (int) ppdl_prng_below(&rng, (uint64_t) i + 1),
					t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	return order[step % m];
}

void
ppdl_train_batch(const PpdlTrainOptions *opt, int rows, int step, int *index, int *count)
{
	const int	m = ppdl_train_classes(opt, (uint64_t) rows);

	*count = 0;
	for (int t = ppdl_train_class(opt, (uint64_t) rows, step); t < rows; t += m)
		index[(*count)++] = t;
}

/* what one row needs on its way forward and back: pre-activations, values, errors of each layer */
typedef struct Trace
{
	double	   *z[PPDL_MAX_LAYERS];
	double	   *a[PPDL_MAX_LAYERS + 1];
	double	   *delta[PPDL_MAX_LAYERS];
	double	   *memory;
} Trace;

static PpdlStatus
trace_init(Trace *t, const PpdlNet *net, PpdlError *err)
{
	size_t		n = net->inputs;
	double	   *p;

	for (int l = 0; l < net->nlayers; l++)
		n += 3 * (size_t) net->layer[l].units;
	t->memory = p = malloc(n * sizeof(double));
	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->a[0] = p;
	p += net->inputs;
	for (int l = 0; l < net->nlayers; l++)
	{
		int			units = net->layer[l].units;

		t->z[l] = p;
		t->a[l + 1] = p + units;
		t->delta[l] = p + 2 * units;
		p += 3 * units;
	}
	return PPDL_OK;
}

static void
forward(Trace *t, const PpdlNet *net, const double *x)
{
	for (int i = 0; i < net->inputs; i++)
		t->a[0][i] = x[i] * net->input_scale[i];
	for (int l = 0; l < net->nlayers; l++)
		ppdl_layer_forward(&net->layer[l], t->a[l], t->z[l], t->a[l + 1]);
}

/* adds the row's gradient; returns its loss */
static double
backward(Trace *t, const PpdlNet *net, const double *y, double *gradient)
{
	double		loss = 0;
	size_t		offset = ppdl_net_weight_count(net);

	for (int l = net->nlayers - 1; l >= 0; l--)
	{
		const PpdlLayer *layer = &net->layer[l];
		double	   *gw,
				   *gb;

		for (int u = 0; u < layer->units; u++)
		{
			double		d = 0;

			if (l == net->nlayers - 1)
			{
				d = t->a[l + 1][u] - y[u];
				loss += d * d / 2;
			}
			else
			{
				const PpdlLayer *above = layer + 1;

				for (int v = 0; v < above->units; v++)
					d += above->w[(size_t) v * above->inputs + u] * t->delta[l + 1][v];
			}
			t->delta[l][u] = d * ppdl_activation_slope(&layer->act, t->z[l][u]);
		}
		offset -= (size_t) layer->units * (layer->inputs + 1);
		gw = gradient + offset;
		gb = gw + (size_t) layer->units * layer->inputs;
		for (int u = 0; u < layer->units; u++)
		{
			double		d = t->delta[l][u];

			for (int i = 0; i < layer->inputs; i++)
				gw[(size_t) u * layer->inputs + i] += d * t->a[l][i];
			gb[u] += net->bias ? d : 0;
		}
	}
	return loss;
}

PpdlStatus
ppdl_net_gradient(const PpdlNet *net, const double *x, const double *y, const int *index, int count,
				  double *gradient, double *loss, PpdlError *err)
{
	int			n = ppdl_net_weight_count(net),
				outputs = ppdl_net_outputs(net);
	double		sum = 0;
	Trace		t;

	PPDL_TRY(ppdl_net_check_trained(net, err));
	PPDL_TRY(trace_init(&t, net, err));
	memset(gradient, 0, sizeof(double) * n);
	for (int i = 0; i < count; i++)
	{
		forward(&t, net, x + (size_t) index[i] * net->inputs);
		sum += backward(&t, net, y + (size_t) index[i] * outputs, gradient);
	}
	free(t.memory);
	for (int i = 0; i < n; i++)
		gradient[i] /= count;
	*loss = sum / count;
	return PPDL_OK;
}

static PpdlStatus
check_data(const PpdlNet *net, const double *x, const double *y, int rows, PpdlError *err)
{
	int			outputs = ppdl_net_outputs(net);

	if (rows < 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "there are no rows to train on");
	for (size_t i = 0; i < (size_t) rows * net->inputs; i++)
		if (!isfinite(x[i]))
			return ppdl_error(err, PPDL_ERR_RANGE, "row %zu, input %zu is not finite", i / net->inputs + 1, i % net->inputs + 1);
	for (size_t i = 0; i < (size_t) rows * outputs; i++)
		if (!(fabs(y[i]) <= 1))
			return ppdl_error(err, PPDL_ERR_RANGE, "row %zu, label %zu is %g, labels must lie in [-1, 1]",
							  i / outputs + 1, i % outputs + 1, y[i]);
	return PPDL_OK;
}

/* buffers of a run, in one piece */
typedef struct Run
{
	double	   *w,
			   *v,
			   *gradient;
	int		   *index;
	int			count;			/* weights */
} Run;

static PpdlStatus
run_init(Run *r, const PpdlNet *net, int rows, PpdlError *err)
{
	r->count = ppdl_net_weight_count(net);
	r->w = malloc(sizeof(double) * r->count * 3);
	r->index = malloc(sizeof(int) * rows);
	if (r->w == NULL || r->index == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d weights", r->count);
	r->v = r->w + r->count;
	r->gradient = r->v + r->count;
	ppdl_net_get_weights(net, r->w);
	memcpy(r->v, r->w, sizeof(double) * r->count);
	return PPDL_OK;
}

static PpdlStatus
descend(Run *r, PpdlNet *net, const PpdlTrainOptions *opt, int step, PpdlError *err)
{
	for (int i = 0; i < r->count; i++)
	{
		double		next = r->w[i] - opt->learning_rate * r->gradient[i];

		r->w[i] = next + opt->momentum * (next - r->v[i]);
		r->v[i] = next;
		if (!(fabs(r->w[i]) < 1e100))
		{
			ppdl_error(err, PPDL_ERR_RANGE, "training diverged in step %d", step + 1);
			return ppdl_error_hint(err, PPDL_ERR_RANGE, "Lower the learning rate (it is %g) or the input scale.",
								   opt->learning_rate);
		}
	}
	return ppdl_net_set_weights(net, r->w, r->count, err);
}

PpdlStatus
ppdl_net_train(PpdlNet *net, const double *x, const double *y, int rows, const PpdlTrainOptions *opt,
			   int (*poll) (void *arg), void (*progress) (void *arg, int step, int steps, double loss), void *arg,
			   PpdlError *err)
{
	int			steps;
	Run			r = {0};
	PpdlStatus	status;

	PPDL_TRY(check_data(net, x, y, rows, err));
	if (ppdl_net_check_trained(net, NULL) != PPDL_OK)
		PPDL_TRY(ppdl_net_init(net, opt, err));
	PPDL_GOTO(done, run_init(&r, net, rows, err));
	steps = ppdl_train_steps(opt, (uint64_t) rows);
	for (int step = 0; step < steps; step++)
	{
		double		loss;
		int			count;

		if (poll != NULL && poll(arg))
		{
			status = ppdl_error(err, PPDL_ERR_CANCELED, "training was canceled in step %d of %d", step + 1, steps);
			goto done;
		}
		ppdl_train_batch(opt, rows, step, r.index, &count);
		PPDL_GOTO(done, ppdl_net_gradient(net, x, y, r.index, count, r.gradient, &loss, err));
		if (progress != NULL)
			progress(arg, step, steps, loss);
		PPDL_GOTO(done, descend(&r, net, opt, step, err));
	}
done:
	free(r.w);
	free(r.index);
	return status;
}
