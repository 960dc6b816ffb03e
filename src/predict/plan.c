#include "predict/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/lintrans.h"
#include "ckks/polyeval.h"
#include "net/activation.h"
#include "net/layer.h"
#include "predict/predictor.h"

/*
 * c2*z^2 + c1*z + c0 may be taken as a shifted square: the shift -c1/(2*c2) must not be so
 * far out that the square's value buries the rest.
 */
static int
is_square(const PpdlActivation *act)
{
	return ppdl_activation_degree(act) == 2 && fabs(act->coef[1]) <= 16 * fabs(act->coef[2]);
}

static int
is_affine(const PpdlActivation *act)
{
	return ppdl_activation_degree(act) <= 1;
}

/* the layer behind the last activation that is not affine, or -1 */
static int
last_curved(const PpdlNet *net)
{
	int			l = net->nlayers - 1;

	while (l >= 0 && is_affine(&net->layer[l].act))
		l--;
	return l;
}

/* ---- shape ---- */

static PpdlStep *
add_step(PpdlPlan *plan, PpdlStepKind kind, int from, int to, int inputs, int units)
{
	PpdlStep   *step = &plan->step[plan->nsteps++];

	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->from = from;
	step->to = to;
	step->inputs = inputs;
	step->units = units;
	return step;
}

static int
step_levels(const PpdlStep *step)
{
	switch (step->kind)
	{
		case PPDL_STEP_AFFINE:
		case PPDL_STEP_SQUARE:
			return 1;
		case PPDL_STEP_QUADRATIC:
			return 2;
		case PPDL_STEP_CHEBYSHEV:
		case PPDL_STEP_MONOMIAL:
			break;
	}
	return ppdl_poly_levels(step->degree);
}

int
ppdl_plan_depth(const PpdlPlan *plan)
{
	int			levels = 0;

	for (int s = 0; s < plan->nsteps; s++)
		levels += step_levels(&plan->step[s]);
	return levels;
}

static void
add_activation(PpdlPlan *plan, const PpdlActivation *act, int l, int units)
{
	PpdlStep   *step;

	if (is_square(act))
	{
		add_step(plan, PPDL_STEP_SQUARE, l, l, units, units);
		return;
	}
	step = add_step(plan, ppdl_activation_is_fit(act) ? PPDL_STEP_CHEBYSHEV : PPDL_STEP_MONOMIAL, l, l, units, units);
	step->lo = act->lo;
	step->hi = act->hi;
	step->degree = ppdl_activation_degree(act);
	memcpy(step->coef, ppdl_activation_is_fit(act) ? act->cheb : act->coef, sizeof(step->coef));
}

/*
 * which steps there are; as_form: the last activation, if it is a square, and all that follows it are one quadratic
 * form
 */
static void
lay_out_steps(PpdlPlan *plan, const PpdlNet *net, int as_form)
{
	int			last = last_curved(net),
				from = 0,
				inputs = net->inputs;

	plan->inputs = net->inputs;
	plan->outputs = ppdl_net_outputs(net);
	plan->nsteps = 0;
	while (from < net->nlayers)
	{
		const PpdlLayer *layer;
		int			to = from;

		/* up to and with the next activation that is not affine */
		while (to < net->nlayers - 1 && is_affine(&net->layer[to].act))
			to++;
		layer = &net->layer[to];
		if (as_form && to == last && is_square(&layer->act))
		{
			add_step(plan, PPDL_STEP_QUADRATIC, from, to, inputs, plan->outputs);
			return;
		}
		add_step(plan, PPDL_STEP_AFFINE, from, to, inputs, layer->units);
		if (!is_affine(&layer->act))
			add_activation(plan, &layer->act, to, layer->units);
		inputs = layer->units;
		from = to + 1;
	}
}

int
ppdl_network_depth(const PpdlNet *net)
{
	PpdlPlan	plan;

	lay_out_steps(&plan, net, 1);
	return ppdl_plan_depth(&plan);
}

int
ppdl_network_levels(const PpdlNet *net)
{
	return PPDL_ROW_C2S_LEVELS - 1 + ppdl_network_depth(net);
}

/* ---- memory ---- */

static int
groups_of(int units, int slots)
{
	return (units + slots - 1) / slots;
}

/* ciphertexts for the pairs of a quadratic form */
static int
form_groups(int outputs, int pairs, int slots)
{
	int			places = slots / ppdl_quadratic_stride(outputs);

	return places > 0 ? groups_of(pairs, places) : pairs;
}

