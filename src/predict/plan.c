#include "predict/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/polyeval.h"
#include "net/activation.h"
#include "predict/predictor.h"

/* a quadratic form of more inputs than this is taken unit by unit: its eigenvalues would take minutes */
#define MAX_EIGEN_INPUTS 256

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

int
ppdl_network_depth(const PpdlNet *net)
{
	int			last = last_curved(net),
				levels = 1;

	for (int l = 0; l <= last; l++)
	{
		const PpdlActivation *act = &net->layer[l].act;

		if (is_affine(act))
			continue;
		levels += is_square(act) ? 1 : ppdl_poly_levels(ppdl_activation_degree(act));
		/* the layer after it; that of the last square is part of the form */
		if (l < last || (l < net->nlayers - 1 && !is_square(act)))
			levels++;
	}
	return levels;
}

int
ppdl_network_levels(const PpdlNet *net)
{
	return PPDL_ROW_C2S_LEVELS - 1 + ppdl_network_depth(net);
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

/* ---- the list of steps ---- */

static PpdlStep *
add_step(PpdlPlan *plan, PpdlStepKind kind)
{
	PpdlStep   *step = &plan->step[plan->nsteps++];

	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

static PpdlStatus
layer_affine(PpdlAffine *a, const PpdlLayer *layer, PpdlError *err)
{
	PPDL_TRY(ppdl_affine_create(a, layer->inputs, layer->units, err));
	memcpy(a->w, layer->w, sizeof(double) * layer->inputs * layer->units);
	memcpy(a->bias, layer->bias, sizeof(double) * layer->units);
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
affine_run(PpdlAffine *a, const PpdlNet *net, int from, int to, PpdlError *err)
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
			status = ppdl_affine_compose(a, &next, err);
		ppdl_affine_free(&next);
		if (status != PPDL_OK)
		{
			ppdl_affine_free(a);
			return status;
		}
	}
}

static int
form_groups(const PpdlQuadratic *q, int slots)
{
	int			places = slots / ppdl_quadratic_stride(q->outputs);

	return places > 0 ? (q->pairs + places - 1) / places : q->pairs;
}

/* the form that needs fewer ciphertexts; first: of the inputs themselves */
static PpdlStatus
choose_form(PpdlQuadratic *q, const PpdlAffine *before, const double *c, const PpdlAffine *after, int slots, int first, PpdlError *err)
{
	PpdlQuadratic few;

	PPDL_TRY(ppdl_quadratic_create(q, before, c, after, 0, err));
	if (first && q->outputs == 1 && form_groups(q, slots) > 1)
	{
		ppdl_quadratic_free(q);
		return ppdl_quadratic_product(q, before, c, after, slots, err);
	}
	if (before->units <= before->inputs || before->inputs > MAX_EIGEN_INPUTS || form_groups(q, slots) == 1)
		return PPDL_OK;
	PPDL_TRY(ppdl_quadratic_create(&few, before, c, after, 1, err));
	if (form_groups(&few, slots) < form_groups(q, slots))
	{
		ppdl_quadratic_free(q);
		*q = few;
	}
	else
		ppdl_quadratic_free(&few);
	return PPDL_OK;
}

/* the last square, with `before` and all that follows it */
static PpdlStatus
add_quadratic(PpdlPlan *plan, const PpdlNet *net, int l, const PpdlAffine *before, int slots, PpdlError *err)
{
	PpdlStep   *step = add_step(plan, PPDL_STEP_QUADRATIC);
	PpdlAffine	after = {0};
	PpdlStatus	status;

	if (l == net->nlayers - 1)
		PPDL_TRY(identity(&after, before->units, err));
	else
		PPDL_TRY(affine_run(&after, net, l + 1, net->nlayers - 1, err));
	status = choose_form(&step->quadratic, before, net->layer[l].act.coef, &after, slots, plan->nsteps == 1, err);
	ppdl_affine_free(&after);
	return status;
}

/*
 * An activation in the middle.  before: the map in front of it, which becomes a step; sign and constant of a square
 * are left for the next map.
 */
static void
add_activation(PpdlPlan *plan, const PpdlActivation *act, PpdlAffine *before, double *sign, double *constant)
{
	PpdlStep   *affine = add_step(plan, PPDL_STEP_AFFINE),
			   *step;

	*sign = 1;
	*constant = 0;
	affine->affine = *before;
	before->w = before->bias = NULL;
	if (is_square(act))
	{
		const double *c = act->coef;
		double		r = sqrt(fabs(c[2]));

		*sign = c[2] < 0 ? -1 : 1;
		*constant = c[0] - c[1] * c[1] / (4 * c[2]);
		stretch(&affine->affine, r, *sign * c[1] / (2 * r));
		add_step(plan, PPDL_STEP_SQUARE);
		return;
	}
	step = add_step(plan, ppdl_activation_is_fit(act) ? PPDL_STEP_CHEBYSHEV : PPDL_STEP_MONOMIAL);
	step->degree = ppdl_activation_degree(act);
	memcpy(step->coef, ppdl_activation_is_fit(act) ? act->cheb : act->coef, sizeof(step->coef));
	if (ppdl_activation_is_fit(act))
		stretch(&affine->affine, 2 / (act->hi - act->lo), -(act->hi + act->lo) / (act->hi - act->lo));
}

static PpdlStatus
build(PpdlPlan *plan, const PpdlNet *net, int slots, PpdlError *err)
{
	int			last = last_curved(net),
				from = 0;
	double		sign = 1,
				constant = 0;

	while (from < net->nlayers)
	{
		int			to = from;
		PpdlAffine	a = {0};

		/* up to and with the next activation that is not affine */
		while (to < net->nlayers - 1 && is_affine(&net->layer[to].act))
			to++;
		PPDL_TRY(affine_run(&a, net, from, to, err));
		if (from == 0)
			for (size_t i = 0; i < (size_t) a.inputs * a.units; i++)
				a.w[i] *= net->input_scale[i % a.inputs];
		stretch_inputs(&a, sign, constant);
		if (is_affine(&net->layer[to].act))
		{
			add_step(plan, PPDL_STEP_AFFINE)->affine = a;
			return PPDL_OK;
		}
		if (to == last && is_square(&net->layer[to].act))
		{
			PpdlStatus	status = add_quadratic(plan, net, to, &a, slots, err);
			ppdl_affine_free(&a);
			return status;
		}
		add_activation(plan, &net->layer[to].act, &a, &sign, &constant);
		from = to + 1;
	}
	return PPDL_OK;
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
ppdl_plan_create(PpdlPlan **out, const PpdlNet *net, int slots, PpdlError *err)
{
	PpdlPlan   *plan;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_net_check_trained(net, err));
	plan = calloc(1, sizeof(*plan));
	if (plan == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	plan->inputs = net->inputs;
	plan->outputs = ppdl_net_outputs(net);
	status = build(plan, net, slots, err);
	if (status == PPDL_OK)
		status = find_bounds(plan, err);
	if (status != PPDL_OK)
	{
		ppdl_plan_destroy(plan);
		return status;
	}
	*out = plan;
	return PPDL_OK;
}
