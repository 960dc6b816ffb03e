#include "net/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/activation.h"
#include "net/layer.h"
#include "net/prng.h"

/* streams of the seed */
#define STREAM_WEIGHTS 1
#define STREAM_ORDER 2

/* the first layer that has weights */
static int
first_weights(const PpdlNet *net)
{
	int			l = 0;

	while (l < net->nlayers - 1 && ppdl_layer_weight_count(&net->layer[l]) == 0)
		l++;
	return l;
}

PpdlStatus
ppdl_net_init(PpdlNet *net, const PpdlTrainOptions *opt, PpdlError *err)
{
	int			count = ppdl_net_weight_count(net);
	double	   *w = calloc(count, sizeof(double)),
			   *p = w;
	const int	first = first_weights(net);
	PpdlPrng	rng;
	PpdlStatus	status;

	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d weights", count);
	ppdl_prng_init(&rng, opt->seed, STREAM_WEIGHTS);
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		const int	fan_in = ppdl_layer_fan_in(layer),
					rows = ppdl_layer_bias_count(layer);
		double		sigma = (l == first ? opt->init_scale : 1) / sqrt(fan_in);

		for (int u = 0; u < rows; u++)
		{
			for (int i = 0; i < fan_in; i++)
			{
				if (l > first && l == net->nlayers - 1 && layer->kind == PPDL_LAYER_DENSE)
					*p++ = __builtin_parity(i & (u + 1)) ? -sigma : sigma;
				else
					*p++ = sigma * ppdl_prng_normal(&rng);
			}
		}
		p += rows;				/* biases */
	}
	status = ppdl_net_set_weights(net, w, count, err);
	free(w);
	return status;
}

int
ppdl_train_minibatches(const PpdlTrainOptions *opt, uint64_t rows)
{
	int			m = 1;

	while (m < PPDL_MAX_MINIBATCHES && rows / (2 * (uint64_t) m) >= (uint64_t) opt->batch)
		m *= 2;
	return m;
}

int
ppdl_train_steps(const PpdlTrainOptions *opt, uint64_t rows)
{
	double		steps;

	if (opt->steps > 0)
		return opt->steps;
	steps = ceil(opt->epochs * ppdl_train_minibatches(opt, rows));
	return steps < 1 ? 1 : steps > 1e9 ? 1000000000 : (int) steps;
}

int
ppdl_train_minibatch(const PpdlTrainOptions *opt, uint64_t rows, int step)
{
	const int	m = ppdl_train_minibatches(opt, rows);
	int			order[PPDL_MAX_MINIBATCHES];
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
	const int	m = ppdl_train_minibatches(opt, (uint64_t) rows);

	*count = 0;
	for (int t = ppdl_train_minibatch(opt, (uint64_t) rows, step); t < rows; t += m)
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

/* of a row, or the mean of rows; divergence shows in the square, as the logistic loss grows with z alone */
typedef struct Losses
{
	double		loss,
				square;
} Losses;

static void
add_losses(Losses *sum, const Trace *t, const PpdlNet *net, PpdlLoss loss, const double *y)
{
	const int	last = net->nlayers - 1;

	for (int j = 0; j < ppdl_net_outputs(net); j++)
	{
		const PpdlActivation *act = &net->layer[last].act;
		const double z = t->z[last][j],
					o = t->a[last + 1][j];

		sum->loss += ppdl_loss_value(loss, act, z, o, y[j]);
		sum->square += ppdl_loss_value(PPDL_LOSS_SQUARED, act, z, o, y[j]);
	}
}

/* adds the row's gradient */
static void
backward(Trace *t, const PpdlNet *net, PpdlLoss loss, const double *y, double *gradient)
{
	size_t		offset = ppdl_net_weight_count(net);

	for (int l = net->nlayers - 1; l >= 0; l--)
	{
		const PpdlLayer *layer = &net->layer[l];
		const size_t weights = (size_t) ppdl_layer_weight_count(layer);

		if (l < net->nlayers - 1)
			ppdl_layer_backward(layer + 1, t->delta[l + 1], t->delta[l]);
		for (int u = 0; u < layer->units; u++)
			if (l == net->nlayers - 1)
				t->delta[l][u] = ppdl_loss_slope(loss, &layer->act, t->z[l][u], t->a[l + 1][u], y[u]);
			else
				t->delta[l][u] *= ppdl_activation_slope(&layer->act, t->z[l][u]);
		offset -= weights + (size_t) ppdl_layer_bias_count(layer);
		ppdl_layer_gradient(layer, t->a[l], t->delta[l], gradient + offset,
							net->bias ? gradient + offset + weights : NULL);
	}
}

/* mean gradient, and losses; gradient NULL: the losses alone */
static PpdlStatus
gradient_of(const PpdlNet *net, const PpdlMiniBatch *b, double *gradient, Losses *mean, const PpdlTrainWatch *watch,
			PpdlError *err)
{
	int			n = ppdl_net_weight_count(net),
				outputs = ppdl_net_outputs(net);
	PpdlStatus	status = PPDL_OK;
	Trace		t;

	PPDL_TRY(ppdl_net_check_trained(net, err));
	PPDL_TRY(trace_init(&t, net, err));
	*mean = (Losses) {0};
	if (gradient != NULL)
		memset(gradient, 0, sizeof(double) * n);
	for (int i = 0; i < b->count && status == PPDL_OK; i++)
	{
		const double *y = b->y + (size_t) b->index[i] * outputs;

		forward(&t, net, b->x + (size_t) b->index[i] * net->inputs);
		add_losses(mean, &t, net, b->loss, y);
		if (gradient != NULL)
			backward(&t, net, b->loss, y, gradient);
		status = ppdl_poll(watch != NULL ? &watch->poll : NULL, err);
	}
	free(t.memory);
	for (int i = 0; gradient != NULL && i < n; i++)
		gradient[i] /= b->count;
	mean->loss /= b->count;
	mean->square /= b->count;
	return status;
}

PpdlStatus
ppdl_net_gradient(const PpdlNet *net, const PpdlMiniBatch *b, double *gradient, double *mean_loss, PpdlError *err)
{
	Losses		mean;

	PPDL_TRY(gradient_of(net, b, gradient, &mean, NULL, err));
	*mean_loss = mean.loss;
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
			return ppdl_error(err, PPDL_ERR_RANGE, "row %zu, input %zu is not finite", i / net->inputs + 1,
							  i % net->inputs + 1);
	for (size_t i = 0; i < (size_t) rows * outputs; i++)
		if (!(fabs(y[i]) <= 1))
			return ppdl_error(err, PPDL_ERR_RANGE, "row %zu, label %zu is %g, labels must lie in [-1, 1]",
							  i / outputs + 1, i % outputs + 1, y[i]);
	return PPDL_OK;
}

/* a run and its buffers */
typedef struct Run
{
	PpdlNet    *net;
	const PpdlTrainOptions *opt;
	const PpdlTrainWatch *watch;
	PpdlMiniBatch batch;
	double	   *w,
			   *v,
			   *gradient;
	int		   *index;
	int			count,			/* weights */
				rows;
	double		first;			/* squared loss of the first weights */
} Run;

static PpdlStatus
run_init(Run *r, PpdlError *err)
{
	r->count = ppdl_net_weight_count(r->net);
	r->w = malloc(sizeof(double) * r->count * 3);
	r->index = malloc(sizeof(int) * r->rows);
	if (r->w == NULL || r->index == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d weights", r->count);
	r->v = r->w + r->count;
	r->gradient = r->v + r->count;
	r->batch.index = r->index;
	ppdl_net_get_weights(r->net, r->w);
	memcpy(r->v, r->w, sizeof(double) * r->count);
	return PPDL_OK;
}

static PpdlStatus
diverged(const Run *r, int step, const char *what, double value, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_RANGE, "training diverged in step %d: %s %.3g", step + 1, what, value);
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Lower learning_rate (it is %g), init_scale (%g), or the input_scale of the model.",
						   r->opt->learning_rate, r->opt->init_scale);
}