static int
may_be_few(const PpdlStep *step, int units, int outputs)
{
	return units > step->inputs && ppdl_quadratic_few_is_cheap(step->inputs, outputs);
}

/* matrices of a step for each ciphertext before it, at most */
static int
step_matrices(const PpdlStep *step, const PpdlNet *net, int slots, int first)
{
	const int	outputs = ppdl_net_outputs(net),
				units = net->layer[step->to].units;
	int			pairs = units,
				groups;

	if (step->kind == PPDL_STEP_AFFINE)
		return groups_of(step->units, slots);
	if (step->to == net->nlayers - 1)
		pairs = 1;
	else if (may_be_few(step, units, outputs) && pairs > step->inputs + 1)
		pairs = step->inputs + 1;
	groups = form_groups(outputs, pairs, slots);
	if (!first)
		return groups;
	return outputs == 1 && groups > 1 ? 3 : 2 * groups;
}

/* bytes of the encoded matrices, at most */
static double
plan_bytes(const PpdlPlan *plan, const PpdlNet *net, const PpdlPlanLimits *limits)
{
	const int	slots = limits->slots;
	double		bytes = 0;
	int			limbs = limits->limbs;

	for (int s = 0; s < plan->nsteps; s++)
	{
		const PpdlStep *step = &plan->step[s];
		size_t		period = (size_t) (slots > PPDL_ROW_C2S_BLOCK ? slots : PPDL_ROW_C2S_BLOCK);

		if (step->kind == PPDL_STEP_AFFINE || step->kind == PPDL_STEP_QUADRATIC)
		{
			int			rows = step->kind == PPDL_STEP_AFFINE && step->units < slots ? step->units : slots,
						columns = step->inputs < slots ? step->inputs : slots,
						diagonals = rows + columns - 1 + (s == 0 ? 2 * PPDL_ROW_C2S_BLOCK - 2 : 0),
						count = (s == 0 ? 1 : groups_of(step->inputs, slots)) * step_matrices(step, net, slots, s == 0);

			bytes += count * ppdl_lintrans_bytes_most(limits->par, limbs, diagonals, period);
		}
		limbs -= step_levels(step);
	}
	return bytes;
}

static PpdlStatus
choose_shape(PpdlPlan *plan, const PpdlNet *net, const PpdlPlanLimits *limits, PpdlError *err)
{
	double		bytes;

	lay_out_steps(plan, net, 1);
	bytes = plan_bytes(plan, net, limits);
	/* a form at the end of the network is cheap: nothing follows the square */
	if (bytes > limits->bytes && last_curved(net) < net->nlayers - 1 && ppdl_plan_depth(plan) + 1 < limits->limbs)
	{
		lay_out_steps(plan, net, 0);
		bytes = fmin(bytes, plan_bytes(plan, net, limits));
	}
	if (bytes <= limits->bytes)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE,
			   "the network's matrices need up to %.1f GB of memory for rows of %d values, of %.1f GB allowed",
			   bytes / 1e9, net->inputs, limits->bytes / 1e9);
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Layers of fewer units take less: the matrix of two layers takes the "
						   "product of their units.");
}

/* ---- numbers ---- */

/* convolution and pooling are the sparse maps that they are */
static PpdlStatus
layer_affine(PpdlAffine *a, const PpdlLayer *layer, PpdlError *err)
{
	PPDL_TRY(ppdl_affine_create(a, layer->inputs, layer->units, err));
	ppdl_layer_map(layer, a->w, a->bias);
	return PPDL_OK;
}

/* v -> f*v + g */
static void
stretch(PpdlAffine *a, double f, double g)
{
	for (size_t i = 0; i < (size_t) a->inputs * a->units; i++)
		a->w[i] *= f;
	for (int u = 0; u < a->units; u++)
		a->bias[u] = f * a->bias[u] + g;
}

/* v -> a(f*v + g) */
static void
stretch_inputs(PpdlAffine *a, double f, double g)
{
	for (int u = 0; u < a->units; u++)
	{
		for (int i = 0; i < a->inputs; i++)
		{
			double	   *w = &a->w[(size_t) u * a->inputs + i];

			a->bias[u] += *w * g;
			*w *= f;
		}
	}
}

static PpdlStatus
identity(PpdlAffine *a, int n, PpdlError *err)
{
	PPDL_TRY(ppdl_affine_create(a, n, n, err));
	for (int i = 0; i < n; i++)
		a->w[(size_t) i * n + i] = 1;
	return PPDL_OK;
}