/* Outputs stay within PPDL_OUTPUT_RANGE of labels within 1, in the mean, or at least do not get worse. */
static PpdlStatus
check_loss(const Run *r, int step, const Losses *mean, PpdlError *err)
{
	const double most = ppdl_net_outputs(r->net) * (PPDL_OUTPUT_RANGE + 1.0) * (PPDL_OUTPUT_RANGE + 1.0) / 2;

	return mean->square <= fmax(most, r->first) ? PPDL_OK :
		diverged(r, step, "the squared loss is", mean->square, err);
}

static PpdlStatus
descend(Run *r, int step, int steps, PpdlError *err)
{
	const double rate = ppdl_train_rate(r->opt, step, steps);

	for (int i = 0; i < r->count; i++)
	{
		double		next = r->w[i] - rate * r->gradient[i];

		r->w[i] = next + r->opt->momentum * (next - r->v[i]);
		r->v[i] = next;
		if (!(fabs(r->w[i]) <= PPDL_WEIGHT_RANGE))
			return diverged(r, step, "a weight is", r->w[i], err);
	}
	return ppdl_net_set_weights(r->net, r->w, r->count, err);
}

static PpdlStatus
one_step(Run *r, int step, int steps, PpdlError *err)
{
	Losses		mean;

	ppdl_train_batch(r->opt, r->rows, step, r->index, &r->batch.count);
	PPDL_TRY(gradient_of(r->net, &r->batch, r->gradient, &mean, r->watch, err));
	if (step == 0)
		r->first = mean.square;
	PPDL_TRY(check_loss(r, step, &mean, err));
	if (r->watch != NULL && r->watch->loss != NULL)
		*r->watch->loss = mean.loss;
	if (r->watch != NULL && r->watch->progress != NULL)
		r->watch->progress(r->watch->arg, (uint64_t) step, (uint64_t) steps, "step");
	return descend(r, step, steps, err);
}

PpdlStatus
ppdl_net_train(PpdlNet *net, const double *x, const double *y, int rows, const PpdlTrainOptions *opt,
			   const PpdlTrainWatch *watch, PpdlError *err)
{
	const int	steps = ppdl_train_steps(opt, (uint64_t) rows);
	Run			r = {.net = net, .opt = opt, .watch = watch, .batch = {.x = x, .y = y, .loss = opt->loss},
					 .rows = rows};
	Losses		mean;
	PpdlStatus	status;

	PPDL_TRY(ppdl_loss_check(opt->loss, net, err));
	PPDL_TRY(check_data(net, x, y, rows, err));
	if (ppdl_net_check_trained(net, NULL) != PPDL_OK)
		PPDL_TRY(ppdl_net_init(net, opt, err));
	PPDL_GOTO(done, run_init(&r, err));
	for (int step = 0; step < steps; step++)
		PPDL_GOTO(done, one_step(&r, step, steps, err));
	/* what the last step made of it */
	PPDL_GOTO(done, gradient_of(net, &r.batch, NULL, &mean, watch, err));
	status = check_loss(&r, steps - 1, &mean, err);
done:
	free(r.w);
	free(r.index);
	return status;
}