/* layers from..to, activations between and after them affine, as one map */
static PpdlStatus
affine_run(PpdlAffine *a, const PpdlNet *net, int from, int to, const PpdlPoll *poll, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(layer_affine(a, &net->layer[from], err));
	for (int l = from;; l++)
	{
		const PpdlActivation *act = &net->layer[l].act;
		PpdlAffine	next = {0};

		if (is_affine(act))
			stretch(a, act->coef[1], act->coef[0]);
		if (l == to)
			return PPDL_OK;
		status = layer_affine(&next, &net->layer[l + 1], err);
		if (status == PPDL_OK)
			status = ppdl_affine_compose(a, &next, poll, err);
		ppdl_affine_free(&next);
		if (status != PPDL_OK)
		{
			ppdl_affine_free(a);
			return status;
		}
	}
}

/* the form that needs fewer ciphertexts; first: of the inputs themselves */
static PpdlStatus
choose_form(PpdlStep *step, const PpdlAffine *before, const double *c, const PpdlAffine *after,
			const PpdlPlanLimits *limits, int first,
			PpdlError *err)
{
	PpdlQuadratic *q = &step->quadratic,
				few;
	const int	slots = limits->slots,
				outputs = after->units,
				groups = form_groups(outputs, ppdl_quadratic_pairs(c, after), slots);

	if (first && outputs == 1 && groups > 1)
		return ppdl_quadratic_product(q, before, c, after, slots, limits->poll, err);
	if (groups > 1 && may_be_few(step, before->units, outputs))
	{
		PPDL_TRY(ppdl_quadratic_create(&few, before, c, after, 1, limits->poll, err));
		if (form_groups(outputs, few.pairs, slots) < groups)
		{
			*q = few;
			return PPDL_OK;
		}
		ppdl_quadratic_free(&few);
	}
	return ppdl_quadratic_create(q, before, c, after, 0, limits->poll, err);
}

/* the last square, with `before` and all that follows it */
static PpdlStatus
set_quadratic(PpdlStep *step, const PpdlNet *net, const PpdlAffine *before, const PpdlPlanLimits *limits,
			  PpdlError *err)
{
	PpdlAffine	after = {0};
	PpdlStatus	status;

	if (step->to == net->nlayers - 1)
		PPDL_TRY(identity(&after, before->units, err));
	else
		PPDL_TRY(affine_run(&after, net, step->to + 1, net->nlayers - 1, limits->poll, err));
	status = choose_form(step, before, net->layer[step->to].act.coef, &after, limits, step->from == 0, err);
	ppdl_affine_free(&after);
	return status;
}

/* what a square leaves for the next map: sign*v^2 + constant is the activation */
typedef struct Shift
{
	double		sign,
				constant;
} Shift;

/* the map in front of an activation takes up the square's shift, or the interval */
static void
prepare_activation(PpdlAffine *before, const PpdlStep *step, const PpdlActivation *act, Shift *shift)
{
	const double *c = act->coef;

	if (step->kind == PPDL_STEP_SQUARE)
	{
		double		r = sqrt(fabs(c[2]));

		shift->sign = c[2] < 0 ? -1 : 1;
		shift->constant = c[0] - c[1] * c[1] / (4 * c[2]);
		stretch(before, r, shift->sign * c[1] / (2 * r));
	}
	else if (step->kind == PPDL_STEP_CHEBYSHEV)
		stretch(before, 2 / (act->hi - act->lo), -(act->hi + act->lo) / (act->hi - act->lo));
}

static PpdlStatus
set_map(PpdlStep *step, const PpdlNet *net, const PpdlPlanLimits *limits, Shift *shift, PpdlError *err)
{
	PpdlAffine	a;
	PpdlStatus	status;

	PPDL_TRY(affine_run(&a, net, step->from, step->to, limits->poll, err));
	if (step->from == 0)
		for (size_t i = 0; i < (size_t) a.inputs * a.units; i++)
			a.w[i] *= net->input_scale[i % a.inputs];
	stretch_inputs(&a, shift->sign, shift->constant);
	*shift = (Shift) {1, 0};
	if (step->kind == PPDL_STEP_AFFINE)
	{
		step->affine = a;
		return PPDL_OK;
	}
	status = set_quadratic(step, net, &a, limits, err);
	ppdl_affine_free(&a);
	return status;
}

static PpdlStatus
set_numbers(PpdlPlan *plan, const PpdlNet *net, const PpdlPlanLimits *limits, PpdlError *err)
{
	Shift		shift = {1, 0};

	for (int s = 0; s < plan->nsteps; s++)
	{
		PpdlStep   *step = &plan->step[s];

		PPDL_TRY(ppdl_poll(limits->poll, err));
		if (step->kind == PPDL_STEP_AFFINE || step->kind == PPDL_STEP_QUADRATIC)
			PPDL_TRY(set_map(step, net, limits, &shift, err));
		else
			prepare_activation(&step[-1].affine, step, &net->layer[step->to].act, &shift);
	}
	return PPDL_OK;
}

static void
free_step(PpdlStep *step)
{
	ppdl_affine_free(&step->affine);
	ppdl_quadratic_free(&step->quadratic);
}

void
ppdl_plan_destroy(PpdlPlan *plan)
{
	if (plan == NULL)
		return;
	for (int i = 0; i < plan->nsteps; i++)
		free_step(&plan->step[i]);
	free(plan);
}

/* ---- bounds ---- */

/* bound of each unit for |v_i| <= in[i] */
static void
affine_bounds(const PpdlAffine *a, const double *in, double *out)
{
	for (int u = 0; u < a->units; u++)
	{
		out[u] = fabs(a->bias[u]);
		for (int i = 0; i < a->inputs; i++)
			out[u] += fabs(a->w[(size_t) u * a->inputs + i]) * in[i];
	}
}

static double
chebyshev_at(int k, double t)
{
	return t <= 1 ? 1 : cosh(k * acosh(t));
}

static double
polynomial_bound(const PpdlStep *step, double t)
{
	double		sum = 0;

	for (int k = 0; k <= step->degree; k++)
		sum += fabs(step->coef[k]) * (step->kind == PPDL_STEP_CHEBYSHEV ? chebyshev_at(k, t) : pow(t, k));
	return sum;
}

static PpdlStatus
quadratic_bound(PpdlStep *step, const double *in, PpdlError *err)
{
	const PpdlQuadratic *q = &step->quadratic;
	int			n = q->outputs * q->pairs;
	double	   *plus = malloc(sizeof(double) * n),
			   *minus = malloc(sizeof(double) * n);
	PpdlStatus	status = PPDL_OK;

	if (plus == NULL || minus == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
	{
		affine_bounds(&q->plus, in, plus);
		affine_bounds(&q->minus, in, minus);
		for (int j = 0; j < q->outputs; j++)
		{
			double		sum = fabs(q->constant[j]);

			for (int r = j * q->pairs; r < (j + 1) * q->pairs; r++)
			{
				double		y = hypot(plus[r], minus[r]);

				/* the other factor: an input, or the same again */
				sum += y * (q->product ? M_SQRT2 : y);
				step->inner = fmax(step->inner, y);
			}
			step->bound = fmax(step->bound, sum);
		}
	}
	free(plus);
	free(minus);
	return status;
}

static PpdlStatus
find_bounds(PpdlPlan *plan, PpdlError *err)
{
	double		buf[2][PPDL_MAX_UNITS];
	double	   *in = buf[0],
			   *out = buf[1];
	int			n = plan->inputs;

	for (int i = 0; i < n; i++)
		in[i] = 1;
	for (int s = 0; s < plan->nsteps; s++)
	{
		PpdlStep   *step = &plan->step[s];
		double	   *t;

		if (step->kind == PPDL_STEP_QUADRATIC)
			return quadratic_bound(step, in, err);
		if (step->kind == PPDL_STEP_AFFINE)
		{
			affine_bounds(&step->affine, in, out);
			n = step->affine.units;
		}
		for (int i = 0; i < n; i++)
		{
			if (step->kind == PPDL_STEP_SQUARE)
				out[i] = in[i] * in[i];
			else if (step->kind != PPDL_STEP_AFFINE)
			{
				out[i] = polynomial_bound(step, in[i]);
				step->inner = fmax(step->inner, step->kind == PPDL_STEP_CHEBYSHEV ?
								   chebyshev_at(step->degree, in[i]) : pow(fmax(1, in[i]), step->degree));
			}
			step->bound = fmax(step->bound, out[i]);
		}
		t = in;
		in = out;
		out = t;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_plan_create(PpdlPlan **out, const PpdlNet *net, const PpdlPlanLimits *limits, PpdlError *err)
{
	PpdlPlan   *plan;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_net_check_trained(net, err));
	plan = calloc(1, sizeof(*plan));
	if (plan == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, choose_shape(plan, net, limits, err));
	PPDL_GOTO(done, set_numbers(plan, net, limits, err));
	status = find_bounds(plan, err);
done:
	if (status == PPDL_OK)
		*out = plan;
	else
		ppdl_plan_destroy(plan);
	return status;
}
